"""What shows that a stored film is what was sent: the sender's SHA-256, parts' checksums, and what was read back."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.api_client import Person
from tests.http.conftest import Services
from tests.problems import assert_problem

pytestmark = pytest.mark.both_databases

FILM = b"a very short film"
SHA256 = hashlib.sha256(FILM).hexdigest()
OTHER = hashlib.sha256(b"another").hexdigest()


@pytest.fixture
def alice(services: Services) -> Person:
    return services.person("alice")


async def complete(person: Person, upload_id: str, **options: Any) -> Any:
    return await person.call("POST", f"{person.upload_url}/v1/uploads/{upload_id}/complete", **options)


async def integrity(person: Person, upload_id: str) -> Any:
    return await person.call("GET", f"{person.upload_url}/v1/uploads/{upload_id}/integrity")


async def begun(person: Person, **fields: Any) -> str:
    upload = await person.begin(len(FILM), **fields)
    await person.send(upload, FILM)
    upload_id: str = upload["id"]
    return upload_id


async def test_what_the_sender_has_computed_is_kept_and_shown(alice: Person) -> None:
    upload_id = await begun(alice)
    await assert_problem(await integrity(alice, upload_id), 409, "conflict")
    completed = await complete(alice, upload_id, json={"sha256": SHA256})
    assert (completed.status, (await completed.json())["sha256"]) == (200, SHA256)
    shown = await (await integrity(alice, upload_id)).json()
    assert (shown["sha256"], shown["part_checksums"]) == (SHA256, None)
    # No checksums vouch for it, so it was compared before it was ready.
    assert (shown["read_back"]["sha256"], shown["read_back"]["is_same"]) == (SHA256, True)
    await assert_problem(await complete(alice, upload_id, json={"sha256": OTHER}), 409, "file-differs")
    assert await (await integrity(alice, upload_id)).json() == shown


async def test_a_file_that_is_not_the_announced_one_is_not_completed(alice: Person) -> None:
    upload_id = await begun(alice, sha256=SHA256)
    await assert_problem(await complete(alice, upload_id, json={"sha256": OTHER}), 409, "file-differs")
    assert (await complete(alice, upload_id, json={"sha256": SHA256})).status == 200


@pytest.mark.any_database
@pytest.mark.parametrize(
    "options", [{}, {"json": {}}, {"json": {"parts": [1]}}, {"headers": {"Content-Type": "text/plain"}}]
)
async def test_no_content_is_needed_and_unknown_content_is_passed_over(alice: Person, options: dict[str, Any]) -> None:
    assert (await complete(alice, await begun(alice), **options)).status == 200


@pytest.mark.any_database
@pytest.mark.parametrize("sha256", ["", SHA256.upper(), SHA256[:-1], 5, f"{SHA256}\n"])
async def test_what_is_no_sha256_is_refused_and_nothing_is_lost(alice: Person, sha256: object) -> None:
    upload_id = await begun(alice)
    problem = await assert_problem(await complete(alice, upload_id, json={"sha256": sha256}), 422, "invalid")
    assert [fault["pointer"] for fault in problem["errors"]] == ["#/sha256"]
    assert (await complete(alice, upload_id)).status == 200


async def test_it_is_shown_to_nobody_else(services: Services, alice: Person) -> None:
    upload_id = (await alice.upload(FILM, visibility="public"))["id"]
    await assert_problem(await integrity(services.person("bob"), upload_id), 404, "not-found")
    await assert_problem(await integrity(services.person(None), upload_id), 401, "unauthenticated")
