"""Fixtures of the tests that run real processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from tests.addresses import Addresses
from tests.databases import SqliteTemplate
from tests.installation import Controlled, running_installation
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
