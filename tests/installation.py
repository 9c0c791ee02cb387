"""A whole installation as real processes which a test may stop, with a proxy on the way to S3."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import text

from common.db import open_database
from tests.addresses import Addresses
from tests.processes import ServiceProcess, auth_environment, face_environment, fs_environment
from tests.s3_proxy import S3Proxy, s3_proxy
from vss.bucket import Bucket as StorageBucket

SERVICES = ("auth", "fs", "upload", "stream")
_READINESS_SECONDS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Four running services on one database and one bucket: what a visitor needs to know of them."""

    addresses: Addresses
    database_url: str
    client_secrets: dict[str, str]

    def url(self, name: str) -> str:
        """Where the service is."""
        url: str = getattr(self.addresses, f"{name}_url")
        return url

    async def readiness(self) -> dict[str, int]:
        """The status of `/readyz` of each service; 0 when there is no answer. All of `/livez` that answer say 200."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_READINESS_SECONDS)) as session:
            found = {}
            for name in SERVICES:
                try:
                    async with session.get(f"{self.url(name)}/livez") as lives:
                        assert lives.status == 200, name
                    async with session.get(f"{self.url(name)}/readyz") as ready:
                        found[name] = ready.status
                except (aiohttp.ClientError, TimeoutError):
                    found[name] = 0
            return found

    async def rows(self) -> dict[str, set[tuple[Any, ...]]]:
        """Every row that was acknowledged to somebody, in a state that lasts."""
        queries = {
            "accounts": "SELECT id, username FROM accounts",
            "sessions": "SELECT account_id, secret_hash FROM sessions",
            "signing_keys": "SELECT id FROM signing_keys",
            "objects": "SELECT id, object_key, state FROM objects WHERE state IN ('open', 'stored')",
            "videos": "SELECT id, title, state FROM videos WHERE state IN ('uploading', 'ready')",
        }
        async with open_database(self.database_url) as database, database.read() as connection:
            return {
                name: {tuple(row) for row in (await connection.execute(text(query))).all()}
                for name, query in queries.items()
            }


@dataclass(frozen=True, slots=True, kw_only=True)
class Controlled(Installation):
    """One whose processes a test can stop, with a proxy on fs_svc's way to S3."""

    processes: dict[str, ServiceProcess]
    to_s3: S3Proxy


@asynccontextmanager
async def running_installation(
    folder: Path, database_url: str, storage: StorageBucket, addresses: Addresses, *, fs_url: str | None = None
) -> AsyncIterator[Controlled]:
    """Everything is ready inside; the database is migrated already, and S3 is `storage`.

    Who sends and watches finds S3 at `addresses`; `fs_url` is for the other services to reach fs_svc another way.
    """
    client_secrets = {name: secrets.token_hex(32) for name in ("upload", "stream", "media")}
    async with s3_proxy(storage.endpoint) as to_s3:
        environments = {
            "auth": auth_environment(addresses, database_url, client_secrets, key_encryption_key=secrets.token_hex(32)),
            "fs": fs_environment(addresses, database_url, storage, s3_url=to_s3.url),
            **{
                name: face_environment(name, addresses, database_url, client_secrets, fs_url=fs_url or addresses.fs_url)
                for name in ("upload", "stream")
            },
        }
        processes = {
            name: ServiceProcess(name, getattr(addresses, f"{name}_url"), environment, folder / f"{name}.log")
            for name, environment in environments.items()
        }
        try:
            await asyncio.gather(*(process.start() for process in processes.values()))
            yield Controlled(
                addresses=addresses,
                database_url=database_url,
                client_secrets=client_secrets,
                processes=processes,
                to_s3=to_s3,
            )
        finally:
            for process in processes.values():
                await process.stop()
