"""The server's API: calls that are repeated where that is safe, with an access token that is renewed under way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

import aiohttp
from yarl import URL

from vss import __version__
from vss.options import from_environment
from vss.remote.account import LogIn, LogInFile, Server, server_named
from vss.remote.errors import NoAnswer, NotLoggedIn, NotThere, Refused
from vss.remote.patience import Patience, seconds_of
from vss.remote.proxies import proxy_for

CALL_SECONDS = 25.0
COMPLETE_SECONDS = 75.0
SETTLE_SECONDS = 5.0
# An access token lives five minutes; one that is about to end would be refused on its way.
RENEW_BEFORE_SECONDS = 60.0
# What went wrong on the way, and not by anybody's decision.
NETWORK_ERRORS = (aiohttp.ClientError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said: an object for JSON, None for nothing."""

    status: int
    headers: Mapping[str, str]
    content: Any


class Client:
    """Somebody at a server; use `open_client`."""

    def __init__(self, session: aiohttp.ClientSession, server: Server, credentials: _Credentials) -> None:
        self.session = session
        self.server = server
        self.patience = credentials.patience
        self._credentials = credentials

    async def call(
        self,
        method: str,
        url: str,
        *,
        content: object = None,
        headers: Mapping[str, str] | None = None,
        limit_seconds: float = CALL_SECONDS,
    ) -> Answer:
        """One call, for as long as it takes. Every call of this API may be repeated.

        Raises NotLoggedIn, NotThere, Refused, NoAnswer.
        """
        attempts = self.patience.attempts()
        refused_token: str | None = None
        while True:
            token = await self._credentials.access_token(not_this=refused_token)
            sent = {**(headers or {}), "Authorization": f"Bearer {token}"}
            try:
                answer = await _ask(self.session, method, url, json=content, headers=sent, limit_seconds=limit_seconds)
            except NETWORK_ERRORS as exc:
                _refuse_certificate(url, exc, self.patience)
                await attempts.pause(f"{url} is not responding ({reason_of(exc)})")
                continue
            self.patience.met()
            if moved_to := _moved_to(answer):
                raise Refused(answer.status, {"detail": f"{url} redirects to {moved_to}: log in to that server"})
            if answer.status < HTTPStatus.BAD_REQUEST:
                if answer.status in (HTTPStatus.OK, HTTPStatus.CREATED) and not isinstance(answer.content, dict):
                    raise Refused(answer.status, {"detail": f"{url} is not a vss server"})
                return answer
            if answer.status == HTTPStatus.UNAUTHORIZED and refused_token is None:
                refused_token = token
            elif is_passing(answer):
                await attempts.pause(
                    f"{url} answers {answer.status}",
                    retry_after_seconds=seconds_of(answer.headers.get("Retry-After")),
                )
            else:
                raise _refusal(answer)

    async def items(self, url: str, **query: str) -> AsyncIterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        cursor: str | None = None
        while True:
            asked = {**query, "limit": "100", **({} if cursor is None else {"cursor": cursor})}
            page = (await self.call("GET", str(URL(url).with_query(asked)))).content
            if not isinstance(page.get("items"), list):
                raise Refused(HTTPStatus.OK, {"detail": f"{url} is not a vss server"})
            for item in page["items"]:
                yield item
            if (cursor := page.get("next_cursor")) is None:
                return


class _Credentials:
    """Where access tokens come from: the log-in that is kept, or an API key."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        server: Server,
        patience: Patience,
        *,
        file: LogInFile,
        api_key: str | None,
    ) -> None:
        self.patience = patience
        self._session = session
        self._server = server
        self._file = file
        self._api_key = api_key
        self._token: str | None = None
        self._renew_at = 0.0
        self._renewal: asyncio.Task[str] | None = None

    async def access_token(self, *, not_this: str | None) -> str:
        """A token that is good for a while and is not `not_this`. Raises NotLoggedIn, NoAnswer."""
        if self._token is not None and self._token != not_this and time.monotonic() < self._renew_at:
            return self._token
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew())
        # A refresh token that has been used must not get lost with whoever waited for the next one.
        return await asyncio.shield(self._renewal)

    async def settle(self) -> None:
        """Waits for a renewal that is under way, for a moment: one that nobody answers is not worth a Ctrl-C's wait."""
        if self._renewal is not None:
            await asyncio.wait([self._renewal], timeout=SETTLE_SECONDS)
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)

    async def _renew(self) -> str:
        if self._api_key is not None:
            granted = await self._grant({"grant_type": "api_key", "api_key": self._api_key})
        else:
            granted = await self._refresh()
        token: str = granted["access_token"]
        self._token = token
        self._renew_at = time.monotonic() + max(1.0, float(granted["expires_in"]) - RENEW_BEFORE_SECONDS)
        return token

    async def _refresh(self) -> Any:
        # Another command of this user may be renewing right now.
        async with self._file.locked():
            log_in = self._file.read()
            if log_in is None:
                raise NotLoggedIn
            granted = await self._grant({"grant_type": "refresh_token", "refresh_token": log_in.refresh_token})
            self._file.write(replace(log_in, refresh_token=granted["refresh_token"]))
            return granted

    async def _grant(self, form: Mapping[str, str]) -> Any:
        try:
            granted = await grant(self._session, self._server, self.patience, form)
        except Refused as refused:
            # Of no one call or file, but of all that would follow.
            raise NotLoggedIn(f"the server refused the login: {refused}") from refused
        self.patience.met()
        return granted


async def log_in(server: Server, username: str, password: str, *, patience_seconds: float) -> LogIn:
    """Logs in and keeps it, ending the log-in that was kept before. Raises NotLoggedIn, Refused, NoAnswer."""
    patience = Patience(patience_seconds)
    form = {"grant_type": "password", "username": username, "password": password}
    async with open_session() as session:
        granted = await grant(session, server, patience, form)
        headers = {"Authorization": f"Bearer {granted['access_token']}"}
        for url in (f"{server.upload}/v1/uploads", f"{server.stream}/v1/videos"):
            try:
                answer = await _ask(session, "GET", f"{url}?limit=1", headers=headers)
            except NETWORK_ERRORS as exc:
                raise NoAnswer(f"{url} is not responding ({reason_of(exc)})") from exc
            if not (is_passing(answer) or (isinstance(answer.content, dict) and "items" in answer.content)):
                raise Refused(
                    answer.status, {"detail": f"{url} is not there: give --server all three URLs, auth upload stream"}
                )
        kept = LogIn(server=server, username=username, refresh_token=granted["refresh_token"])
        file = LogInFile()
        async with file.locked():
            before = file.read()
            file.write(kept)
        if before is not None:
            # Nobody needs it any more; that it stays good there for its time is no reason to fail.
            with suppress(NoAnswer):
                await _revoke(session, before, Patience(0))
    return kept


async def log_out(*, patience_seconds: float) -> bool:
    """Forgets the log-in and ends it at the server; False when there was none. Raises NoAnswer."""
    file = LogInFile()
    async with file.locked():
        known = file.read()
        file.forget()
    if known is None:
        return False
    async with open_session() as session:
        await _revoke(session, known, Patience(patience_seconds))
    return True


async def _revoke(session: aiohttp.ClientSession, known: LogIn, patience: Patience) -> None:
    attempts = patience.attempts()
    url = f"{known.server.auth}/v1/token/revoke"
    while True:
        try:
            answer = await _ask(session, "POST", url, form={"token": known.refresh_token})
        except NETWORK_ERRORS as exc:
            await attempts.pause(f"logged out here, but {url} is not responding ({reason_of(exc)})")
            continue
        if not is_passing(answer):
            return
        await attempts.pause(f"logged out here, but {url} answers {answer.status}")


async def grant(session: aiohttp.ClientSession, server: Server, patience: Patience, form: Mapping[str, str]) -> Any:
    """What the token endpoint gives for `form`. Raises NotLoggedIn, Refused, NoAnswer."""
    attempts = patience.attempts()
    url = f"{server.auth}/v1/token"
    while True:
        try:
            answer = await _ask(session, "POST", url, form=form)
        except NETWORK_ERRORS as exc:
            _refuse_certificate(url, exc, patience)
            await attempts.pause(f"{url} is not responding ({reason_of(exc)})")
            continue
        if answer.status == HTTPStatus.OK and _is_grant(answer.content, form["grant_type"]):
            return answer.content
        if moved_to := _moved_to(answer):
            raise NotLoggedIn(f"{url} redirects to {moved_to}: name that server, `vss login --server URL`")
        if answer.status < HTTPStatus.BAD_REQUEST or not (isinstance(answer.content, dict) or is_passing(answer)):
            raise NotLoggedIn(f"{url} is not a vss server; name the right one: `vss login --server URL`")
        if answer.status == HTTPStatus.NOT_FOUND:
            raise NotLoggedIn(f"{url} is not there: give --server all three URLs, auth upload stream")
        # Too many wrong passwords are told at once: waiting for minutes would look like hanging.
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or (
            answer.status == HTTPStatus.TOO_MANY_REQUESTS and form["grant_type"] != "password"
        ):
            await attempts.pause(
                f"{url} answers {answer.status}", retry_after_seconds=seconds_of(answer.headers.get("Retry-After"))
            )
        elif isinstance(answer.content, dict) and answer.content.get("error") == "invalid_grant":
            raise NotLoggedIn(
                {
                    "api_key": "the API key in VSS_API_KEY is invalid, expired or deleted",
                    "refresh_token": "the session has ended: run `vss login`",
                }.get(form["grant_type"], "wrong username or password")
            )
        else:
            raise _refusal(answer)


def _is_grant(content: Any, grant_type: str) -> bool:
    """Whether it is an answer of section 5.1 of RFC 6749 with what we need of it."""
    if not isinstance(content, dict) or not isinstance(content.get("expires_in"), int | float):
        return False
    # An API key is exchanged anew each time.
    needed = ["access_token"] if grant_type == "api_key" else ["access_token", "refresh_token"]
    return all(isinstance(content.get(name), str) for name in needed)


async def _ask(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    json: object = None,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    limit_seconds: float = CALL_SECONDS,
) -> Answer:
    options: dict[str, Any] = {} if json is None else {"json": json}
    if form is not None:
        options["data"] = form
    async with session.request(
        method,
        url,
        headers=headers,
        allow_redirects=False,
        timeout=aiohttp.ClientTimeout(total=limit_seconds),
        proxy=proxy_for(URL(url)),
        **options,
    ) as answer:
        is_json = answer.content_type in ("application/json", "application/problem+json")
        try:
            content = await answer.json(content_type=None) if is_json else None
        except ValueError as exc:
            raise aiohttp.ClientPayloadError("it sends JSON that cannot be read") from exc
        return Answer(answer.status, answer.headers, content)


def is_passing(answer: Answer) -> bool:
    """Whether the same call may be answered otherwise in a while."""
    return (
        answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        or answer.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT)
        # The first try of the same create is still being worked on.
        or (answer.status == HTTPStatus.CONFLICT and "Retry-After" in answer.headers)
    )


def reason_of(exc: BaseException) -> str:
    """A network error in words."""
    words = str(exc) or type(exc).__name__
    return f"proxy: {words}" if isinstance(exc, aiohttp.ClientProxyConnectionError) else words


def _moved_to(answer: Answer) -> str | None:
    """Where another server sends everybody; our own redirects are 307, to the storage."""
    if answer.status in (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.PERMANENT_REDIRECT):
        return answer.headers.get("Location")
    return None


def _refuse_certificate(url: str, exc: BaseException, patience: Patience) -> None:
    """Raises NoAnswer at once for a certificate that nobody trusts; one that was good before may be so again."""
    if isinstance(exc, aiohttp.ClientConnectorCertificateError) and not patience.has_met:
        raise NoAnswer(
            f"{url}: its TLS certificate is not trusted ({exc.certificate_error}). For an authority of your own set "
            "SSL_CERT_FILE to its certificate; a wrong clock here is a reason too"
        ) from exc


def _refusal(answer: Answer) -> Exception:
    problem = answer.content if isinstance(answer.content, dict) else {}
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return NotLoggedIn("the server no longer accepts this session: run `vss login`")
    if answer.status == HTTPStatus.NOT_FOUND:
        if not problem:
            return Refused(answer.status, {"detail": "the server is not a vss server"})
        return NotThere("no such video, or this account has no access to it")
    return Refused(answer.status, problem)


@asynccontextmanager
async def open_session() -> AsyncIterator[aiohttp.ClientSession]:
    """The HTTP connections of one command."""
    async with aiohttp.ClientSession(
        headers={"User-Agent": f"vss/{__version__}"},
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=60),
    ) as session:
        yield session


@asynccontextmanager
async def open_client(*, patience_seconds: float) -> AsyncIterator[Client]:
    """The account of VSS_API_KEY (or VSS_API_KEY_FILE) at `server_named()`, or the one that logged in.

    Raises NotLoggedIn, BadOption.
    """
    file = LogInFile()
    # From a file or another program it comes with a line end.
    if key := (from_environment("VSS_API_KEY") or "").strip():
        server = server_named()
    elif log_in := file.read():
        server = log_in.server
    else:
        raise NotLoggedIn
    async with open_session() as session:
        patience = Patience(patience_seconds)
        credentials = _Credentials(session, server, patience, file=file, api_key=key or None)
        try:
            yield Client(session, server, credentials)
        finally:
            await credentials.settle()
