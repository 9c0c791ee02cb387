"""A service beside a database that is not there yet: it waits with a line and a limit, and goes on by itself."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from common.web.starting import newest_revision
from tests.addresses import Addresses
from tests.auth_app import CLIENT_SECRETS, KEY_ENCRYPTION_KEY, running_auth_app
from tests.databases import sqlite_url as url_of
from tests.processes import auth_environment
from tests.waiting import wait_until
from vss.migrate import migrate

ROOT = Path(__file__).parent.parent.parent


class Starting:
    """A process of auth_svc that may be waiting."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self.process = process
        self._url = url
        self._log = log

    @property
    def said(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._url}/readyz", timeout=5) as answer:  # noqa: S310 - http on loopback
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def starting(folder: Path, **changes: str) -> Iterator[Starting]:
    addresses = Addresses.choose()
    told = auth_environment(addresses, url_of(folder / "vss.db"), CLIENT_SECRETS, key_encryption_key=KEY_ENCRYPTION_KEY)
    settings = {**told, "demo_account": "false", **changes}
    log = folder / "auth.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "auth_svc"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **{f"AUTH_{name.upper()}": value for name, value in settings.items()}},
            stdout=output,
            stderr=output,
        )
    try:
        yield Starting(process, addresses.auth_url, log)
    finally:
        process.kill()
        process.wait()


def test_a_service_waits_for_its_tables_and_goes_on_by_itself(tmp_path: Path) -> None:
    with starting(tmp_path) as service:
        wait_until(
            lambda: f"does not have migration {newest_revision()} yet" in service.said, what="it says what it waits for"
        )
        assert not service.is_ready()
        migrate(url_of(tmp_path / "vss.db"), tmp_path)
        wait_until(service.is_ready, what="it is ready")


def test_a_service_that_waits_can_be_stopped(tmp_path: Path) -> None:
    with starting(tmp_path) as service:
        wait_until(lambda: "waiting" in service.said, what="it waits")
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(timeout=20) == 0


def test_waiting_has_a_limit(tmp_path: Path) -> None:
    with starting(tmp_path, start_limit_seconds="1") as service:
        assert service.process.wait(timeout=60) == 1
        assert "not available within 1 s:" in service.said


def test_tables_of_a_newer_version_are_refused(tmp_path: Path) -> None:
    migrate(url_of(tmp_path / "vss.db"), tmp_path)
    with closing(sqlite3.connect(tmp_path / "vss.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    with starting(tmp_path) as service:
        assert service.process.wait(timeout=60) == 1
        assert "the database has revision 9999" in service.said
        assert "Traceback" not in service.said


def test_the_demo_password_is_refused_when_the_demo_is_off(tmp_path: Path) -> None:
    migrate(url_of(tmp_path / "vss.db"), tmp_path)
    with starting(tmp_path, demo_account="true") as service:
        wait_until(service.is_ready, what="it is ready with the demo account")
    with starting(tmp_path, demo_account="false") as service:
        assert service.process.wait(timeout=60) == 1
        assert "admin still has the demo password" in service.said


async def test_the_first_administrator_is_made_once(sqlite_url: str) -> None:
    hashed = await asyncio.to_thread(_hash, "a first password")
    async with running_auth_app(sqlite_url, first_administrator=hashed) as app:
        assert await app.person_token("admin", "a first password")
    other = await asyncio.to_thread(_hash, "another password")
    async with running_auth_app(sqlite_url, first_administrator=other) as app:
        assert await app.person_token("admin", "a first password")


def _hash(password: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "auth_svc.accounts.passwords"],
        cwd=ROOT,
        input=password,
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.strip()
