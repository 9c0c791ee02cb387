"""Each service's database user: its own tables, on a real server. (tests/compose tries every right on MySQL.)"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests.mariadb import DatabaseServer
from vss.grant import ADDS_TO, WRITES, grant
from vss.migrate import migrate

DATABASE = "vss_grant"


def execute(url: str, *statements: str) -> list[str]:
    """Returns the first column of the last statement's rows."""

    async def run() -> list[str]:
        engine = create_async_engine(url, poolclass=NullPool)
        try:
            async with engine.begin() as connection:
                *first, last = statements
                for statement in first:
                    await connection.execute(text(statement))
                result = await connection.execute(text(last))
                return [str(row[0]) for row in result] if result.returns_rows else []
        finally:
            await engine.dispose()

    return asyncio.run(run())


class Users:
    """The users of four services on a migrated database."""

    def __init__(self, server: DatabaseServer) -> None:
        self.administrator = server.url(DATABASE)
        self.urls = {
            service: f"mysql+asyncmy://grant_{service}:a'b\\c%25{service}@127.0.0.1:{server.port}/{DATABASE}"
            for service in WRITES
        }


@pytest.fixture
def users(mariadb: DatabaseServer, tmp_path: Path) -> Iterator[Users]:
    users = Users(mariadb)
    execute(mariadb.url(""), f"CREATE DATABASE {DATABASE}")
    migrate(users.administrator, tmp_path)
    yield users
    drops = [f"DROP USER IF EXISTS grant_{service}@'%'" for service in WRITES]
    execute(mariadb.url(""), f"DROP DATABASE {DATABASE}", *drops)


def test_every_table_belongs_to_one_service(users: Users) -> None:
    owned = [table for tables in WRITES.values() for table in tables]
    assert len(owned) == len(set(owned))
    assert set(execute(users.administrator, "SHOW TABLES")) <= {*owned, *ADDS_TO, "alembic_version"}


def test_a_service_may_use_its_tables_and_no_other(users: Users) -> None:
    grant(users.administrator, users.urls)
    assert execute(users.urls["upload"], "DELETE FROM videos", "SELECT version_num FROM alembic_version") != []
    assert execute(users.urls["stream"], "SELECT COUNT(*) FROM videos") == ["0"]
    # What links are first played is told by upload_svc, which takes it out; stream_svc only adds it.
    event = "INSERT INTO outbox (id, owner_id, type, at, data) VALUES ('a', 'b', 'c', NOW(), '{}')"
    execute(users.urls["stream"], event)
    execute(users.urls["upload"], "DELETE FROM outbox")
    for service, statement in (
        ("stream", "SELECT COUNT(*) FROM outbox"),
        ("stream", "DELETE FROM outbox"),
        ("stream", "SELECT COUNT(*) FROM webhooks"),
        ("auth", "SELECT COUNT(*) FROM webhooks"),
        ("stream", "DELETE FROM videos"),
        ("upload", "SELECT COUNT(*) FROM accounts"),
        ("fs", "DROP TABLE objects"),
        ("auth", "DELETE FROM alembic_version"),
    ):
        with pytest.raises((OperationalError, ProgrammingError), match="denied"):
            execute(users.urls[service], statement)


def test_rights_are_set_once_and_those_that_are_not_due_are_taken_away(users: Users) -> None:
    assert grant(users.administrator, users.urls)
    assert grant(users.administrator, users.urls) == []
    execute(users.administrator, "GRANT DELETE ON accounts TO grant_stream@'%'")
    assert grant(users.administrator, users.urls) == ["REVOKE DELETE ON `accounts` FROM"]
