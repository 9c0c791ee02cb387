"""Stored objects read back from real storage: what is not what was stored is found, and each has its turn."""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from common.clock import utc_now
from common.db import open_database
from fs_svc.reading_back import Outcome, Reading, ReadingBack
from fs_svc.store import Store
from fs_svc.verify_command import LOSS
from tests.api_client import person
from tests.command import vss
from tests.fs_service import real_bucket
from tests.fs_world import FILM, World, opened_world
from tests.product import running_product
from vss.bucket import Bucket as StorageBucket
from vss.data_folder import DataFolder
from vss.seaweedfs import bucket_of

SHA256 = hashlib.sha256(FILM).hexdigest()


@pytest.fixture
async def world(database_url: str, seaweedfs: StorageBucket) -> AsyncIterator[World]:
    async with opened_world(database_url, seaweedfs) as world:
        yield world


def reading_back(world: World, *, bytes_per_second: int = 10**9) -> ReadingBack:
    return ReadingBack(world.store, world.bucket, bytes_per_second=bytes_per_second, clock=world.now)


async def read_all(world: World) -> list[Reading]:
    back, before, readings = reading_back(world), utc_now(), []
    while (reading := await back.read_next(before=before)) is not None:
        readings.append(reading)
    return readings


async def test_each_is_read_once_in_a_run_and_what_was_read_longest_ago_is_the_first(world: World) -> None:
    items = [await world.stored() for _ in range(3)]
    await world.open()
    first = await read_all(world)
    assert [(reading.outcome, reading.sha256) for reading in first] == [(Outcome.READ, SHA256)] * 3
    assert sorted(reading.item.id for reading in first) == sorted(item.id for item in items)
    again = await read_all(world)
    assert [reading.item.id for reading in again] == [reading.item.id for reading in first]
    # A new one goes before those that were read already.
    new = await world.stored()
    assert (await read_all(world))[0].item.id == new.id
    row = await world.store.get(new.id)
    assert row is not None
    assert row.read_back_sha256 == SHA256


async def test_what_is_not_what_was_stored_is_found(world: World) -> None:
    right, changed, short, missing, differs = [await world.stored() for _ in range(5)]
    await read_all(world)
    assert await world.store.announce(differs, "0" * 64)
    await world.raw_object(changed.object_key, b"FILM")
    await world.raw_object(short.object_key, b"fil")
    await world.bucket.delete(missing.object_key)
    outcomes = {reading.item.id: reading.outcome for reading in await read_all(world)}
    assert outcomes == {
        right.id: Outcome.READ,
        changed.id: Outcome.CHANGED,
        short.id: Outcome.SHORT,
        missing.id: Outcome.MISSING,
        differs.id: Outcome.DIFFERS,
    }


async def test_it_is_no_faster_than_it_was_told(world: World) -> None:
    await world.stored()
    started = time.monotonic()
    await reading_back(world, bytes_per_second=len(FILM) * 2).read_next(before=utc_now())
    assert time.monotonic() - started >= 0.5


async def test_what_was_read_stands_beside_what_was_sent(tmp_path: Path) -> None:
    with running_product(tmp_path) as product:
        environment = {"VSS_DATA_DIR": str(product.data), "VSS_PORT_BASE": str(product.base)}

        def verify(*arguments: str) -> subprocess.CompletedProcess[str]:
            return vss("verify", *arguments, **environment)

        async with aiohttp.ClientSession() as session:
            alice = await person(session, product)
            upload = await alice.begin(len(FILM))
            await alice.send(upload, FILM)
            url = f"{alice.upload_url}/v1/uploads/{upload['id']}"
            assert (await alice.call("POST", f"{url}/complete", json={"sha256": SHA256})).status == 200
            ended = verify("--json", "--days", "0")
            assert ended.returncode == 0, ended.stderr
            assert json.loads(ended.stdout) == {"id": upload["id"], "outcome": "read", "sha256": SHA256}
            read_back = (await (await alice.call("GET", f"{url}/integrity")).json())["read_back"]
            assert (read_back["sha256"], read_back["is_same"]) == (SHA256, True)
            assert "1 video read" in verify("--days", "0").stdout
            # Not due again so soon, unless that is asked for.
            assert verify().stdout == ""
            folder = DataFolder(product.data)
            async with (
                open_database(folder.database_url) as database,
                real_bucket(bucket_of(folder, port=product.base + 333)) as bucket,
            ):
                row = await Store(database).get(upload["id"])
                assert row is not None
                await bucket.delete(row.object_key)
            ended = verify("--days", "0", "--limit", "1")
            assert (ended.returncode, "missing" in ended.stdout) == (LOSS, True)
            read_back = (await (await alice.call("GET", f"{url}/integrity")).json())["read_back"]
            assert (read_back["sha256"], read_back["is_same"]) == (None, False)
            assert verify("--rate", "0").returncode == 2
