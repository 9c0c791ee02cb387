"""Renditions on real storage: parts of any number of workers, one object, and nothing left of what was not needed."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from common.errors import Conflict, NotFound, StorageUnavailable
from common.ids import new_id
from contracts.derived import AskDerivedPart, CreateInParts, Derivation, DerivedPart, DerivedState
from contracts.media import Put
from fs_svc.derived.in_parts import LIFETIME, PART_URL_LIFETIME
from fs_svc.errors import FilesMissing, NotReserved
from fs_svc.objects import DERIVED_PREFIX, Object
from fs_svc.reconciling import LEAST_AGE, PERIOD, SET_ASIDE_FOR
from tests.fs_world import World, opened_world
from tests.integration.test_fs_derived import send
from vss.bucket import Bucket as StorageBucket

MIB = 2**20
# S3 takes no shorter part but the last.
PARTS = {1: b"a" * 5 * MIB, 151: b"b" * (5 * MIB + 7), 302: b"the end"}
WANTED = [
    DerivedPart(part_number=number, size=len(body), sha256=hashlib.sha256(body).hexdigest())
    for number, body in PARTS.items()
]


@pytest.fixture
async def world(database_url: str, seaweedfs: StorageBucket) -> AsyncIterator[World]:
    """On a bucket that is this database's alone."""
    async with opened_world(database_url, seaweedfs) as world:
        await world.clear()
        await world.reconcile(later=timedelta())
        yield world


def part_of(video: Object, part: DerivedPart, *, name: str = "720p.mp4") -> AskDerivedPart:
    return AskDerivedPart(upload=CreateInParts(object_id=video.id, task=Derivation.RENDITION, name=name), part=part)


async def sign(world: World, derived_id: str, video: Object, part: DerivedPart) -> Put:
    return (await world.in_parts.part_url(derived_id, part_of(video, part))).puts["720p.mp4"]


async def begun(world: World, video: Object) -> str:
    """With all parts, and one more that nobody needs; returns its id."""
    derived_id, unneeded = new_id(), b"c" * 99
    more = DerivedPart(part_number=2, size=99, sha256=hashlib.sha256(unneeded).hexdigest())
    puts = await asyncio.gather(*(sign(world, derived_id, video, part) for part in (*WANTED, more)))
    for put, body in zip(puts, (*PARTS.values(), unneeded), strict=True):
        assert await send(put, body) == 200
    return derived_id


async def uploads(world: World) -> list[str]:
    keys = [listed.object_key async for listed in world.bucket.list_all_uploads()]
    return [key for key in keys if key.startswith(DERIVED_PREFIX)]


async def state(world: World, derived_id: str) -> DerivedState | None:
    item = await world.store.get_derived(derived_id)
    return None if item is None else item.state


async def test_parts_of_many_workers_become_one_object(world: World) -> None:
    video = await world.stored()
    derived_id = await begun(world, video)
    # However many parts were asked for first, there is one upload.
    assert len(await uploads(world)) == 1
    put = await sign(world, derived_id, video, WANTED[2])
    assert [await send(put, b"The end"), await send(put, b"the end.")] == [400, 403]
    other = part_of(video, WANTED[0], name="480p.mp4")
    for refused, reason in ((world.in_parts.part_url(derived_id, other), Conflict),):
        with pytest.raises(reason):
            await refused
    with pytest.raises(NotFound):
        await world.in_parts.part_url(new_id(), part_of(await world.open(), WANTED[0]))
    longer = WANTED[0].model_copy(update={"size": 5 * MIB + 1})
    with pytest.raises(FilesMissing) as refusal:
        await world.in_parts.complete(derived_id, [longer, DerivedPart(part_number=9, size=1, sha256="0" * 64)])
    assert refusal.value.members == {"missing": ["1", "9"]}
    made = await asyncio.gather(*(world.in_parts.complete(derived_id, WANTED) for _ in range(3)))
    size = sum(map(len, PARTS.values()))
    assert {(item.state, item.size, item.files[0].size) for item in made} == {(DerivedState.STORED, size, size)}
    assert await uploads(world) == []
    content = b"".join([block async for block in world.bucket.read(made[0].object_key("720p.mp4"), block_size=MIB)])
    assert content == b"".join(PARTS.values())
    with pytest.raises(NotReserved):
        await sign(world, derived_id, video, WANTED[0])
    report = await world.reconcile(later=PERIOD)
    assert (report.derived, report.derived_size, report.missing_derived.count) == (1, size, 0)
    # It goes with its video.
    assert await world.store.begin_deleting(video.id, at=world.now())
    world.forward(PART_URL_LIFETIME)
    while await world.derived.settle_due():
        pass
    assert await state(world, derived_id) is DerivedState.DELETED
    assert not await world.bucket.head(made[0].object_key("720p.mp4"))


async def test_a_complete_whose_answer_is_lost_is_found_again(world: World) -> None:
    derived_id = await begun(world, await world.stored())
    world.proxy.loses = lambda request: request.method in {"POST", "HEAD"}
    with pytest.raises(StorageUnavailable):
        await world.in_parts.complete(derived_id, WANTED)
    assert await state(world, derived_id) is DerivedState.RESERVED
    world.proxy.loses = lambda _: False
    assert (await world.in_parts.complete(derived_id, WANTED)).state is DerivedState.STORED


async def test_what_is_not_completed_ends_with_its_video_or_after_a_week(world: World) -> None:
    video = await world.stored()
    abandoned, of_deleted = await begun(world, video), await begun(world, gone := await world.stored())
    assert await world.store.begin_deleting(gone.id, at=world.now())
    await world.derived.settle_due()
    assert len(await uploads(world)) == 1
    with pytest.raises(NotReserved):
        await world.in_parts.complete(of_deleted, WANTED)
    world.forward(LIFETIME - timedelta(seconds=1))
    # Somebody works on it again.
    await sign(world, abandoned, video, WANTED[0])
    world.forward(timedelta(seconds=2))
    await world.derived.settle_due()
    assert len(await uploads(world)) == 1
    world.forward(LIFETIME)
    for _ in range(2):
        await world.derived.settle_due()
        world.forward(PART_URL_LIFETIME)
    assert (await state(world, abandoned), await uploads(world)) == (DerivedState.DELETED, [])


async def test_parts_that_the_storage_has_lost_are_said_to_be_gone(world: World) -> None:
    derived_id = await begun(world, await world.stored())
    item = await world.store.get_derived(derived_id)
    assert item is not None
    await world.bucket.abort_upload(item.object_key("720p.mp4"), item.s3_upload_id or "")
    with pytest.raises(NotReserved):
        await world.in_parts.complete(derived_id, WANTED)
    assert await state(world, derived_id) is DerivedState.DELETING


async def test_uploads_without_a_row_are_found_and_those_with_one_are_left(world: World) -> None:
    kept = await begun(world, await world.stored())
    lost = f"derived/{new_id()}/720p.mp4"
    await world.bucket.create_upload(lost, content_type="video/mp4")
    item = await world.store.get_derived(kept)
    assert item is not None
    # As of a process that was killed between the storage's answer and its own note of it.
    await world.bucket.create_upload(item.object_key("720p.mp4"), content_type="video/mp4")
    world.forward(LEAST_AGE)
    report = await world.reconcile()
    assert report.removed.names == [item.object_key("720p.mp4")]
    assert report.unknown.names == [lost]
    assert lost in (await world.reconcile_for(SET_ASIDE_FOR.days)).removed.names
    # Its own parts are all there.
    assert (await world.in_parts.complete(kept, WANTED)).state is DerivedState.STORED
