"""What upload_svc reads: JSON objects of a bounded shape, texts that people can write, sizes that have a plan."""

from __future__ import annotations

import json
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


BODIES = [
    (b"", "application/json", 400, "malformed"),
    (b"{", "application/json", 400, "malformed"),
    (b"{} {}", "application/json", 400, "malformed"),
    (b"[]", "application/json", 400, "malformed"),
    (b"null", "application/json", 400, "malformed"),
    (b'{"title": "\xff"}', "application/json", 400, "malformed"),
    (b"\xef\xbb\xbf{}", "application/json", 400, "malformed"),
    (b'{"size": NaN}', "application/json", 400, "malformed"),
    (b'{"size": 1e999}', "application/json", 422, "invalid"),
    (b'{"size": ' + b"9" * 5000 + b"}", "application/json", 400, "malformed"),
    (b'{"title": "a", "title": "b"}', "application/json", 400, "malformed"),
    (b'{"title": {"a": 1, "a": 2}}', "application/json", 400, "malformed"),
    (b'{"title": ' + b"[" * 32 + b"]" * 32 + b"}", "application/json", 400, "malformed"),
    (b'{"title": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", "application/json", 400, "malformed"),
    (b'{"title": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}", "application/json", 400, "malformed"),
    (b'{"title": "' + b"x" * 65_536 + b'"}', "application/json", 413, "too-large"),
    (b"{}", "text/plain", 415, "unsupported-media-type"),
    (b"{}", "application/json; charset=utf-16", 415, "unsupported-media-type"),
    (b"{}", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
    (b'{"visibility": "nobody"}', "application/json; charset=utf-8", 422, "invalid"),
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


PLANS = [
    (1, 8 * MIB, 1),
    (8 * MIB, 8 * MIB, 1),
    (8 * MIB + 1, 8 * MIB, 2),
    (80_000 * MIB, 8 * MIB, 10_000),
    (80_000 * MIB + 1, 9 * MIB, 8_889),
    (5 * TIB, 525 * MIB, 9_987),
]


async def test_a_size_has_its_plan(services: Services) -> None:
    for size, part_size, part_count in PLANS:
        upload = await services.person("alice").begin(size)
        assert (upload["size"], upload["part_size"], upload["part_count"]) == (size, part_size, part_count)


async def test_a_size_without_a_plan_is_refused(services: Services) -> None:
    for size in (0, -1, 5 * TIB + 1, 2**63, 10**40, "5", 5.0, 5.5, True, None, [5]):
        problem = await assert_problem(await _create(services, size=size), 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == ["#/size"]
    assert await _nothing_was_made(services)


TITLES = {
    "\u00a0 cut \u2003": "cut",
    "e\u0301te\u0301": "été",
    # Counted as it is kept: 400 characters become 200.
    "e\u0301" * 200: "é" * 200,
    "فيلم عن البحر": "فيلم عن البحر",
    "👩\u200d👩\u200d👧\u200d👦 🇩🇪": "👩\u200d👩\u200d👧\u200d👦 🇩🇪",
    "<script>'\"&;--": "<script>'\"&;--",
    "%_\\": "%_\\",
}


async def test_a_title_in_any_writing_is_kept(services: Services) -> None:
    alice = services.person("alice")
    for title, kept in TITLES.items():
        upload = await alice.begin(5, title=title)
        assert upload["title"] == kept
        answer = await alice.call("GET", f"{alice.upload_url}/v1/uploads/{upload['id']}")
        assert (await answer.json())["title"] == kept


async def test_a_name_with_a_character_that_deceives_is_refused(services: Services) -> None:
    for character in "\x01\t\n\r\x1b\x7f\x85\u2028\u2029\u061c\u200e\u200f\u202a\u202e\u2066\u2069":
        text = f"a{character}b"
        answer = await _create(services, title=text, filename=f"{text}.mp4")
        problem = await assert_problem(answer, 422, "invalid")
        # What nobody typed is not refused, but cleaned.
        assert [error["pointer"] for error in problem["errors"]] == ["#/title"]
        answer = await _create(services, filename=f"{text}.mp4")
        assert (await answer.json())["filename"] == "ab.mp4"
        alice = services.person("alice")
        await alice.call("DELETE", alice.upload_url + answer.headers["Location"])
        answer = await _create(services, description=text)
        if character in "\t\n\r":
            assert answer.status == 201
        else:
            problem = await assert_problem(answer, 422, "invalid")
            assert [error["pointer"] for error in problem["errors"]] == ["#/description"]


async def test_half_a_character_is_refused(services: Services) -> None:
    alice = services.person("alice")
    raw = json.dumps({**CREATE, "title": "\ud83d"}).encode()
    headers = {"Content-Type": "application/json"}
    answer = await alice.call("POST", f"{alice.upload_url}/v1/uploads", data=raw, headers=headers)
    await assert_problem(answer, 422, "invalid")


async def test_a_file_name_is_kept(services: Services) -> None:
    for filename in ("f" * 251 + ".mp4", "🎬.mp4", "فيلم.mp4", "a b'c\"d.mp4", "..mp4", "no ending"):
        upload = await services.person("alice").begin(5, filename=filename)
        assert upload["filename"] == filename


async def test_a_title_that_cannot_be_seen_is_none(services: Services) -> None:
    for title in ("\u200b", "\u3164 \u2800", "\ufeff\u00ad\u200d", "\ufe0f"):
        problem = await assert_problem(await _create(services, title=title), 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == ["#/title"]


async def test_a_file_name_that_is_none_is_made_one(services: Services) -> None:
    for filename, kept in (("f" * 252 + ".mp4", "f" * 251 + ".mp4"), ("C:\\films\\a.mp4", "a.mp4"), ("", "video")):
        upload = await services.person("alice").begin(5, filename=filename)
        assert upload["filename"] == kept
    for thing in (None, 5):
        problem = await assert_problem(await _create(services, filename=thing), 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == ["#/filename"]


TYPES = [
    ("a.mkv", "video/matroska", "video/x-matroska"),
    ("a.mkv", "image/png", "video/x-matroska"),
    ("a.ts", "text/vnd.trolltech.linguist", "video/mp2t"),
    ("00001.MTS\u200f", "model/vnd.mts", "video/mp2t"),
    ("a.avi", "video/avi", "video/x-msvideo"),
    ("a.wmv", "application/x-ms-wmv", "video/x-ms-wmv"),
    ("a.qt", "", "video/quicktime"),
    ("tape.m2t", "", "video/mp2t"),
    ("a.3gpp", "audio/3gpp", "video/3gpp"),
    ("no ending", "video/webm;codecs=vp9", "video/webm"),
    ("a.unknown", "video/mp4", "video/mp4"),
    ("tape", "video/avi", "video/x-msvideo"),
    ("tape", "video/vnd.avi", "video/x-msvideo"),
    ("tape.unknown", "VIDEO/MSVIDEO", "video/x-msvideo"),
    ("no ending", "video/matroska;codecs=avc1", "video/x-matroska"),
]


async def test_a_known_ending_decides_and_a_claimed_type_only_without_one(services: Services) -> None:
    for filename, claimed, taken in TYPES:
        upload = await services.person("alice").begin(5, filename=filename, content_type=claimed)
        assert upload["content_type"] == taken, filename
    for filename, claimed in (("a.unknown", "image/png"), ("mp4", ""), ("a.mp4.exe", "application/octet-stream")):
        await assert_problem(await _create(services, filename=filename, content_type=claimed), 422, "invalid")


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
