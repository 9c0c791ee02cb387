"""Parts with checksums: S3 takes no other content, and nobody sends another file into an upload that was begun."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
from typing import Any

import pytest
from aiohttp import ClientResponse

from tests.api_client import PART_SIZE, Person
from tests.http.conftest import Services
from tests.problems import assert_problem

PARTS = [b"a" * PART_SIZE, b"the end"]
FILM = b"".join(PARTS)
CREATE = {"title": "A film", "filename": "film.mp4", "size": len(FILM), "content_type": "video/mp4"}


def checksum(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


CHECKSUMS = {"1": checksum(PARTS[0]), "2": checksum(PARTS[1])}


@pytest.fixture
def alice(services: Services) -> Person:
    return services.person("alice")


async def begin(alice: Person, **fields: Any) -> str:
    asked = {**CREATE, "part_checksums": "sha256", **fields}
    created = await alice.call("POST", f"{alice.upload_url}/v1/uploads", json=asked)
    assert created.status == 201, await created.text()
    upload_id: str = (await created.json())["id"]
    return upload_id


async def ask(alice: Person, upload_id: str, numbers: list[int], checksums: Any) -> ClientResponse:
    asked = {"part_numbers": numbers} | ({} if checksums is None else {"checksums": checksums})
    return await alice.call("POST", f"{alice.upload_url}/v1/uploads/{upload_id}/part-urls", json=asked)


async def urls(alice: Person, upload_id: str, checksums: dict[str, str]) -> Any:
    answer = await ask(alice, upload_id, [int(number) for number in checksums], checksums)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def put(services: Services, signed: Any, number: str, content: bytes) -> tuple[int, str]:
    headers = {**signed["headers"], **signed["part_headers"][number]}
    async with services.session.put(signed["urls"][number], data=io.BytesIO(content), headers=headers) as answer:
        return answer.status, await answer.text()


async def received(alice: Person, upload_id: str) -> Any:
    return (await (await alice.call("GET", f"{alice.upload_url}/v1/uploads/{upload_id}")).json())["received"]


async def test_what_was_sent_with_checksums_becomes_the_film(services: Services, alice: Person) -> None:
    upload_id = await begin(alice)
    signed = await urls(alice, upload_id, CHECKSUMS)
    assert signed["part_headers"] == {number: {"x-amz-checksum-sha256": value} for number, value in CHECKSUMS.items()}
    for number, content in zip(CHECKSUMS, PARTS, strict=True):
        assert (await put(services, signed, number, content))[0] == 200
    assert await received(alice, upload_id) == [
        {"part_number": 1, "size": PART_SIZE, "checksum": CHECKSUMS["1"]},
        {"part_number": 2, "size": len(PARTS[1]), "checksum": CHECKSUMS["2"]},
    ]
    completed = await alice.call("POST", f"{alice.upload_url}/v1/uploads/{upload_id}/complete")
    assert (completed.status, (await completed.json())["state"]) == (200, "ready")
    source = await alice.call("GET", f"{alice.stream_url}/v1/videos/{upload_id}/source")
    async with services.session.get(source.headers["Location"]) as answer:
        assert await answer.read() == FILM


async def test_storage_refuses_a_damaged_part_and_takes_it_when_sent_again(services: Services, alice: Person) -> None:
    upload_id = await begin(alice)
    signed = await urls(alice, upload_id, CHECKSUMS)
    status, answer = await put(services, signed, "2", b"the eNd")
    assert (status, "BadDigest" in answer) == (400, True)
    assert await received(alice, upload_id) == []
    assert (await put(services, signed, "2", PARTS[1]))[0] == 200


async def test_the_checksum_cannot_be_left_out_or_changed_on_the_way(services: Services, alice: Person) -> None:
    upload_id = await begin(alice)
    signed = await urls(alice, upload_id, CHECKSUMS)
    for headers in ({}, {"x-amz-checksum-sha256": checksum(b"the eNd")}):
        signed["part_headers"]["2"] = headers
        assert (await put(services, signed, "2", b"the eNd"))[0] == 403


async def test_another_file_is_refused_once_a_part_of_it_is_held(services: Services, alice: Person) -> None:
    upload_id = await begin(alice)
    assert (await put(services, await urls(alice, upload_id, CHECKSUMS), "2", PARTS[1]))[0] == 200
    others = {"1": checksum(b"b" * PART_SIZE), "2": checksum(b"The end")}
    problem = await assert_problem(await ask(alice, upload_id, [1, 2], others), 409, "part-differs")
    assert problem["part_numbers"] == [2]
    # Nothing of it has changed: the file that it was begun with goes on.
    assert (await put(services, await urls(alice, upload_id, {"1": CHECKSUMS["1"]}), "1", PARTS[0]))[0] == 200
    completed = await alice.call("POST", f"{alice.upload_url}/v1/uploads/{upload_id}/complete")
    assert completed.status == 200


async def test_a_part_that_is_not_held_may_be_hashed_again(services: Services, alice: Person) -> None:
    upload_id = await begin(alice)
    await urls(alice, upload_id, {"2": checksum(b"misread")})
    signed = await urls(alice, upload_id, {"2": CHECKSUMS["2"]})
    assert (await put(services, signed, "2", PARTS[1]))[0] == 200
    # Not said to be that content: while the first URL lives the other one may be what came.
    assert await received(alice, upload_id) == [{"part_number": 2, "size": len(PARTS[1])}]
    assert (await put(services, await urls(alice, upload_id, {"1": CHECKSUMS["1"]}), "1", PARTS[0]))[0] == 200
    assert (await alice.complete(upload_id)).status == 200


async def test_what_an_older_url_brought_is_not_taken_for_the_newer_content(services: Services, alice: Person) -> None:
    """Two devices with two files of one name and size: the second must not believe that its part is there."""
    upload_id = await begin(alice)
    other = b"THE END"
    first = await urls(alice, upload_id, {"2": checksum(other)})
    await urls(alice, upload_id, {"2": CHECKSUMS["2"]})
    assert (await put(services, first, "2", other))[0] == 200
    assert await received(alice, upload_id) == [{"part_number": 2, "size": len(other)}]
    # Neither is refused: who sends it again knows what is there then.
    signed = await urls(alice, upload_id, {"2": CHECKSUMS["2"]})
    assert (await put(services, signed, "2", PARTS[1]))[0] == 200


async def test_ten_calls_at_once_record_one_checksum(alice: Person) -> None:
    upload_id = await begin(alice)
    answers = await asyncio.gather(*(ask(alice, upload_id, [1, 2], CHECKSUMS) for _ in range(10)))
    assert {answer.status for answer in answers} == {200}


@pytest.mark.parametrize(
    ("numbers", "checksums", "pointers"),
    [
        ([1, 2], None, ["#/checksums/1", "#/checksums/2"]),
        ([1, 2], {"1": CHECKSUMS["1"]}, ["#/checksums/2"]),
        ([1], CHECKSUMS, ["#/checksums/2"]),
        ([1], {"1": "0" * 64}, ["#/checksums/1"]),
        ([1], {"1": CHECKSUMS["1"][:-2] + "1="}, ["#/checksums/1"]),
        ([1], {"1": CHECKSUMS["1"].rstrip("=")}, ["#/checksums/1"]),
        ([1], {"01": CHECKSUMS["1"]}, ["#/checksums/01/[key]"]),
        ([1], {"1": None}, ["#/checksums/1"]),
        ([1], [CHECKSUMS["1"]], ["#/checksums"]),
        ([1], "sha256", ["#/checksums"]),
    ],
)
async def test_checksums_are_given_for_exactly_the_parts(
    alice: Person, numbers: list[int], checksums: Any, pointers: list[str]
) -> None:
    upload_id = await begin(alice)
    problem = await assert_problem(await ask(alice, upload_id, numbers, checksums), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == pointers


async def test_checksums_are_refused_where_none_were_announced(alice: Person) -> None:
    upload_id = await begin(alice, part_checksums=None)
    problem = await assert_problem(await ask(alice, upload_id, [1], {"1": CHECKSUMS["1"]}), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == ["#/checksums"]


@pytest.mark.parametrize("algorithm", ["md5", "SHA256", "", 5, True])
async def test_there_is_one_algorithm(alice: Person, algorithm: Any) -> None:
    asked = {**CREATE, "part_checksums": algorithm}
    await assert_problem(await alice.call("POST", f"{alice.upload_url}/v1/uploads", json=asked), 422, "invalid")


async def test_an_upload_of_somebody_else_is_not_found(services: Services, alice: Person) -> None:
    upload_id = await begin(alice)
    await assert_problem(await ask(services.person("bob"), upload_id, [1], {"1": CHECKSUMS["1"]}), 404, "not-found")
