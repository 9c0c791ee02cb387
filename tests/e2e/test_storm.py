"""A hundred films of all sizes while processes are killed and lines are bad: all arrive whole, nothing is left over."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
from aiohttp import web
from sqlalchemy import text
from sqlalchemy.engine import make_url

from common.clock import utc_now
from common.db import open_database
from fs_svc.installation import Installation as Marked
from fs_svc.reconciling import LEAST_AGE, Reconciling
from fs_svc.store import Store
from tests.addresses import Addresses
from tests.api_client import person
from tests.engine import running_engine
from tests.fs_service import real_bucket
from tests.installation import Controlled, Installation, running_installation
from tests.ports import free_ports
from tests.product import Product, running_product
from tests.tcp_proxy import TcpProxy, Trouble, tcp_proxy
from tests.waiting import eventually
from vss.bucket import Bucket as StorageBucket
from vss.data_folder import DataFolder
from vss.seaweedfs import bucket_of

pytestmark = pytest.mark.long

FILMS = 100
MIB = 2**20
# Small ones, some of one part to its last byte, and some of several parts.
SIZES = (1, 1000, 100_000, MIB, 8 * MIB, 8 * MIB + 1, 20 * MIB)
# What a proxy in Python hands on in a minute, with films of two parts among them.
SIZES_OVER_LINES = (*SIZES[:4], 8 * MIB + 1)
# Less than what makes vss up give a child up.
KILLS_OF_EACH = 3
# Of what happens to each piece of up to 64 KiB on its way: what a bad mobile network does, and worse.
CHANCES: dict[str, dict[str, Any]] = {
    "S3": {"delays": 0.01, "cuts": 0.001, "damages": 0.005, "awaited": b"BadDigest"},
    "fs": {"delays": 0.05, "cuts": 0.01},
    "auth": {"delays": 0.05, "cuts": 0.01},
    "upload": {"delays": 0.05, "cuts": 0.01},
    "database": {"delays": 0.005, "cuts": 0.00005},
}
# Of fs_svc's requests to S3.
ANSWERS_LOST = 0.01
VSS = (sys.executable, "-m", "vss")


@pytest.fixture
def chance() -> random.Random:
    """The same storm again: VSS_TEST_SEED."""
    seed = int(os.environ.get("VSS_TEST_SEED") or random.randrange(2**32))  # noqa: S311
    print(f"seed {seed}")  # noqa: T201 - shown when it fails
    return random.Random(seed)  # noqa: S311


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    with running_product(tmp_path, MEDIA_JOBS="0", UPLOAD_CALLS_PER_MINUTE="100000") as product:
        yield product


async def test_a_hundred_films_through_a_storm(product: Product, tmp_path: Path, chance: random.Random) -> None:
    hashes = _films(tmp_path / "films", chance, SIZES)
    environment = await _logged_in(tmp_path, VSS_PORT_BASE=str(product.base))
    sending = await _begin_sending(tmp_path / "films", environment)
    storm = asyncio.ensure_future(_kill_at_random(product, sending, chance))
    sent = await _all_sent(sending, hashes)
    assert len(await storm) >= KILLS_OF_EACH
    await _all_are_there(product, hashes, sent)
    folder = DataFolder(product.data)
    await _nothing_is_left_over(folder.database_url, bucket_of(folder, port=product.base + 333), sent)


async def test_a_hundred_films_over_lines_that_delay_cut_and_damage(
    mariadb_url: str, tmp_path: Path, chance: random.Random
) -> None:
    hashes = _films(tmp_path / "films", chance, SIZES_OVER_LINES)
    async with _installed_over_bad_lines(mariadb_url, tmp_path, chance) as (place, lines, storage):
        server = [lines["auth"].url, lines["upload"].url, place.url("stream")]
        environment = await _logged_in(tmp_path, "--server", *server)
        for name, line in lines.items():
            line.trouble = Trouble(chance=chance, **CHANCES[name])
        sending = await _begin_sending(tmp_path / "films", environment)
        sent = await _all_sent(sending, hashes)
        to_s3 = lines["S3"].trouble
        for line in lines.values():
            print(line.trouble)  # noqa: T201 - shown when it fails
            line.trouble = None
        place.to_s3.loses = lambda _: False
        # Damaged parts came to S3, and it refused them.
        assert to_s3 is not None
        assert min(to_s3.damaged, to_s3.seen) > 0
        await _all_are_there(place, hashes, sent)
        await _nothing_is_left_over(mariadb_url, storage, sent)


@asynccontextmanager
async def _installed_over_bad_lines(
    database_url: str, folder: Path, chance: random.Random
) -> AsyncIterator[tuple[Controlled, dict[str, TcpProxy], StorageBucket]]:
    """An installation with a line, good so far, in front of all its parts, and a bad one from fs_svc to S3."""
    database = make_url(database_url)
    async with AsyncExitStack() as stack:

        async def line_to(port: int | None) -> TcpProxy:
            assert port is not None
            return await stack.enter_async_context(tcp_proxy("127.0.0.1", port))

        (s3_port,) = free_ports(1)
        storage = await stack.enter_async_context(running_engine(folder / "s3", port=s3_port))
        to_s3 = await line_to(s3_port)
        addresses = replace(Addresses.choose(), s3_port=to_s3.port)
        lines = {
            "S3": to_s3,
            "fs": await line_to(addresses.fs_port),
            "auth": await line_to(addresses.auth_port),
            "upload": await line_to(addresses.upload_port),
            "database": await line_to(database.port),
        }
        url = database.set(host="127.0.0.1", port=lines["database"].port).render_as_string(hide_password=False)
        installed = running_installation(folder, url, storage, addresses, fs_url=lines["fs"].url)
        place = await stack.enter_async_context(installed)

        async def late(_: web.Request) -> None:
            await asyncio.sleep(chance.uniform(0, 0.02))

        place.to_s3.meanwhile = late
        place.to_s3.loses = lambda _: chance.random() < ANSWERS_LOST
        yield place, lines, storage


def _films(folder: Path, chance: random.Random, sizes: Sequence[int]) -> dict[str, str]:
    """Makes them; the SHA-256 of each by its name."""
    folder.mkdir()
    hashes = {}
    for number in range(FILMS):
        content = chance.randbytes(chance.choice(sizes) if number >= len(sizes) else sizes[number])
        name = f"film {number:03}.mp4"
        (folder / name).write_bytes(content)
        hashes[name] = hashlib.sha256(content).hexdigest()
    return hashes


async def _logged_in(home: Path, *server: str, **settings: str) -> dict[str, str]:
    """The environment of somebody at home there who is logged in."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), **settings}
    log_in = [*VSS, "login", "--username", "admin", "--password-stdin", *server]
    await asyncio.to_thread(
        subprocess.run, log_in, env=environment, input=b"admin\n", check=True, capture_output=True, timeout=60
    )
    return environment


async def _begin_sending(films: Path, environment: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(*VSS, "upload", "--recursive", "--json", str(films)),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _all_sent(sending: asyncio.subprocess.Process, hashes: dict[str, str]) -> list[dict[str, Any]]:
    """What it said of each film when it had sent all of them."""
    output, errors = await asyncio.wait_for(sending.communicate(), timeout=480)
    assert sending.returncode == 0, errors.decode()[-3000:]
    sent = [json.loads(line) for line in output.splitlines()]
    assert sorted(video["filename"] for video in sent) == sorted(hashes)
    return sent


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


async def _all_are_there(place: Product | Installation, hashes: dict[str, str], sent: list[dict[str, Any]]) -> None:
    """Each video is, byte for byte, the film of its name."""
    async with aiohttp.ClientSession() as session:
        await eventually(lambda: _is_ready(session, place), what="everything is up again")
        alice = await person(session, place)
        for video in sent:
            source = await alice.call("GET", f"{alice.stream_url}/v1/videos/{video['id']}/source")
            async with session.get(source.headers["Location"]) as answer:
                assert hashlib.sha256(await answer.read()).hexdigest() == hashes[video["filename"]], video["filename"]


async def _is_ready(session: aiohttp.ClientSession, place: Product | Installation) -> bool:
    try:
        for name in ("auth", "fs", "upload", "stream"):
            async with session.get(f"{place.url(name)}/readyz") as answer:
                if answer.status != 200:
                    return False
    except aiohttp.ClientError:
        return False
    return True


async def _nothing_is_left_over(database_url: str, storage: StorageBucket, sent: list[dict[str, Any]]) -> None:
    """No object nor multipart upload without a row, no row without its object, one video for each, the quota exact."""
    size = sum(video["size"] for video in sent)
    async with open_database(database_url) as database, real_bucket(storage) as bucket:
        store = Store(database)

        def later() -> datetime:
            return utc_now() + LEAST_AGE + timedelta(minutes=1)

        reconciling = Reconciling(store, bucket, Marked(store, bucket, clock=later), clock=later)
        # An answer to CreateMultipartUpload that was lost leaves an empty one behind, which the daily run removes.
        before = await reconciling.run(is_dry_run=False)
        assert (before.orphan_objects.count, before.unknown.count) == (0, 0)
        report = await reconciling.run(is_dry_run=True)
        found = (report.orphan_objects.count, report.orphan_uploads.count, report.missing.count, report.damaged.count)
        assert (report.objects, report.size, found) == (FILMS, size, (0, 0, 0, 0))
        async with database.read() as connection:
            usage = (await connection.execute(text("SELECT reserved, stored FROM storage_usage"))).all()
            videos = (await connection.execute(text("SELECT state, COUNT(*) FROM videos GROUP BY state"))).all()
    assert [tuple(row) for row in usage] == [(0, size)]
    assert [tuple(row) for row in videos] == [("ready", FILMS)]
