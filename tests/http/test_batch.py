"""Many videos changed with one call: each on its own, as the call for it alone does; on both kinds of database."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api_client import Person
from tests.browser import Browser
from tests.http.conftest import Services
from tests.problems import assert_problem

pytestmark = pytest.mark.both_databases


async def _batch(person: Person, ids: list[str], **fields: str) -> list[dict[str, Any]]:
    answer = await person.call("POST", f"{person.upload_url}/v1/uploads/batch", json={"ids": ids, **fields})
    assert answer.status == 200, await answer.text()
    results: list[dict[str, Any]] = (await answer.json())["results"]
    return results


async def _read(person: Person, video_id: str) -> dict[str, Any]:
    found: dict[str, Any] = await (await person.call("GET", f"{person.upload_url}/v1/uploads/{video_id}")).json()
    return found


async def test_each_video_has_its_own_result_and_one_refusal_ends_nothing(services: Services) -> None:
    alice, bob = services.person("alice"), services.person("bob")
    first, last = [(await alice.upload(b"film"))["id"] for _ in range(2)]
    unfinished, theirs = (await alice.begin(5))["id"], (await bob.upload(b"film", visibility="public"))["id"]
    named = [first, unfinished, theirs, "nonsense", last]
    for _ in range(2):
        results = await _batch(alice, named, action="trash")
        assert [result["id"] for result in results] == named
        assert [(result["status"], result.get("code")) for result in results] == [
            (204, None),
            (409, "conflict"),
            (404, "not-found"),
            (404, "not-found"),
            (204, None),
        ]
        assert results[1]["detail"] == "The upload isn’t complete. Finish it or delete it."
    assert [(await _read(alice, one))["state"] for one in (first, last)] == ["trashed", "trashed"]
    assert (await _read(bob, theirs))["state"] == "ready"
    assert await _batch(alice, [last, first], action="restore") == [{"id": one, "status": 204} for one in (last, first)]
    results = await _batch(alice, [first, unfinished, theirs], action="visibility", visibility="members")
    assert [result["status"] for result in results] == [204, 204, 404]
    assert [(await _read(alice, one))["visibility"] for one in (first, unfinished, last)] == ["members"] * 2 + [
        "private"
    ]
    assert (await _read(bob, theirs))["visibility"] == "public"


async def test_what_cannot_be_is_refused_as_a_whole_and_names_the_field(services: Services) -> None:
    alice = services.person("alice")
    video_id = (await alice.upload(b"film"))["id"]
    for content, pointer in (
        ({"ids": [], "action": "trash"}, "#/ids"),
        ({"ids": [video_id] * 2, "action": "trash"}, "#/ids"),
        ({"ids": [video_id, *(f"x{number}" for number in range(100))], "action": "trash"}, "#/ids"),
        ({"ids": ["x" * 65], "action": "trash"}, "#/ids/0"),
        ({"ids": [video_id]}, "#/action"),
        ({"ids": [video_id], "action": "delete"}, "#/action"),
        ({"ids": [video_id], "action": "visibility"}, "#/visibility"),
        ({"ids": [video_id], "action": "visibility", "visibility": "everybody"}, "#/visibility"),
        ({"ids": [video_id], "action": "trash", "visibility": "public"}, "#/visibility"),
    ):
        answer = await alice.call("POST", f"{alice.upload_url}/v1/uploads/batch", json=content)
        problem = await assert_problem(answer, 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert (await _read(alice, video_id))["state"] == "ready"


@pytest.mark.any_database
async def test_it_asks_for_what_the_calls_for_one_ask_for(services: Services, browser: Browser) -> None:
    url = f"{services.addresses.upload_url}/v1/uploads/batch"
    content = {"ids": ["a" * 26], "action": "trash"}
    await assert_problem(await services.person(None).call("POST", url, json=content), 401, "unauthenticated")
    reader = services.person("alice", scope="read upload")
    await assert_problem(await reader.call("POST", url, json=content), 403, "forbidden")
    await browser.log_in(services.addresses.upload_url)
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
    await assert_problem(await browser.call("POST", url, json=content, sent_from=elsewhere), 403, "cross-origin")
