"""fs_svc and upload_svc as real processes that a test may kill, started again as a supervisor would."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from tests.addresses import Addresses
from tests.auth_service import AuthService
from tests.waiting import eventually
from vss.bucket import Bucket as StorageBucket

_ROOT = Path(__file__).parent.parent


class ServiceProcess:
    """`python -m <name>_svc`, at `url`."""

    def __init__(self, name: str, url: str, environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.url = url
        self._environment = {f"{name.upper()}_{key.upper()}": value for key, value in environment.items()}
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Returns when it is ready."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", f"{self.name}_svc"),
                cwd=_ROOT,
                env={"PATH": os.environ["PATH"], **self._environment},
                stdout=log,
                stderr=log,
            )
        async with aiohttp.ClientSession() as session:

            async def is_ready() -> bool:
                try:
                    async with session.get(f"{self.url}/readyz") as answer:
                        return answer.status == 200
                except aiohttp.ClientError:
                    return False

            await eventually(is_ready, what=f"{self.name}_svc is ready", limit_seconds=60)

    def kill(self) -> None:
        """As the kernel does when memory is short: without a word."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)

    async def restart_when_killed(self) -> None:
        """What a supervisor does, until cancelled."""
        while True:
            assert self._process is not None
            await self._process.wait()
            await self.start()

    async def stop(self) -> None:
        """Ends it for good."""
        self.kill()
        if self._process is not None:
            await self._process.wait()


def fs_environment(
    addresses: Addresses, database_url: str, storage: StorageBucket, auth: AuthService, *, s3_url: str
) -> dict[str, str]:
    """fs_svc's settings, with the storage reached at `s3_url`."""
    return {
        **addresses.common_settings(),
        "port": str(addresses.fs_port),
        "database_url": database_url,
        "auth_url": auth.url,
        "s3_url": s3_url,
        "s3_region": storage.region,
        "s3_bucket": storage.name,
        "s3_access_key_id": storage.worker.access_key_id,
        "s3_secret_access_key": storage.worker.secret_access_key,
    }


def upload_environment(addresses: Addresses, database_url: str, auth: AuthService, *, fs_url: str) -> dict[str, str]:
    """upload_svc's settings, with fs_svc reached at `fs_url`."""
    return {
        **addresses.common_settings(),
        "port": str(addresses.upload_port),
        "database_url": database_url,
        "auth_url": auth.url,
        "fs_url": fs_url,
        "client_secret": auth.client_secrets["upload"],
        "cursor_key": "c" * 32,
    }
