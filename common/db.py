"""The database: one engine per process, column types, and transactions as both engines want them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from datetime import UTC, datetime
from functools import cache
from threading import Thread
from typing import Any, cast
from weakref import WeakSet

import aiosqlite
from sqlalchemy import (
    BigInteger,
    CursorResult,
    DateTime,
    Dialect,
    Executable,
    FromClause,
    Integer,
    Result,
    Row,
    Select,
    String,
    Text,
    event,
    inspect,
    text,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import TypeDecorator, TypeEngine

from common.errors import Unavailable
from common.languages import N_

logger = logging.getLogger(__name__)

POOL_SIZE = 8
ACQUIRE_TIMEOUT_SECONDS = 5
# Of one use of the database, all of it: a server that hangs, or a network that swallows packets, says nothing at all.
TIME_LIMIT_SECONDS = 10
# MySQL closes idle connections after wait_timeout (8 h by default, minutes on some managed ones).
RECYCLE_SECONDS = 240
SQLITE_BUSY_TIMEOUT_MS = 5000
THREAD_END_SECONDS = 2
# Of one statement, one after the other.
DEADLOCKS_AT_MOST = 5
# MySQL's ER_LOCK_DEADLOCK.
_DEADLOCK = 1213

AnyRow = Row[*tuple[Any, ...]]


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant with microseconds: DATETIME(6) on MySQL, sortable text on SQLite."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """MySQL's DATETIME has no fraction unless it is asked for."""
        return dialect.type_descriptor(mysql.DATETIME(fsp=6) if dialect.name in ("mysql", "mariadb") else DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Stored without zone, in UTC; a naive value is a programming error."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant must be aware")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def binary_text(length: int) -> TypeEngine[str]:
    """Text compared byte by byte: ids, states, hashes, tokens. (MySQL's default compares case-insensitively.)"""
    return String(length).with_variant(mysql.VARCHAR(length, collation="utf8mb4_bin"), "mysql", "mariadb")


def human_text(length: int) -> TypeEngine[str]:
    return String(length).with_variant(mysql.VARCHAR(length, collation="utf8mb4_unicode_ci"), "mysql", "mariadb")


def long_text() -> TypeEngine[str]:
    """Text of up to 16 MiB, compared byte by byte."""
    return Text().with_variant(mysql.MEDIUMTEXT(collation="utf8mb4_bin"), "mysql", "mariadb")


def identifier() -> TypeEngine[str]:
    """A column for `common.ids.new_id`."""
    return binary_text(32)


def size_in_bytes() -> TypeEngine[int]:
    """A count of bytes: 64 bits."""
    return BigInteger().with_variant(Integer(), "sqlite")


class Database:
    """An engine with the two ways to use it: `read` and `write`.

    Both raise `Unavailable` when the database does not answer, or takes longer for the whole of it than
    `time_limit_seconds` (None: as long as it takes); constraint violations pass through.
    """

    def __init__(self, url: str, *, time_limit_seconds: float | None = TIME_LIMIT_SECONDS) -> None:
        self._time_limit_seconds = time_limit_seconds
        # aiosqlite has a thread for each connection.
        self._threads: WeakSet[Thread] = WeakSet()
        self._engine = _create_engine(url, self._threads)
        # SQLite has one writer at a time, and who waits for it there waits without a turn: of many, some would wait
        # until they give up, each with a connection that readers need. So they wait here, in the order of their coming.
        self._turn = asyncio.Lock() if self._engine.dialect.name == "sqlite" else nullcontext()
        # SQLAlchemy wraps most of what a driver raises, but not what goes wrong while a connection is prepared.
        raw = self._engine.dialect.loaded_dbapi.OperationalError
        self._outages = (OperationalError, InterfaceError, PoolTimeout, TimeoutError, raw)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection in autocommit: each statement sees what is committed."""
        with _Translated(self._outages):
            async with asyncio.timeout(self._time_limit_seconds), self._engine.connect() as connection:
                if connection.dialect.name != "sqlite":
                    await connection.execution_options(isolation_level="AUTOCOMMIT")
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end, rolled back on any exception."""
        with _Translated(self._outages):
            async with asyncio.timeout(self._time_limit_seconds), self._turn, self._engine.connect() as connection:
                await connection.execution_options(vss_writes=True)
                async with connection.begin():
                    yield connection

    async def rows(self, query: Executable) -> Sequence[AnyRow]:
        """All that one query finds."""
        async with self.read() as connection:
            return (await connection.execute(query)).all()

    async def row(self, query: Executable) -> AnyRow | None:
        """The row that one query finds, if any; there are never more."""
        async with self.read() as connection:
            return (await connection.execute(query)).one_or_none()

    async def change(self, statement: Executable) -> int:
        """One statement as a transaction; how many rows it matched.

        Where it was the victim of a deadlock, nothing was done, and it is tried again.
        """
        for _ in range(DEADLOCKS_AT_MOST):
            with suppress(_Deadlock):
                return await self._change(statement)
        return await self._change(statement)

    async def _change(self, statement: Executable) -> int:
        async with self.write() as connection:
            return rows_changed(await connection.execute(statement))

    async def add(self, statement: Executable) -> bool:
        """One INSERT as a transaction; False when a constraint forbids it."""
        try:
            await self.change(statement)
        except IntegrityError:
            return False
        return True

    async def ping(self) -> None:
        """Returns when the database answers; raises `Unavailable` otherwise."""
        await self.row(text("SELECT 1"))

    async def schema(self) -> str:
        """The revision of the newest migration applied; empty before the first. Raises `Unavailable`."""
        async with self.read() as connection:
            if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
                return ""
            return await connection.scalar(text("SELECT version_num FROM alembic_version")) or ""

    def connections_in_use(self) -> int:
        """How many connections of the pool somebody uses now."""
        return cast("QueuePool", self._engine.pool).checkedout()

    async def close(self) -> None:
        await self._engine.dispose()
        # A query that was cancelled goes on in its thread, and tells a loop that must still be there when it ends.
        for thread in [thread for thread in self._threads if thread.is_alive()]:
            await asyncio.to_thread(thread.join, THREAD_END_SECONDS)


class Queries:
    """The base of stores, and of parts of them."""

    def __init__(self, database: Database) -> None:
        self._database = database


@asynccontextmanager
async def open_database(url: str, *, time_limit_seconds: float | None = TIME_LIMIT_SECONDS) -> AsyncIterator[Database]:
    """The database at `url`, closed at the end."""
    database = Database(url, time_limit_seconds=time_limit_seconds)
    try:
        yield database
    finally:
        await database.close()


def read_in_order(query: Select[Any], table: FromClause, index: str) -> Select[Any]:
    """The query, reading `table` by that index, from the place where a page begins until its end.

    MySQL and MariaDB left to themselves hold a range for dearer than reading the table as soon as it is more than about
    a tenth of it, and then read all that lies before the page. SQLite needs no telling.
    """
    for dialect in ("mysql", "mariadb"):
        query = query.with_hint(table, f"FORCE INDEX ({index})", dialect)
    return query


def rows_changed(result: Result[Any]) -> int:
    """How many rows an UPDATE or DELETE matched. (Matched, not changed: the WHERE must hold the old state.)"""
    return cast("CursorResult[Any]", result).rowcount


class _Deadlock(Unavailable):
    """Two transactions wait for one another; the server has undone this one, and the other has gone on."""


class _Translated:
    """Turns an outage of the database into `Unavailable`; a plain class because contextlib costs per query."""

    def __init__(self, outages: tuple[type[BaseException], ...]) -> None:
        self._outages = outages

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: object) -> None:
        if isinstance(exc, self._outages) or (isinstance(exc, DBAPIError) and exc.connection_invalidated):
            cause = getattr(exc, "orig", None) or exc
            logger.warning("database failed", extra={"reason": (str(cause) or type(exc).__name__)[:200]})
            unavailable = _Deadlock if cause.args[:1] == (_DEADLOCK,) else Unavailable
            raise unavailable(
                N_("The database isn’t responding. Nothing is lost. Try again in a few seconds.")
            ) from exc


def _create_engine(url: str, threads: WeakSet[Thread]) -> AsyncEngine:
    if make_url(url).get_backend_name() == "sqlite":

        async def connect(*arguments: Any, **options: Any) -> aiosqlite.Connection:
            connection = aiosqlite.connect(*arguments, **options)
            # Who is cancelled while closing closes twice, and the second would wait for a thread that has ended.
            connection.stop = cache(connection.stop)  # type: ignore[method-assign]
            thread = connection._thread  # noqa: SLF001 - aiosqlite has no other way to wait for it
            thread.daemon = True
            # Before it is connected: connecting can be cancelled, and then nobody else knows of the thread.
            threads.add(thread)
            return await connection

        engine = create_async_engine(
            url,
            pool_size=POOL_SIZE,
            max_overflow=0,
            pool_timeout=ACQUIRE_TIMEOUT_SECONDS,
            connect_args={"async_creator_fn": connect},
        )
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    return create_async_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=ACQUIRE_TIMEOUT_SECONDS,
        pool_recycle=RECYCLE_SECONDS,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        connect_args={
            "async_creator_fn": _connect_to_server,
            "connect_timeout": 5,
            "charset": "utf8mb4",
            "init_command": "SET time_zone = '+00:00'",
        },
    )


async def _connect_to_server(**options: Any) -> Any:
    # Where SQLite is the database, nobody pays for it.
    import asyncmy  # noqa: PLC0415

    try:
        return await asyncmy.connect(**options)
    except RuntimeError as exc:
        # asyncmy looks at the socket of a connection that the server has closed already, as a full one does.
        raise asyncmy.OperationalError("the server has closed the connection") from exc


def _prepare_sqlite(connection: DBAPIConnection, record: object) -> None:
    # The driver's own BEGINs would start as readers and fail at the first write; ours come from _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        f"busy_timeout = {SQLITE_BUSY_TIMEOUT_MS}",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    # A reader stays in autocommit. A writer takes the lock at once: read-then-write under plain BEGIN fails with
    # SQLITE_BUSY at the upgrade, whatever the timeout.
    if connection.get_execution_options().get("vss_writes"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
