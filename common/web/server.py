"""The HTTP server with bounds that aiohttp's own has not: on connections, on slow heads, on clients that do not read.

Its own answers to broken requests carry the headers of every other answer here, and echo nothing.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any, Final, cast

from aiohttp import hdrs, web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest
from aiohttp.web_server import Server

from common.errors import Malformed
from common.ids import new_id
from common.web.headers import API_HEADERS

logger = logging.getLogger(__name__)

MAX_CONNECTIONS: Final = 1000
HEAD_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 30.0
KEEP_ALIVE_SECONDS: Final = 75.0

_MALFORMED: Final = json.dumps(Malformed("This is not an HTTP request that can be read here.").to_problem()).encode()


class BoundedRunner(web.AppRunner):
    """Runs an application behind a `BoundedServer`; `answer_seconds` is how long a client may take over an answer."""

    def __init__(self, app: web.Application, *, answer_seconds: float = ANSWER_SECONDS, **kwargs: Any) -> None:
        super().__init__(app, **kwargs)
        self._answer_seconds = answer_seconds

    async def _make_server(self) -> Server:
        server = await super()._make_server()
        return BoundedServer(
            server.request_handler,
            request_factory=server.request_factory,
            answer_seconds=self._answer_seconds,
            **server._kwargs,  # noqa: SLF001 - aiohttp has no other way to another protocol class
        )


class BoundedServer(Server):
    """At most MAX_CONNECTIONS: beyond it, the one that has waited longest without a request makes room."""

    def __init__(
        self,
        handler: Any,
        *,
        max_connections: int = MAX_CONNECTIONS,
        answer_seconds: float = ANSWER_SECONDS,
        **kwargs: Any,
    ) -> None:
        super().__init__(handler, **kwargs)
        self._max_connections = max_connections
        self.answer_seconds = answer_seconds
        # Connections without a whole request head, the longest waiting first. (A dict is an ordered set.)
        self.waiting: dict[Connection, None] = {}

    def __call__(self) -> RequestHandler:
        """A protocol for a new connection."""
        return Connection(self, loop=self._loop, **self._kwargs)

    def make_room(self) -> bool:
        """Ends a waiting connection when there are too many; False when all of them are at work."""
        if len(self._connections) < self._max_connections:
            return True
        if not self.waiting:
            return False
        longest = next(iter(self.waiting))
        # At once, not when its end is noticed: in a flood each newcomer must find another one.
        del self.waiting[longest]
        longest.force_close()
        return True


class Connection(RequestHandler):
    """A connection whose client must send a whole head, and take its answer, in time."""

    __slots__ = ("_head_timer",)

    def __init__(self, manager: BoundedServer, **kwargs: Any) -> None:
        super().__init__(manager, **kwargs)
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Starts the time for the first head."""
        if not self._server.make_room():
            cast("asyncio.Transport", transport).abort()
            return
        super().connection_made(transport)
        # An answer counts as sent when the kernel has all of it: what waits in a buffer of ours is under the timer too,
        # and a connection that is closed has nothing left to wait for.
        cast("asyncio.Transport", transport).set_write_buffer_limits(0)
        self._start_waiting()
        self._start_head_timer()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stops waiting."""
        if self._manager is None:
            return
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Stops the time when a head is whole, starts it at the first byte of the next one."""
        super().data_received(data)
        if self._messages or self._request_in_progress:
            self._stop_waiting()
        elif self in self._server.waiting and self._head_timer is None:
            self._start_head_timer()

    async def finish_response(
        self, request: BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Sends the answer; a client that does not take it in time loses the connection."""
        try:
            async with asyncio.timeout(self._server.answer_seconds):
                result = await super().finish_response(request, resp, start_time)
        except TimeoutError:
            if self.transport is not None:
                # To close would wait, for ever, until the client has read the rest.
                self.transport.abort()
            self.force_close()
            return resp, True
        if self.transport is not None and not self._messages:
            self._start_waiting()
        return result

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """A request that could not be parsed. (What fails behind the parser is answered by the middlewares.)"""
        logger.info("broken request", extra={"reason": type(exc).__name__, "status": status})
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is on its way already")
        response = web.Response(
            status=Malformed.status,
            body=_MALFORMED,
            headers={**API_HEADERS, "X-Request-ID": new_id(), hdrs.CONTENT_TYPE: "application/problem+json"},
        )
        # aiohttp names itself unless somebody else is named, and no signal reaches this answer.
        response.headers[hdrs.SERVER] = "vss"
        response.force_close()
        return response

    @property
    def _server(self) -> BoundedServer:
        return cast("BoundedServer", self._manager)

    def _start_waiting(self) -> None:
        self._server.waiting[self] = None

    def _stop_waiting(self) -> None:
        self._server.waiting.pop(self, None)
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _start_head_timer(self) -> None:
        self._head_timer = self._loop.call_later(HEAD_SECONDS, self.force_close)
