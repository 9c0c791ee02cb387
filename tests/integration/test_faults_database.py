"""The database goes away, in every way that one does, while all four services are at work."""

from __future__ import annotations

import asyncio
import resource
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests import mariadb as mariadb_server
from tests.addresses import Addresses
from tests.faults import Observations, away
from tests.installation import Controlled, running_installation
from tests.mariadb import DatabaseServer
from tests.visitor import Need, Seen, visiting
from vss.bucket import Bucket as StorageBucket
from vss.migrate import migrate

pytestmark = [pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]

DATABASE = "vss"
# The account of the services, which may not write to a server that only reads.
SERVICES = "services"
TABLES = ("accounts", "sessions", "objects", "videos")

Run = Callable[[str], Awaitable[list[tuple[Any, ...]]]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseServer]:
    """A server of this module's own, which keeps what it has committed."""
    with mariadb_server.run_server(is_durable=True) as server:
        asyncio.run(_make_database(server))
        migrate(server.url(DATABASE), tmp_path_factory.mktemp("migration"))
        yield server


async def _make_database(server: DatabaseServer) -> None:
    async with administrator(server) as run:
        await run(f"CREATE DATABASE {DATABASE}")
        await run(f"CREATE USER '{SERVICES}'@'127.0.0.1' IDENTIFIED BY '{server.password}'")
        await run(f"GRANT ALL PRIVILEGES ON {DATABASE}.* TO '{SERVICES}'@'127.0.0.1'")


@asynccontextmanager
async def administrator(server: DatabaseServer) -> AsyncIterator[Run]:
    """One connection: what it locks stays locked until the context ends."""
    engine = create_async_engine(server.url(""), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:

        async def run(statement: str) -> list[tuple[Any, ...]]:
            result = await connection.execute(text(statement))
            return [tuple(row) for row in result.all()] if result.returns_rows else []

        yield run
    await engine.dispose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def on_mariadb(
    server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory, seaweedfs: StorageBucket, addresses: Addresses
) -> AsyncIterator[Controlled]:
    folder = tmp_path_factory.mktemp("mariadb-installation")
    url = server.url(DATABASE, username=SERVICES)
    own = replace(Addresses.choose(), s3_port=addresses.s3_port)
    async with running_installation(folder, url, seaweedfs, own) as place:
        yield place


def hanging(server: DatabaseServer) -> AbstractAsyncContextManager[None]:
    return away(lambda: server.send_signal(signal.SIGSTOP), lambda: server.send_signal(signal.SIGCONT))


@asynccontextmanager
async def locked_tables(server: DatabaseServer) -> AsyncIterator[None]:
    async with administrator(server) as run:
        await run("LOCK TABLES " + ", ".join(f"{DATABASE}.{table} WRITE" for table in TABLES))
        yield


@asynccontextmanager
async def cut(server: DatabaseServer) -> AsyncIterator[None]:
    """Statements wait for a lock, and lose their connections while they do."""

    async def keep_cutting(run: Run) -> None:
        while True:
            await cut_all(run)
            await asyncio.sleep(0.2)

    async with locked_tables(server), administrator(server) as run:
        cutting = asyncio.create_task(keep_cutting(run))
        try:
            yield
        finally:
            cutting.cancel()
            await asyncio.gather(cutting, return_exceptions=True)


async def cut_all(run: Run) -> None:
    for process_id, user in await run("SELECT id, user FROM information_schema.processlist"):
        if user != SERVICES:
            continue
        # It may be gone by itself.
        with suppress(OperationalError):
            await run(f"KILL CONNECTION {process_id}")


@asynccontextmanager
async def without_connections(server: DatabaseServer) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        runs = [await stack.enter_async_context(administrator(server)) for _ in range(12)]
        await runs[0]("SET GLOBAL max_connections = 10")
        await cut_all(runs[0])
        try:
            yield
        finally:
            await runs[0]("SET GLOBAL max_connections = 151")


@asynccontextmanager
async def read_only(server: DatabaseServer) -> AsyncIterator[None]:
    async with administrator(server) as run:
        await run("SET GLOBAL read_only = 1")
        try:
            yield
        finally:
            await run("SET GLOBAL read_only = 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way in which the server goes away."""

    fault: str
    happens: Callable[[DatabaseServer], AbstractAsyncContextManager[None]]
    missing: Need = "database"
    # Whether /readyz can tell.
    is_told: bool = True


WAYS = [
    Way(fault="mariadb-killed", happens=lambda server: away(server.kill, server.start)),
    Way(fault="mariadb-stopped", happens=lambda server: away(server.stop, server.start)),
    Way(fault="mariadb-hangs", happens=hanging),
    Way(fault="mariadb-cut", happens=cut, is_told=False),
    Way(fault="mariadb-pool-exhausted", happens=locked_tables, is_told=False),
    Way(fault="mariadb-connections-exhausted", happens=without_connections),
    Way(fault="mariadb-read-only", happens=read_only, missing="writing", is_told=False),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.fault)
async def test_a_server_that_is_away_is_said_in_time_and_nothing_is_lost(
    on_mariadb: Controlled, server: DatabaseServer, observations: Observations, way: Way
) -> None:
    seen = Seen()
    async with visiting(on_mariadb) as visitor:
        async with way.happens(server):
            await visitor.ask(way.missing, seen=seen)
            if way.is_told:
                assert set((await on_mariadb.readiness()).values()) == {503}
        await visitor.heal(seen)
        await visitor.finish()
    observations.add(way.fault, slowest_answer=seen.slowest_answer, healed_after=seen.healed_after)


@asynccontextmanager
async def locked_file(place: Controlled) -> AsyncIterator[None]:
    file = make_url(place.database_url).database
    assert file is not None
    with closing(sqlite3.connect(Path(file), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def full_disk(place: Controlled) -> AbstractAsyncContextManager[None]:
    """No process of the installation may make any file longer, or write to one at all."""
    before: dict[int, int] = {}

    def go() -> None:
        before.update({process.pid: _limit_files(process.pid, 0) for process in place.processes.values()})

    return away(go, lambda: [_limit_files(pid, limit) for pid, limit in before.items()])


def _limit_files(pid: int, size: int) -> int:
    if sys.platform != "linux":
        pytest.skip("only Linux changes the limits of a process from outside")
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
    return soft


@pytest.mark.parametrize(
    ("fault", "happens"), [("sqlite-locked", locked_file), ("sqlite-disk-full", full_disk)], ids=["locked", "full"]
)
async def test_a_file_that_takes_no_writes_is_read_and_nothing_is_lost(
    installation: Controlled,
    observations: Observations,
    fault: str,
    happens: Callable[[Controlled], AbstractAsyncContextManager[None]],
) -> None:
    seen = Seen()
    async with visiting(installation) as visitor:
        async with happens(installation):
            await visitor.ask("writing", seen=seen)
            assert set((await installation.readiness()).values()) == {200}
        await visitor.heal(seen)
        await visitor.finish()
    observations.add(fault, slowest_answer=seen.slowest_answer, healed_after=seen.healed_after)
