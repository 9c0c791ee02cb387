"""The services as their visitors meet them: real apps on their public ports, with the real auth_svc and storage."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from argon2 import PasswordHasher
from pytest_aiohttp.plugin import AiohttpServer

from auth_svc.accounts.store import Role
from common.ids import new_id
from common.tokens import PERSON_AUDIENCE, Principal
from common.web.keys import VERIFIER
from fs_svc.app import create_app as create_fs
from fs_svc.settings import Settings as FsSettings
from stream_svc.app import create_app as create_stream
from stream_svc.settings import Settings as StreamSettings
from tests.addresses import Addresses
from tests.api_client import Person
from tests.auth_app import CHEAP, PASSWORD, AuthApp, running_auth_app
from tests.auth_service import AuthService
from tests.browser import Browser
from tests.clock import MovedClock
from tests.databases import kinds_for
from tests.fs_service import empty, fs_settings
from tests.processes import face_environment
from tests.refusals import UndeclaredRefusals
from tests.service_apps import Parts
from upload_svc.app import create_app as create_upload
from upload_svc.app_keys import SETTLING
from upload_svc.settings import Settings as UploadSettings
from vss.bucket import Bucket as StorageBucket


class Fs:
    """fs_svc, which a test may stop and start again."""

    def __init__(self, settings: FsSettings) -> None:
        self._settings = settings
        self.app = create_fs(settings)
        self._runner = web.AppRunner(self.app)

    async def start(self) -> None:
        self.app = create_fs(self._settings)
        self._runner = web.AppRunner(self.app)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._settings.host, self._settings.port).start()

    async def stop(self) -> None:
        await self._runner.cleanup()


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """fs_svc, upload_svc and stream_svc in this process."""

    addresses: Addresses
    auth: AuthService
    fs: Fs
    upload: web.Application
    stream: web.Application
    session: aiohttp.ClientSession
    clock: MovedClock

    def person(
        self,
        username: str | None,
        *,
        quota_bytes: int | None = None,
        role: str = "member",
        scope: str = "all",
        groups: Sequence[str] = (),
    ) -> Person:
        """Somebody with a token; None: nobody."""
        if username is None:
            return self._with_token(None)
        token = self.auth.token(username, quota_bytes=quota_bytes, role=role, scope=scope, groups=groups)
        return self._with_token(token)

    async def log_in(self, username: str, password: str) -> Person:
        """Somebody who has an account at auth_svc; admin is there from the start."""
        form = {"grant_type": "password", "username": username, "password": password}
        async with self.session.post(f"{self.auth.url}/v1/token", data=form) as answer:
            assert answer.status == 200, await answer.text()
            return self._with_token((await answer.json())["access_token"])

    async def move_in(self, name: str) -> tuple[str, Person]:
        """A new account, by the administrator, of a name that begins so: its id, and its owner logged in."""
        # auth_svc is one for all tests: a name of this one alone.
        account = {"username": f"{name}-{new_id()}", "password": PASSWORD}
        admin = await self.log_in("admin", "admin")
        answer = await admin.call("POST", f"{self.auth.url}/v1/accounts", json=account)
        assert answer.status == 201, await answer.text()
        return (await answer.json())["id"], await self.log_in(**account)

    def _with_token(self, token: str | None) -> Person:
        return Person(self.session, token, upload_url=self.addresses.upload_url, stream_url=self.addresses.stream_url)

    async def settle(self, *, ahead: timedelta) -> None:
        """One step of upload_svc's loop at a later time. (It steps too; whoever takes a row first does its work.)"""
        self.clock.moved = ahead
        await self.upload[SETTLING].settle()
        # People's tokens are of today.
        self.clock.moved = timedelta()

    async def principal(self, username: str) -> Principal:
        """Somebody as the domain knows them."""
        return await self.upload[VERIFIER].verify(self.auth.token(username), audience=PERSON_AUDIENCE)


@pytest.fixture(autouse=True)
def _refusals_are_declared() -> Iterator[None]:
    """Fails a test in which a route refuses what its description does not say."""
    with UndeclaredRefusals() as undeclared:
        yield
    assert not undeclared.found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What is marked `both_databases` has its services once on each kind, but for `any_database`."""
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    if "services_url" in metafunc.fixturenames and "both_databases" in marks and "any_database" not in marks:
        metafunc.parametrize("services_url", kinds_for(metafunc.definition), indirect=True)


@pytest.fixture
def seaweedfs(seaweedfs: StorageBucket) -> Iterator[StorageBucket]:
    """Emptied after each test: every fs_svc compares all that it finds there at its start."""
    yield seaweedfs
    empty(seaweedfs)


@pytest.fixture
def services_url(request: pytest.FixtureRequest) -> str:
    """Their database."""
    url: str = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_url")
    return url


@pytest.fixture
def calls_per_minute() -> str:
    """What an account may call; a test of the limit gives another value."""
    return "100000"


@pytest.fixture
def public_library() -> str:
    """Whether strangers see the public videos; a test of what they see says yes."""
    return "false"


@pytest.fixture
def webhook_private_networks() -> str:
    """Whether webhooks may lead to this machine; a test with a receiver says yes."""
    return "false"


@pytest.fixture
def renditions() -> str:
    """Of which videos they are made; a test of renditions says of all."""
    return "off"


@pytest.fixture
async def services(
    aiohttp_server: AiohttpServer,
    addresses: Addresses,
    services_url: str,
    seaweedfs: StorageBucket,
    auth: AuthService,
    calls_per_minute: str,
    public_library: str,
    webhook_private_networks: str,
    renditions: str,
) -> AsyncIterator[Services]:
    """All on one database, as `make run` has them."""
    clock = MovedClock()
    fs = Fs(fs_settings(addresses, services_url, seaweedfs, auth))
    upload_settings, stream_settings = (
        {
            **face_environment(name, addresses, services_url, auth.client_secrets, fs_url=addresses.fs_url),
            "calls_per_minute": calls_per_minute,
        }
        for name in ("upload", "stream")
    )
    upload_settings["webhook_private_networks"] = webhook_private_networks
    upload_settings["renditions"] = renditions
    upload = create_upload(UploadSettings.model_validate(upload_settings), clock=clock)
    stream_settings["public_library"] = public_library
    stream = create_stream(StreamSettings.model_validate(stream_settings), clock=clock)
    await fs.start()
    await aiohttp_server(upload, port=addresses.upload_port)
    await aiohttp_server(stream, port=addresses.stream_port)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Services(
            addresses=addresses, auth=auth, fs=fs, upload=upload, stream=stream, session=session, clock=clock
        )
    await fs.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A visitor who is nobody yet, with cookies of their own."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Browser(session)


@pytest.fixture
def parts(sqlite_url: str, auth: AuthService, seaweedfs: StorageBucket) -> Parts:
    """What one service alone needs."""
    return Parts(Addresses.choose(), sqlite_url, auth, seaweedfs)


@pytest.fixture
def hasher() -> PasswordHasher:
    """What `app` hashes passwords with; a test that is about its cost gives the real one."""
    return CHEAP


@pytest.fixture
async def app(database_url: str, hasher: PasswordHasher, request: pytest.FixtureRequest) -> AsyncIterator[AuthApp]:
    """auth_svc in this process with the accounts that the mark `accounts` names: root is an administrator."""
    mark = request.node.get_closest_marker("accounts")
    async with running_auth_app(database_url, hasher=hasher) as app:
        for username in mark.args if mark else ():
            await app.add_account(username, role=Role.ADMIN if username == "root" else Role.MEMBER)
        yield app
