"""upload_svc's API: creating once, and editing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import ClientResponse

from tests.http.conftest import Services
from tests.problems import assert_problem

CREATE = {"title": "A film", "filename": "film.mp4", "size": 17, "content_type": "video/mp4"}


async def _create(services: Services, *, key: str = "a-key", username: str = "alice", **fields: Any) -> ClientResponse:
    person = services.person(username)
    url = f"{person.upload_url}/v1/uploads"
    return await person.call("POST", url, json={**CREATE, **fields}, headers={"Idempotency-Key": key})


async def _ids(services: Services, username: str = "alice") -> list[str]:
    person = services.person(username)
    answer = await person.call("GET", f"{person.upload_url}/v1/uploads")
    return [item["id"] for item in (await answer.json())["items"]]


async def test_the_same_create_again_is_the_same_upload_and_its_answer_the_first_one(services: Services) -> None:
    first, alice = await _create(services), services.person("alice")
    upload_id, url = (await first.json())["id"], alice.upload_url + first.headers["Location"]
    assert (await alice.call("PATCH", url, json={"title": "Edited"})).status == 200
    # Said in other words: as it is kept, the title is the same, and private is what it is without saying so.
    for title in ("A film", " A film "):
        again = await _create(services, title=title, visibility="private")
        assert (again.status, again.headers["Location"]) == (201, first.headers["Location"])
        assert await again.text() == await first.text()
    for other in ({"title": "a film"}, {"size": 18}, {"visibility": "public"}, {"description": "x"}):
        await assert_problem(await _create(services, **other), 422, "idempotency-key-reused")
    assert await _ids(services) == [upload_id]
    # The key is an account's own.
    theirs = await _create(services, username="bob", title="Another")
    assert await _ids(services, "bob") == [(await theirs.json())["id"]]
    assert (await alice.call("DELETE", url)).status == 204
    assert await (await _create(services)).text() == await first.text()
    assert await _ids(services) == []


async def test_ten_at_once_make_one_upload(services: Services) -> None:
    answers = await asyncio.gather(*(_create(services) for _ in range(10)))
    for answer in answers:
        if answer.status != 201:
            await assert_problem(answer, 409, "conflict")
            assert int(answer.headers["Retry-After"]) >= 1
    assert {(await answer.json())["id"] for answer in answers if answer.status == 201} == set(await _ids(services))


async def test_where_the_outcome_is_not_known_the_next_one_goes_on_with_the_same_upload(services: Services) -> None:
    await services.fs.stop()
    await assert_problem(await _create(services), 503, "unavailable")
    await services.fs.start()
    [upload_id] = await _ids(services)
    answer = await _create(services)
    assert (answer.status, (await answer.json())["id"]) == (201, upload_id)
    assert await _ids(services) == [upload_id]


async def test_a_refused_create_frees_its_key(services: Services) -> None:
    alice = services.person("alice", quota_bytes=10)
    headers = {"Idempotency-Key": "a-key"}
    refused = await alice.call("POST", f"{alice.upload_url}/v1/uploads", json=CREATE, headers=headers)
    problem = await assert_problem(refused, 413, "quota-exceeded")
    assert (problem["limit"], problem["size"], problem["used"], problem["reserved"]) == (10, 17, 0, 0)
    assert (await _create(services, size=9)).status == 201


@pytest.mark.parametrize("key", ["", "a b", "é", "k" * 256])
async def test_a_key_that_is_none_is_refused(services: Services, key: str) -> None:
    problem = await assert_problem(await _create(services, key=key), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "#/headers/Idempotency-Key"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "t" * 201),
        ("description", "d" * 5001),
        ("visibility", "everybody"),
    ],
)
async def test_a_value_that_cannot_be_taken_is_named(services: Services, field: str, value: Any) -> None:
    problem = await assert_problem(await _create(services, **{field: value}), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == [f"#/{field}"]


async def test_what_is_edited_is_shown_and_the_rest_stays(services: Services) -> None:
    alice = services.person("alice")
    upload = await alice.begin(5, description="one\r\ntwo")
    url = f"{alice.upload_url}/v1/uploads/{upload['id']}"
    answer = await alice.call("PATCH", url, json={"title": "New", "visibility": "members"})
    edited = await answer.json()
    assert {**upload, "title": "New", "visibility": "members"} == edited
    assert edited["description"] == "one\ntwo"


async def test_edits_at_once_lose_nothing_of_each_other(services: Services) -> None:
    alice = services.person("alice")
    url = f"{alice.upload_url}/v1/uploads/{(await alice.begin(5, visibility='public'))['id']}"
    for number in range(10):
        edits = [{"title": f"T{number}"}, {"visibility": "private"}, {"description": f"D{number}"}]
        await alice.call("PATCH", url, json={"visibility": "public"})
        answers = await asyncio.gather(*(alice.call("PATCH", url, json=edit) for edit in edits))
        assert [answer.status for answer in answers] == [200] * 3
        found = await (await alice.call("GET", url)).json()
        assert {name: found[name] for edit in edits for name in edit} == {
            name: value for edit in edits for name, value in edit.items()
        }


async def test_an_edit_of_what_was_seen_before_is_refused(services: Services) -> None:
    alice = services.person("alice")
    url = f"{alice.upload_url}/v1/uploads/{(await alice.begin(5))['id']}"

    async def edit(title: str, if_match: str) -> Any:
        return await alice.call("PATCH", url, json={"title": title}, headers={"If-Match": if_match})

    seen = (await alice.call("GET", url)).headers["ETag"]
    assert (await alice.call("GET", url)).headers["ETag"] == seen
    edited = await edit("A", seen)
    assert (edited.status, edited.headers["ETag"]) == (200, (await alice.call("GET", url)).headers["ETag"])
    assert edited.headers["ETag"] != seen
    for stale in (seen, f'"x", {seen}', f"W/{edited.headers['ETag']}", "nonsense", '"*"'):
        await assert_problem(await edit("B", stale), 412, "precondition-failed")
    assert (await (await alice.call("GET", url)).json())["title"] == "A"
    for good in (f'"x", {edited.headers["ETag"]}', "*"):
        assert (await edit("A", good)).status == 200
    missing = await alice.call(
        "PATCH", f"{alice.upload_url}/v1/uploads/{'a' * 26}", json={"title": "A"}, headers={"If-Match": "*"}
    )
    await assert_problem(missing, 404, "not-found")


async def test_what_was_edited_since_it_was_seen_is_neither_trashed_nor_deleted(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(b"film")
    url = f"{alice.upload_url}/v1/uploads/{video['id']}"
    seen = (await alice.call("GET", url)).headers["ETag"]
    edited = (await alice.call("PATCH", url, json={"title": "B"})).headers["ETag"]
    for method, target in (("POST", f"{url}/trash"), ("DELETE", url)):
        refused = await alice.call(method, target, headers={"If-Match": seen})
        await assert_problem(refused, 412, "precondition-failed")
        assert (await (await alice.call("GET", url)).json())["state"] == "ready"
    assert (await alice.call("POST", f"{url}/trash", headers={"If-Match": edited})).status == 204
    assert (await alice.call("DELETE", url, headers={"If-Match": "*"})).status == 204
