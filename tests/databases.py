"""Fresh, migrated databases for tests: migrated once a run, then copied or emptied."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests.mariadb import DatabaseServer
from vss.migrate import migrate

_DATABASE = "vss_test"


# What goes through stores, which have tests of their own on both kinds.
_ABOVE_STORES = {
    *("test_fs_comparing", "test_fs_derived", "test_fs_reading_back", "test_fs_reconciling"),
    *("test_vss_account", "test_vss_keys"),
}


def kinds_for(test: pytest.Item) -> list[Any]:
    """Both kinds of database; above stores and through routes the server's turn is in `make test-long`."""
    is_above = test.path.parent.name == "http" or test.path.stem in _ABOVE_STORES
    marks = [pytest.mark.long] if is_above else []
    return ["sqlite", pytest.param("mariadb", marks=marks)]


def sqlite_url(file: Path) -> str:
    """The SQLAlchemy URL of a SQLite file."""
    return f"sqlite+aiosqlite:///{file}"


@dataclass(frozen=True, slots=True)
class SqliteTemplate:
    """A migrated file without rows, to copy."""

    file: Path

    @classmethod
    def make(cls, folder: Path) -> SqliteTemplate:
        """Must not be called where an event loop runs, since `vss migrate` starts one."""
        file = folder / "template.db"
        migrate(sqlite_url(file), folder)
        beside = [path.name for path in folder.glob("template.db-*")]
        assert not beside, f"the migration left its database open: {beside}"
        return cls(file)

    def copy(self, folder: Path) -> str:
        """The URL of a new database in `folder`."""
        file = folder / "vss.db"
        shutil.copyfile(self.file, file)
        return sqlite_url(file)


@dataclass(frozen=True, slots=True)
class ServerDatabase:
    """One migrated database on a server, emptied for each test: making the tables anew takes far longer."""

    url: str
    tables: tuple[str, ...]

    @classmethod
    async def create(cls, server: DatabaseServer) -> str:
        """Makes the empty database; returns its URL for the migration."""
        # The collation is one that no table names: a column that forgets its own is found out by its tests.
        statement = f"CREATE DATABASE {_DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
        await _execute(server.url(""), [statement])
        return server.url(_DATABASE)

    @classmethod
    async def find(cls, url: str) -> ServerDatabase:
        """After the migration: which tables there are to empty."""
        engine = create_async_engine(url, poolclass=NullPool)
        async with engine.connect() as connection:
            rows = await connection.execute(
                text("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
            )
            names = {str(row[0]) for row in rows}
        await engine.dispose()
        return cls(url, tuple(sorted(names - {"alembic_version"})))

    async def empty(self) -> None:
        """Removes every row of every table."""
        deletes = [f"DELETE FROM `{table}`" for table in self.tables]  # noqa: S608 - names from the server
        await _execute(self.url, ["SET foreign_key_checks = 0", *deletes])


async def _execute(url: str, statements: list[str]) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()
