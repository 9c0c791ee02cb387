"""Bucket and rows compared on real storage: what is left over goes, what is unknown is set aside, a loss is said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web

from common.clock import utc_now
from common.errors import StorageUnavailable
from common.ids import new_id
from contracts.objects import State
from contracts.reports import Holding
from fs_svc.adopting import Adopting
from fs_svc.errors import NotAdoptable, OrphansDiffer, RemovalHeld
from fs_svc.objects import MARKER_PREFIX
from fs_svc.reconcile_command import in_words
from fs_svc.reconciling import LEASE, LEAST_AGE, PATIENCE, PERIOD, SET_ASIDE_FOR
from tests.fs_world import ALICE, FILM, World, opened_world, post
from vss.bucket import Bucket as StorageBucket


@pytest.fixture
async def world(database_url: str, seaweedfs: StorageBucket) -> AsyncIterator[World]:
    """On a bucket that is this database's alone."""
    async with opened_world(database_url, seaweedfs) as world:
        await world.clear()
        await world.reconcile(later=timedelta())
        yield world


async def test_where_everything_is_right_nothing_is_found_and_nothing_touched(world: World) -> None:
    stored, opened = [await world.stored() for _ in range(3)], await world.open()
    report = await world.reconcile()
    assert (report.objects, report.size) == (3, 3 * len(FILM))
    for finding in (report.orphan_objects, report.orphan_uploads, report.missing, report.damaged, report.foreign):
        assert (finding.count, finding.names) == (0, [])
    for item in stored:
        assert await world.bucket.head(item.object_key) is not None
    assert (await world.complete(opened)).state is State.STORED


async def test_what_has_no_row_is_set_aside_for_a_week_and_a_dry_run_only_says_so(world: World) -> None:
    kept, key, upload_key = await world.stored(), f"objects/{new_id()}", f"objects/{new_id()}"
    await world.raw_object(key, b"left over")
    s3_upload_id = await world.bucket.create_upload(upload_key, content_type="video/mp4")
    report = await world.reconcile(is_dry_run=True)
    assert (report.orphan_objects.names, report.orphan_objects.size) == ([key], 9)
    assert (report.orphan_uploads.names, report.unknown.names) == ([upload_key], [key, upload_key])
    # However often somebody looks in one day, that is one day.
    for _ in range(10):
        await world.reconcile()
    report = await world.reconcile_for(SET_ASIDE_FOR.days - 1)
    assert (report.orphan_objects.names, report.orphan_uploads.names, report.removed.names) == ([key], [upload_key], [])
    assert await world.bucket.head(key) is not None
    report = await world.reconcile_for(1)
    assert report.removed.names == [key, upload_key]
    assert await world.bucket.head(key) is None
    assert not await world.bucket.has_upload(upload_key, s3_upload_id)
    assert await world.bucket.head(kept.object_key) is not None
    report = await world.reconcile_for(1)
    assert (report.orphan_objects.count, report.orphan_uploads.count, report.objects) == (0, 0, 1)


async def test_a_clock_that_leaps_does_not_shorten_the_week(world: World) -> None:
    await world.stored()
    key = f"objects/{new_id()}"
    await world.raw_object(key, FILM)
    for leap in (timedelta(), timedelta(days=400), timedelta(days=-400), timedelta(days=400)):
        world.forward(leap)
        assert (await world.reconcile()).removed.count == 0
    # That of the last leap counts as the one before it, and not as another day.
    assert (await world.reconcile_for(SET_ASIDE_FOR.days - 1)).removed.count == 0
    assert (await world.reconcile_for(1)).removed.names == [key]


async def test_more_than_a_little_without_a_row_is_removed_on_a_persons_word_alone(world: World) -> None:
    await world.stored()
    keys = sorted(f"objects/{new_id()}" for _ in range(11))
    for key in keys:
        await world.raw_object(key, FILM)
    report = await world.reconcile_for(10)
    assert (report.holding, report.unknown.names, report.removed.count) == (Holding.TOO_MANY, keys, 0)
    assert "vss reconcile --remove 11" in in_words(report)
    world.forward(LEAST_AGE * 2)
    with pytest.raises(OrphansDiffer):
        await world.reconciling.run(is_dry_run=False, removes=10)
    assert await world.bucket.head(keys[0]) is not None
    report = await world.reconciling.run(is_dry_run=False, removes=11)
    assert (report.removed.names, (await world.reconcile()).objects) == (keys, 1)


async def test_an_empty_database_over_a_full_bucket_removes_nothing_whatever_it_grows_to(world: World) -> None:
    keys = sorted(f"objects/{new_id()}" for _ in range(3))
    for key in keys:
        await world.raw_object(key, FILM)
    # The marker is gone: bucket and database meet for the first time.
    view = await world.installation.check()
    await world.bucket.delete(f"{MARKER_PREFIX}{view.id}.json")
    report = await world.reconcile()
    assert (report.holding, report.unknown.names) == (Holding.UNPROVEN, keys)
    for _ in range(4):
        await world.stored()
    report = await world.reconcile_for(10)
    assert (report.holding, report.removed.count, report.objects) == (Holding.UNPROVEN, 0, 7)
    with pytest.raises(RemovalHeld):
        await world.reconciling.run(is_dry_run=False, removes=3)
    # A person says that it is the right database.
    assert list(await world.installation.claim()) == []
    assert (await world.reconcile()).holding is None
    assert (await world.reconcile_for(7)).removed.names == keys


async def test_of_a_bucket_that_another_installation_has_marked_nothing_is_removed(world: World) -> None:
    stored, opened, key = await world.stored(), await world.open(), f"objects/{new_id()}"
    await world.raw_object(key, FILM)
    # Left over, as the row itself says.
    lost = await world.bucket.create_upload(opened.object_key, content_type="video/mp4")
    await world.bucket.put(f"{MARKER_PREFIX}{(other := new_id())}.json", b'{"count": 3}')
    # It is said at once, not when the day is over.
    assert await world.reconciling.run_when_due()
    assert not await world.reconciling.run_when_due()
    report = await world.reconcile_for(10)
    assert (report.holding, report.others, report.removed.count) == (Holding.SHARED, [other], 0)
    assert other in in_words(report)
    with pytest.raises(RemovalHeld):
        await world.reconciling.run(is_dry_run=False, removes=1)
    with pytest.raises(RemovalHeld):
        await adopting(world).adopt(new_id(), key.removeprefix("objects/"), owner_id=ALICE.account_id)
    assert await world.bucket.has_upload(opened.object_key, lost)
    assert list(await world.installation.claim()) == [other]
    report = await world.reconcile()
    assert (report.holding, report.removed.names) == (None, [opened.object_key])
    assert await world.bucket.head(stored.object_key) is not None


async def test_a_database_that_is_older_than_the_bucket_begins_the_week_anew_and_lets_no_time_be_over(
    world: World,
) -> None:
    await world.stored()
    key = f"objects/{new_id()}"
    await world.raw_object(key, FILM)
    await world.reconcile_for(6)
    # As a later copy of this database has left it.
    view = await world.installation.check()
    await world.bucket.put(f"{MARKER_PREFIX}{view.id}.json", b'{"count": 1000}')
    assert await world.reconciling.run_when_due()
    last = (await world.reconciling.status()).report
    assert last.is_database_older
    assert "THE DATABASE IS OLDER" in in_words(last)
    assert await world.installation.is_held()
    assert (await world.reconcile_for(SET_ASIDE_FOR.days - 1)).removed.count == 0
    assert (await world.reconcile_for(1)).removed.names == [key]
    assert not (await world.reconcile_for(2)).is_database_older
    for _ in range(3):
        world.forward(PERIOD / 2)
        await world.installation.check()
    assert not await world.installation.is_held()


async def test_what_was_adopted_is_stored_and_counted_and_nothing_is_adopted_twice(world: World) -> None:
    stored, item_id, name = await world.stored(), new_id(), new_id()
    await world.raw_object(f"objects/{name}", b"found again")
    await world.reconcile()
    lost, after = await adopting(world).list(after="")
    assert ([(one.name, one.size, one.content_type) for one in lost], after) == ([(name, 11, "video/mp4")], None)
    for _ in range(2):
        item = await adopting(world).adopt(item_id, name, owner_id=ALICE.account_id)
        assert (item.state, item.size, item.content_type) == (State.STORED, 11, "video/mp4")
    assert await world.store.get_usage(ALICE.account_id) == (0, len(FILM) + 11)
    for other in (name, stored.object_key.removeprefix("objects/"), new_id()):
        with pytest.raises(NotAdoptable):
            await adopting(world).adopt(new_id(), other, owner_id=ALICE.account_id)
    assert (await adopting(world).list(after=""))[0] == []
    report = await world.reconcile_for(10)
    assert (report.unknown.count, report.removed.count, report.damaged.count, report.objects) == (0, 0, 0, 2)


async def test_what_is_not_ours_is_left_alone(world: World) -> None:
    key = f"backup/{new_id()}"
    await world.raw_object(key, b"somebody else's")
    report = await world.reconcile()
    assert key in report.foreign.names
    assert await world.bucket.head(key) is not None
    await world.bucket.delete(key)


async def test_a_second_upload_for_one_row_is_removed_and_the_rows_own_goes_on(world: World) -> None:
    opened = await world.open()
    # The answer to a first create was lost: S3 has opened another one under the same key.
    lost = await world.bucket.create_upload(opened.object_key, content_type="video/mp4")
    report = await world.reconcile()
    assert report.orphan_uploads.names == [opened.object_key]
    assert not await world.bucket.has_upload(opened.object_key, lost)
    assert (await world.complete(opened)).state is State.STORED


async def test_what_is_missing_or_damaged_is_said_and_nothing_is_made_of_it(world: World) -> None:
    right, missing, damaged = [await world.stored() for _ in range(3)]
    await world.bucket.delete(missing.object_key)
    await world.raw_object(damaged.object_key, b"FILM")
    report = await world.reconcile()
    assert (report.missing.names, report.damaged.names) == ([missing.id], [damaged.id])
    for item in (right, missing, damaged):
        row = await world.store.get(item.id)
        assert row is not None
        assert row.state is State.STORED
    said = in_words(report)
    assert f"1 stored videos MISSING from the bucket\n         {missing.id}" in said


async def test_more_rows_and_objects_than_are_read_at_once_are_all_compared(
    database_url: str, seaweedfs: StorageBucket
) -> None:
    async with opened_world(database_url, seaweedfs, at_once=2) as world:
        await world.clear()
        await world.reconcile(later=timedelta())
        await _all_are_compared(world)


async def _all_are_compared(world: World) -> None:
    stored = [await world.stored() for _ in range(5)]
    orphans = sorted(f"objects/{new_id()}" for _ in range(5))
    for key in orphans:
        await world.raw_object(key, FILM)
    await world.bucket.delete(stored[3].object_key)
    uploads = [await world.bucket.create_upload(key, content_type="video/mp4") for key in orphans]
    report = await world.reconcile()
    assert (report.orphan_objects.names, report.missing.names) == (orphans, [stored[3].id])
    assert (report.unknown.count, report.removed.count) == (10, 0)
    assert sorted(report.orphan_uploads.names) == orphans
    assert report.objects == 4 + 5
    assert (await world.reconcile_for(7)).removed.count == 10
    for key, s3_upload_id in zip(orphans, uploads, strict=True):
        assert not await world.bucket.has_upload(key, s3_upload_id)


async def test_it_is_done_once_a_day_and_the_reports_are_kept_for_a_while(world: World) -> None:
    # The fixture's was the first.
    assert not await world.reconciling.run_when_due()
    world.forward(PERIOD + LEAST_AGE * 2)
    # Looking is not doing.
    await world.reconciling.run(is_dry_run=True)
    assert await world.reconciling.run_when_due()
    assert not await world.reconciling.run_when_due()
    last = (await world.reconciling.status()).report
    assert last.at is not None
    assert (last.at - utc_now() > timedelta(0), last.is_dry_run) == (True, False)


async def test_who_asks_gets_one_comparison_also_when_the_first_process_is_killed(world: World) -> None:
    await world.stored()
    await world.open()
    status = await world.reconciling.status()
    assert (status.files, status.size, status.unfinished, status.is_checking) == (1, len(FILM), 1, False)
    assert (status.reserved > 0, status.report.objects) == (True, 0)
    assert not await world.reconciling.run_when_asked()
    await world.reconciling.ask()
    await world.reconciling.ask()
    # As another replica that has begun, and is killed.
    now = world.now()
    assert await world.store.lease_check(now=now, until=now + LEASE)
    assert not await world.reconciling.run_when_asked()
    assert (await world.reconciling.status()).is_checking
    world.forward(LEASE)
    assert await world.reconciling.run_when_asked()
    status = await world.reconciling.status()
    assert (status.report.objects, status.is_checking) == (1, False)
    assert not await world.reconciling.run_when_asked()


async def test_who_asks_is_told_when_the_storage_does_not_answer(world: World) -> None:
    await world.reconciling.ask()
    world.proxy.is_down = True
    # It may be about to.
    assert not (await world.reconciling.status()).is_stalled
    world.forward(PATIENCE)
    with pytest.raises(StorageUnavailable):
        await world.reconciling.run_when_asked()
    status = await world.reconciling.status()
    assert (status.is_checking, status.is_stalled) == (True, True)
    world.proxy.is_down = False
    assert not (await world.reconciling.status()).is_stalled


async def test_a_comparison_that_stood_still_for_long_ends_where_another_has_begun(world: World) -> None:
    await world.stored()
    await world.reconciling.ask()
    before = (await world.reconciling.status()).report.at

    async def stand_still(request: web.Request) -> None:
        if "list-type" in request.query and world.now() < now + LEASE:
            world.forward(LEASE)
            assert await world.store.lease_check(now=world.now(), until=world.now() + LEASE)

    now = world.now()
    world.proxy.meanwhile = stand_still
    assert not await world.reconciling.run_when_asked()
    status = await world.reconciling.status()
    assert (status.report.at, status.is_checking) == (before, True)


async def test_a_form_that_was_sent_again_leaves_nothing(world: World) -> None:
    waiting, taken_over = await world.waiting_for_a_form(), await world.waiting_for_a_form()
    form = await world.forms.sign(taken_over.id, subject=ALICE)
    assert await post(form, FILM) == 201
    found, _ = await world.uploads.get(taken_over.id, subject=ALICE)
    assert found.state is State.STORED
    # Neither what comes once more, nor what nobody has looked at yet, is an object of ours.
    assert [await post(form, b"again"), await world.post(waiting, FILM)] == [201, 201]
    report = await world.reconcile()
    assert (report.objects, report.orphan_objects.names) == (1, [taken_over.incoming_key])
    assert await world.bucket.head(taken_over.incoming_key) is None
    assert await world.bucket.head(waiting.incoming_key) is not None


def adopting(world: World) -> Adopting:
    return Adopting(world.store, world.bucket, world.installation, clock=world.now)
