"""`vss migrate`: brings the database to the newest schema, under a lock, with a copy put aside first."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vss.data_folder import DataFolder
from vss.errors import BadOption, DatabaseUnusable, MigrationBusy, SchemaUnknown
from vss.options import add_data_option, add_database_option, database_url

if TYPE_CHECKING:
    # SQLAlchemy and Alembic take longer to import than all else here; other commands do without.
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

SCRIPTS = Path(__file__).parent / "migrations"
# Where the history begins: the tables as they were then are one revision each.
FIRST_RELEASE = "0065"
LOCK_WAIT_SECONDS = 60
LOCK_POLL_SECONDS = 0.1


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("migrate", help="update the database to the newest schema")
    add_data_option(parser)
    add_database_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Prints what was applied, and a last line about all of it."""
    os.umask(0o077)
    # What services log is not for a terminal: the one line of a refusal says it all.
    logging.getLogger().addHandler(logging.NullHandler())
    # With a database server there may be no folder to write to.
    url = database_url(arguments) or DataFolder.prepare(arguments.data).database_url
    applied = migrate(url, arguments.data)
    for revision in applied:
        print(f"applied {revision}")
    print(f"{len(applied)} migrations applied" if applied else "up to date")
    return 0


def migrate(database_url: str, data_folder: Path, scripts: Path = SCRIPTS) -> list[str]:
    """Applies what is missing; returns those revisions, oldest first.

    Blocks, and must not be called where an event loop runs. Raises `SchemaUnknown`, `MigrationBusy` and
    `DatabaseUnusable`.
    """
    return asyncio.run(_migrate(database_url, data_folder, scripts))


async def _migrate(database_url: str, data_folder: Path, scripts: Path) -> list[str]:
    from sqlalchemy.engine import make_url  # noqa: PLC0415
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError  # noqa: PLC0415

    from common.db import Database  # noqa: PLC0415
    from common.errors import Unavailable  # noqa: PLC0415

    try:
        url = make_url(database_url)
        # A migration takes the time that it takes.
        database = Database(database_url, time_limit_seconds=None)
    except (ArgumentError, ImportError) as exc:
        raise BadOption(
            f"--database-url (or VSS_DATABASE_URL) cannot be used ({exc}); give one like mysql+asyncmy://user:password@host/vss"
        ) from exc
    is_sqlite = url.get_backend_name() == "sqlite"
    file = Path(url.database) if is_sqlite and url.database else None
    has_content = file is not None and file.exists() and file.stat().st_size > 0
    try:
        with _file_lock(data_folder) if is_sqlite else contextlib.nullcontext():
            async with database.write() as connection:
                if not is_sqlite:
                    await _lock_server(connection)
                # On SQLite all revisions are one transaction. (MySQL commits each DDL by itself.)
                return await connection.run_sync(
                    _upgrade, scripts=scripts, file=file if has_content else None, copies=data_folder / "copies"
                )
    except (Unavailable, SQLAlchemyError, sqlite3.Error) as exc:
        reason = exc.__cause__ if isinstance(exc, Unavailable) else exc
        raise DatabaseUnusable(f"the database cannot be migrated: {getattr(reason, 'orig', None) or reason}") from exc
    finally:
        await database.close()


def _upgrade(connection: Connection, scripts: Path, file: Path | None, copies: Path) -> list[str]:
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    # migrations/env.py takes it from here: the lock and the transaction are ours.
    config.attributes["connection"] = connection
    directory = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_heads()
    known = [script.revision for script in directory.walk_revisions()]
    if unknown := set(current).difference(known):
        raise SchemaUnknown(
            f"the database has revision {', '.join(unknown)}, which this vss does not know. A newer version did it: "
            "install that, or restore the copy made before. (One from before the first release has a number below "
            f"{FIRST_RELEASE}: let the vss of November 2026 migrate it first.)"
        )
    pending = [script.revision for script in directory.iterate_revisions("heads", current or "base")]
    if pending and file:
        _put_aside(file, copies)
    if pending:
        command.upgrade(config, "heads")
    return pending[::-1]


def _put_aside(file: Path, copies: Path) -> None:
    copies.mkdir(mode=0o700, exist_ok=True)
    copy = copies / f"{file.stem}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.db"
    unfinished = copy.with_suffix(".unfinished")
    # SQLite's own backup: a plain copy would miss what is still in the write-ahead log.
    with contextlib.closing(sqlite3.connect(file)) as source, contextlib.closing(sqlite3.connect(unfinished)) as target:
        source.backup(target)
    unfinished.replace(copy)


@contextlib.contextmanager
def _file_lock(data_folder: Path) -> Iterator[None]:
    data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data_folder / "migrate.lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise MigrationBusy(
                        f"another migration of {data_folder} has been running for {LOCK_WAIT_SECONDS} s; "
                        "try again later"
                    ) from None
                time.sleep(LOCK_POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)


async def _lock_server(connection: AsyncConnection) -> None:
    from sqlalchemy import text  # noqa: PLC0415

    # Held by this connection until it closes. The name is the server's, not the schema's.
    statement = text("SELECT GET_LOCK(CONCAT('vss.migrate.', LEFT(SHA2(DATABASE(), 256), 32)), :seconds)")
    if (await connection.execute(statement, {"seconds": LOCK_WAIT_SECONDS})).scalar_one() != 1:
        raise MigrationBusy(f"another migration has been running for {LOCK_WAIT_SECONDS} s; try again later")
