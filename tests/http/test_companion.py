"""The dialect of Uppy's Companion: the same uploads and rules, for clients that do not say how large a file is."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import aiohttp
import pytest

from common.ids import new_id
from fs_svc.objects import OPEN_AT_MOST
from fs_svc.plan import LARGEST_FORM, LEAST_PART_SIZE
from tests.api_client import Person
from tests.browser import Browser
from tests.fs_service import content, put
from tests.http.conftest import Services
from tests.problems import assert_problem
from tests.waiting import eventually

FILM = content(2 * LEAST_PART_SIZE + 1_000)
CUT = [FILM[start : start + LEAST_PART_SIZE] for start in range(0, len(FILM), LEAST_PART_SIZE)]


class Uppy:
    """The calls of an Uppy."""

    def __init__(self, session: aiohttp.ClientSession, person: Person) -> None:
        self.person = person
        self._session = session

    async def call(self, method: str, path: str, **options: Any) -> aiohttp.ClientResponse:
        return await self.person.call(method, f"{self.person.upload_url}/s3{path}", **options)

    async def answer(self, method: str, path: str, **options: Any) -> Any:
        response = await self.call(method, path, **options)
        assert response.status == 200, await response.text()
        return await response.json()

    async def begin(self, **metadata: Any) -> str:
        asked = {"filename": "Harbour at night.mp4", "type": "video/mp4", "metadata": metadata}
        begun = await self.answer("POST", "/multipart", json=asked)
        assert begun["key"] == begun["uploadId"]
        upload_id: str = begun["uploadId"]
        return upload_id

    async def send(self, upload_id: str, number: int, body: bytes) -> None:
        signed = await self.answer("GET", f"/multipart/{upload_id}/{number}?key={upload_id}")
        assert 890 <= signed["expires"] <= 900
        assert await put(signed["url"], body) == 200

    async def complete(self, upload_id: str, *numbers: int) -> aiohttp.ClientResponse:
        parts = {"parts": [{"PartNumber": number, "ETag": '"whatever"'} for number in numbers]}
        return await self.call("POST", f"/multipart/{upload_id}/complete?key={upload_id}", json=parts)

    async def post(self, form: dict[str, Any], body: bytes) -> int:
        data = aiohttp.FormData()
        for name, value in form["fields"].items():
            data.add_field(name, value)
        data.add_field("file", body, filename="film.mp4")
        async with self._session.request(form["method"], form["url"], data=data) as answer:
            return answer.status

    async def upload(self, upload_id: str) -> dict[str, Any]:
        answer = await self.person.call("GET", f"{self.person.upload_url}/v1/uploads/{upload_id}")
        found: dict[str, Any] = await answer.json()
        return found

    async def watched_sha256(self, upload_id: str) -> str:
        answer = await self.person.call("GET", f"{self.person.stream_url}/v1/videos/{upload_id}/source")
        async with self._session.get(answer.headers["Location"]) as answer:
            content = await answer.read()
        return hashlib.sha256(content).hexdigest()


@pytest.fixture
def uppy(services: Services) -> Uppy:
    return Uppy(services.session, services.person("alice"))


async def test_parts_of_the_clients_own_making_become_one_video(uppy: Uppy) -> None:
    upload_id = await uppy.begin(title="Harbour", description="From the pier.", visibility="members", relativePath=None)
    begun = await uppy.upload(upload_id)
    assert (begun["state"], begun["size"], begun["part_size"], begun["filename"]) == (
        "uploading",
        None,
        None,
        "Harbour at night.mp4",
    )
    assert (begun["title"], begun["description"], begun["visibility"]) == ("Harbour", "From the pier.", "members")

    await uppy.send(upload_id, 2, CUT[1])
    batch = await uppy.answer("GET", f"/multipart/{upload_id}/batch?key={upload_id}&partNumbers=1,3")
    assert [await put(batch["presignedUrls"][str(number)], CUT[number - 1]) for number in (1, 3)] == [200, 200]
    listed = await uppy.answer("GET", f"/multipart/{upload_id}?key={upload_id}")
    assert [(part["PartNumber"], part["Size"], part["ETag"]) for part in listed] == [
        (number, len(cut), f'"{hashlib.md5(cut, usedforsecurity=False).hexdigest()}"')
        for number, cut in enumerate(CUT, start=1)
    ]

    completed = await uppy.complete(upload_id, 3, 1, 2)
    assert completed.status == 200
    location = f"{uppy.person.stream_url}/watch/{upload_id}"
    assert await completed.json() == {"location": location, "key": upload_id, "bucket": "vss"}
    # A lost answer is asked for again.
    assert (await uppy.complete(upload_id, 1, 2, 3)).status == 200
    ready = await uppy.upload(upload_id)
    assert (ready["state"], ready["size"]) == ("ready", len(FILM))
    assert await uppy.watched_sha256(upload_id) == hashlib.sha256(FILM).hexdigest()


async def test_a_title_is_made_of_the_file_name(uppy: Uppy) -> None:
    assert (await uppy.upload(await uppy.begin()))["title"] == "Harbour at night"
    long = {"filename": f"{'n' * 300}.webm", "type": ""}
    begun = await uppy.upload((await uppy.answer("POST", "/multipart", json=long))["key"])
    assert (begun["filename"], begun["title"]) == (f"{'n' * 250}.webm", "n" * 200)
    assert begun["content_type"] == "video/webm"


async def test_a_hole_is_not_a_film(uppy: Uppy) -> None:
    upload_id = await uppy.begin()
    await uppy.send(upload_id, 1, CUT[0])
    await uppy.send(upload_id, 3, CUT[2])
    problem = await assert_problem(await uppy.complete(upload_id, 1, 2, 3), 422, "parts-missing")
    assert problem["missing"] == [2]
    problem = await assert_problem(await uppy.complete(upload_id, 1, 3), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "#/parts"
    await assert_problem(await uppy.complete(upload_id, 1, 1), 422, "invalid")
    await assert_problem(await uppy.complete(upload_id), 422, "invalid")
    # Nothing is lost by that.
    await uppy.send(upload_id, 2, CUT[1])
    assert (await uppy.complete(upload_id, 1, 2, 3)).status == 200


async def test_a_part_that_s3_would_not_take_is_said_before_it_is_too_late(uppy: Uppy) -> None:
    upload_id = await uppy.begin()
    await uppy.send(upload_id, 1, b"short")
    await uppy.send(upload_id, 2, b"end")
    problem = await assert_problem(await uppy.complete(upload_id, 1, 2), 422, "invalid")
    assert [fault["pointer"] for fault in problem["errors"]] == ["#/parts/0"]

    async def is_complete() -> bool:
        # SeaweedFS's times are whole seconds: until the next one there is no telling which came last.
        await uppy.send(upload_id, 1, CUT[0])
        return (await uppy.complete(upload_id, 1, 2)).status == 200

    await eventually(is_complete, what="the part that was too short is replaced")


async def test_a_size_that_was_declared_is_reserved_and_kept_to(services: Services) -> None:
    uppy = Uppy(services.session, services.person("alice", quota_bytes=len(FILM)))
    problem = await assert_problem(
        await uppy.call("POST", "/multipart", json={"filename": "a.mp4", "metadata": {"size": str(len(FILM) + 1)}}),
        413,
        "quota-exceeded",
    )
    assert problem["size"] == len(FILM) + 1
    upload_id = await uppy.begin(size=len(CUT[0]) + 1)
    assert (await uppy.upload(upload_id))["size"] == len(CUT[0]) + 1
    await uppy.send(upload_id, 1, CUT[0])
    problem = await assert_problem(await uppy.complete(upload_id, 1), 422, "invalid")
    assert str(len(CUT[0]) + 1) in problem["errors"][0]["detail"]
    await uppy.send(upload_id, 2, b"!")
    assert (await uppy.complete(upload_id, 1, 2)).status == 200


async def test_nobody_completes_past_their_quota(services: Services) -> None:
    uppy = Uppy(services.session, services.person("alice", quota_bytes=2 * LEAST_PART_SIZE))
    upload_id = await uppy.begin()
    await uppy.send(upload_id, 1, CUT[0])
    await uppy.send(upload_id, 2, CUT[1] + b"x")
    # Signing looks first whether there is room for one more part.
    refused = await uppy.call("GET", f"/multipart/{upload_id}/3?key={upload_id}")
    problem = await assert_problem(refused, 413, "quota-exceeded")
    assert refused.reason == problem["title"]
    problem = await assert_problem(await uppy.complete(upload_id, 1, 2), 413, "quota-exceeded")
    assert (problem["size"], problem["limit"]) == (2 * LEAST_PART_SIZE + 1, 2 * LEAST_PART_SIZE)
    # The upload is kept: with more room it is complete.
    richer = Uppy(services.session, services.person("alice", quota_bytes=2 * LEAST_PART_SIZE + 1))
    assert (await richer.complete(upload_id, 1, 2)).status == 200


async def test_a_size_that_was_declared_too_small_is_no_way_past_the_quota(services: Services) -> None:
    uppy = Uppy(services.session, services.person("alice", quota_bytes=LEAST_PART_SIZE))
    upload_id = await uppy.begin(size=1)
    await uppy.send(upload_id, 1, CUT[0])
    assert (await uppy.call("GET", f"/multipart/{upload_id}/2?key={upload_id}")).status == 200
    await uppy.send(upload_id, 2, b"over")
    refused = await uppy.call("GET", f"/multipart/{upload_id}/3?key={upload_id}")
    await assert_problem(refused, 413, "quota-exceeded")


async def test_many_short_films_one_after_another_are_not_too_many(services: Services) -> None:
    # Each holds a place, and what it might bring, until somebody looks: whoever comes next does.
    uppy = Uppy(services.session, services.person("alice", quota_bytes=1000))
    for number in range(OPEN_AT_MOST + 5):
        form = await uppy.answer("GET", f"/params?filename={number}.mp4&metadata[size]=30")
        assert await uppy.post(form, b"a film of exactly thirty bytes") == 201
    # Without a size a form may bring all that is left: 250 bytes, and then what the first has left of that.
    assert await uppy.post(await uppy.answer("GET", "/params?filename=a.mp4"), b"ten bytes!") == 201
    last = await uppy.answer("GET", "/params?filename=b.mp4")
    assert [await uppy.post(last, b"x" * size) for size in (241, 240)] == [400, 201]


async def test_only_what_is_unfinished_is_aborted(uppy: Uppy) -> None:
    unfinished = await uppy.begin()
    await uppy.send(unfinished, 1, CUT[0])
    assert await uppy.answer("DELETE", f"/multipart/{unfinished}?key={unfinished}") == {}
    await assert_problem(await uppy.call("GET", f"/multipart/{unfinished}?key={unfinished}"), 404, "not-found")
    # An Uppy of the fifth generation aborts by itself when a call to complete has failed, whatever became of that.
    complete = await uppy.begin()
    await uppy.send(complete, 1, b"film")
    assert (await uppy.complete(complete, 1)).status == 200
    await assert_problem(await uppy.call("DELETE", f"/multipart/{complete}?key={complete}"), 409, "upload-not-open")
    assert await uppy.watched_sha256(complete) == hashlib.sha256(b"film").hexdigest()
    await assert_problem(await uppy.call("GET", f"/multipart/{complete}?key={complete}"), 409, "upload-not-open")


async def test_an_abort_beside_a_complete_takes_nothing_away_that_was_acknowledged(uppy: Uppy) -> None:
    for _ in range(8):
        upload = await uppy.begin()
        await uppy.send(upload, 1, b"film")
        completed, aborted = await asyncio.gather(
            uppy.complete(upload, 1), uppy.call("DELETE", f"/multipart/{upload}?key={upload}")
        )
        if completed.status == 200:
            assert aborted.status in (404, 409)
            assert await uppy.watched_sha256(upload) == hashlib.sha256(b"film").hexdigest()
        else:
            assert aborted.status == 200


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/1"), ("GET", "/batch"), ("POST", "/complete"), ("DELETE", "")]
)
async def test_another_accounts_upload_and_another_key_are_not_there(
    services: Services, uppy: Uppy, method: str, path: str
) -> None:
    mine, other = await uppy.begin(), await uppy.begin()
    bob = Uppy(services.session, services.person("bob"))
    json = {"parts": [{"PartNumber": 1, "ETag": "x"}]} if method == "POST" else None
    for somebody, key in ((bob, mine), (uppy, other), (uppy, "objects/something")):
        answer = await somebody.call(method, f"/multipart/{mine}{path}?key={key}&partNumbers=1", json=json)
        await assert_problem(answer, 404, "not-found")
    without_key = await uppy.call(method, f"/multipart/{mine}{path}?partNumbers=1", json=json)
    await assert_problem(without_key, 422, "invalid")
    assert (await uppy.upload(mine))["state"] == "uploading"


@pytest.mark.parametrize("number", ["0", "10001", "-1", "1e3", "99999", "one"])
async def test_a_number_that_no_part_has_is_refused(uppy: Uppy, number: str) -> None:
    upload_id = await uppy.begin()
    answer = await uppy.call("GET", f"/multipart/{upload_id}/{number}?key={upload_id}")
    assert answer.status in (400, 422)
    answer = await uppy.call("GET", f"/multipart/{upload_id}/batch?key={upload_id}&partNumbers={number}")
    assert answer.status in (400, 422)


async def test_a_batch_has_fifty_parts_at_most(uppy: Uppy) -> None:
    upload_id = await uppy.begin()
    for numbers in (range(1, 52), [1, 1]):
        listed = ",".join(map(str, numbers))
        answer = await uppy.call("GET", f"/multipart/{upload_id}/batch?key={upload_id}&partNumbers={listed}")
        await assert_problem(answer, 400, "malformed")


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "video/mp4"},
        {"filename": "notes.txt", "type": "text/plain"},
        {"filename": "a.mp4", "metadata": {"size": "many"}},
        {"filename": "a.mp4", "metadata": {"visibility": "everybody"}},
        {"filename": "a.mp4", "metadata": {"title": "t" * 201}},
        {"filename": "a.mp4", "metadata": "title"},
    ],
)
async def test_what_cannot_be_a_video_is_refused(uppy: Uppy, asked: dict[str, Any]) -> None:
    await assert_problem(await uppy.call("POST", "/multipart", json=asked), 422, "invalid")


async def test_credentials_are_not_handed_out(uppy: Uppy) -> None:
    await assert_problem(await uppy.call("GET", "/sts"), 400, "malformed")


async def test_a_small_file_comes_by_a_form(uppy: Uppy) -> None:
    query = "/params?filename=a.mp4&type=video/mp4&metadata[title]=Short&metadata[size]=17"
    form = await uppy.answer("GET", query)
    assert (form["method"], form["fields"]["success_action_status"]) == ("POST", "201")
    (listed,) = (await (await uppy.person.call("GET", f"{uppy.person.upload_url}/v1/uploads")).json())["items"]
    assert (listed["title"], listed["state"]) == ("Short", "uploading")
    # Nothing has come.
    assert (await uppy.upload(listed["id"]))["state"] == "uploading"
    assert await uppy.post(form, b"more than was said") == 400
    assert await uppy.post(form, b"a very short film") == 201
    # Whoever reads it sees it settled.
    ready = await uppy.upload(listed["id"])
    assert (ready["state"], ready["size"]) == ("ready", 17)
    # A form can be sent again while it lives; the video is what it was.
    assert await uppy.post(form, b"another film") == 201
    assert await uppy.watched_sha256(listed["id"]) == hashlib.sha256(b"a very short film").hexdigest()


async def test_a_form_reserves_what_it_may_bring(services: Services) -> None:
    uppy = Uppy(services.session, services.person("alice", quota_bytes=10))
    first = await uppy.answer("GET", "/params?filename=a.mp4")
    await assert_problem(await uppy.call("GET", "/params?filename=b.mp4"), 413, "quota-exceeded")
    assert await uppy.post(first, b"eleven byte") == 400
    assert await uppy.post(first, b"ten bytes!") == 201
    large = await uppy.call("GET", f"/params?filename=b.mp4&metadata[size]={LARGEST_FORM + 1}")
    await assert_problem(large, 422, "invalid")


async def test_nothing_in_a_form_can_be_changed(uppy: Uppy) -> None:
    form = await uppy.answer("GET", "/params?filename=a.mp4")
    for name, value in (
        ("key", f"objects/{new_id()}"),
        ("Content-Type", "text/html"),
        ("success_action_status", "200"),
        ("x-amz-date", "20200101T000000Z"),
        ("x-amz-signature", "0" * 64),
    ):
        assert await uppy.post({**form, "fields": {**form["fields"], name: value}}, b"film") in (400, 403), name


async def test_another_site_cannot_have_a_form_made(services: Services, browser: Browser) -> None:
    # The one GET of the dialect that makes something, and a browser sends our cookie with a link from anywhere.
    upload_url = services.addresses.upload_url
    await browser.log_in(upload_url)
    for sent_from in (*({"Sec-Fetch-Site": site} for site in ("cross-site", "same-site", "none")), {}):
        answer = await browser.call("GET", f"{upload_url}/s3/params?filename=a.mp4", sent_from=sent_from)
        await assert_problem(answer, 403, "cross-origin")
    assert (await (await browser.call("GET", f"{upload_url}/v1/uploads")).json())["items"] == []
    assert (await browser.call("GET", f"{upload_url}/s3/params?filename=a.mp4")).status == 200


async def test_nobody_who_is_not_logged_in_gets_a_form(services: Services) -> None:
    stranger = Uppy(services.session, services.person(None))
    await assert_problem(await stranger.call("GET", "/params?filename=a.mp4"), 401, "unauthenticated")
    await assert_problem(await stranger.call("POST", "/multipart", json={"filename": "a.mp4"}), 401, "unauthenticated")
