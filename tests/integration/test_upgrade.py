"""What people have is taken over: rows of the first release by every later revision, and tables that were cut off."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, DateTime, MetaData, insert, inspect, select, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from common.clock import utc_now
from common.db import open_database
from common.idempotency import Claim, CreateRequest, IdempotencyKeys
from tests.databases import sqlite_url
from tests.mariadb import DatabaseServer
from upload_svc.models import CreateUpload
from upload_svc.tables import idempotency_keys
from vss.migrate import FIRST_RELEASE, SCRIPTS, migrate

# As a `make run` of 2026-11-28 left them: accounts, videos in every state, a key, a link, a position, the audit log.
ROWS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent.parent / "data" / f"revision_{FIRST_RELEASE}.json").read_text(encoding="utf-8")
)
# Made from other columns, and made anew when the rule for them changes.
DERIVED = {"title_key", "search_key"}
# Where rows are now, and what their columns are called, if that has changed.
MOVED = {"answered_creates": "auth_idempotency_keys", "upload_idempotency": "upload_idempotency_keys"}
RENAMED = {"upload_id": "resource_id", "taken_until": "claimed_until", "overfull_at": "excess_at"}


@pytest.fixture(params=["sqlite", "mariadb"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "vss.db")
        return
    server: DatabaseServer = request.getfixturevalue("mariadb")
    run(server.url(""), lambda connection: connection.execute(text("CREATE DATABASE vss_upgrade")))
    yield server.url("vss_upgrade")
    run(server.url(""), lambda connection: connection.execute(text("DROP DATABASE vss_upgrade")))


@pytest.fixture
def first_release(tmp_path: Path) -> Path:
    """The history as it was then."""
    scripts = tmp_path / "scripts"
    shutil.copytree(SCRIPTS, scripts)
    for file in (scripts / "versions").glob("[0-9]*.py"):
        if file.name.partition("_")[0] > FIRST_RELEASE:
            file.unlink()
    return scripts


def run(url: str, work: Any) -> Any:
    async def in_transaction() -> Any:
        engine = create_async_engine(url, poolclass=NullPool)
        async with engine.begin() as connection:
            result = await connection.run_sync(work)
        await engine.dispose()
        return result

    return asyncio.run(in_transaction())


def tables(connection: Connection) -> MetaData:
    metadata = MetaData()
    metadata.reflect(connection)
    return metadata


def put(connection: Connection) -> None:
    for table in tables(connection).sorted_tables:
        instants = {column.name for column in table.c if isinstance(column.type, DateTime)}
        for row in ROWS.get(table.name, []):
            values = {
                name: datetime.fromisoformat(value) if value and name in instants else value
                for name, value in row.items()
            }
            connection.execute(insert(table).values(values))


def contents(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for name, table in tables(connection).tables.items():
        rows = connection.execute(select(table)).mappings()
        found[name] = [{column: str(value) for column, value in row.items() if column not in DERIVED} for row in rows]
    return found


def schema(connection: Connection) -> Any:
    inspector = inspect(connection)
    return {
        name: (
            sorted((column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns(name)),
            sorted((str(index["name"]), index["column_names"]) for index in inspector.get_indexes(name)),
        )
        for name in inspector.get_table_names()
    }


def test_rows_of_the_first_release_are_all_there_after_every_revision_since(
    empty_database: str, first_release: Path, tmp_path: Path
) -> None:
    migrate(empty_database, tmp_path, first_release)
    run(empty_database, put)
    before = run(empty_database, contents)
    assert {name: len(rows) for name, rows in ROWS.items()}.items() <= {
        name: len(rows) for name, rows in before.items()
    }.items()
    migrate(empty_database, tmp_path)
    after = run(empty_database, contents)
    for name in ROWS:
        # What is new has values of its own; what was there has them still.
        names = {column: RENAMED.get(column, column) for column in before[name][0]}
        kept = [{column: row[names[column]] for column in names} for row in after[MOVED.get(name, name)]]
        assert sorted(kept, key=str) == sorted(before[name], key=str), name
    # Of what was public their owners are asked what they meant.
    public = [row for row in ROWS["videos"] if "public" in (row["visibility"], row["hidden_visibility"])]
    asked = {(row["owner_id"], row["video_id"]) for row in after["public_reviews"]}
    assert asked == {(row["owner_id"], row["id"]) for row in public} != set()


def test_a_create_request_from_before_is_answered_as_it_was(
    empty_database: str, first_release: Path, tmp_path: Path
) -> None:
    migrate(empty_database, tmp_path, first_release)
    run(empty_database, put)
    migrate(empty_database, tmp_path)
    row = next(row for row in ROWS["upload_idempotency"] if row["idempotency_key"] == "kFirstfilm")
    told = json.loads(row["answer"])
    said = ("title", "description", "filename", "size", "content_type", "visibility")
    again = CreateRequest(
        account_id=row["account_id"],
        path="/v1/uploads",
        idempotency_key=row["idempotency_key"],
        content=CreateUpload.model_validate_json(json.dumps({name: told[name] for name in said})).model_dump_json(),
    )

    async def make(_: Claim) -> str:
        raise AssertionError("a second upload")

    async def ask() -> str:
        async with open_database(empty_database) as database:
            return await IdempotencyKeys(database, idempotency_keys, clock=utc_now).once(again, make, str)

    assert asyncio.run(ask()) == row["answer"]


@pytest.mark.parametrize("empty_database", ["mariadb"], indirect=True)
def test_a_first_migration_that_was_cut_off_is_taken_up_again(
    empty_database: str, first_release: Path, tmp_path: Path
) -> None:
    """On a server each statement is committed by itself."""
    migrate(empty_database, tmp_path, first_release)
    whole = run(empty_database, schema)

    def cut(connection: Connection) -> None:
        connection.execute(text("DROP TABLE videos"))
        connection.execute(text("DROP INDEX audit_target ON audit"))
        connection.execute(text("UPDATE alembic_version SET version_num = '00009'"))

    run(empty_database, cut)
    migrate(empty_database, tmp_path, first_release)
    assert run(empty_database, schema) == whole
