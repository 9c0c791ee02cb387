"""Answers that are written piece by piece: as long as they take, and cut when they fail or stand still."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvloop
from aiohttp import web
from aiohttp.typedefs import Handler

from common.errors import Unavailable
from common.settings import ServiceSettings
from common.web.app import new_app
from common.web.routes import Route
from common.web.server import BoundedRunner
from tests.addresses import Addresses

LIMIT_SECONDS = 0.2
STALL_SECONDS = 2.0
LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
# More than the sockets' buffers hold, and so more than goes out before it is read.
BIG = b"x" * 6 * 2**20


async def _begun(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"first,")
    return response


async def takes_long(request: web.Request) -> web.StreamResponse:
    response = await _begun(request)
    for _ in range(4):
        await asyncio.sleep(LIMIT_SECONDS / 2)
        await response.write(b"more,")
    await response.write_eof(b"last")
    return response


async def stands_still(request: web.Request) -> web.StreamResponse:
    response = await _begun(request)
    await asyncio.Event().wait()
    return response


async def fails(request: web.Request) -> web.StreamResponse:
    await _begun(request)
    raise LookupError("a secret of ours")


async def refuses(request: web.Request) -> web.StreamResponse:
    await _begun(request)
    raise Unavailable


async def runs_out_of_time(request: web.Request) -> web.StreamResponse:
    await _begun(request)
    raise TimeoutError


async def sends_elsewhere(request: web.Request) -> web.StreamResponse:
    await _begun(request)
    raise web.HTTPFound("/elsewhere")


async def fails_at_once(request: web.Request) -> web.StreamResponse:
    await web.StreamResponse().prepare(request)
    raise LookupError("a secret of ours")


async def never_begins(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def big(request: web.Request) -> web.StreamResponse:
    response = await _begun(request)
    await response.write(BIG)
    await response.write_eof()
    return response


HANDLERS: dict[str, Handler] = {
    handler.__name__: handler
    for handler in (
        takes_long,
        stands_still,
        fails,
        refuses,
        runs_out_of_time,
        sends_elsewhere,
        fails_at_once,
        never_begins,
        big,
    )
}


@asynccontextmanager
async def serving(file: Path) -> AsyncIterator[int]:
    """A service with those handlers, and with a file; its port."""

    async def a_file(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(file)

    known = {**Addresses.choose().common_settings(), "port": 1, "database_url": "sqlite+aiosqlite:////x"}
    routes = [
        Route("GET", f"/v1/{name}", handler, {200: None}, time_limit_seconds=LIMIT_SECONDS)
        for name, handler in {**HANDLERS, "file": a_file}.items()
    ]
    runner = BoundedRunner(
        new_app("fs", ServiceSettings.model_validate(known), routes), stall_seconds=STALL_SECONDS, access_log=None
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield site.port
    finally:
        await runner.cleanup()


async def connect(port: int, path: str, version: str = "1.1") -> socket.socket:
    """A client that has asked."""
    loop, client = asyncio.get_running_loop(), socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**17)
    client.setblocking(False)  # noqa: FBT003 - its only argument
    await loop.sock_connect(client, ("127.0.0.1", port))
    await loop.sock_sendall(client, f"GET /v1/{path} HTTP/{version}\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    return client


async def read(client: socket.socket, *, pause: float = 0, piece: int = 2**16) -> tuple[bytes, bool]:
    """What comes until the end or for as long as it is there, and whether it was cut off by a reset."""
    loop, raw = asyncio.get_running_loop(), b""
    try:
        async with asyncio.timeout(20):
            while got := await loop.sock_recv(client, piece):
                raw += got
                if raw.endswith(b"0\r\n\r\n"):
                    return raw, False
                await asyncio.sleep(pause)
    except ConnectionResetError:
        return raw, True
    finally:
        client.close()
    return raw, False


@pytest.mark.parametrize("new_loop", LOOPS)
def test_a_stream_takes_as_long_as_it_takes_and_is_cut_when_it_fails_or_stands_still(
    tmp_path: Path, new_loop: Callable[[], asyncio.AbstractEventLoop], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)

    async def run() -> None:
        (tmp_path / "film").write_bytes(BIG)
        async with serving(tmp_path / "film") as port:

            async def takes_long(version: str) -> None:
                raw, was_cut = await read(await connect(port, "takes_long", version))
                assert raw.count(b"HTTP/1.") == 1
                assert (raw.count(b"more,"), raw.count(b"last"), was_cut) == (4, 1, False)

            async def is_cut(failing: str, version: str) -> None:
                raw, was_cut = await read(await connect(port, failing, version))
                # One head, nothing behind the beginning, and no end that could be taken for one.
                assert raw.count(b"HTTP/1.") <= 1, failing
                assert was_cut, failing

            async def never_begins() -> None:
                raw, _ = await read(await connect(port, "never_begins", "1.0"))
                assert raw.startswith(b"HTTP/1.0 503 ")

            failing = ("stands_still", "fails", "refuses", "runs_out_of_time", "sends_elsewhere", "fails_at_once")
            versions = ("1.1", "1.0")
            await asyncio.gather(
                never_begins(),
                *(takes_long(version) for version in versions),
                *(is_cut(name, version) for name in failing for version in versions),
            )

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(run())
    assert {record.getMessage() for record in caplog.records} == {"failure in the middle of an answer"}


def test_who_reads_slowly_gets_all_and_who_reads_next_to_nothing_is_cut(tmp_path: Path) -> None:
    """On the loop that the services run on."""

    async def run() -> None:
        (tmp_path / "film").write_bytes(BIG)
        async with serving(tmp_path / "film") as port:

            async def reads_slowly(path: str) -> None:
                # Longer than a stall, and longer than a handler has: but it moves.
                raw, was_cut = await read(await connect(port, path, "1.0"), pause=0.02)
                assert (len(raw) > len(BIG), was_cut) == (True, False), path

            async def reads_next_to_nothing() -> None:
                client = await connect(port, "big")
                for _ in range(12):
                    await asyncio.get_running_loop().sock_recv(client, 256)
                    await asyncio.sleep(STALL_SECONDS / 4)
                raw, was_cut = await read(client)
                assert (len(raw) < len(BIG), was_cut) == (True, True)

            await asyncio.gather(reads_slowly("big"), reads_slowly("file"), reads_next_to_nothing())

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
