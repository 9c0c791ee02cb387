"""One try to tell a webhook: a POST that ends, whatever the other side does, and what became of it."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

import aiohttp
from yarl import URL

from common import __version__
from common.characters import without_controls
from upload_svc.webhooks.addresses import AddressRefused, PublicResolver, check_literal

# Of one try, all of it.
TIME_LIMIT_SECONDS: Final = 15.0
# So much of an answer is read, and so much of that is kept.
_READ_BYTES: Final = 4096
_KEPT_LENGTH: Final = 1000


class Failure(StrEnum):
    """Why a try has not succeeded."""

    STATUS = "status"
    REDIRECTED = "redirected"
    ADDRESS = "address-not-allowed"
    NAME = "name-not-found"
    CONNECTION = "connection-failed"
    CERTIFICATE = "certificate"
    TIMED_OUT = "timed-out"
    ANSWER = "answer-not-http"
    SECRET = "secret-unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a try; `failure` is None when it was taken. `status` and `answer` as far as one came."""

    failure: Failure | None
    status: int | None = None
    answer: str | None = None
    retry_after: str | None = None
    duration_ms: int = 0


class WebhookClient:
    """Follows no redirect, keeps no cookie and no connection, and knows no proxy."""

    def __init__(
        self, session: aiohttp.ClientSession, *, allows_private: bool, time_limit_seconds: float = TIME_LIMIT_SECONDS
    ) -> None:
        self._session = session
        self._allows_private = allows_private
        self._time_limit_seconds = time_limit_seconds

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Takes no longer than the time limit."""
        started = time.perf_counter()
        status, answer, retry_after, failure = None, None, None, None
        try:
            async with asyncio.timeout(self._time_limit_seconds):
                target = self._allowed(url)
                async with self._session.post(target, data=body, headers=headers, allow_redirects=False) as response:
                    status, retry_after = response.status, response.headers.get("Retry-After")
                    answer = await _beginning(response)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as exc:
            # Once the status is there, how the rest comes does not matter.
            failure = _failure_of(exc) if status is None else None
        if status is not None and not 200 <= status < 300:
            failure = Failure.REDIRECTED if 300 <= status < 400 else Failure.STATUS
        return Outcome(
            failure=failure,
            status=status,
            answer=answer,
            retry_after=retry_after,
            duration_ms=round((time.perf_counter() - started) * 1000),
        )

    def _allowed(self, url: str) -> URL:
        """Raises AddressRefused."""
        target = URL(url)
        if not self._allows_private:
            # It may have been made at a time when more was allowed.
            if target.scheme != "https":
                raise AddressRefused(url)
            check_literal(target)
        return target


@cache
def _trusting(_authorities: ssl.DefaultVerifyPaths) -> ssl.SSLContext:
    """Checks certificates by what is at these places; reading it takes about 50 ms, so a process does that once."""
    return ssl.create_default_context()


@asynccontextmanager
async def webhook_client(
    *, allows_private: bool, time_limit_seconds: float = TIME_LIMIT_SECONDS
) -> AsyncIterator[WebhookClient]:
    connector = aiohttp.TCPConnector(
        resolver=None if allows_private else PublicResolver(),
        # What a name resolves to is asked, and judged, for every try.
        use_dns_cache=False,
        force_close=True,
        limit=0,
        ssl=_trusting(ssl.get_default_verify_paths()),
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=TIME_LIMIT_SECONDS, sock_connect=10),
        headers={"Content-Type": "application/json", "User-Agent": f"vss/{__version__}", "Accept-Encoding": "identity"},
        trust_env=False,
        auto_decompress=False,
    ) as session:
        yield WebhookClient(session, allows_private=allows_private, time_limit_seconds=time_limit_seconds)


async def _beginning(response: aiohttp.ClientResponse) -> str:
    """The first words of an answer, as far as it comes and can be shown."""
    read = bytearray()
    try:
        while len(read) < _READ_BYTES and (some := await response.content.read(_READ_BYTES - len(read))):
            read += some
    except (aiohttp.ClientError, OSError):
        pass
    return without_controls(read.decode(errors="replace"))[:_KEPT_LENGTH]


def _failure_of(exc: Exception) -> Failure:
    match exc:
        case AddressRefused() | aiohttp.ClientConnectorDNSError(os_error=AddressRefused()) | aiohttp.InvalidURL():
            return Failure.ADDRESS
        case aiohttp.ClientConnectorDNSError():
            return Failure.NAME
        case TimeoutError():
            return Failure.TIMED_OUT
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return Failure.CERTIFICATE
        case aiohttp.ClientOSError() | aiohttp.ServerDisconnectedError():
            return Failure.CONNECTION
        case _:
            return Failure.ANSWER
