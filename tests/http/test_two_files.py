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
def alice(services: Services) -> Person:
    return services.person("alice")


def hexadecimal(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def checksum_of(part: bytes) -> str:
    return base64.b64encode(hashlib.sha256(part).digest()).decode()


def parts_of(film: bytes) -> dict[str, bytes]:
    return {str(1 + start // PART_SIZE): film[start : start + PART_SIZE] for start in range(0, len(film), PART_SIZE)}


async def sign(alice: Person, upload_id: str, film: bytes, *numbers: str) -> Any:
    parts = parts_of(film)
    checksums = {number: checksum_of(parts[number]) for number in numbers}
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


def composite_of(film: bytes) -> str:
    """As S3 computes it."""
    digests = b"".join(hashlib.sha256(part).digest() for part in parts_of(film).values())
    return f"{checksum_of(digests)}-{len(parts_of(film))}"


async def complete(
    alice: Person, upload_id: str, film: bytes | None, *, has_parts_of: bytes | None = None
) -> ClientResponse:
    """What it is answered once it is certain."""
    answers: list[ClientResponse] = []

    async def is_certain() -> bool:
        content = None if film is None else {"sha256": hexadecimal(film)}
        if has_parts_of is not None:
            content = {**(content or {}), "checksum_sha256": composite_of(has_parts_of)}
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


@pytest.mark.both_databases
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


async def test_two_that_send_each_its_own_part_again_do_not_lose_a_film(services: Services, alice: Person) -> None:
    """Who has announced first goes on and gets that very file, or is told no; the other one is told no at once."""
    upload_id = await contested(services, alice)
    await put(services, await sign(alice, upload_id, ONE, "2"), ONE, "2")
    first = await complete(alice, upload_id, ONE)
    if first.status != 200:
        # Both copies came within one of the storage's seconds.
        await assert_problem(first, 409, "part-ambiguous")
    await assert_problem(await complete(alice, upload_id, OTHER), 409, "file-differs")

    async def is_one() -> bool:
        answer = await complete(alice, upload_id, ONE)
        if answer.status == 200:
            return True
        await assert_problem(answer, 409, "part-ambiguous")
        await put(services, await sign(alice, upload_id, ONE, "2"), ONE, "2")
        return False

    await eventually(is_one, what="the upload is that of who was first")
    assert await watched(services, alice, upload_id) == ONE
    await assert_problem(await complete(alice, upload_id, OTHER), 409, "file-differs")


async def sent(services: Services, alice: Person, film: bytes, **fields: Any) -> str:
    """An open upload that has every part of this file, each with its checksum."""
    upload_id: str = (await alice.begin(len(film), part_checksums="sha256", **fields))["id"]
    numbers = list(parts_of(film))
    await put(services, await sign(alice, upload_id, film, *numbers), film, *numbers)
    return upload_id


async def read_back(alice: Person, upload_id: str) -> Any:
    integrity = await alice.call("GET", f"{alice.upload_url}/v1/uploads/{upload_id}/integrity")
    return (await integrity.json())["read_back"]


async def test_who_has_sent_nothing_is_not_believed(services: Services, alice: Person) -> None:
    upload_id = await sent(services, alice, ONE)
    await assert_problem(await complete(alice, upload_id, OTHER), 409, "file-differs")


@pytest.mark.parametrize("says", [OTHER, None])
async def test_what_another_file_comes_to_ends_nothing(services: Services, alice: Person, says: bytes | None) -> None:
    upload_id = await sent(services, alice, ONE)
    await assert_problem(await complete(alice, upload_id, says, has_parts_of=OTHER), 409, "file-differs")
    assert (await complete(alice, upload_id, ONE, has_parts_of=ONE)).status == 200
    await assert_problem(await complete(alice, upload_id, OTHER, has_parts_of=OTHER), 409, "file-differs")


async def test_who_says_too_early_that_it_is_another_file_ends_nothing(services: Services, alice: Person) -> None:
    upload_id = (await alice.begin(len(ONE), part_checksums="sha256"))["id"]
    await put(services, await sign(alice, upload_id, ONE, "1"), ONE, "1")
    await assert_problem(await complete(alice, upload_id, OTHER), 422, "parts-missing")
    await put(services, await sign(alice, upload_id, ONE, "2"), ONE, "2")
    assert (await complete(alice, upload_id, ONE, has_parts_of=ONE)).status == 200


@pytest.mark.parametrize("proves", [True, False])
async def test_whose_parts_they_are_need_not_be_read(services: Services, alice: Person, *, proves: bool) -> None:
    """Neither does looking at an unfinished upload cost a reading of all of it."""
    upload_id = await sent(services, alice, ONE, sha256=hexadecimal(ONE))
    assert (await alice.call("GET", f"{alice.upload_url}/v1/uploads/{upload_id}")).status == 200
    assert (await complete(alice, upload_id, ONE, has_parts_of=ONE if proves else None)).status == 200
    assert (await read_back(alice, upload_id) is None) is proves


async def test_parts_of_a_file_do_not_prove_what_was_announced(services: Services, alice: Person) -> None:
    upload_id = await sent(services, alice, ONE, sha256=hexadecimal(OTHER))
    await assert_problem(await complete(alice, upload_id, None, has_parts_of=ONE), 409, "file-differs")


@pytest.mark.parametrize("proof", ["", "x-2", composite_of(ONE)[:-1] + "0", composite_of(ONE).removesuffix("-2")])
async def test_what_is_no_checksum_of_parts_is_refused(services: Services, alice: Person, proof: str) -> None:
    upload_id = await sent(services, alice, ONE)
    url = f"{alice.upload_url}/v1/uploads/{upload_id}/complete"
    refused = await assert_problem(await alice.call("POST", url, json={"checksum_sha256": proof}), 422, "invalid")
    assert [error["pointer"] for error in refused["errors"]] == ["#/checksum_sha256"]


@pytest.mark.parametrize("checksums", [None, "sha256"])
async def test_a_film_that_was_stored_without_a_word_is_read_before_it_is_somebodys(
    services: Services, alice: Person, checksums: str | None
) -> None:
    upload_id = (await alice.begin(len(ONE), part_checksums=checksums))["id"]
    if checksums is None:
        await alice.send({"id": upload_id, "part_count": 2, "part_size": PART_SIZE}, ONE)
    else:
        await put(services, await sign(alice, upload_id, ONE, "1", "2"), ONE, "1", "2")
    assert (await complete(alice, upload_id, None)).status == 200
    await assert_problem(await complete(alice, upload_id, OTHER), 409, "file-differs")
    completed = await complete(alice, upload_id, ONE)
    assert (completed.status, (await completed.json())["sha256"]) == (200, hexadecimal(ONE))
    assert (await (await alice.call("GET", f"{alice.upload_url}/v1/uploads/{upload_id}")).json())[
        "sha256"
    ] == hexadecimal(ONE)


async def test_the_checksum_of_the_only_part_says_it_for_the_whole_file(services: Services, alice: Person) -> None:
    upload_id = (await alice.begin(4, part_checksums="sha256"))["id"]
    await put(services, await sign(alice, upload_id, b"film", "1"), b"film", "1")
    await assert_problem(await complete(alice, upload_id, b"FILM"), 409, "file-differs")
    assert (await complete(alice, upload_id, None)).status == 200
    integrity = await alice.call("GET", f"{alice.upload_url}/v1/uploads/{upload_id}/integrity")
    assert (await integrity.json())["sha256"] == hexadecimal(b"film")
    await assert_problem(await complete(alice, upload_id, b"FILM"), 409, "file-differs")


@pytest.mark.parametrize("checksums", [None, "sha256"])
@pytest.mark.parametrize(("announced", "sent"), [(ONE, OTHER), (b"film", b"FILM")])
async def test_what_was_announced_at_the_beginning_is_compared_too(
    services: Services, alice: Person, checksums: str | None, announced: bytes, sent: bytes
) -> None:
    upload = await alice.begin(len(sent), part_checksums=checksums, sha256=hexadecimal(announced))
    if checksums is None:
        await alice.send(upload, sent)
    else:
        numbers = list(parts_of(sent))
        await put(services, await sign(alice, upload["id"], sent, *numbers), sent, *numbers)
    await assert_problem(await complete(alice, upload["id"], None), 409, "file-differs")


@pytest.mark.parametrize("announces", [False, True])
@pytest.mark.parametrize("asks", ["what has come", "for all parts"])
async def test_who_sends_the_rest_of_another_file_is_not_told_that_it_is_stored(
    services: Services, alice: Person, asks: str, *, announces: bool
) -> None:
    """Each part was signed once, with its own checksum: together they are neither file."""
    other, fields = b"A" * PART_SIZE + b"THE END", {"sha256": hexadecimal(ONE)} if announces else {}
    upload_id = (await alice.begin(len(ONE), part_checksums="sha256", **fields))["id"]
    await put(services, await sign(alice, upload_id, ONE, "1"), ONE, "1")
    if asks == "what has come":
        assert (await alice.call("GET", f"{alice.upload_url}/v1/uploads/{upload_id}")).status == 200
    else:
        checksums = {number: checksum_of(part) for number, part in parts_of(other).items()}
        asked = {"part_numbers": [1, 2], "checksums": checksums}
        refused = await alice.call("POST", f"{alice.upload_url}/v1/uploads/{upload_id}/part-urls", json=asked)
        await assert_problem(refused, 409, "part-differs")
    await put(services, await sign(alice, upload_id, other, "2"), other, "2")
    await assert_problem(await complete(alice, upload_id, ONE if announces else other), 409, "file-differs")


async def test_a_hash_that_is_not_sent_as_json_is_refused_and_not_dropped(services: Services, alice: Person) -> None:
    upload = await alice.begin(4)
    await alice.send(upload, b"film")
    url = f"{alice.upload_url}/v1/uploads/{upload['id']}/complete"
    said = f'{{"sha256": "{hexadecimal(b"FILM")}"}}'
    refused = await alice.call("POST", url, data=said, headers={"Content-Type": "text/plain"})
    await assert_problem(refused, 415, "unsupported-media-type")
    assert (await alice.call("POST", url)).status == 200
