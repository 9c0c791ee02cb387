"""`Idempotency-Key` on a create: whatever becomes of the first request, a repeated one makes no second upload."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientResponse

from common.clock import utc_now
from common.db import open_database
from common.idempotency import CLAIMED, Claim, CreateRequest, IdempotencyKeys
from tests.http.conftest import Services
from tests.problems import assert_problem
from upload_svc.models import CreateUpload
from upload_svc.store import idempotency_keys

CREATE = {"title": "A film", "filename": "film.mp4", "size": 17, "content_type": "video/mp4"}
KEY = "a-key"


async def _create(services: Services, *, username: str = "alice", **fields: Any) -> ClientResponse:
    person = services.person(username)
    url = f"{person.upload_url}/v1/uploads"
    return await person.call("POST", url, json={**CREATE, **fields}, headers={"Idempotency-Key": KEY})


async def _ids(services: Services, username: str = "alice") -> list[str]:
    person = services.person(username)
    answer = await person.call("GET", f"{person.upload_url}/v1/uploads")
    return [item["id"] for item in (await answer.json())["items"]]


async def _left_by_a_dead_worker(services: Services, services_url: str) -> str:
    """What is in the database when a worker is killed right after it has begun; returns the upload's id."""
    begun = CreateRequest(
        account_id=services.auth.account_id("alice"),
        path="/v1/uploads",
        idempotency_key=KEY,
        content=CreateUpload.model_validate(CREATE).model_dump_json(),
    )
    claims: list[Claim] = []

    async def die(claim: Claim) -> None:
        claims.append(claim)
        raise asyncio.CancelledError

    async with open_database(services_url) as database:
        with pytest.raises(asyncio.CancelledError):
            await IdempotencyKeys(database, idempotency_keys, clock=utc_now).once(begun, die, lambda _: None)
    return claims[0].resource_id


@asynccontextmanager
async def _silent_fs(services: Services) -> AsyncIterator[asyncio.Event]:
    """In fs_svc's place something that takes requests and never answers; the event is set by the first."""
    asked = asyncio.Event()
    connections: list[asyncio.StreamWriter] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await reader.readline()
        asked.set()

    await services.fs.stop()
    server = await asyncio.start_server(listen, "127.0.0.1", services.addresses.fs_port)
    try:
        yield asked
    finally:
        server.close()
        for connection in connections:
            connection.transport.abort()


async def test_the_first_still_running_is_said_so(services: Services) -> None:
    async with asyncio.TaskGroup() as tasks, _silent_fs(services) as asked:
        first = tasks.create_task(_create(services))
        async with asyncio.timeout(10):
            await asked.wait()
        second = await _create(services)
        problem = await assert_problem(second, 409, "conflict")
        assert "still" in problem["detail"]
        assert int(second.headers["Retry-After"]) >= 1
        # Another content is refused whether the first has been answered or not.
        await assert_problem(await _create(services, title="Another"), 422, "idempotency-key-reused")
    await assert_problem(first.result(), 503, "unavailable")
    await services.fs.start()
    # Its outcome was not known: the next one with the key goes on with the same upload.
    [upload_id] = await _ids(services)
    answer = await _create(services)
    assert (answer.status, (await answer.json())["id"]) == (201, upload_id)
    assert await _ids(services) == [upload_id]


async def test_a_dead_workers_request_is_taken_over_with_its_upload(services: Services, services_url: str) -> None:
    upload_id = await _left_by_a_dead_worker(services, services_url)
    await assert_problem(await _create(services), 409, "conflict")
    services.clock.moved += CLAIMED
    answers = await asyncio.gather(*(_create(services) for _ in range(5)))
    assert {answer.status for answer in answers} <= {201, 409}
    made = [await answer.json() for answer in answers if answer.status == 201]
    assert {upload["id"] for upload in made} == {upload_id}
    assert await _ids(services) == [upload_id]


async def test_the_answer_stays_the_first_one(services: Services) -> None:
    first = await _create(services)
    alice = services.person("alice")
    url = alice.upload_url + first.headers["Location"]
    assert (await alice.call("PATCH", url, json={"title": "Edited"})).status == 200
    again = await _create(services)
    assert (again.status, again.headers["Location"]) == (201, first.headers["Location"])
    assert await again.text() == await first.text()
    assert (await alice.call("DELETE", url)).status == 204
    assert await (await _create(services)).text() == await first.text()
    assert await _ids(services) == []


async def test_a_key_is_an_accounts_own(services: Services) -> None:
    mine, theirs = await _create(services), await _create(services, username="bob", title="Another")
    assert (mine.status, theirs.status) == (201, 201)
    assert await _ids(services) == [(await mine.json())["id"]]
    assert await _ids(services, "bob") == [(await theirs.json())["id"]]


async def test_only_what_means_the_same_is_the_same(services: Services) -> None:
    assert (await _create(services)).status == 201
    # Said in other words: as it is kept, the title is the same, and private is what it is without saying so.
    assert (await _create(services, title=" A film ", visibility="private")).status == 201
    for other in ({"title": "a film"}, {"size": 18}, {"visibility": "public"}, {"description": "x"}):
        await assert_problem(await _create(services, **other), 422, "idempotency-key-reused")
