"""The migrations make exactly the tables and indexes that the stores use, on both kinds of database."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData
from sqlalchemy.schema import SchemaItem

from auth_svc.tables import METADATA as AUTH
from catalogue.tables import METADATA as CATALOGUE
from common.db import open_database
from fs_svc.store import METADATA as FS
from stream_svc.store import METADATA as STREAM
from upload_svc.store import METADATA as UPLOAD
from vss.migrate import SCRIPTS


@pytest.mark.parametrize(
    "metadata", [AUTH, FS, CATALOGUE, UPLOAD, STREAM], ids=["auth", "fs", "catalogue", "upload", "stream"]
)
async def test_a_service_finds_its_tables_as_it_knows_them(database_url: str, metadata: MetaData) -> None:
    def is_its_own(name: str | None, kind: str, _: object) -> bool:
        return kind != "table" or name in metadata.tables

    def is_compared(item: SchemaItem, name: str | None, kind: str, *_: object) -> bool:
        return is_its_own(name, kind, None)

    def compare(connection: Connection) -> list[Any]:
        opts = {"include_name": is_its_own, "include_object": is_compared, "compare_type": False}
        context = MigrationContext.configure(connection, opts=opts)
        return list(compare_metadata(context, metadata))

    async with open_database(database_url) as database, database.read() as connection:
        assert await connection.run_sync(compare) == []


def test_the_migrations_are_one_line() -> None:
    """Two branches of development that each add a revision merge without a conflict, and no service starts."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1
