"""Two files of one name and size: whoever is told yes has their own file stored, whatever the other one has sent."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import Any

import pytest
from aiohttp import ClientResponse

from tests.api_client import PART_SIZE, Person
from tests.http.conftest import Services
from tests.problems import assert_problem
from tests.waiting import eventually

BEGINNING = b"a" * PART_SIZE
ONE, OTHER = BEGINNING + b"the end", BEGINNING + b"THE END"


@pytest.fixture
def services_url(database_url: str) -> str:
    return database_url


@pytest.fixture
def alice(services: Services) -> Person:
    return services.person("alice")


def hexadecimal(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def parts_of(film: bytes) -> dict[str, bytes]:
    return {str(1 + start // PART_SIZE): film[start : start + PART_SIZE] for start in range(0, len(film), PART_SIZE)}


async def sign(alice: Person, upload_id: str, film: bytes, *numbers: str) -> Any:
    parts = parts_of(film)
    checksums = {number: base64.b64encode(hashlib.sha256(parts[number]).digest()).decode() for number in numbers}
    asked = {"part_numbers": [int(number) for number in numbers], "checksums": checksums}
    answer = await alice.call("POST", f"{alice.upload_url}/v1/uploads/{upload_id}/part-urls", json=asked)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def put(services: Services, signed: Any, film: bytes, *numbers: str) -> None:
    for number in numbers:
        headers = {**signed["headers"], **signed["part_headers"][number]}
        body = io.BytesIO(parts_of(film)[number])
        async with services.session.put(signed["urls"][number], data=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()


async def complete(alice: Person, upload_id: str, film: bytes | None) -> ClientResponse:
    """What it is answered once it is certain."""
    answers: list[ClientResponse] = []

    async def is_certain() -> bool:
        content = None if film is None else {"sha256": hexadecimal(film)}
        answers.append(await alice.call("POST", f"{alice.upload_url}/v1/uploads/{upload_id}/complete", json=content))
        return answers[-1].status != 202

    await eventually(is_certain, what="the upload is settled")
    return answers[-1]


async def contested(services: Services, alice: Person, **fields: Any) -> str:
    """An upload into which two files were sent: the last part that the storage has of it is of the other one."""
    upload_id: str = (await alice.begin(len(ONE), part_checksums="sha256", **fields))["id"]
    first = await sign(alice, upload_id, ONE, "1", "2")
    second = await sign(alice, upload_id, OTHER, "2")
    await put(services, first, ONE, "1")
    await put(services, second, OTHER, "2")
    return upload_id


async def watched(services: Services, alice: Person, upload_id: str) -> bytes:
    source = await alice.call("GET", f"{alice.stream_url}/v1/videos/{upload_id}/source")
    async with services.session.get(source.headers["Location"]) as answer:
        return await answer.read()


async def test_who_announces_another_file_than_has_come_is_told_so_and_nothing_is_ready(
    services: Services, alice: Person
) -> None:
    upload_id = await contested(services, alice)
    await assert_problem(await complete(alice, upload_id, ONE), 409, "file-differs")
    # Again, and after the settling loop has taken it away.
    await assert_problem(await complete(alice, upload_id, ONE), 409, "file-differs")
    assert await (await alice.call("GET", f"{alice.upload_url}/v1/uploads?state=ready")).json() == {
        "items": [],
        "next_cursor": None,
    }


async def test_of_two_that_announce_one_is_told_no_before_and_after_it_is_ready(
    services: Services, alice: Person
) -> None:
    upload_id = await contested(services, alice)
    assert (await complete(alice, upload_id, OTHER)).status == 200
    assert await watched(services, alice, upload_id) == OTHER
    await assert_problem(await complete(alice, upload_id, ONE), 409, "file-differs")
    assert (await complete(alice, upload_id, OTHER)).status == 200
    assert (await alice.call("POST", f"{alice.upload_url}/v1/uploads/{upload_id}/trash")).status == 204
    await assert_problem(await complete(alice, upload_id, ONE), 409, "file-differs")
