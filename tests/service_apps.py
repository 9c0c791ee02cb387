"""Each service's real app, alone, with what it needs real or away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from auth_svc.app import create_app as create_auth
from common.web.server import BoundedRunner
from fs_svc.app import create_app as create_fs
from stream_svc.app import create_app as create_stream
from stream_svc.settings import Settings as StreamSettings
from tests.addresses import Addresses
from tests.auth_app import auth_settings
from tests.auth_service import AuthService
from tests.fs_service import fs_settings
from tests.processes import face_environment
from upload_svc.app import create_app as create_upload
from upload_svc.settings import Settings as UploadSettings
from vss.bucket import Bucket as StorageBucket


class Parts:
    """What the services need, real or away."""

    def __init__(self, addresses: Addresses, database_url: str, auth: AuthService, storage: StorageBucket) -> None:
        self.addresses = addresses
        self.database_url = database_url
        self.auth = auth
        self.storage = storage
        # Other settings of upload_svc and stream_svc.
        self.more: dict[str, str] = {}

    def create(self, name: str) -> tuple[web.Application, str]:
        """The service's app, and the address at which it is to be."""
        at = self.addresses
        match name:
            case "auth":
                return create_auth(auth_settings(at, self.database_url)), at.auth_url
            case "fs":
                return create_fs(fs_settings(at, self.database_url, self.storage, self.auth)), at.fs_url
            case "upload":
                return create_upload(UploadSettings.model_validate(self._face_settings(name))), at.upload_url
            case _:
                return create_stream(StreamSettings.model_validate(self._face_settings(name))), at.stream_url

    def _face_settings(self, name: str) -> dict[str, str]:
        at = self.addresses
        # Nobody's secret: what asks another service gets no answer.
        known = face_environment(name, at, self.database_url, {name: "s" * 32}, fs_url=at.fs_url)
        return {**known, "auth_url": self.auth.url, **self.more}


@asynccontextmanager
async def running(parts: Parts, name: str) -> AsyncIterator[str]:
    """The service, at the address it yields."""
    app, url = parts.create(name)
    async with serving(app, url):
        yield url


@asynccontextmanager
async def serving(app: web.Application, url: str) -> AsyncIterator[None]:
    """The app at its address."""
    runner = BoundedRunner(app)
    try:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(url.rpartition(":")[2])).start()
        yield
    finally:
        await runner.cleanup()
