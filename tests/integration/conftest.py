"""Fixtures of the tests that run real processes, and of those of upload_svc's rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
import pytest_asyncio

from common.db import open_database
from tests.addresses import Addresses
from tests.databases import SqliteTemplate
from tests.installation import Controlled, running_installation
from tests.stores import Store
from vss.bucket import Bucket as StorageBucket


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def installation(
    _sqlite_template: SqliteTemplate,
    tmp_path_factory: pytest.TempPathFactory,
    seaweedfs: StorageBucket,
    addresses: Addresses,
) -> AsyncIterator[Controlled]:
    """All services on one SQLite file, for the tests of a module (with its loop) one after the other."""
    folder = tmp_path_factory.mktemp("installation")
    url = _sqlite_template.copy(folder)
    own = replace(Addresses.choose(), s3_port=addresses.s3_port)
    async with running_installation(folder, url, seaweedfs, own) as place:
        yield place


@pytest.fixture
async def replicas(database_url: str) -> AsyncIterator[list[Store]]:
    """The stores of three processes: each with connections of its own."""
    async with AsyncExitStack() as stack:
        yield [Store(await stack.enter_async_context(open_database(database_url))) for _ in range(3)]


@pytest.fixture
def store(replicas: list[Store]) -> Store:
    return replicas[0]
