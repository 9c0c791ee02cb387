"""The database does not answer: 503, nothing lost, and everything goes on when it is back."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

from tests.http.conftest import Services
from tests.problems import assert_problem
from tests.waiting import eventually


def _file(sqlite_url: str) -> Path:
    file = make_url(sqlite_url).database
    assert file is not None
    return Path(file)


async def test_a_locked_database_is_503_and_nothing_is_lost(services: Services, sqlite_url: str) -> None:
    alice = services.person("alice")
    upload = await alice.begin(5)
    await alice.send(upload, b"12345")
    with closing(sqlite3.connect(_file(sqlite_url), isolation_level=None, timeout=0)) as other:

        async def is_locked() -> bool:
            # The services run in this process: waiting here would keep a loop of theirs from ending its transaction.
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            return True

        await eventually(is_locked, what="the database is locked")
        answers = await asyncio.gather(*(alice.complete(upload["id"]) for _ in range(3)))
        for answer in answers:
            await assert_problem(answer, 503, "unavailable")
        # Reading goes on beside a writer.
        listed = await alice.call("GET", f"{alice.upload_url}/v1/uploads?state=ready")
        assert listed.status == 200
        other.execute("ROLLBACK")
    assert (await alice.complete(upload["id"])).status == 200
