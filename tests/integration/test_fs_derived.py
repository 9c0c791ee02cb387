"""Derived objects on real storage: exactly the files that were announced, as long as the video is there."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from io import BytesIO

import aiohttp
import pytest

from common.errors import Conflict, NotFound
from common.ids import new_id
from contracts.derived import CreateDerived, Derivation, DerivedState
from contracts.media import NewFile, Put
from fs_svc.derived.lifecycle import LATEST_PUT, PUT_URL_LIFETIME
from fs_svc.errors import FilesMissing, NotReserved
from fs_svc.objects import Object
from fs_svc.reconcile_command import in_words
from fs_svc.reconciling import PERIOD, SET_ASIDE_FOR
from tests.fs_service import fetch
from tests.fs_world import ALICE, FILM, World, opened_world
from vss.bucket import Bucket as StorageBucket

POSTER = {"poster-320.webp": b"a small picture", "poster-640.webp": b"a larger picture"}
ENDS_AFTER = PUT_URL_LIFETIME + LATEST_PUT


@pytest.fixture
async def world(database_url: str, seaweedfs: StorageBucket) -> AsyncIterator[World]:
    """On a bucket that is this database's alone."""
    async with opened_world(database_url, seaweedfs) as world:
        await world.clear()
        await world.reconcile(later=timedelta())
        yield world


def asked(video: Object, files: Mapping[str, bytes] = POSTER) -> CreateDerived:
    return CreateDerived(
        object_id=video.id,
        task=Derivation.LOOK,
        files=[
            NewFile(name=name, content_type="image/webp", size=len(body), sha256=hashlib.sha256(body).hexdigest())
            for name, body in files.items()
        ],
    )


async def send(put: Put, body: bytes, **headers: str) -> int:
    """The status of a PUT as a worker sends it."""
    async with (
        aiohttp.ClientSession() as session,
        session.put(put.url, data=BytesIO(body), headers={**put.headers, **headers}) as answer,
    ):
        return answer.status


async def stored(world: World, video: Object, files: Mapping[str, bytes] = POSTER) -> str:
    """A stored derived object of the video; returns its id."""
    derived_id = new_id()
    outputs = await world.derived.create(derived_id, asked(video, files))
    for name, body in files.items():
        assert await send(outputs.puts[name], body) == 200
    assert (await world.derived.complete(derived_id)).state is DerivedState.STORED
    return derived_id


async def state(world: World, derived_id: str) -> DerivedState | None:
    item = await world.store.get_derived(derived_id)
    return None if item is None else item.state


async def keys(world: World) -> list[str]:
    return [listed.object_key async for listed in world.bucket.list_objects(prefix="derived/")]


async def test_exactly_the_announced_files_are_taken_and_stored_once_and_shown_for_a_day(world: World) -> None:
    video, derived_id = await world.stored(), new_id()
    with pytest.raises(NotFound):
        await world.derived.create(new_id(), asked(await world.open()))
    first, outputs = await asyncio.gather(*(world.derived.create(derived_id, asked(video)) for _ in range(2)))
    assert first.puts.keys() == outputs.puts.keys() == POSTER.keys()
    with pytest.raises(Conflict):
        await world.derived.create(derived_id, asked(video, {"poster-320.webp": b"another"}))
    small, large = (outputs.puts[name] for name in POSTER)
    same_length = b"A small picture"
    assert await send(small, b"a small picture!") == 403
    assert await send(small, same_length) == 400
    assert await send(small, b"a small picture", **{"Content-Type": "text/html"}) == 403
    assert await send(small, b"a small picture") == 200
    with pytest.raises(FilesMissing) as refusal:
        await world.derived.complete(derived_id)
    assert refusal.value.members == {"missing": ["poster-640.webp"]}
    assert await world.pictures.sign([derived_id]) == {}
    assert await send(large, b"a larger picture") == 200
    made = await asyncio.gather(*(world.derived.complete(derived_id) for _ in range(3)))
    assert {(item.state, item.size) for item in made} == {(DerivedState.STORED, sum(map(len, POSTER.values())))}
    with pytest.raises(NotReserved):
        await world.derived.create(derived_id, asked(video))
    # Nobody's quota, and everybody's storage.
    assert await world.store.get_usage(ALICE.account_id) == (len(FILM), len(FILM))
    status = await world.reconciling.status()
    assert (status.files, status.size, status.derived_size) == (1, len(FILM) + 31, 31)
    urls = await world.pictures.sign([derived_id, new_id()])
    assert urls.keys() == {derived_id}
    status_code, headers, body = await fetch("GET", urls[derived_id]["poster-640.webp"])
    assert (status_code, body, headers["Content-Type"]) == (200, b"a larger picture", "image/webp")
    assert headers["Cache-Control"] == "private, max-age=518400, immutable"
    day = world.now().replace(hour=0, minute=0, second=0, microsecond=0)
    world.forward(day + timedelta(days=6, seconds=-1) - world.now())
    assert await world.pictures.sign([derived_id]) == urls
    # And it is good for another day.
    assert "X-Amz-Expires=604800" in urls[derived_id]["poster-640.webp"]
    world.forward(timedelta(seconds=2))
    assert await world.pictures.sign([derived_id]) != urls
    brief = await world.pictures.sign([derived_id], is_brief=True)
    assert "X-Amz-Expires=120" in brief[derived_id]["poster-640.webp"]


async def test_what_was_derived_ends_with_its_video_and_takes_what_comes_late_with_it(world: World) -> None:
    video, other = await world.stored(), await world.stored()
    done, kept = await stored(world, video), await stored(world, other)
    begun = new_id()
    outputs = await world.derived.create(begun, asked(video))
    # As a process that is killed when it has committed the deletion, and asked nothing of the storage.
    assert await world.store.begin_deleting(video.id, at=world.now())
    assert [await state(world, one) for one in (done, begun, kept)] == ["deleting", "deleting", "stored"]
    for refused in (world.derived.complete(begun), world.derived.create(new_id(), asked(video))):
        with pytest.raises((NotReserved, NotFound)):
            await refused
    while await world.derived.settle_due():
        pass
    assert len(await keys(world)) == len(POSTER)
    # A URL that still lives brings a file once more.
    assert await send(outputs.puts["poster-320.webp"], POSTER["poster-320.webp"]) == 200
    assert await state(world, begun) is DerivedState.DELETING
    world.forward(ENDS_AFTER)
    assert await world.derived.settle_due() == 2
    assert [await state(world, one) for one in (done, begun, kept)] == ["deleted", "deleted", "stored"]
    assert len(await keys(world)) == len(POSTER)
    for _ in range(2):
        await world.derived.delete([kept, new_id()])
    assert await world.pictures.sign([kept]) == {}


async def test_what_nobody_completes_is_swept_unless_it_is_asked_for_again(world: World) -> None:
    video, derived_id = await world.stored(), new_id()
    outputs = await world.derived.create(derived_id, asked(video))
    assert await send(outputs.puts["poster-320.webp"], POSTER["poster-320.webp"]) == 200
    world.forward(ENDS_AFTER - timedelta(seconds=1))
    read_before = await world.store.get_derived(derived_id)
    await world.derived.create(derived_id, asked(video))
    assert read_before is not None
    assert not await world.store.abandon_derived(read_before, at=world.now())
    world.forward(timedelta(seconds=1))
    assert await world.derived.settle_due() == 0
    world.forward(ENDS_AFTER)
    # Two workers at once; the storage fails the first time.
    world.proxy.loses = lambda request: request.method == "DELETE"
    assert await world.derived.settle_due() == 1
    assert sum(await asyncio.gather(world.derived.settle_due(), world.derived.settle_due())) == 1
    assert await state(world, derived_id) is DerivedState.DELETING
    world.proxy.loses = lambda _: False
    world.forward(timedelta(seconds=30))
    assert await world.derived.settle_due() == 1
    assert (await state(world, derived_id), await keys(world)) == (DerivedState.DELETED, [])


async def test_bucket_and_rows_are_compared_both_ways(world: World) -> None:
    video = await world.stored()
    whole, holed, gone, deleted = [await stored(world, video) for _ in range(4)]
    rows = {item.id: item for item in await world.store.list_derived([whole, holed, gone, deleted])}
    await world.derived.delete([deleted])
    world.forward(ENDS_AFTER)
    assert await world.derived.settle_due() == 1
    report = await world.reconcile()
    assert (report.objects, report.derived, report.derived_size) == (1, 3, 3 * 31)
    assert (report.orphan_objects.count, report.missing_derived.count, report.foreign.count) == (0, 0, 0)
    # What came late of the deleted one, what lost its row, what is not ours; and losses.
    late, lost = rows[deleted].object_key("poster-320.webp"), f"derived/{new_id()}/"
    for key in (late, f"{lost}a.webp", f"{lost}b.webp", "derived/a.txt"):
        await world.raw_object(key, FILM)
    await world.bucket.delete(rows[holed].object_key("poster-320.webp"))
    await world.bucket.delete_all(rows[gone].key_prefix)
    report = await world.reconcile()
    assert report.removed.names == [rows[deleted].key_prefix]
    assert sorted(report.orphan_objects.names) == sorted([lost, rows[deleted].key_prefix])
    assert (report.unknown.names, report.foreign.names) == ([lost], ["derived/a.txt"])
    assert (report.derived, report.missing_derived.count, report.missing.count) == (3, 2, 0)
    assert "2 videos whose pictures are missing" in in_words(report)
    assert (await world.reconcile_for(SET_ASIDE_FOR.days)).removed.names == [lost]
    left = [key for key in await keys(world) if not key.startswith(rows[whole].key_prefix)]
    assert left == sorted(["derived/a.txt", rows[holed].object_key("poster-640.webp")])
    world.forward(PERIOD)
    assert (await world.reconcile()).unknown.count == 0
