"""`kill -9` of everything that `vss up` runs, and of itself, with somebody in the middle of an upload."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import psutil
import pytest
import pytest_asyncio

from tests.addresses import Addresses
from tests.databases import sqlite_url
from tests.faults import Observations
from tests.installation import Installation
from tests.product import Product
from tests.visitor import Seen, visiting

pytestmark = [pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]

VICTIMS = ("storage", "auth", "fs", "upload", "stream", "vss")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    product = Product(tmp_path_factory.mktemp("faults"))
    try:
        await asyncio.to_thread(product.start)
        yield product
    finally:
        await asyncio.to_thread(product.kill)


def installation_of(product: Product) -> Installation:
    base = product.base
    return Installation(
        addresses=Addresses(
            auth_port=base + 1, fs_port=base + 2, upload_port=base + 3, stream_port=base + 4, s3_port=base + 333
        ),
        database_url=sqlite_url(product.data / "vss.db"),
        client_secrets={
            name: (product.data / "secrets" / f"{name}_client_secret").read_text().strip()
            for name in ("upload", "stream")
        },
    )


@pytest.mark.parametrize("victim", VICTIMS)
async def test_what_is_killed_is_back_and_nothing_is_lost(
    product: Product, observations: Observations, victim: str
) -> None:
    seen = Seen()
    async with visiting(installation_of(product)) as visitor:
        if victim == "vss":
            await asyncio.to_thread(product.crash)
            await asyncio.to_thread(product.start)
        else:
            processes = product.processes()
            processes[victim].kill()
            await asyncio.to_thread(psutil.wait_procs, [processes[victim]], 10)
        await visitor.heal(seen)
        await visitor.finish()
    observations.add(f"{victim}-killed-under-vss", slowest_answer=None, healed_after=seen.healed_after)
