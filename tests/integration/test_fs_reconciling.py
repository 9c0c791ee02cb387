"""Bucket and rows compared on real storage: what is left over goes, what is missing or damaged is said."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from common.clock import utc_now
from common.ids import new_id
from fs_svc.objects import State
from fs_svc.reconciling import LEAST_AGE, PERIOD, in_words
from tests.fs_world import ALICE, FILM, World, opened_world, post
from vss.bucket import Bucket as StorageBucket


@pytest.fixture
async def world(database_url: str, seaweedfs: StorageBucket) -> AsyncIterator[World]:
    """On a bucket that others have used too."""
    async with opened_world(database_url, seaweedfs) as world:
        # What other tests have left has no row here.
        await world.reconcile()
        yield world


async def test_where_everything_is_right_nothing_is_found_and_nothing_touched(world: World) -> None:
    stored, opened = [await world.stored() for _ in range(3)], await world.open()
    report = await world.reconcile()
    assert (report.objects, report.size) == (3, 3 * len(FILM))
    for finding in (report.orphan_objects, report.orphan_uploads, report.missing, report.damaged, report.foreign):
        assert (finding.count, finding.names) == (0, [])
    for item in stored:
        assert await world.bucket.head(item.object_key) is not None
    assert (await world.uploads.complete(opened.id, subject=ALICE)).state is State.STORED


async def test_what_has_no_row_is_removed_and_a_dry_run_only_says_so(world: World) -> None:
    kept, key, upload_key = await world.stored(), f"objects/{new_id()}", f"objects/{new_id()}"
    await world.raw_object(key, b"left over")
    s3_upload_id = await world.bucket.create_upload(upload_key, content_type="video/mp4")
    # Too young to be judged.
    report = await world.reconcile(later=timedelta())
    assert (report.orphan_objects.count, report.orphan_uploads.count) == (0, 0)
    report = await world.reconcile(is_dry_run=True)
    assert (report.orphan_objects.names, report.orphan_objects.size) == ([key], 9)
    assert report.orphan_uploads.names == [upload_key]
    assert await world.bucket.head(key) is not None
    report = await world.reconcile()
    assert (report.orphan_objects.names, report.orphan_uploads.names) == ([key], [upload_key])
    assert await world.bucket.head(key) is None
    assert not await world.bucket.has_upload(upload_key, s3_upload_id)
    assert await world.bucket.head(kept.object_key) is not None
    report = await world.reconcile()
    assert (report.orphan_objects.count, report.orphan_uploads.count, report.objects) == (0, 0, 1)


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
    assert (await world.uploads.complete(opened.id, subject=ALICE)).state is State.STORED


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
    said = in_words(json.loads(report.to_json()), utc_now())
    assert f"1 stored videos whose object is MISSING\n         {missing.id}" in said


async def test_more_rows_and_objects_than_are_read_at_once_are_all_compared(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fs_svc.reconciling.AT_ONCE", 2)
    monkeypatch.setattr("fs_svc.s3.PAGE_SIZE", 2)
    stored = [await world.stored() for _ in range(5)]
    orphans = sorted(f"objects/{new_id()}" for _ in range(5))
    for key in orphans:
        await world.raw_object(key, FILM)
    await world.bucket.delete(stored[3].object_key)
    uploads = [await world.bucket.create_upload(key, content_type="video/mp4") for key in orphans]
    report = await world.reconcile()
    assert (report.orphan_objects.names, report.missing.names) == (orphans, [stored[3].id])
    assert sorted(report.orphan_uploads.names) == orphans
    assert report.objects == 4 + 5
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
    last = await world.reconciling.last_report()
    assert last is not None
    assert (last[0] - utc_now() > timedelta(0), last[1]["is_dry_run"]) == (True, False)


async def test_a_form_that_was_sent_again_leaves_nothing(world: World) -> None:
    waiting, taken_over = await world.waiting_for_a_form(), await world.waiting_for_a_form()
    form, _ = await world.uploads.form(taken_over.id, subject=ALICE)
    assert await post(form, FILM) == 201
    found, _ = await world.uploads.get(taken_over.id, subject=ALICE)
    assert found.state is State.STORED
    # Neither what comes once more, nor what nobody has looked at yet, is an object of ours.
    assert [await post(form, b"again"), await world.post(waiting, FILM)] == [201, 201]
    report = await world.reconcile()
    assert (report.objects, report.orphan_objects.names) == (1, [taken_over.incoming_key])
    assert await world.bucket.head(taken_over.incoming_key) is None
    assert await world.bucket.head(waiting.incoming_key) is not None
