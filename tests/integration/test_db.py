"""The database as every store uses it: transactions, column types and outages, on both engines."""

from __future__ import annotations

import asyncio
import multiprocessing
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import Column, Integer, MetaData, Table, Update, insert, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, StatementError

from common.db import (
    POOL_SIZE,
    Database,
    Instant,
    binary_text,
    human_text,
    long_text,
    open_database,
    rows_changed,
    size_in_bytes,
)
from common.errors import Unavailable
from tests.databases import sqlite_url as url_of_file
from tests.tcp_proxy import TcpProxy, tcp_proxy
from tests.waiting import eventually

METADATA = MetaData()
TABLE = Table(
    "test_db",
    METADATA,
    Column("id", binary_text(64), primary_key=True),
    Column("title", human_text(200), nullable=True),
    Column("content", long_text(), nullable=True),
    Column("size", size_in_bytes(), nullable=True),
    Column("at", Instant(), nullable=True),
    Column("count", Integer(), nullable=True),
)
PROCESSES = 4
TURNS = 50


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """With a table of these tests' own."""
    async with open_database(database_url) as database:
        async with database.write() as connection:
            await connection.run_sync(METADATA.create_all)
        yield database
        async with database.write() as connection:
            await connection.run_sync(METADATA.drop_all)


async def test_closing_leaves_no_thread_wherever_a_call_was_cancelled(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    for steps in range(30):
        async with open_database(url_of_file(tmp_path / "test.sqlite")) as database:
            ping = asyncio.create_task(database.ping())
            for _ in range(steps):
                await asyncio.sleep(0)
            ping.cancel()
            await asyncio.wait([ping])
        # asyncio's own, which runs what would block, stays.
        left = {thread.name for thread in set(threading.enumerate()) - before if not thread.name.startswith("asyncio")}
        assert not left, f"cancelled after {steps} steps"


async def test_a_statement_that_is_the_victim_of_a_deadlock_is_tried_again(mariadb_url: str) -> None:
    def counted(*ids: str, by: int) -> Update:
        return update(TABLE).where(TABLE.c.id.in_(ids)).values(count=TABLE.c.count + by)

    async with open_database(mariadb_url) as database:

        async def is_locked_out() -> bool:
            [(_, count)] = await database.rows(text("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'"))
            return int(count) > 0

        async with database.write() as connection:
            await connection.run_sync(METADATA.create_all)
        try:
            await database.change(insert(TABLE).values([{"id": one, "count": 0} for one in "12"]))
            async with database.write() as connection:
                # Who has changed more is let go on.
                await connection.execute(insert(TABLE).values([{"id": f"more {n}"} for n in range(50)]))
                await connection.execute(counted("2", by=10))
                both = asyncio.create_task(database.change(counted("1", "2", by=1)))
                await eventually(is_locked_out, what="it has the first row and waits for the second")
                await connection.execute(counted("1", by=10))
            assert await both == 2
            counts = select(TABLE.c.count).where(TABLE.c.count > 0)
            assert [tuple(row) for row in await database.rows(counts)] == [(11,), (11,)]
        finally:
            async with database.write() as connection:
                await connection.run_sync(METADATA.drop_all)


async def test_a_call_that_is_cancelled_twice_leaves_no_task(tmp_path: Path) -> None:
    """Its connection is being closed the second time: by the deadline of a call, say, and then the process ends."""
    slow = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT max(i) FROM n")
    for steps in range(10):
        async with open_database(url_of_file(tmp_path / "test.sqlite")) as database:
            await database.ping()
            call = asyncio.create_task(database.row(slow))
            for _ in range(5):
                await asyncio.sleep(0)
            call.cancel()
            for _ in range(steps):
                await asyncio.sleep(0)
            call.cancel()
            await asyncio.wait([call])
            left = asyncio.all_tasks() - {asyncio.current_task()}
            if left:
                await asyncio.wait(left, timeout=20)
            assert all(task.done() for task in left), f"cancelled again after {steps} steps"


async def add(database: Database, **values: object) -> None:
    async with database.write() as connection:
        await connection.execute(insert(TABLE).values(**values))


async def column(database: Database, name: str) -> list[object]:
    async with database.read() as connection:
        return list((await connection.execute(select(TABLE.c[name]).order_by(TABLE.c.id))).scalars())


async def test_a_transaction_is_kept_whole_or_not_at_all(database: Database) -> None:
    await add(database, id="kept")

    async def fail_in_the_middle() -> None:
        async with database.write() as connection:
            await connection.execute(insert(TABLE).values(id="lost"))
            await connection.execute(update(TABLE).values(title="lost"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail_in_the_middle()
    assert await column(database, "id") == ["kept"]
    assert await column(database, "title") == [None]


async def test_a_transaction_is_not_seen_before_its_end(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(TABLE).values(id="a"))
        assert await column(database, "id") == []
    assert await column(database, "id") == ["a"]


async def test_reading_sees_what_was_committed_meanwhile(database: Database) -> None:
    async with database.read() as connection:
        assert (await connection.execute(select(TABLE))).all() == []
        await add(database, id="a")
        assert len((await connection.execute(select(TABLE))).all()) == 1


async def test_a_broken_constraint_is_no_outage(database: Database) -> None:
    await add(database, id="a")
    with pytest.raises(IntegrityError):
        await add(database, id="a")


async def test_rows_that_match_are_counted_even_when_nothing_changes(database: Database) -> None:
    await add(database, id="a", count=1)
    for where, expected in ((TABLE.c.count == 1, 1), (TABLE.c.count == 2, 0)):
        async with database.write() as connection:
            assert rows_changed(await connection.execute(update(TABLE).where(where).values(count=1))) == expected


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 3, 1, 12, 0, 0, 999_999, tzinfo=UTC),
        datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        # In the hour that summer time leaves out, where there is one.
        datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=1))),
        datetime(2026, 3, 1, 0, 30, 0, 5, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    ],
)
async def test_an_instant_comes_back_to_the_microsecond_in_utc(database: Database, instant: datetime) -> None:
    await add(database, id="a", at=instant)
    (found,) = await column(database, "at")
    assert found == instant
    assert isinstance(found, datetime)
    assert found.tzinfo is UTC
    async with database.read() as connection:
        for where, expected in ((TABLE.c.at == instant, 1), (TABLE.c.at > instant, 0), (TABLE.c.at < instant, 0)):
            assert len((await connection.execute(select(TABLE).where(where))).all()) == expected


async def test_instants_sort_by_time(database: Database) -> None:
    start = datetime(2026, 3, 1, 11, 59, 59, 999_999, tzinfo=UTC)
    instants = [start + timedelta(microseconds=step) for step in (0, 1, 2, 100_000, 10**6)]
    for number, instant in enumerate(reversed(instants)):
        await add(database, id=str(number), at=instant)
    async with database.read() as connection:
        assert list((await connection.execute(select(TABLE.c.at).order_by(TABLE.c.at))).scalars()) == instants


async def test_a_time_of_nowhere_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="aware"):
        await add(database, id="a", at=datetime(2026, 3, 1, 12))  # noqa: DTZ001 - that is the fault
    await add(database, id="a", at=None)
    assert await column(database, "at") == [None]


async def test_ids_compare_by_their_bytes(database: Database) -> None:
    different = ["a", "A", "ä", "Ä", "a\u0308", "ß", "ss", "\U0001f600", "\U0001f601"]
    for name in different:
        await add(database, id=name, title=name)
    for name in different:
        async with database.read() as connection:
            assert list((await connection.execute(select(TABLE.c.id).where(TABLE.c.id == name))).scalars()) == [name]
            assert list((await connection.execute(select(TABLE.c.id).where(TABLE.c.id.in_([name])))).scalars()) == [
                name
            ]
            # In the order of their code points, on which cursors rely.
            assert list((await connection.execute(select(TABLE.c.id).order_by(TABLE.c.id))).scalars()) == sorted(
                different
            )


async def test_what_people_write_comes_back_as_it_was(database: Database) -> None:
    title = "Zoë’s \U0001f3ac film: 100% \\ 'done' \"ok\" ; -- \u0645"
    content = "é" * 100_000
    await add(database, id="a", title=title, content=content, size=2**62)
    assert await column(database, "title") == [title]
    assert await column(database, "content") == [content]
    assert await column(database, "size") == [2**62]


async def _count_up(url: str) -> None:
    """Read, then write, many times over, as every compare-and-set does."""
    async with open_database(url) as database:
        for _ in range(TURNS):
            async with database.write() as connection:
                count = (await connection.execute(select(TABLE.c.count).with_for_update())).scalar_one()
                await asyncio.sleep(0)
                await connection.execute(update(TABLE).values(count=count + 1))


def _count_up_in_process(url: str) -> None:
    asyncio.run(_count_up(url))


@pytest.mark.long
async def test_four_processes_that_read_then_write_lose_nothing_and_never_fail(
    database: Database, database_url: str
) -> None:
    await add(database, id="a", count=0)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_count_up_in_process, args=(database_url,)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        await asyncio.to_thread(process.join)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    assert await column(database, "count") == [PROCESSES * TURNS]


async def test_many_tasks_of_one_process_wait_for_each_other(database: Database) -> None:
    await add(database, id="a", count=0)

    async def count_up() -> None:
        async with database.write() as connection:
            count = (await connection.execute(select(TABLE.c.count).with_for_update())).scalar_one()
            await connection.execute(update(TABLE).values(count=count + 1))

    await asyncio.gather(*(count_up() for _ in range(POOL_SIZE * 5)))
    assert await column(database, "count") == [POOL_SIZE * 5]


async def test_on_sqlite_a_writer_takes_the_lock_at_once_and_readers_go_on(sqlite_url: str) -> None:
    file = make_url(sqlite_url).database
    assert file is not None
    async with open_database(sqlite_url) as database:
        with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as other:
            async with database.write():
                # Before anything was written.
                with pytest.raises(sqlite3.OperationalError, match="locked"):
                    other.execute("BEGIN IMMEDIATE")
                other.execute("SELECT count(*) FROM accounts")
            other.execute("BEGIN IMMEDIATE")
            # A reader takes no lock, however long it stays.
            async with database.read() as connection:
                await connection.execute(text("SELECT count(*) FROM accounts"))
            other.execute("ROLLBACK")


async def test_on_sqlite_writers_wait_in_turn_and_hold_no_connection(sqlite_url: str) -> None:
    async with open_database(sqlite_url) as database:
        order: list[int] = []

        async def write(number: int) -> None:
            async with database.write():
                order.append(number)

        async with database.write():
            waiting = [asyncio.create_task(write(number)) for number in range(POOL_SIZE * 3)]
            # Readers have what they need, however many wait to write.
            for _ in range(POOL_SIZE):
                await database.ping()
            assert (database.connections_in_use(), order) == (1, [])
        await asyncio.gather(*waiting)
        assert order == list(range(POOL_SIZE * 3))


async def test_on_sqlite_commits_are_durable_and_references_hold(sqlite_url: str) -> None:
    async with open_database(sqlite_url) as database, database.read() as connection:
        found = {}
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout"):
            found[name] = (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


async def test_on_a_server_time_is_utc_and_a_writer_sees_what_is_committed_meanwhile(mariadb_url: str) -> None:
    count = text("SELECT count(*) FROM test_db")
    async with open_database(mariadb_url) as database:
        async with database.read() as connection:
            assert (await connection.execute(text("SELECT @@session.time_zone"))).scalar_one() == "+00:00"
        async with database.write() as connection:
            await connection.run_sync(METADATA.create_all)
        async with database.write() as connection:
            assert (await connection.execute(count)).scalar_one() == 0
            await add(database, id="a")
            assert (await connection.execute(count)).scalar_one() == 1
        async with database.write() as connection:
            await connection.run_sync(METADATA.drop_all)


@asynccontextmanager
async def reached(server_url: str, port: int) -> AsyncIterator[Database]:
    """The server's database by way of another port."""
    url = make_url(server_url).set(port=port).render_as_string(hide_password=False)
    async with open_database(url) as database:
        yield database


async def _write_while(database: Database, proxy: TcpProxy) -> None:
    async with database.write() as connection:
        await connection.execute(text("SELECT 1"))
        await proxy.go_away()
        await connection.execute(text("SELECT 1"))


async def test_a_server_that_goes_away_is_unavailable_until_it_is_back(mariadb_url: str) -> None:
    server = make_url(mariadb_url)
    assert server.host is not None
    assert server.port is not None
    async with tcp_proxy(server.host, server.port) as proxy, reached(mariadb_url, proxy.port) as database:
        await database.ping()
        await proxy.go_away()
        for _ in range(2):
            with pytest.raises(Unavailable):
                await database.ping()
        await proxy.come_back()
        await database.ping()
        # In the middle of a transaction, too.
        with pytest.raises(Unavailable):
            await _write_while(database, proxy)
        await proxy.come_back()
        await database.ping()


async def test_a_server_that_was_never_there_is_unavailable(mariadb_url: str, unused_tcp_port: int) -> None:
    async with reached(mariadb_url, unused_tcp_port) as database:
        with pytest.raises(Unavailable) as unavailable:
            await database.ping()
    assert int(unavailable.value.headers["Retry-After"]) >= 1


async def test_a_file_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    async with open_database(url_of_file(tmp_path / "absent" / "vss.db")) as database:
        with pytest.raises(Unavailable):
            await database.ping()


async def test_a_full_disk_is_unavailable_and_what_was_there_stays(sqlite_url: str) -> None:
    async with open_database(sqlite_url) as database:
        async with database.write() as connection:
            await connection.run_sync(METADATA.create_all)
        await add(database, id="before")
        # The one connection that this database has opened so far: SQLite's own way to have no more room.
        async with database.read() as connection:
            await connection.execute(text("PRAGMA max_page_count = 1"))
        with pytest.raises(Unavailable):
            await add(database, id="lost", content="x" * 1_000_000)
        async with database.read() as connection:
            await connection.execute(text("PRAGMA max_page_count = 1000000"))
        await add(database, id="later", content="x" * 1_000_000)
        assert await column(database, "id") == ["before", "later"]


async def test_a_database_that_only_reads_is_unavailable_to_writers(sqlite_url: str) -> None:
    async with open_database(sqlite_url) as database:
        async with database.read() as connection:
            await connection.execute(text("PRAGMA query_only = ON"))
        with pytest.raises(Unavailable):
            async with database.write() as connection:
                await connection.execute(text("DELETE FROM accounts"))


async def test_what_takes_too_long_is_given_up_and_its_connection_with_it(database_url: str) -> None:
    async def reserve(database: Database) -> None:
        async with database.write() as connection:
            await connection.execute(text("INSERT INTO storage_usage (owner_id, reserved, stored) VALUES ('a', 1, 1)"))

    async with open_database(database_url) as patient, open_database(database_url, time_limit_seconds=2) as database:
        async with patient.write() as connection:
            await connection.execute(text("INSERT INTO storage_usage (owner_id, reserved, stored) VALUES ('a', 0, 0)"))
            # The same row, which waits for that transaction; in as many connections as there are.
            given_up = await asyncio.gather(*(reserve(database) for _ in range(POOL_SIZE)), return_exceptions=True)
            assert {type(failure) for failure in given_up} == {Unavailable}
            await connection.execute(text("DELETE FROM storage_usage"))
        await reserve(database)


async def test_a_refused_password_is_in_no_message(mariadb_url: str, caplog: pytest.LogCaptureFixture) -> None:
    url = make_url(mariadb_url).set(password="wrong-secret").render_as_string(hide_password=False)
    async with open_database(url) as database:
        with pytest.raises(Unavailable) as unavailable:
            await database.ping()
    assert "wrong-secret" not in f"{unavailable.value.detail} {unavailable.value.__cause__} {caplog.text}"
