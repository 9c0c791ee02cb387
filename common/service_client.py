"""Calls from one service to another: own tokens, time limits, bounded retries, refusals handed on."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, Protocol, TypeVar

import aiohttp
from aiohttp import hdrs
from pydantic import BaseModel, ValidationError

from common.clock import Clock, utc_now
from common.errors import Refusal, Unavailable
from common.logs import REQUEST_ID
from common.verifying import INVALID_TOKEN

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=BaseModel)

TOKEN_TIMEOUT: Final = aiohttp.ClientTimeout(total=10, sock_connect=2)
# One limit over all tries of a call; a try by itself is bounded in connecting only.
TIME_LIMIT_SECONDS: Final = 12.0
TRY_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=2)
TRIES: Final = 3
# A token is renewed this long before it ends, so that it cannot end on the way.
RENEW_BEFORE: Final = timedelta(seconds=60)


class Relayed(Refusal):
    """Another service's refusal that is meant for the person who asked."""

    def __init__(self, problem: dict[str, Any], retry_after: str | None) -> None:
        members = {
            name: value for name, value in problem.items() if name not in ("type", "title", "status", "detail", "code")
        }
        headers = {"Retry-After": retry_after} if retry_after else None
        super().__init__(str(problem["detail"]), headers=headers, **members)
        self.status = int(problem["status"])
        self.code = str(problem["code"])
        self.title = str(problem["title"])


class _TokenRefused(Exception):
    """The other service does not take our token, or the person's that went along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    method: str
    path: str
    content: object
    headers: Mapping[str, str]
    relays: Collection[str]


class Tokens(Protocol):
    """Where a service has its own access tokens from."""

    async def get(self) -> str:
        """A token that is good for at least some seconds more. Raises Unavailable."""

    def forget(self) -> None:
        """Drops the token, because somebody refused it."""


class ServiceTokens:
    """This service's own access token, by client credentials (RFC 6749, section 4.4), renewed in time."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        auth_url: str,
        *,
        client_id: str,
        client_secret: str,
        clock: Clock = utc_now,
    ) -> None:
        self._session = session
        self._url = f"{auth_url}/v1/token"
        self._authorization = aiohttp.encode_basic_auth(client_id, client_secret)
        self._clock = clock
        self._token = ""
        self._renew_at: datetime | None = None
        self._renewing = asyncio.Lock()

    async def get(self) -> str:
        async with self._renewing:
            if self._renew_at is None or self._clock() >= self._renew_at:
                await self._renew()
            return self._token

    def forget(self) -> None:
        self._renew_at = None

    async def _renew(self) -> None:
        try:
            async with self._session.post(
                self._url,
                data={"grant_type": "client_credentials"},
                headers={"Authorization": self._authorization},
                timeout=TOKEN_TIMEOUT,
                allow_redirects=False,
            ) as answer:
                if answer.status != 200:
                    logger.error("service token refused", extra={"status": answer.status})
                    raise Unavailable
                token, lifetime = _parse_grant(await answer.read())
        except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
            raise Unavailable from exc
        self._token = token
        self._renew_at = self._clock() + lifetime - RENEW_BEFORE


def _parse_grant(raw: bytes) -> tuple[str, timedelta]:
    match json.loads(raw):
        case {"access_token": str(token), "expires_in": int(seconds)}:
            return token, timedelta(seconds=seconds)
        case _:
            raise ValueError("not a token response (RFC 6749, section 5.1)")


class ServiceClient:
    """Another service's JSON API, as `base_url`, called with this service's own token."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, tokens: Tokens) -> None:
        self._session = session
        self._base_url = base_url
        self._tokens = tokens

    async def call(
        self,
        method: str,
        path: str,
        *,
        content: object = None,
        subject_token: str | None = None,
        is_idempotent: bool,
        relays: Collection[str] = (),
        time_limit_seconds: float = TIME_LIMIT_SECONDS,
    ) -> object:
        """The parsed content of a 2xx (None when empty).

        A problem whose code is in `relays` is raised as `Relayed`; anything else that is not a success, and no answer
        within `time_limit_seconds` over all tries, is `Unavailable`. Only idempotent calls are repeated, and only
        when there was no answer.
        """
        headers = {"Vss-Subject-Token": subject_token, "X-Request-ID": REQUEST_ID.get()}
        call = _Call(
            method=method,
            path=path,
            content=content,
            headers={name: value for name, value in headers.items() if value},
            relays=relays,
        )
        try:
            async with asyncio.timeout(time_limit_seconds):
                for attempt in range(1, TRIES if is_idempotent else 1):
                    with suppress(aiohttp.ClientConnectionError):
                        return await self._send_with_good_token(call)
                    await asyncio.sleep(random.uniform(0.05, 0.2) * attempt)  # noqa: S311 (jitter, not a secret)
                return await self._send_with_good_token(call)
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as exc:
            logger.warning("service does not answer", extra={"path": path, "reason": type(exc).__name__})
            raise Unavailable from exc

    async def ask(
        self,
        answer: type[M],
        method: str,
        path: str,
        *,
        content: BaseModel | Mapping[str, object] | None = None,
        subject_token: str | None = None,
        is_idempotent: bool = True,
        relays: Collection[str] = (),
        time_limit_seconds: float = TIME_LIMIT_SECONDS,
    ) -> M:
        """The content of a 2xx, as `answer`. Raises as `call`, and Unavailable for any other content."""
        found = await self.call(
            method,
            path,
            content=content.model_dump(mode="json") if isinstance(content, BaseModel) else content,
            subject_token=subject_token,
            is_idempotent=is_idempotent,
            relays=relays,
            time_limit_seconds=time_limit_seconds,
        )
        try:
            return answer.model_validate(found)
        except ValidationError as exc:
            logger.warning("service answers something else", extra={"path": path, "faults": exc.error_count()})
            raise Unavailable from exc

    async def _send_with_good_token(self, call: _Call) -> object:
        with suppress(_TokenRefused):
            return await self._send(call)
        # Nothing was done. Perhaps its key was revoked: once more, with a new one.
        with suppress(_TokenRefused):
            return await self._send(call)
        logger.warning("service refused the token", extra={"path": call.path})
        raise Unavailable

    async def _send(self, call: _Call) -> object:
        headers = {**call.headers, "Authorization": f"Bearer {await self._tokens.get()}"}
        async with self._session.request(
            call.method,
            self._base_url + call.path,
            json=call.content,
            headers=headers,
            timeout=TRY_TIMEOUT,
            allow_redirects=False,
        ) as answer:
            raw = await answer.read()
            if answer.ok:
                return json.loads(raw) if raw else None
            if answer.status == HTTPStatus.UNAUTHORIZED:
                self._tokens.forget()
                if answer.headers.get(hdrs.WWW_AUTHENTICATE) == INVALID_TOKEN:
                    raise _TokenRefused
            problem = json.loads(raw)
            if not isinstance(problem, dict):
                raise ValueError("not a problem (RFC 9457)")
            if problem["code"] in call.relays:
                raise Relayed(problem, answer.headers.get("Retry-After"))
            logger.warning(
                "service refused", extra={"path": call.path, "status": answer.status, "code": problem["code"]}
            )
            raise Unavailable
