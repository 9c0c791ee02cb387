"""The services as their visitors meet them: real apps on their public ports, with the real auth_svc and storage."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from common.tokens import PERSON_AUDIENCE, Principal
from common.web.keys import VERIFIER
from fs_svc.app import create_app as create_fs
from fs_svc.settings import Settings as FsSettings
from stream_svc.app import create_app as create_stream
from stream_svc.settings import Settings as StreamSettings
from tests.addresses import Addresses
from tests.api_client import Person
from tests.auth_service import AuthService
from tests.browser import Browser
from tests.clock import MovedClock
from tests.fs_service import fs_settings
from tests.processes import face_environment
from tests.refusals import UndeclaredRefusals
from upload_svc.app import create_app as create_upload
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
        self, username: str | None, *, quota_bytes: int | None = None, role: str = "member", scope: str = "all"
    ) -> Person:
        """Somebody with a token; None: nobody."""
        token = None if username is None else self.auth.token(username, quota_bytes=quota_bytes, role=role, scope=scope)
        return Person(self.session, token, upload_url=self.addresses.upload_url, stream_url=self.addresses.stream_url)

    async def principal(self, username: str) -> Principal:
        """Somebody as the domain knows them."""
        return await self.upload[VERIFIER].verify(self.auth.token(username), audience=PERSON_AUDIENCE)


@pytest.fixture(autouse=True)
def _refusals_are_declared() -> Iterator[None]:
    """Fails a test in which a route refuses what its description does not say."""
    with UndeclaredRefusals() as undeclared:
        yield
    assert not undeclared.found


@pytest.fixture
def services_url(sqlite_url: str) -> str:
    """Their database; a module gives another fixture of this name to have its tests on both kinds."""
    return sqlite_url


@pytest.fixture
def calls_per_minute() -> str:
    """What an account may call; a test of the limit gives another value."""
    return "100000"


@pytest.fixture
async def services(
    aiohttp_server: AiohttpServer,
    addresses: Addresses,
    services_url: str,
    seaweedfs: StorageBucket,
    auth: AuthService,
    calls_per_minute: str,
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
    upload = create_upload(UploadSettings.model_validate(upload_settings), clock=clock)
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
