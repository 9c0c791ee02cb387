"""Whose an upload is: somebody else's is not there, and without a log-in nothing is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from common.clock import utc_now
from common.ids import new_id
from tests.api_client import Person
from tests.http.conftest import Services
from tests.problems import assert_problem

# Every call about one upload, with a content that would do.
CALLS: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PATCH", "", {"title": "Mine now", "visibility": "public"}),
    ("POST", "/trash", None),
    ("POST", "/restore", None),
    ("DELETE", "", None),
    ("POST", "/part-urls", {"part_numbers": [1]}),
    ("POST", "/complete", None),
]
LISTS: list[tuple[str, str, Any]] = [("GET", "/v1/uploads", None), ("POST", "/v1/uploads", {})]


async def _uploads(person: Person) -> list[dict[str, Any]]:
    answer = await person.call("GET", f"{person.upload_url}/v1/uploads")
    items: list[dict[str, Any]] = (await answer.json())["items"]
    return items


async def test_another_accounts_upload_is_not_there(services: Services) -> None:
    alice, bob = services.person("alice"), services.person("bob")
    unfinished = await alice.begin(5)
    video = await alice.upload(b"a film", visibility="public")
    before = await _uploads(alice)
    texts = set()
    for upload_id in (unfinished["id"], video["id"], new_id(), "nonsense", f"{video['id']}%20", video["id"].upper()):
        for method, path, content in CALLS:
            answer = await bob.call(method, f"{bob.upload_url}/v1/uploads/{upload_id}{path}", json=content)
            await assert_problem(answer, 404, "not-found")
            texts.add(await answer.text())
    # Not yours and not there look the same.
    assert len(texts) == 1
    assert await _uploads(alice) == before
    assert await _uploads(bob) == []


async def test_an_administrator_is_another_account_too(services: Services) -> None:
    upload = await services.person("alice").begin(5)
    root = services.person("root", role="admin")
    answer = await root.call("GET", f"{root.upload_url}/v1/uploads/{upload['id']}")
    await assert_problem(answer, 404, "not-found")


async def test_without_a_valid_token_nothing_is_told(services: Services) -> None:
    auth = services.auth
    authorizations = (
        None,
        "Bearer",
        "Bearer nonsense",
        f"Bearer {auth.token('alice', now=utc_now() - timedelta(minutes=6))}",
        f"Bearer {auth.token('alice', now=utc_now() + timedelta(minutes=1))}",
        f"Bearer {auth.token('alice')[:-4]}AAAA",
        # Another scheme, and a token between services.
        f"Basic {auth.token('alice')}",
        f"Bearer {auth.service_token('upload')}",
    )
    for authorization in authorizations:
        headers = {} if authorization is None else {"Authorization": authorization}
        for method, path, content in [*LISTS, *((m, f"/v1/uploads/{'a' * 26}{p}", json) for m, p, json in CALLS)]:
            url = services.addresses.upload_url + path
            answer = await services.person(None).call(method, url, json=content, headers=headers)
            await assert_problem(answer, 401, "unauthenticated")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("page", [f"/videos/{'a' * 26}", f"/videos/{'a' * 26}/delete"])
async def test_a_form_sent_after_the_session_ended_leads_to_the_log_in(services: Services, page: str) -> None:
    nobody = services.person(None)
    answer = await nobody.call("POST", nobody.upload_url + page, data={"title": "x"})
    # What was posted cannot be repeated by a link, so the way goes on from the start.
    assert (answer.status, answer.headers["Location"]) == (303, "/login?next=%2F")
