"""The migrated database is, to the last type and collation, the one that the services' own tables would make."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from auth_svc.tables import METADATA as AUTH
from catalogue.tables import METADATA as CATALOGUE
from fs_svc.store import METADATA as FS
from stream_svc.store import METADATA as STREAM
from tests.databases import sqlite_url
from tests.mariadb import DatabaseServer
from upload_svc.tables import METADATA as UPLOAD
from vss.migrate import SCRIPTS

OWNED = [table for metadata in (AUTH, FS, CATALOGUE, UPLOAD, STREAM) for table in metadata.tables.values()]
Columns = dict[str, dict[str, str]]


@pytest.fixture
async def migrated(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(database_url, poolclass=NullPool)
    yield engine
    await engine.dispose()


@pytest.fixture
async def empty(migrated: AsyncEngine, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[AsyncEngine]:
    """A database of the same kind without tables."""
    if migrated.dialect.name == "sqlite":
        engine = create_async_engine(sqlite_url(tmp_path / "made.db"), poolclass=NullPool)
        yield engine
        await engine.dispose()
        return
    server: DatabaseServer = request.getfixturevalue("mariadb")
    engine = create_async_engine(server.url("vss_made"), poolclass=NullPool)
    async with migrated.connect() as connection:
        # Another collation than that of the migrated one: whoever leaves it to the database is found out.
        await connection.execute(text("CREATE DATABASE vss_made CHARACTER SET utf8mb4 COLLATE utf8mb4_swedish_ci"))
        yield engine
        await connection.execute(text("DROP DATABASE vss_made"))
    await engine.dispose()


def _columns(connection: Connection, tables: list[str]) -> dict[str, Columns]:
    inspector = inspect(connection)
    return {
        table: {
            column["name"]: {
                "type": repr(column["type"]),
                "nullable": str(column["nullable"]),
                "default": str(column["default"]),
            }
            for column in inspector.get_columns(table)
        }
        for table in tables
    }


def _keys(connection: Connection, tables: list[str]) -> dict[str, Any]:
    inspector = inspect(connection)
    return {
        table: (
            inspector.get_pk_constraint(table)["constrained_columns"],
            sorted(
                (str(index["name"]), index["column_names"], index["unique"]) for index in inspector.get_indexes(table)
            ),
            sorted(map(str, inspector.get_unique_constraints(table))),
            sorted(map(str, inspector.get_foreign_keys(table))),
        )
        for table in tables
    }


async def test_the_migrations_make_what_the_services_say(migrated: AsyncEngine, empty: AsyncEngine) -> None:
    tables = sorted(table.name for table in OWNED)
    async with empty.begin() as connection:
        for table in OWNED:
            await connection.run_sync(table.create)
        made = await connection.run_sync(_columns, tables), await connection.run_sync(_keys, tables)
    async with migrated.connect() as connection:
        found = await connection.run_sync(_columns, tables), await connection.run_sync(_keys, tables)
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert found == made
    # And nothing besides.
    assert sorted(names) == sorted([*tables, "alembic_version"])


def test_each_table_is_one_services_own() -> None:
    tables = [table.name for table in OWNED]
    assert len(tables) == len(set(tables))


def test_the_migrations_are_one_line() -> None:
    """Two branches of development that each add a revision merge without a conflict, and no service starts."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1
