"""SIGTERM to each real service with a request under way: it says so, takes no more, finishes, and ends with 0."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import aiohttp
from aiohttp import web

from tests.addresses import Addresses
from tests.api_client import Person
from tests.auth_service import AuthService
from tests.processes import ServiceProcess, auth_environment, face_environment, fs_environment
from tests.s3_proxy import S3Proxy, is_list_parts, s3_proxy
from tests.waiting import eventually
from vss.bucket import Bucket as StorageBucket

T = TypeVar("T")
DRAINS = {"drain_seconds": "3"}


async def status(session: aiohttp.ClientSession, url: str) -> int | None:
    """The status of a GET over a connection of its own; None when nobody takes it."""
    try:
        async with session.get(url, headers={"Connection": "close"}) as answer:
            return answer.status
    except aiohttp.ClientConnectorError:
        return None


async def drains(
    session: aiohttp.ClientSession,
    service: ServiceProcess,
    request: asyncio.Task[T],
    go_on: Callable[[], object],
) -> T:
    """The answer to the request that was under way, after everything around it was as it should be."""
    service.send_signal(signal.SIGTERM)

    async def says_so() -> bool:
        return await status(session, f"{service.url}/readyz") == 503

    await eventually(says_so, what="/readyz says 503")
    assert await status(session, f"{service.url}/livez") == 200

    async def takes_no_more() -> bool:
        return await status(session, f"{service.url}/livez") is None

    await eventually(takes_no_more, what="the port is closed")
    assert not request.done()
    go_on()
    answer = await request
    assert await service.end() == 0
    return answer


class Hold:
    """Keeps the calls that match on their way until it is let go."""

    def __init__(self, proxy: S3Proxy, matches: Callable[[web.Request], bool]) -> None:
        self.has_come = asyncio.Event()
        self._go_on = asyncio.Event()
        self._matches = matches
        proxy.meanwhile = self._wait

    async def _wait(self, request: web.Request) -> None:
        if self._matches(request):
            self.has_come.set()
            await self._go_on.wait()

    def let_go(self) -> None:
        self._go_on.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    session: aiohttp.ClientSession
    services: dict[str, ServiceProcess]
    to_s3: S3Proxy
    to_fs: S3Proxy
    alice: Person


@asynccontextmanager
async def running(
    folder: Path, database_url: str, addresses: Addresses, storage: StorageBucket, auth: AuthService
) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        to_s3 = await stack.enter_async_context(s3_proxy(storage.endpoint))
        to_fs = await stack.enter_async_context(s3_proxy(addresses.fs_url))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        environments = {
            "fs": fs_environment(addresses, database_url, storage, s3_url=to_s3.url),
            **{
                name: face_environment(name, addresses, database_url, auth.client_secrets, fs_url=to_fs.url)
                for name in ("upload", "stream")
            },
        }
        urls = {"fs": addresses.fs_url, "upload": addresses.upload_url, "stream": addresses.stream_url}
        services = {
            name: ServiceProcess(name, urls[name], {**environment, **DRAINS}, folder / f"{name}.log")
            for name, environment in environments.items()
        }
        for service in services.values():
            stack.push_async_callback(service.stop)
        await asyncio.gather(*(service.start() for service in services.values()))
        token = auth.token("alice")
        alice = Person(session, token, upload_url=addresses.upload_url, stream_url=addresses.stream_url)
        yield World(session=session, services=services, to_s3=to_s3, to_fs=to_fs, alice=alice)


async def test_a_request_that_waits_for_another_part_is_finished(
    tmp_path: Path, sqlite_url: str, addresses: Addresses, seaweedfs: StorageBucket, auth: AuthService
) -> None:
    own = Addresses.choose()
    at = replace(own, auth_port=addresses.auth_port, s3_port=addresses.s3_port)
    async with running(tmp_path, sqlite_url, at, seaweedfs, auth) as world:
        alice = world.alice
        video = await alice.upload(b"a very short film")
        upload = await alice.begin(9)
        one_upload = f"{alice.upload_url}/v1/uploads/{upload['id']}"
        playback = f"{alice.stream_url}/v1/videos/{video['id']}/playback"
        cases: list[tuple[str, str, S3Proxy, Callable[[web.Request], bool]]] = [
            ("stream", playback, world.to_fs, lambda request: request.path == "/v1/sources"),
            ("fs", one_upload, world.to_s3, is_list_parts),
            ("upload", one_upload, world.to_fs, lambda request: request.method == "GET"),
        ]
        for name, url, proxy, matches in cases:
            hold = Hold(proxy, matches)
            request = asyncio.create_task(alice.call("GET", url))
            await hold.has_come.wait()
            answer = await drains(world.session, world.services[name], request, hold.let_go)
            assert answer.status == 200, (name, await answer.text())
            if name == "fs":
                # The last one needs it.
                await world.services[name].start()


async def test_a_log_in_that_waits_for_the_database_is_finished(tmp_path: Path, sqlite_url: str) -> None:
    at = Addresses.choose()
    secrets = {"upload": "u" * 32, "stream": "s" * 32, "media": "m" * 32}
    told = auth_environment(at, sqlite_url, secrets, key_encryption_key="5e" * 32)
    service = ServiceProcess("auth", at.auth_url, {**told, **DRAINS}, tmp_path / "auth.log")
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        stack.push_async_callback(service.stop)
        await service.start()
        other = stack.enter_context(closing(sqlite3.connect(sqlite_url.partition(":///")[2], isolation_level=None)))
        other.execute("BEGIN IMMEDIATE")
        reader, writer = await asyncio.open_connection("127.0.0.1", at.auth_port)
        form = b"username=admin&password=admin"
        writer.write(
            b"POST /login HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nExpect: 100-continue\r\nConnection: close\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % (at.auth_port, len(form))
        )
        # From then on the request is at work.
        assert b" 100 " in await reader.readuntil(b"\r\n\r\n")
        writer.write(form)
        request = asyncio.create_task(reader.read())
        answer = await drains(session, service, request, lambda: other.execute("COMMIT"))
        writer.close()
    assert b" 303 " in answer.splitlines()[0], answer
    assert b"Set-Cookie: vss_session=" in answer
