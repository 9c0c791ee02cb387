"""The services as real processes that a test may kill, started again as a supervisor would."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from common.processes import send_signal
from tests.addresses import Addresses
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

    @property
    def pid(self) -> int:
        """The id of the process that runs now."""
        assert self._process is not None
        return self._process.pid

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

    def send_signal(self, number: signal.Signals) -> None:
        """To the process, if it runs: SIGSTOP makes it hang, SIGCONT ends that."""
        if self._process is not None:
            send_signal(self._process, number)

    def kill(self) -> None:
        """As the kernel does when memory is short: without a word."""
        self.send_signal(signal.SIGKILL)

    async def end(self) -> int:
        """Its exit code, once it has ended."""
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), timeout=60)

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


def auth_environment(
    addresses: Addresses, database_url: str, client_secrets: Mapping[str, str], *, key_encryption_key: str
) -> dict[str, str]:
    """auth_svc's settings, with the account admin / admin."""
    return {
        **addresses.common_settings(),
        "port": str(addresses.auth_port),
        "fs_url": addresses.fs_url,
        "database_url": database_url,
        **{f"{name}_client_secret": secret for name, secret in client_secrets.items()},
        "key_encryption_key": key_encryption_key,
        "demo_account": "true",
    }


def fs_environment(addresses: Addresses, database_url: str, storage: StorageBucket, *, s3_url: str) -> dict[str, str]:
    """fs_svc's settings, with the storage reached at `s3_url`."""
    return {
        **addresses.common_settings(),
        "port": str(addresses.fs_port),
        # Tests of faults begin many uploads in one installation and leave them.
        "open_uploads": "1000",
        "database_url": database_url,
        "auth_url": addresses.auth_url,
        "s3_url": s3_url,
        "s3_region": storage.region,
        "s3_bucket": storage.name,
        "s3_access_key_id": storage.worker.access_key_id,
        "s3_secret_access_key": storage.worker.secret_access_key,
    }


def face_environment(
    name: str, addresses: Addresses, database_url: str, client_secrets: Mapping[str, str], *, fs_url: str
) -> dict[str, str]:
    """The settings of a service that people meet, `upload` or `stream`, with fs_svc reached at `fs_url`."""
    return {
        **addresses.common_settings(),
        "port": str({"upload": addresses.upload_port, "stream": addresses.stream_port}[name]),
        "database_url": database_url,
        "auth_url": addresses.auth_url,
        "fs_url": fs_url,
        "client_secret": client_secrets[name],
        "cursor_key": "c" * 32,
        # Programs of tests call more often than a person does.
        "calls_per_minute": "100000",
    }
