"""What upload_svc reads: JSON objects of a bounded shape, texts that people can write, sizes that have a plan."""

from __future__ import annotations

from typing import Any

from tests.http.conftest import Services
from tests.problems import assert_problem

CREATE = {"title": "A film", "filename": "film.mp4", "size": 17, "content_type": "video/mp4"}
MIB = 2**20
TIB = 2**40


async def _create(services: Services, **fields: Any) -> Any:
    alice = services.person("alice")
    return await alice.call("POST", f"{alice.upload_url}/v1/uploads", json={**CREATE, **fields})


async def _nothing_was_made(services: Services) -> bool:
    answer = await services.person("alice").call("GET", f"{services.addresses.upload_url}/v1/uploads")
    return bool((await answer.json())["items"] == [])


# One of each kind: the others are for `tests/unit/test_requests.py`.
BODIES = [
    (b'{"title": "a", "title": "b"}', "application/json", 400, "malformed"),
    (b'{"title": "\\ud800"}', "application/json", 422, "invalid"),
    (b'{"title": "' + b"x" * 65_536 + b'"}', "application/json", 413, "too-large"),
    (b"{}", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
]


async def test_what_is_not_the_json_asked_for_is_refused_by_every_call_that_reads_some(services: Services) -> None:
    alice = services.person("alice")
    upload = await alice.begin(17)
    one = f"{alice.upload_url}/v1/uploads/{upload['id']}"
    calls = (("POST", f"{alice.upload_url}/v1/uploads"), ("POST", f"{one}/part-urls"), ("PATCH", one))
    for raw, content_type, status, code in BODIES:
        for method, url in calls:
            answer = await alice.call(method, url, data=raw, headers={"Content-Type": content_type})
            await assert_problem(answer, status, code)
    assert (await (await alice.call("GET", one)).json()) == {**upload, "received": []}


async def test_every_fault_is_named_at_once(services: Services) -> None:
    alice = services.person("alice")
    content = {"title": "", "size": "5", "content_type": "video/mp4", "colour": 1}
    answer = await alice.call("POST", f"{alice.upload_url}/v1/uploads", json=content)
    problem = await assert_problem(answer, 422, "invalid")
    assert {error["pointer"] for error in problem["errors"]} == {"#/title", "#/filename", "#/size", "#/colour"}
    assert await _nothing_was_made(services)


async def test_a_size_without_a_plan_is_refused(services: Services) -> None:
    assert (await services.person("alice").begin(5 * TIB))["part_size"] == 525 * MIB
    for size in (0, 5 * TIB + 1, 10**40, "5", 5.0, True, None):
        problem = await assert_problem(await _create(services, size=size), 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == ["#/size"]


async def test_texts_are_kept_as_they_are_cleaned(services: Services) -> None:
    alice = services.person("alice")
    # Counted as it is kept: 400 characters become 200.
    for title, kept in (("\u00a0 cut \u2003", "cut"), ("e\u0301" * 200, "é" * 200), ("<b>%_\\", "<b>%_\\")):
        upload = await alice.begin(5, title=title, filename="C:\\films\\فيلم.mp4")
        answer = await alice.call("GET", f"{alice.upload_url}/v1/uploads/{upload['id']}")
        assert (upload["title"], (await answer.json())["title"], upload["filename"]) == (kept, kept, "فيلم.mp4")
    assert (await alice.begin(5, filename="a.mkv", content_type="image/png"))["content_type"] == "video/x-matroska"
    await assert_problem(await _create(services, filename="a.unknown", content_type="image/png"), 422, "invalid")
    for thing in (None, 5):
        problem = await assert_problem(await _create(services, filename=thing), 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == ["#/filename"]


async def test_a_character_that_deceives_is_refused_where_somebody_has_typed_it(services: Services) -> None:
    for character, is_of_text in (("\u202e", False), ("\x01", False), ("\n", True)):
        text = f"a{character}b"
        problem = await assert_problem(await _create(services, title=text, filename=f"{text}.mp4"), 422, "invalid")
        # What nobody typed is not refused, but cleaned.
        assert [error["pointer"] for error in problem["errors"]] == ["#/title"]
        assert (await (await _create(services, filename=f"{text}.mp4")).json())["filename"] == "ab.mp4"
        answer = await _create(services, description=text)
        if is_of_text:
            assert answer.status == 201
        else:
            problem = await assert_problem(answer, 422, "invalid")
            assert [error["pointer"] for error in problem["errors"]] == ["#/description"]


async def test_what_is_the_services_to_say_is_not_taken_from_clients(services: Services) -> None:
    for name in ("id", "state", "owner_id", "object_key", "bucket", "part_size", "s3_upload_id"):
        problem = await assert_problem(await _create(services, **{name: "x"}), 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == [f"#/{name}"]


async def test_a_refused_edit_changes_nothing(services: Services) -> None:
    alice = services.person("alice")
    upload = await alice.begin(5)
    url = f"{alice.upload_url}/v1/uploads/{upload['id']}"
    for edit in (
        {"title": "New", "visibility": "everybody"},
        {"title": "New", "description": "d" * 5001},
        {"title": "New", "size": 6},
        {"title": " "},
        {"title": "New", "state": "ready"},
    ):
        await assert_problem(await alice.call("PATCH", url, json=edit), 422, "invalid")
    assert await (await alice.call("GET", url)).json() == {**upload, "received": []}
    unchanged = await alice.call("PATCH", url, json={})
    assert await unchanged.json() == upload


async def test_a_name_twice_in_the_query_is_refused(services: Services) -> None:
    alice = services.person("alice")
    answer = await alice.call("GET", f"{alice.upload_url}/v1/uploads?limit=1&limit=2")
    await assert_problem(answer, 400, "malformed")
    # What no call knows may come as often as a network that people share links in likes.
    answer = await alice.call(
        "GET", f"{alice.upload_url}/v1/uploads?limit=1&fbclid=a&fbclid=b&utm_source=&utm_source=x"
    )
    assert answer.status == 200
