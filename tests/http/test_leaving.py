"""Clients that leave, at any moment and by a reset too: no failure of ours in the log."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import struct

import pytest

from tests.auth_app import AuthApp, running_auth_app

POST = b"POST /v1/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
PHASES = {
    "before the head": b"",
    "in the head": b"GET /v1/me HTTP/1.1\r\nHost: 127",
    "in the content": POST + b"Content-Length: 99\r\n\r\n{",
    "in a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    "in zipped content": POST + b"Content-Encoding: gzip\r\nContent-Length: 99\r\n\r\n" + gzip.compress(b"{}")[:12],
    "in a broken chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "in what is not HTTP": b"\x16\x03\x01\x02\x00\x01",
    "before the answer": b"GET /account HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\n\r\n",
    "before a slow answer": POST
    + b"Content-Length: 71\r\n\r\n"
    + b'{"grant_type":"password","username":"alice","password":"wrong password"}'[:71],
    "before many answers": b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 30,
}


async def _leave(app: AuthApp, raw: bytes, *, by_reset: bool, reads: int) -> None:
    loop, client = asyncio.get_running_loop(), socket.socket()
    client.setblocking(False)  # noqa: FBT003 - its only argument
    await loop.sock_connect(client, ("127.0.0.1", app.settings.port))
    await loop.sock_sendall(client, raw)
    if reads:
        await loop.sock_recv(client, reads)
    else:
        await asyncio.sleep(0)
    if by_reset:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


async def test_who_leaves_is_no_failure_of_ours(sqlite_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with running_auth_app(sqlite_url) as app:
        for raw in PHASES.values():
            for by_reset in (True, False):
                for _ in range(3):
                    await _leave(app, raw, by_reset=by_reset, reads=0)
        for phase in ("before the answer", "before many answers"):
            for by_reset in (True, False):
                await _leave(app, PHASES[phase], by_reset=by_reset, reads=10)
        assert (await app.send("GET", "/livez")).status == 200
    assert [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info] == []


async def test_content_that_is_badly_zipped_is_no_failure_of_ours(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    whole = gzip.compress(b'{"grant_type": "nonsense"}')
    async with running_auth_app(sqlite_url) as app:
        for encoding, content in (("gzip", b"rubbish"), ("gzip", whole[:-9]), ("deflate", b"\xff\xff\xff")):
            headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
            answer = await app.send("POST", "/v1/token", data=content, headers=headers)
            assert answer.status == 400, (encoding, content)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info] == []
