"""The whole job over HTTP: announce a file, send its parts to S3, complete, find it and play it; each step once."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime, timedelta
from typing import Any

import pytest
from yarl import URL

from common.clock import utc_now
from tests.api_client import Person
from tests.fs_service import PART_SIZE, TWO_PARTS, content
from tests.http.conftest import Services
from tests.problems import assert_problem

FILM = content(TWO_PARTS)


async def _state(person: Person, upload_id: str) -> dict[str, Any]:
    answer = await person.call("GET", f"{person.upload_url}/v1/uploads/{upload_id}")
    assert answer.status == 200
    upload: dict[str, Any] = await answer.json()
    return upload


async def _library(person: Person) -> list[str]:
    answer = await person.call("GET", f"{person.stream_url}/v1/videos")
    return [item["id"] for item in (await answer.json())["items"]]


async def test_a_file_becomes_a_video_that_plays_byte_for_byte(services: Services) -> None:
    alice = services.person("alice")
    upload = await alice.begin(TWO_PARTS, title="Ocean", description="Waves", filename="ocean.mp4")
    assert {name: upload[name] for name in ("state", "title", "description", "filename", "size", "content_type")} == {
        "state": "uploading",
        "title": "Ocean",
        "description": "Waves",
        "filename": "ocean.mp4",
        "size": TWO_PARTS,
        "content_type": "video/mp4",
    }
    assert (upload["visibility"], upload["part_size"], upload["part_count"]) == ("private", PART_SIZE, 2)
    assert abs(datetime.fromisoformat(upload["created_at"]) - utc_now()) < timedelta(minutes=1)
    left = datetime.fromisoformat(upload["expires_at"]) - utc_now()
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)

    # In any order; and what has arrived is told to every device.
    assert await alice.send_part(upload["id"], 2, FILM[PART_SIZE:]) == 200
    assert (await _state(alice, upload["id"]))["received"] == [{"part_number": 2, "size": TWO_PARTS - PART_SIZE}]
    assert await _library(alice) == []
    for _ in range(2):
        assert await alice.send_part(upload["id"], 1, FILM[:PART_SIZE]) == 200
    assert [part["part_number"] for part in (await _state(alice, upload["id"]))["received"]] == [1, 2]

    answer = await alice.complete(upload["id"])
    assert answer.status == 200
    ready = await answer.json()
    told = {name: upload[name] for name in ready}
    # From now on somebody looks at it, where there is a worker.
    assert ready == {**told, "state": "ready", "expires_at": None, "media": ready["media"]}
    assert ready["media"]["state"] == "off"
    assert "received" not in ready
    assert await _state(alice, upload["id"]) == ready
    assert await _library(alice) == [upload["id"]]

    playback = await (await alice.call("GET", f"{alice.stream_url}/v1/videos/{upload['id']}/playback")).json()
    [source] = playback["sources"]
    assert (source["type"], playback["position"]) == ("video/mp4", 0)
    left = datetime.fromisoformat(source["expires_at"]) - utc_now()
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    redirect = await alice.call("GET", f"{alice.stream_url}/v1/videos/{upload['id']}/source")
    for url in (source["url"], redirect.headers["Location"]):
        assert URL(url).origin() == URL(services.addresses.s3_url)
        async with services.session.get(url) as played:
            assert played.content_type == "video/mp4"
            assert played.headers["Content-Disposition"].startswith("inline")
            assert hashlib.sha256(await played.read()).digest() == hashlib.sha256(FILM).digest()


@pytest.mark.parametrize(("sent", "missing"), [([], [1, 2]), ([2], [1]), ([1], [2])])
async def test_completing_with_parts_missing_names_them_and_goes_on(
    services: Services, sent: list[int], missing: list[int]
) -> None:
    alice = services.person("alice")
    upload = await alice.begin(TWO_PARTS)
    parts = {1: FILM[:PART_SIZE], 2: FILM[PART_SIZE:]}
    for number in sent:
        assert await alice.send_part(upload["id"], number, parts[number]) == 200
    problem = await assert_problem(await alice.complete(upload["id"]), 422, "parts-missing")
    assert problem["missing"] == missing
    assert (await _state(alice, upload["id"]))["state"] == "uploading"
    for number in missing:
        assert await alice.send_part(upload["id"], number, parts[number]) == 200
    assert (await alice.complete(upload["id"])).status == 200


@pytest.mark.parametrize("times", [2, 20])
async def test_completing_many_times_at_once_makes_one_video(services: Services, times: int) -> None:
    alice = services.person("alice")
    upload = await alice.begin(9)
    await alice.send(upload, b"nine byte")
    answers = await asyncio.gather(*(alice.complete(upload["id"]) for _ in range(times)))
    # 202: another of them is at it.
    assert {answer.status for answer in answers} <= {200, 202}
    assert any(answer.status == 200 for answer in answers)
    for answer in answers:
        assert "Retry-After" in answer.headers or answer.status == 200
    again = await alice.complete(upload["id"])
    assert (again.status, (await again.json())["state"]) == (200, "ready")
    assert await _library(alice) == [upload["id"]]
    mine = await (await alice.call("GET", f"{alice.upload_url}/v1/uploads")).json()
    assert [item["id"] for item in mine["items"]] == [upload["id"]]


async def test_many_at_once_with_a_part_missing_are_all_refused(services: Services) -> None:
    alice = services.person("alice")
    upload = await alice.begin(TWO_PARTS)
    for answer in await asyncio.gather(*(alice.complete(upload["id"]) for _ in range(8))):
        problem = await assert_problem(answer, 422, "parts-missing")
        assert problem["missing"] == [1, 2]


async def test_a_finished_video_takes_no_more_parts(services: Services) -> None:
    alice = services.person("alice")
    video = await alice.upload(b"nine byte")
    url = f"{alice.upload_url}/v1/uploads/{video['id']}/part-urls"
    await assert_problem(await alice.call("POST", url, json={"part_numbers": [1]}), 409, "upload-not-open")


async def test_a_url_handed_out_before_does_not_change_a_finished_video(services: Services) -> None:
    alice = services.person("alice")
    upload = await alice.begin(9)
    signed = await alice.part_urls(upload["id"], [1])
    await alice.send(upload, b"nine byte")
    assert (await alice.complete(upload["id"])).status == 200
    async with services.session.put(signed["urls"]["1"], data=b"evil byte", headers=signed["headers"]) as late:
        assert late.status >= 400
    source = await alice.call("GET", f"{alice.stream_url}/v1/videos/{upload['id']}/source")
    async with services.session.get(source.headers["Location"]) as played:
        assert await played.read() == b"nine byte"


@pytest.mark.parametrize(
    ("numbers", "pointers"),
    [
        ([], ["#/part_numbers"]),
        ([0], ["#/part_numbers/0"]),
        ([1, 3, -1], ["#/part_numbers/1", "#/part_numbers/2"]),
        (list(range(1, 102)), ["#/part_numbers"]),
        ([1, 1], ["#/"]),
        (["1"], ["#/part_numbers/0"]),
        ([1.5], ["#/part_numbers/0"]),
        ([True], ["#/part_numbers/0"]),
        ([2**70], ["#/part_numbers/0"]),
        (1, ["#/part_numbers"]),
        (None, ["#/part_numbers"]),
    ],
)
async def test_part_numbers_outside_the_plan_are_refused(
    services: Services, numbers: object, pointers: list[str]
) -> None:
    alice = services.person("alice")
    upload = await alice.begin(TWO_PARTS)
    url = f"{alice.upload_url}/v1/uploads/{upload['id']}/part-urls"
    problem = await assert_problem(await alice.call("POST", url, json={"part_numbers": numbers}), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == pointers


async def test_a_hundred_part_urls_come_at_once(services: Services) -> None:
    alice = services.person("alice")
    upload = await alice.begin(100 * PART_SIZE)
    signed = await alice.part_urls(upload["id"], list(range(100, 0, -1)))
    assert sorted(map(int, signed["urls"])) == list(range(1, 101))
    assert len(set(signed["urls"].values())) == 100
    left = datetime.fromisoformat(signed["expires_at"]) - utc_now()
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
