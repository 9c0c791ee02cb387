"""Stored objects read back from real storage: what is not what was stored is found, and each has its turn."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator

import pytest

from common.clock import utc_now
from fs_svc.reading_back import Outcome, Reading, ReadingBack
from tests.fs_world import FILM, World, opened_world
from vss.bucket import Bucket as StorageBucket

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
