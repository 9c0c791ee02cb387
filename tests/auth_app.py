"""auth_svc in this process, at its public address, with a clock to move and accounts of every kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from argon2 import PasswordHasher
from sqlalchemy import text

from auth_svc.accounts.store import Account, Role
from auth_svc.app import create_app
from auth_svc.app_keys import ACCOUNTS
from auth_svc.settings import Settings
from auth_svc.tokens.signing_keys import SigningKeys
from auth_svc.tokens.store import SigningKeyStore, StoredSigningKey
from common.clock import utc_now
from common.db import open_database
from common.tokens import Principal
from common.web.keys import VERIFIER
from common.web.server import BoundedRunner
from tests.addresses import Addresses
from tests.clock import StoppedClock

CLIENT_SECRETS = {"upload": "u" * 32, "stream": "s" * 32, "media": "m" * 32}
KEY_ENCRYPTION_KEY = "5e" * 32
COOKIE = "vss_session"
# Of every account that no test gives another one.
PASSWORD = "correct horse battery staple"
# What hashing costs is for nobody here to wait for.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def auth_settings(addresses: Addresses, database_url: str, **changes: object) -> Settings:
    """What auth_svc is told; `changes` go over it."""
    return Settings.model_validate(
        {
            **addresses.common_settings(),
            "port": addresses.auth_port,
            "database_url": database_url,
            "fs_url": addresses.fs_url,
            "upload_client_secret": CLIENT_SECRETS["upload"],
            "stream_client_secret": CLIENT_SECRETS["stream"],
            "media_client_secret": CLIENT_SECRETS["media"],
            "key_encryption_key": KEY_ENCRYPTION_KEY,
            **changes,
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthApp:
    """A running auth_svc and somebody who sends it requests; cookies go along only where a test says so."""

    addresses: Addresses
    settings: Settings
    app: web.Application
    session: aiohttp.ClientSession
    clock: StoppedClock = field(default_factory=StoppedClock)

    @property
    def url(self) -> str:
        return self.addresses.auth_url

    async def send(
        self,
        method: str,
        path: str,
        *,
        cookie: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> aiohttp.ClientResponse:
        """One request, answered and read; redirects are not followed."""
        sent = dict(headers or {})
        if cookie is not None:
            sent["Cookie"] = f"{COOKIE}={cookie}"
        url = path if path.startswith("http") else self.url + path
        async with self.session.request(method, url, headers=sent, allow_redirects=False, **more) as answer:
            await answer.read()
        return answer

    async def add_account(self, username: str, password: str = PASSWORD, *, role: Role = Role.MEMBER) -> str:
        """A new account; returns its id."""
        accounts = self.app[ACCOUNTS]
        assert await accounts.add(username, password, role=role)
        account = await accounts.named(username)
        assert account is not None
        return account.id

    async def account(self, account_id: str) -> Account:
        account = await self.app[ACCOUNTS].get(account_id)
        assert account is not None
        return account

    async def execute(self, statement: str, **values: object) -> list[Any]:
        """SQL straight to the database, for what has no call yet; returns the rows of a query."""
        url = self.settings.database_url.get_secret_value()
        async with open_database(url) as database, database.write() as connection:
            result = await connection.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []

    async def disable(self, account_id: str) -> None:
        await self.execute("UPDATE accounts SET is_disabled = 1 WHERE id = :id", id=account_id)

    async def service_token(self, name: str = "upload") -> str:
        """A service's own token, as it gets it."""
        form, headers = {"grant_type": "client_credentials"}, basic(name, CLIENT_SECRETS[name])
        token: str = (await (await self.send("POST", "/v1/token", data=form, headers=headers)).json())["access_token"]
        return token

    async def person_token(self, username: str, password: str = PASSWORD) -> str:
        """A person's token, as they get it."""
        token: str = (await self.grant(username, password))["access_token"]
        return token

    async def ask(self, username: str, password: str = PASSWORD) -> aiohttp.ClientResponse:
        """What the token endpoint says to a name and a password."""
        form = {"grant_type": "password", "username": username, "password": password}
        return await self.send("POST", "/v1/token", data=form)

    async def exchange(self, api_key: str) -> aiohttp.ClientResponse:
        """What the token endpoint says to an API key."""
        return await self.send("POST", "/v1/token", data={"grant_type": "api_key", "api_key": api_key})

    async def grant(self, username: str, password: str = PASSWORD) -> dict[str, Any]:
        """All that the token endpoint gives a person."""
        answer = await self.ask(username, password)
        assert answer.status == 200, await answer.text()
        granted: dict[str, Any] = await answer.json()
        return granted

    async def refresh(self, refresh_token: str) -> aiohttp.ClientResponse:
        """What the token endpoint says to a refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return await self.send("POST", "/v1/token", data=form)

    async def verify(self, token: str, *, audience: str) -> Principal:
        """Who a token speaks for."""
        return await self.app[VERIFIER].verify(token, audience=audience)

    async def log_in(self, username: str, password: str = PASSWORD, **headers: str) -> str:
        """A session by the form, as a browser has it; returns what the cookie holds."""
        form = {"username": username, "password": password}
        answer = await self.send("POST", "/login", data=form, headers=headers)
        assert answer.status == 303, await answer.text()
        return answer.cookies[COOKIE].value


def basic(client_id: str, client_secret: str) -> dict[str, str]:
    """The header by which a service says who it is."""
    return {"Authorization": aiohttp.encode_basic_auth(client_id, client_secret)}


def bearer(token: str) -> dict[str, str]:
    """The header that carries an access token."""
    return {"Authorization": f"Bearer {token}"}


# Made by auth_svc itself for the first app of a run; another one for each test would take most of the tests' time.
_MADE_KEYS: list[StoredSigningKey] = []


async def _give_key(database_url: str) -> None:
    async with open_database(database_url) as database:
        store = SigningKeyStore(database)
        if not _MADE_KEYS:
            keys = SigningKeys(store, encryption_keys=[bytes.fromhex(KEY_ENCRYPTION_KEY)], clock=utc_now)
            await keys.load()
            _MADE_KEYS.extend(await store.list_signing_keys())
        for key in _MADE_KEYS:
            await store.add_signing_key(key)


@asynccontextmanager
async def running_auth_app(
    database_url: str,
    *,
    routes: list[web.RouteDef] | None = None,
    hasher: PasswordHasher = CHEAP,
    **changes: object,
) -> AsyncIterator[AuthApp]:
    """auth_svc at ports of its own, with more `routes` where a test needs a handler that fails."""
    addresses = Addresses.choose()
    settings = auth_settings(addresses, database_url, **changes)
    clock = StoppedClock(utc_now())
    await _give_key(database_url)
    app = create_app(settings, clock=clock, hasher=hasher)
    app.add_routes(routes or [])
    runner = BoundedRunner(app)
    try:
        await runner.setup()
        await web.TCPSite(runner, settings.host, settings.port).start()
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            yield AuthApp(addresses=addresses, settings=settings, app=app, session=session, clock=clock)
    finally:
        await runner.cleanup()
