"""The real history on a real server: each revision once, whoever comes at the same time."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import vss
from tests.mariadb import DatabaseServer
from tests.ports import free_ports
from tests.waiting import eventually

ROOT = Path(vss.__file__).parent.parent


async def execute(url: str, statement: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


@pytest.fixture
def empty_database(mariadb: DatabaseServer) -> Iterator[str]:
    asyncio.run(execute(mariadb.url(""), "CREATE DATABASE vss_migrate"))
    yield mariadb.url("vss_migrate")
    asyncio.run(execute(mariadb.url(""), "DROP DATABASE vss_migrate"))


def start(url: str, folder: Path) -> subprocess.Popen[str]:
    # In a file, as a secret is handed over; and without a folder to write to.
    secret = folder / "url"
    secret.write_text(f"{url}\n")
    return subprocess.Popen(
        [sys.executable, "-m", "vss", "migrate", "--data", "/dev/null/none"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "VSS_DATABASE_URL_FILE": str(secret)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


LOCK = "CONCAT('vss.migrate.', LEFT(SHA2(DATABASE(), 256), 32))"
WAITING = "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User lock'"


async def start_three_while_the_lock_is_held(url: str, folder: Path) -> list[subprocess.Popen[str]]:
    """Returns once all of them wait."""
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as holder:
        await holder.execute(text(f"SELECT GET_LOCK({LOCK}, 0)"))
        running = [start(url, folder) for _ in range(3)]

        async def all_wait() -> bool:
            return bool((await holder.execute(text(WAITING))).scalar_one() == 3)

        await eventually(all_wait, what="all wait for the lock")
    await engine.dispose()
    return running


def test_processes_at_once_apply_each_revision_once_and_a_newer_schema_is_refused(
    empty_database: str, tmp_path: Path
) -> None:
    running = asyncio.run(start_three_while_the_lock_is_held(empty_database, tmp_path))
    answers = [process.communicate(timeout=60) for process in running]
    assert [errors for _, errors in answers] == [""] * 3
    said = sorted(output for output, _ in answers)
    assert said[1:] == ["up to date\n"] * 2
    *applied, total = said[0].splitlines()
    assert total == f"{len(applied)} migrations applied"
    assert applied == sorted(set(applied))
    assert applied[0] == "applied 00001"

    asyncio.run(execute(empty_database, "UPDATE alembic_version SET version_num = '9999'"))
    late = start(empty_database, tmp_path)
    _, errors = late.communicate(timeout=60)
    assert (late.returncode, errors.count("\n")) == (1, 1)
    assert "revision 9999, which this vss does not know" in errors


def test_a_server_that_does_not_answer_is_one_line_without_the_password(tmp_path: Path) -> None:
    process = start(f"mysql+asyncmy://vss:opensesame@127.0.0.1:{free_ports(1)[0]}/vss", tmp_path)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors.count("\n")) == (1, "", 1)
    assert "the database cannot be migrated" in errors
    assert "opensesame" not in errors
