"""A server that is told of events: it keeps what came, and answers as a test wants."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook as Verifier

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Receiver:
    """What came, each with its headers; the next answers are those in `answers`, and then 204."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.came: list[tuple[dict[str, str], str]] = []
        self.answers: deque[Answer] = deque()
        self._news = asyncio.Condition()

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.came]

    async def wait(self, count: int) -> None:
        """Returns when so many have come."""
        async with asyncio.timeout(30), self._news:
            await self._news.wait_for(lambda: len(self.came) >= count)

    def verified(self, secret: str, index: int = -1) -> Any:
        """One of them, as the library of the specification takes it. Raises for a bad signature."""
        headers, body = self.came[index]
        return Verifier(secret).verify(body, headers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Any request."""
        body = await request.text()
        async with self._news:
            self.came.append(({name.lower(): value for name, value in request.headers.items()}, body))
            self._news.notify_all()
        return await self.answers.popleft()(request) if self.answers else web.Response(status=204)


def answer(status: int, text: str = "", **headers: str) -> Answer:
    async def give(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, headers=headers)

    return give


async def never(_: web.Request) -> web.StreamResponse:
    """Until the client has gone."""
    await asyncio.Event().wait()
    raise AssertionError


async def dripping(request: web.Request) -> web.StreamResponse:
    """An answer that begins, and does not go on."""
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"well")
    return await never(request)


async def endless(request: web.Request) -> web.StreamResponse:
    """An answer without an end, slower and slower to a client that goes on reading."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"\x1b[31mmore\x00 " * 100)


@asynccontextmanager
async def receiving(context: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """On loopback."""
    app = web.Application()
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    receiver = Receiver("")
    app.router.add_route("*", "/{path:.*}", receiver.handle)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    receiver.url = f"{'http' if context is None else 'https'}://127.0.0.1:{site.port}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()
