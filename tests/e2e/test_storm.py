"""A hundred films of all sizes while processes are killed, the storage too: all arrive whole, nothing is left over."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import psutil
import pytest
from sqlalchemy import text

from common.clock import utc_now
from common.db import open_database
from fs_svc.reconciling import LEAST_AGE, Reconciling
from fs_svc.store import Store
from tests.e2e.visitor import person
from tests.fs_service import real_bucket
from tests.product import Product, running_product
from tests.waiting import eventually
from vss.data_folder import DataFolder
from vss.seaweedfs import bucket_of

FILMS = 100
MIB = 2**20
# Small ones, some of one part to its last byte, and some of several parts.
SIZES = (1, 1000, 100_000, MIB, 8 * MIB, 8 * MIB + 1, 20 * MIB)
# Less than what makes vss up give a child up.
KILLS_OF_EACH = 3


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    with running_product(tmp_path, UPLOAD_CALLS_PER_MINUTE="100000") as product:
        yield product


def _films(folder: Path, chance: random.Random) -> dict[str, str]:
    """Makes them; the SHA-256 of each by its name."""
    folder.mkdir()
    hashes = {}
    for number in range(FILMS):
        content = chance.randbytes(chance.choice(SIZES) if number >= len(SIZES) else SIZES[number])
        name = f"film {number:03}.mp4"
        (folder / name).write_bytes(content)
        hashes[name] = hashlib.sha256(content).hexdigest()
    return hashes


async def _kill_at_random(product: Product, sending: asyncio.subprocess.Process, chance: random.Random) -> list[str]:
    """Kills one of the processes now and then, each a few times, for as long as it is being sent."""
    left = [name for name in ("auth", "fs", "upload", "storage") for _ in range(KILLS_OF_EACH)]
    chance.shuffle(left)
    killed: list[str] = []
    while left and sending.returncode is None:
        # Not a wait for something: how long it may go well in between.
        await asyncio.sleep(chance.uniform(0.5, 3))
        try:
            product.processes()[left[-1]].kill()
        except (KeyError, AssertionError, psutil.NoSuchProcess):
            # It is just being started again.
            continue
        killed.append(left.pop())
    return killed


async def test_a_hundred_films_through_a_storm(product: Product, tmp_path: Path) -> None:
    # The same storm again: VSS_TEST_SEED.
    seed = int(os.environ.get("VSS_TEST_SEED") or random.randrange(2**32))  # noqa: S311
    print(f"seed {seed}")  # noqa: T201 - shown when it fails
    chance = random.Random(seed)  # noqa: S311
    hashes = _films(tmp_path / "films", chance)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "VSS_PORT_BASE": str(product.base),
    }
    vss = [sys.executable, "-m", "vss"]
    log_in = [*vss, "login", "--username", "admin", "--password-stdin"]
    await asyncio.to_thread(
        subprocess.run, log_in, env=environment, input=b"admin\n", check=True, capture_output=True, timeout=60
    )
    sending = await asyncio.create_subprocess_exec(
        *(*vss, "upload", "--recursive", "--json", str(tmp_path / "films")),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    storm = asyncio.ensure_future(_kill_at_random(product, sending, chance))
    output, errors = await asyncio.wait_for(sending.communicate(), timeout=480)
    killed = await storm
    assert sending.returncode == 0, errors.decode()[-3000:]
    assert len(killed) >= KILLS_OF_EACH
    sent = [json.loads(line) for line in output.splitlines()]
    assert sorted(video["filename"] for video in sent) == sorted(hashes)

    async with aiohttp.ClientSession() as session:
        await eventually(lambda: _is_ready(session, product), what="everything is up again")
        alice = await person(session, product)
        for video in sent:
            source = await alice.call("GET", f"{alice.stream_url}/v1/videos/{video['id']}/source")
            async with session.get(source.headers["Location"]) as answer:
                assert hashlib.sha256(await answer.read()).hexdigest() == hashes[video["filename"]], video["filename"]
    await _nothing_is_left_over(product, sum(video["size"] for video in sent))


async def _is_ready(session: aiohttp.ClientSession, product: Product) -> bool:
    try:
        for name in ("auth", "fs", "upload", "stream"):
            async with session.get(f"{product.url(name)}/readyz") as answer:
                if answer.status != 200:
                    return False
    except aiohttp.ClientError:
        return False
    return True


async def _nothing_is_left_over(product: Product, size: int) -> None:
    """No object nor multipart upload without a row, no row without its object, one video for each, the quota exact."""
    folder = DataFolder(product.data)
    async with (
        open_database(folder.database_url) as database,
        real_bucket(bucket_of(folder, port=product.base + 333)) as bucket,
    ):
        report = await Reconciling(
            Store(database), bucket, clock=lambda: utc_now() + LEAST_AGE + timedelta(minutes=1)
        ).run(is_dry_run=True)
        found = (report.orphan_objects.count, report.orphan_uploads.count, report.missing.count, report.damaged.count)
        assert (report.objects, report.size, found) == (FILMS, size, (0, 0, 0, 0))
        async with database.read() as connection:
            usage = (await connection.execute(text("SELECT reserved, stored FROM storage_usage"))).all()
            videos = (await connection.execute(text("SELECT state, COUNT(*) FROM videos GROUP BY state"))).all()
    assert [tuple(row) for row in usage] == [(0, size)]
    assert [tuple(row) for row in videos] == [("ready", FILMS)]
