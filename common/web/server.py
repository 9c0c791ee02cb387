"""The HTTP server with bounds that aiohttp's own has not: on connections, on slow heads, on answers that stand still.

An answer that has begun and fails, or that nobody takes, is cut, so that its client never takes half of it for all.
Its own answers to broken requests carry the headers of every other answer here, and echo nothing.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import socket
import struct
import sys
import termios
from typing import Any, Final, cast

from aiohttp import hdrs, web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest
from aiohttp.web_server import Server

from common.errors import Malformed
from common.ids import new_id
from common.languages import LANGUAGE, LANGUAGES, N_, gettext
from common.web.access_log import loggable_path
from common.web.headers import API_HEADERS

logger = logging.getLogger(__name__)

MAX_CONNECTIONS: Final = 1000
HEAD_SECONDS: Final = 10.0
# In that time some of an answer that has begun must go out: this many bytes, or what there is.
STALL_SECONDS: Final = 30.0
STALL_BYTES: Final = 16 * 1024
KEEP_ALIVE_SECONDS: Final = 75.0

# For the head as a whole there is no bound but that on the number of its fields. Other programs on the same host set
# cookies, and a browser sends them all.
MAX_FIELD_SIZE: Final = 24 * 1024
MAX_LINE_SIZE: Final = 16 * 1024
_TOO_MUCH: Final = (
    N_("Your browser sent too much with this request"),
    N_("Delete the cookies of this site in your browser, then try again."),
)
_MALFORMED: Final = json.dumps(Malformed("This is not an HTTP request that can be read here.").to_problem()).encode()


class BoundedRunner(web.AppRunner):
    """Runs an application behind a `BoundedServer`; `stall_seconds`: see STALL_SECONDS."""

    def __init__(self, app: web.Application, *, stall_seconds: float = STALL_SECONDS, **kwargs: Any) -> None:
        super().__init__(app, max_field_size=MAX_FIELD_SIZE, max_line_size=MAX_LINE_SIZE, **kwargs)
        self._stall_seconds = stall_seconds

    async def _make_server(self) -> Server:
        server = await super()._make_server()
        return BoundedServer(
            server.request_handler,
            request_factory=server.request_factory,
            stall_seconds=self._stall_seconds,
            **server._kwargs,  # noqa: SLF001 - aiohttp has no other way to another protocol class
        )


class BoundedServer(Server):
    """At most MAX_CONNECTIONS: beyond it, the one that has waited longest without a request makes room."""

    def __init__(
        self,
        handler: Any,
        *,
        max_connections: int = MAX_CONNECTIONS,
        stall_seconds: float = STALL_SECONDS,
        **kwargs: Any,
    ) -> None:
        async def watched(request: BaseRequest) -> web.StreamResponse:
            cast("Connection", request.protocol).watch(request)
            answer: web.StreamResponse = await handler(request)
            return answer

        super().__init__(watched, **kwargs)
        self._max_connections = max_connections
        self.stall_seconds = stall_seconds
        # Connections without a whole request head, the longest waiting first. (A dict is an ordered set.)
        self.waiting: dict[Connection, None] = {}

    def __call__(self) -> RequestHandler:
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

    __slots__ = ("_head_timer", "_owed", "_received", "_stall_timer", "_taken")

    def __init__(self, manager: BoundedServer, **kwargs: Any) -> None:
        super().__init__(manager, **kwargs)
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        # Bytes of the present answer: what its client has, and what waited for it when that was looked at last.
        self._taken = self._owed = 0
        self._received = b""

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
        if self._manager is None:
            return
        self._stop_waiting()
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Stops the time when a head is whole, starts it at the first byte of the next one."""
        self._received = data
        super().data_received(data)
        if self._messages or self._request_in_progress:
            self._stop_waiting()
        elif self._manager is not None and self in self._server.waiting and self._head_timer is None:
            self._start_head_timer()

    def watch(self, request: BaseRequest) -> None:
        """Cuts the answer to `request` when it has begun and stands still, whoever is to blame."""
        self._stop_watching()
        self._taken = self._owed = 0
        if self._manager is not None:
            self._stall_timer = self._loop.call_later(self._server.stall_seconds, self._look, request)

    async def finish_response(
        self, request: BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Sends the rest of the answer, if somebody is there to take it."""
        if self._manager is None:
            return resp, True
        if self._stall_timer is None:
            # What was not an HTTP request has come to no handler.
            self.watch(request)
        # Content that cannot be unpacked cannot be read to its end either: nothing can follow it.
        is_broken = request.content.exception() is not None
        if is_broken:
            resp.force_close()
        try:
            result = await super().finish_response(request, resp, start_time)
        finally:
            self._stop_watching()
        if is_broken:
            return resp, True
        if self.transport is not None and not self._messages:
            self._start_waiting()
        return result

    def handle_error(
        self, request: BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answers a request that could not be parsed, and cuts an answer that failed when it had begun.

        (What fails before that is answered by the middlewares.)
        """
        if isinstance(exc, ConnectionError) or self.transport is None or request.writer.output_size > 0:
            self._cut()
            raise ConnectionError("there is nobody to answer, or an answer is on its way already") from exc
        logger.info("broken request", extra={"reason": type(exc).__name__, "status": status})
        # Of a head that could not be read nothing is known but its bytes.
        is_for_person = isinstance(exc, LineTooLong) and b"text/html" in self._received
        response = web.Response(
            status=431 if is_for_person else Malformed.status,
            body=_too_much_page() if is_for_person else _MALFORMED,
            headers={
                **API_HEADERS,
                "X-Request-ID": new_id(),
                hdrs.CONTENT_TYPE: "text/html; charset=utf-8" if is_for_person else "application/problem+json",
            },
        )
        # aiohttp names itself unless somebody else is named, and no signal reaches this answer.
        response.headers[hdrs.SERVER] = "vss"
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """What aiohttp has no other word for; content that turns out broken behind its answer is no failure of ours."""
        if isinstance(kw.get("exc_info"), web.RequestPayloadError):
            logger.info("broken content")
            return
        super().log_exception(*args, **kw)

    @property
    def _server(self) -> BoundedServer:
        return cast("BoundedServer", self._manager)

    def _look(self, request: BaseRequest) -> None:
        """Whether the answer has got on since the last look."""
        self._stall_timer = None
        if self.transport is None:
            return
        written, owed = request.writer.output_size, self._waiting_bytes()
        taken = written - owed
        if written and taken - self._taken < max(1, min(self._owed, STALL_BYTES)):
            logger.info("answer stands still", extra={"path": loggable_path(request)})
            # Who still makes it makes it for nobody.
            working, self._task_handler = self._task_handler, None
            self._cut()
            if working is not None:
                working.cancel()
            return
        # Before an answer begins its handler has a limit of its own.
        self._taken, self._owed = (taken, owed) if written else (0, 0)
        self._stall_timer = self._loop.call_later(self._server.stall_seconds, self._look, request)

    def _waiting_bytes(self) -> int:
        """What the client has not got yet of all that was written: in our buffer and in the kernel's."""
        if self.transport is None:
            return 0
        waiting = self.transport.get_write_buffer_size()
        try:
            kernels = fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
        except OSError:
            return waiting
        return waiting + int.from_bytes(kernels, sys.byteorder)

    def _cut(self) -> None:
        """Ends the connection so that nobody takes that for the end of an answer: at once, and by a reset."""
        if self.transport is not None:
            connection = self.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # To close would wait, for ever, until the client has read the rest.
            self.transport.abort()
        self.force_close()

    def _start_waiting(self) -> None:
        self._server.waiting[self] = None

    def _stop_waiting(self) -> None:
        if self._manager is not None:
            self._server.waiting.pop(self, None)
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_watching(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _start_head_timer(self) -> None:
        self._head_timer = self._loop.call_later(HEAD_SECONDS, self.force_close)


def _too_much_page() -> bytes:
    """In every language, since it is not known which: without a look, since no service is known here."""
    said = []
    for language in LANGUAGES.values():
        token = LANGUAGE.set(language.tag)
        title, detail = map(gettext, _TOO_MUCH)
        LANGUAGE.reset(token)
        said.append(f'<div lang="{language.tag}" dir="{language.direction}"><h1>{title}</h1><p>{detail}</p></div>')
    return f"<!DOCTYPE html><html lang=en><title>{_TOO_MUCH[0]}</title>{''.join(said)}</html>".encode()
