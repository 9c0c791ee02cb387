"""An account makes so many API calls in a minute, and open so many uploads; others and pages are not concerned."""

from __future__ import annotations

import pytest

from common.errors import RateLimited
from common.web.call_limit import CallLimit
from tests.http.conftest import Services
from tests.problems import assert_problem

FILM = {"title": "A film", "filename": "film.mp4", "size": 5, "content_type": "video/mp4"}


@pytest.mark.parametrize("calls_per_minute", ["5"])
async def test_who_calls_too_often_waits_and_nobody_else(services: Services) -> None:
    alice, bob = services.person("alice"), services.person("bob")
    url = f"{alice.upload_url}/v1/uploads"
    assert [(await alice.call("GET", url)).status for _ in range(5)] == [200] * 5
    refused = await alice.call("GET", url)
    await assert_problem(refused, 429, "rate-limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 12
    assert (await bob.call("GET", url)).status == 200
    # A page is looked at by a person; and each service counts its own calls.
    assert (await alice.call("GET", f"{alice.upload_url}/videos")).status == 200
    assert (await alice.call("GET", f"{alice.stream_url}/v1/videos")).status == 200


def test_the_bucket_fills_again_and_what_is_kept_is_bounded() -> None:
    now = 1000.0
    limit = CallLimit(60, clock=lambda: now)
    for _ in range(60):
        limit.count("alice")
    with pytest.raises(RateLimited) as refused:
        limit.count("alice")
    assert refused.value.headers["Retry-After"] == "1"
    now += 1
    limit.count("alice")
    with pytest.raises(RateLimited):
        limit.count("alice")
    now += 60
    for _ in range(60):
        limit.count("alice")
    for number in range(9_999):
        limit.count(str(number))
    with pytest.raises(RateLimited):
        limit.count("alice")
    limit.count("one more")
    # Who called the longest ago is forgotten.
    limit.count("alice")


async def test_the_twenty_first_unfinished_upload_is_refused_and_says_what_to_do(services: Services) -> None:
    alice = services.person("alice")
    url = f"{alice.upload_url}/v1/uploads"
    ids = [(await alice.begin(5))["id"] for _ in range(20)]
    problem = await assert_problem(await alice.call("POST", url, json=FILM), 429, "rate-limited")
    assert problem["detail"] == "You have 20 unfinished uploads: finish or discard one of them first."
    # What was refused is not there.
    listed = await (await alice.call("GET", f"{url}?limit=100")).json()
    assert sorted(item["id"] for item in listed["items"]) == sorted(ids)
    assert (await services.person("bob").call("POST", url, json=FILM)).status == 201
    await alice.send(await (await alice.call("GET", f"{url}/{ids[0]}")).json(), b"12345")
    assert (await alice.complete(ids[0])).status == 200
    assert (await alice.call("POST", url, json=FILM)).status == 201
