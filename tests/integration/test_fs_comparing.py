"""Objects that are read back before they are stored, on real storage: by whoever comes next, and by one at a time."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from common.ids import new_id
from contracts.objects import State
from fs_svc.comparing import RENEW_AFTER, Comparing
from fs_svc.errors import FileDiffers
from fs_svc.objects import Object
from fs_svc.reading_back import BLOCK_SIZE
from fs_svc.uploads.settling import LEASE, REST
from tests.fs_world import ALICE, FILM, World, opened_world
from vss.bucket import Bucket as StorageBucket

SHA256 = hashlib.sha256(FILM).hexdigest()


@pytest.fixture
async def world(database_url: str, seaweedfs: StorageBucket) -> AsyncIterator[World]:
    async with opened_world(database_url, seaweedfs) as world:
        yield world


async def waiting(world: World, *, sha256: str = SHA256, film: bytes = FILM) -> Object:
    """An object of which only the reading is left: whoever completed it was killed before that."""
    item = await world.uploads.create(new_id(), size=len(film), content_type="video/mp4", sha256=sha256, subject=ALICE)
    await world.send(item, film)
    assert await world.begin_completing(item, etag=None, at=world.now())
    await world.settling.settle(await world.get(item))
    item = await world.get(item)
    assert (item.state, item.read_wanted_at is None) == (State.COMPLETING, False)
    return item


async def test_what_a_killed_process_was_reading_is_read_by_the_next_one(world: World) -> None:
    item = await waiting(world)
    assert await world.store.lease(item, now=world.now(), until=world.now() + LEASE)
    assert not await world.comparing.compare_next()
    # Nor does the loop that settles take it meanwhile.
    assert await world.settling.settle_due() == 0
    world.forward(LEASE)
    assert await world.comparing.compare_next()
    stored = await world.get(item)
    assert (stored.state, stored.read_back_sha256, stored.read_wanted_at) == (State.STORED, SHA256, None)
    assert await world.store.get_usage(ALICE.account_id) == (0, len(FILM))


async def test_what_is_another_file_ends_and_gives_its_quota_back(world: World) -> None:
    item = await waiting(world, sha256="0" * 64)
    assert await world.comparing.compare_next()
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).state is State.ABORTED
    assert await world.bucket.head(item.object_key) is None
    assert await world.store.get_usage(ALICE.account_id) == (0, 0)
    with pytest.raises(FileDiffers):
        await world.complete(item)


async def test_a_long_reading_keeps_its_lease(world: World) -> None:
    film = bytes(3 * BLOCK_SIZE)
    item = await waiting(world, film=film, sha256=hashlib.sha256(film).hexdigest())

    def slow() -> datetime:
        """Each look at the clock is so much later than the one before."""
        world.forward(RENEW_AFTER)
        return world.now()

    begun = world.now()
    assert await Comparing(world.store, world.bucket, clock=slow).compare_next()
    stored = await world.get(item)
    assert stored.state is State.STORED
    assert stored.leased_until >= begun + LEASE + 3 * RENEW_AFTER


async def test_storage_that_is_away_is_asked_again_and_its_owner_may_delete_it_meanwhile(world: World) -> None:
    item = await waiting(world)
    world.proxy.is_down = True
    assert await world.comparing.compare_next()
    world.proxy.is_down = False
    assert (await world.get(item)).state is State.COMPLETING
    world.forward(REST)
    assert (await world.uploads.delete(item.id, subject=ALICE)).state is State.ABORTED
    assert not await world.comparing.compare_next()
    assert await world.store.get_usage(ALICE.account_id) == (0, 0)
