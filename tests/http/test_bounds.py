"""Half of a client: bounded time and connections, and everybody else is served. With the real auth_svc process."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from tests.auth_service import AuthService

HALF = b"POST /v1/token HTTP/1.1\r\nHost: [::1]\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
ASK = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
SECURITY_HEADERS = (
    b"Content-Security-Policy: default-src 'none'",
    b"X-Content-Type-Options: nosniff",
    b"Referrer-Policy: no-referrer",
    b"Cross-Origin-Opener-Policy: same-origin",
    b"Cache-Control: no-store",
    b"X-Request-ID: ",
)


@asynccontextmanager
async def connected(auth: AuthService) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    port = urlsplit(auth.url).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def ask(auth: AuthService, raw: bytes, *, limit_seconds: float = 20) -> bytes:
    """All that comes back until the service ends the connection."""
    async with connected(auth) as (reader, writer):
        writer.write(raw)
        async with asyncio.timeout(limit_seconds):
            return await reader.read()


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /\0secret\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"secret\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: x\r\nX: secret" + b"a" * 30_000 + b"\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nsecret\r\n\r\n",
        b"POST /v1/token HTTP/1.1\r\nHost: x\r\nContent-Length: secret\r\n\r\n",
    ],
)
async def test_what_is_not_http_gets_a_problem_with_our_headers_and_no_echo(auth: AuthService, raw: bytes) -> None:
    head, _, body = (await ask(auth, raw)).partition(b"\r\n\r\n")
    assert b" 400 " in head.splitlines()[0]
    assert json.loads(body)["code"] == "malformed"
    for header in SECURITY_HEADERS:
        assert header in head
    assert b"secret" not in head + body
    assert b"aiohttp" not in head


async def test_a_head_that_does_not_end_and_a_content_that_does_not_come_are_given_up(auth: AuthService) -> None:
    async def give_up_head() -> float:
        started = time.monotonic()
        assert await ask(auth, b"GET /livez HTTP/1.1\r\nHost: x\r\n") == b""
        return time.monotonic() - started

    # Both take their time, so at once.
    seconds, answer = await asyncio.gather(give_up_head(), ask(auth, HALF))
    assert 5 < seconds < 15
    assert b" 400 " in answer.splitlines()[0]
    assert "didn’t arrive in time".encode() in answer


async def test_with_many_half_open_connections_others_are_served(auth: AuthService) -> None:
    half_open = []
    try:
        for _ in range(1200):
            reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(auth.url).port)
            writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
            half_open.append((reader, writer))
        # Sooner than any of them is given up for its time.
        assert b"200 OK" in await ask(auth, ASK, limit_seconds=5)
        # The oldest made room: their ends are seen without waiting for any time to pass.
        ended = sum(reader.at_eof() for reader, _ in half_open[:100])
        assert ended == 100
    finally:
        for _, writer in half_open:
            writer.close()


async def test_one_that_leaves_in_the_middle_is_nobodys_trouble(auth: AuthService) -> None:
    for _ in range(50):
        async with connected(auth) as (_, writer):
            writer.write(HALF)
    assert b"200 OK" in await ask(auth, ASK)
