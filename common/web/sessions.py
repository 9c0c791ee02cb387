"""Sessions of browsers: the cookie, and what it is exchanged for."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Protocol

from aiohttp import hdrs, web
from pydantic import BaseModel, Field

from common.clock import Clock, utc_now
from common.errors import Unauthenticated, Unavailable
from common.service_client import Relayed, ServiceClient
from common.tokens import PERSON_AUDIENCE, Principal
from common.verifying import Verifier
from common.web.requests import Input

# An ended session is over everywhere within this time.
EXCHANGE_LIFETIME: Final = timedelta(seconds=30)
MAX_CACHED_EXCHANGES: Final = 10_000
MAX_KNOWN_DEVICE_LENGTH: Final = 128
_DEVICE_SUFFIX: Final = "_device"
_DEVICE_LIFETIME: Final = timedelta(days=365)
# A cookie that is too long, or no text: browsers send back whatever somebody has put there.
_NO_SECRET: Final = ("invalid",)


Secret = Annotated[str, Field(max_length=1024)]


class StartSession(Input):
    """A log-in that a page of another service passes on, with the browser's own address and user agent."""

    username: Secret
    password: Secret
    user_agent: Annotated[str, Field(max_length=255)]
    address: Annotated[str, Field(max_length=64)]
    known_device: Annotated[str, Field(max_length=MAX_KNOWN_DEVICE_LENGTH)] | None = None


class StartedSession(BaseModel):
    """A session just made: the secret for its cookie, and how long the browser may keep it.

    `known_device` is what the device shows when it logs in again (see `known_device`).
    """

    session: str
    lifetime_seconds: int
    known_device: str


class SessionSecret(Input):
    """The content of the cookie."""

    session: Secret


class ExchangedSession(BaseModel):
    """An access token for the session's account; null when the session has ended."""

    access_token: str | None


class Sessions(Protocol):
    """What pages need of sessions; auth_svc has them itself, the others ask it."""

    async def start(
        self, username: str, password: str, *, user_agent: str, address: str, known_device: str | None
    ) -> StartedSession:
        """Logs in. Raises Unauthenticated for a wrong name or password, RateLimited, Unavailable."""
        ...

    async def exchange(self, secret: str) -> Principal | None:
        """Who the session belongs to; None when it has ended. Raises Unavailable."""
        ...

    async def end(self, secret: str) -> None:
        """Ends the session; ending an ended one is fine. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCookie:
    """The cookie's name, and whether it travels over TLS only."""

    name: str
    is_secure: bool


SESSIONS: Final = web.AppKey[Sessions]("sessions")
SESSION_COOKIE: Final = web.AppKey("session_cookie", SessionCookie)


def session_cookie(request: web.Request) -> str | None:
    """The session's secret as the browser sent it; None when there is none, or the service has no pages."""
    cookie = request.app.get(SESSION_COOKIE)
    return None if cookie is None else request.cookies.get(cookie.name)


def set_session_cookie(request: web.Request, response: web.StreamResponse, session: StartedSession) -> None:
    """Gives the browser the session, and what it shows when it logs in again."""
    _set_cookie(request, response, "", session.session, timedelta(seconds=session.lifetime_seconds))
    set_known_device(request, response, session.known_device)


def set_known_device(request: web.Request, response: web.StreamResponse, content: str) -> None:
    """Gives the browser what it shows when it logs in again, however many sessions later."""
    _set_cookie(request, response, _DEVICE_SUFFIX, content, _DEVICE_LIFETIME)


def _set_cookie(
    request: web.Request, response: web.StreamResponse, suffix: str, content: str, lifetime: timedelta
) -> None:
    cookie = request.app[SESSION_COOKIE]
    response.set_cookie(
        cookie.name + suffix,
        content,
        path="/",
        max_age=int(lifetime.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=cookie.is_secure,
    )


def known_device(request: web.Request) -> str | None:
    """What the browser was given at an earlier log-in: no credential, but attempts of its own (see the throttle)."""
    if hdrs.AUTHORIZATION in request.headers:
        return None
    content = request.cookies.get(request.app[SESSION_COOKIE].name + _DEVICE_SUFFIX, "")
    # Somebody may have put anything there, and that must keep nobody from logging in.
    return content if content.isascii() and 0 < len(content) <= MAX_KNOWN_DEVICE_LENGTH else None


def clear_session_cookie(request: web.Request, response: web.StreamResponse) -> None:
    cookie = request.app[SESSION_COOKIE]
    response.del_cookie(cookie.name, path="/", httponly=True, samesite="Lax", secure=cookie.is_secure)


class ExchangeCache:
    """Who sessions belong to, remembered for at most 30 s, by the hash of the secret."""

    def __init__(self, verifier: Verifier, *, clock: Clock = utc_now) -> None:
        self._verifier = verifier
        self._clock = clock
        self._entries: OrderedDict[bytes, tuple[datetime, Principal]] = OrderedDict()

    async def exchange(self, secret: str, token_of: Callable[[str], Awaitable[str | None]]) -> Principal | None:
        """Who the session belongs to, by the token that `token_of` gives for it (None: it has ended).

        Raises Unavailable.
        """
        ends_at, principal = self._entries.get(_digest(secret), (None, None))
        if principal is not None and ends_at is not None and ends_at > self._clock():
            # Its key may be gone; the session is not then, and has a token with another.
            with suppress(Unauthenticated):
                return await self._verifier.verify(principal.token, audience=PERSON_AUDIENCE)
        token = await token_of(secret)
        if token is None:
            return None
        try:
            principal = await self._verifier.verify(token, audience=PERSON_AUDIENCE)
        except Unauthenticated as exc:
            # Just given, and signed with a key that is not known here yet: that is no ended session.
            raise Unavailable from exc
        self._entries[_digest(secret)] = (self._clock() + EXCHANGE_LIFETIME, principal)
        self._entries.move_to_end(_digest(secret))
        if len(self._entries) > MAX_CACHED_EXCHANGES:
            self._entries.popitem(last=False)
        return principal

    def forget(self, secret: str) -> None:
        self._entries.pop(_digest(secret), None)


class RemoteSessions:
    """Sessions as auth_svc's internal routes keep them."""

    def __init__(self, auth: ServiceClient, verifier: Verifier, *, clock: Clock = utc_now) -> None:
        self._auth = auth
        self._cache = ExchangeCache(verifier, clock=clock)

    async def start(
        self, username: str, password: str, *, user_agent: str, address: str, known_device: str | None
    ) -> StartedSession:
        # As it was typed: whoever answers says what is wrong with it.
        log_in = {
            "username": username,
            "password": password,
            "user_agent": user_agent,
            "address": address,
            "known_device": known_device,
        }
        try:
            return await self._auth.ask(
                StartedSession,
                "POST",
                "/internal/sessions",
                content=log_in,
                is_idempotent=False,
                relays=("unauthenticated", "rate-limited", "invalid"),
            )
        except Relayed as refusal:
            if refusal.code == "unauthenticated" and refusal.members.get("error") != "invalid_grant":
                # It was this service's own token that was refused, not the person's password.
                raise Unavailable from refusal
            raise

    async def exchange(self, secret: str) -> Principal | None:
        return await self._cache.exchange(secret, self._token_of)

    async def end(self, secret: str) -> None:
        self._cache.forget(secret)
        with suppress(Relayed):
            await self._auth.call(
                "POST", "/internal/sessions/end", content={"session": secret}, is_idempotent=True, relays=_NO_SECRET
            )

    async def _token_of(self, secret: str) -> str | None:
        try:
            exchanged = await self._auth.ask(
                ExchangedSession, "POST", "/internal/sessions/exchange", content={"session": secret}, relays=_NO_SECRET
            )
        except Relayed:
            return None
        return exchanged.access_token


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
