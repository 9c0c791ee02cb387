"""A way to the storage on which answers get lost, as on a real network: requests arrive, replies do not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from yarl import URL


class S3Proxy:
    """Hands on every request unchanged, its Host included, so that signatures hold."""

    def __init__(self, target: str, session: aiohttp.ClientSession) -> None:
        self.url = ""
        # Whether the answer to this request is lost; and whether the request does not even arrive.
        self.loses: Callable[[web.Request], bool] = lambda _: False
        self.is_down = False
        # What is answered instead of handing the request on.
        self.instead: Callable[[web.Request], web.StreamResponse | None] = lambda _: None
        # What happens elsewhere between a request's leaving and its arriving.
        self.meanwhile: Callable[[web.Request], Awaitable[None]] = nothing
        self._target = target
        self._session = session

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.is_down:
            return self._hang_up(request)
        await self.meanwhile(request)
        if (answer := self.instead(request)) is not None:
            return answer
        try:
            return await self._hand_on(request)
        except aiohttp.ClientConnectionError:
            # Nobody is there behind it.
            return self._hang_up(request)

    async def _hand_on(self, request: web.Request) -> web.StreamResponse:
        async with self._session.request(
            request.method,
            URL(self._target + request.raw_path, encoded=True),
            headers=request.headers,
            data=await request.read(),
            skip_auto_headers=["Content-Type", "Accept", "Accept-Encoding", "User-Agent"],
        ) as answer:
            body = await answer.read()
            if self.loses(request):
                return self._hang_up(request)
            headers = {name: value for name, value in answer.headers.items() if name.lower() not in _OF_THE_CONNECTION}
            if request.method == "HEAD":
                headers["Content-Length"] = answer.headers.get("Content-Length", "0")
            return web.Response(status=answer.status, headers=headers, body=body)

    def _hang_up(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()


async def nothing(_: web.Request) -> None:
    """Nothing happens meanwhile."""


_OF_THE_CONNECTION = frozenset({"content-length", "transfer-encoding", "connection", "date"})


@asynccontextmanager
async def s3_proxy(target: str) -> AsyncIterator[S3Proxy]:
    """A proxy in front of the storage at `target`, at `.url`."""
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        proxy = S3Proxy(target, session)
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", proxy.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            proxy.url = f"http://127.0.0.1:{site.port}"
            yield proxy
        finally:
            await runner.cleanup()


def is_complete(request: web.Request) -> bool:
    """CompleteMultipartUpload."""
    return request.method == "POST" and "uploadId" in request.query


def is_create(request: web.Request) -> bool:
    """CreateMultipartUpload."""
    return request.method == "POST" and "uploads" in request.query


def is_list_parts(request: web.Request) -> bool:
    """ListParts."""
    return request.method == "GET" and "uploadId" in request.query
