"""Clients that do not take their answers, or leave in the middle of them: their connections end, others are served.

On both event loops: ours is uvloop, and loops differ in what they do with what a client does not read.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import uvloop
from aiohttp import web

from common.web.server import BoundedRunner
from tests.waiting import eventually

# More than any socket buffer takes.
BIG = b"x" * (64 * 2**20)
# Less than one takes, and more than the small one of a client here.
SMALL = b"y" * (256 * 2**10)
STALL_SECONDS = 0.5
LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


@dataclass(frozen=True, slots=True)
class Service:
    runner: BoundedRunner
    port: int

    def connections(self) -> int:
        assert self.runner.server is not None
        return len(self.runner.server.connections)

    async def connect(self) -> socket.socket:
        """A client that takes little at a time, and only when it wants to."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)  # noqa: FBT003 - its only argument
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", self.port))
        return client

    async def ask(self, client: socket.socket, path: str, *, times: int = 1, more: str = "") -> None:
        raw = f"GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode() * times
        await asyncio.get_running_loop().sock_sendall(client, raw)

    async def serves(self) -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        return answer.endswith(b"\r\n\r\nok")

    async def all_have_ended(self) -> None:
        async def are_none() -> bool:
            return self.connections() == 0

        await eventually(are_none, what="the connections have ended", limit_seconds=20)


@asynccontextmanager
async def service() -> AsyncIterator[Service]:
    app = web.Application()

    async def big(request: web.Request) -> web.Response:
        return web.Response(body=BIG)

    async def small(request: web.Request) -> web.Response:
        return web.Response(body=SMALL)

    async def livez(request: web.Request) -> web.Response:
        return web.Response(text="ok")

    app.add_routes([web.get("/big", big), web.get("/small", small), web.get("/livez", livez)])
    runner = BoundedRunner(app, stall_seconds=STALL_SECONDS)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield Service(runner, site.port)
    finally:
        await runner.cleanup()


def _reads_nothing(path: str, *, times: int = 1, more: str = "") -> Callable[[Service], Awaitable[list[socket.socket]]]:
    """Of so many answers."""

    async def ask(service: Service) -> list[socket.socket]:
        clients = [await service.connect() for _ in range(20)]
        for client in clients:
            await service.ask(client, path, times=times, more=more)
        return clients

    return ask


async def _leaves_in_the_middle(service: Service) -> list[socket.socket]:
    for _ in range(20):
        client = await service.connect()
        await service.ask(client, "/big")
        assert await asyncio.get_running_loop().sock_recv(client, 1000)
        client.close()
    return []


@pytest.mark.parametrize("new_loop", LOOPS)
@pytest.mark.parametrize(
    "client",
    [
        _reads_nothing("/big"),
        _reads_nothing("/small", more="Connection: close\r\n"),
        _reads_nothing("/small", times=200),
        _leaves_in_the_middle,
    ],
    ids=["a big answer", "a last answer", "many answers", "leaves"],
)
def test_half_a_client_loses_its_connection_in_time_and_others_are_served(
    client: Callable[[Service], Awaitable[list[socket.socket]]],
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def run() -> None:
        async with service() as running:
            sockets = await client(running)
            try:
                assert await running.serves()
                await running.all_have_ended()
                assert await running.serves()
            finally:
                for one in sockets:
                    one.close()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(run())
