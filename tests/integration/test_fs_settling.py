"""What becomes of objects whose process was killed in the middle of something: every step, without the loop."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from common.clock import utc_now
from common.errors import RateLimited, StorageUnavailable
from common.ids import new_id
from contracts.objects import ChecksumAlgorithm, CompleteObject, Kind, State
from fs_svc.dialects import Vendor
from fs_svc.errors import PartDiffers, PartsHeld, QuotaExceeded, UploadNotOpen
from fs_svc.objects import UPLOAD_LIFETIME, Object
from fs_svc.signatures import PER_PART, WINDOW
from fs_svc.uploads.excess import CHECK_INTERVAL, LATEST_PART, LONGEST_CHECK_INTERVAL, ExcessCheck
from fs_svc.uploads.in_parts import PART_URL_LIFETIME, RESERVATION_LIFETIME
from fs_svc.uploads.kinds import LOST_AFTER, SIGNED_AHEAD
from fs_svc.uploads.lifecycle import Uploads
from fs_svc.uploads.settling import LEASE
from tests.fs_service import PART_SIZE, put
from tests.fs_world import ALICE, FILM, World, etag_of, opened_world
from tests.s3_proxy import is_complete, is_create, is_list_parts, nothing
from tests.waiting import eventually
from vss.bucket import Bucket as StorageBucket


@pytest.fixture
async def world(sqlite_url: str, seaweedfs: StorageBucket) -> AsyncIterator[World]:
    async with opened_world(sqlite_url, seaweedfs) as world:
        yield world


async def test_killed_before_s3_was_asked(world: World) -> None:
    item = await world.completing(b"film")
    assert await world.settling.settle_due() == 0
    world.forward(LEASE)
    assert await world.settling.settle_due() == 1
    stored = await world.get(item)
    assert (stored.state, stored.etag) == (State.STORED, etag_of(b"film"))
    assert await world.store.get_usage(ALICE.account_id) == (0, 4)
    head = await world.bucket.head(item.object_key)
    assert head is not None
    assert (head.size, head.etag) == (4, stored.etag)


async def test_killed_before_the_answer_of_s3_was_recorded(world: World) -> None:
    item = await world.completing(b"film")
    await world.complete_behind_our_back(item)
    world.forward(LEASE)
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).state is State.STORED


async def test_asking_again_settles_what_a_killed_process_left(world: World) -> None:
    item = await world.completing(b"film")
    assert (await world.complete(item)).state is State.COMPLETING
    world.forward(LEASE)
    assert (await world.complete(item)).state is State.STORED


async def test_a_part_sent_again_while_completing_does_not_get_it_stuck(world: World) -> None:
    item = await world.completing(b"film")
    await eventually(lambda: world.sends_the_newest(item, b"FILM"), what="the second copy is the newer one")
    world.forward(LEASE)
    await world.settling.settle_due()
    stored = await world.get(item)
    assert (stored.state, stored.etag) == (State.STORED, etag_of(b"FILM"))


async def test_another_object_is_never_taken_for_the_one_that_was_completed(
    world: World, seaweedfs: StorageBucket
) -> None:
    for body in (b"other size", b"FILM"):
        item = await world.completing(b"film")
        url = world.presigner.presign("PUT", item.object_key, now=utc_now(), lifetime=timedelta(minutes=1))
        assert await put(url, body) == 200
        world.forward(LEASE)
        await world.settling.settle_due()
        assert (await world.get(item)).state is State.COMPLETING


async def test_what_s3_lists_while_it_completes_is_not_believed(world: World) -> None:
    item = await world.uploads.create(new_id(), size=4, content_type="video/mp4", subject=ALICE)

    async def another_completes(request: web.Request) -> None:
        if is_list_parts(request):
            await world.begin_completing(item, etag=None, at=world.now())

    world.proxy.meanwhile = another_completes
    assert (await world.complete(item)).state is State.COMPLETING
    found, received = await world.uploads.get(item.id, subject=ALICE)
    assert (found.state, received) == (State.COMPLETING, None)


async def test_where_etags_cannot_be_foretold_the_size_decides(world: World) -> None:
    settling = world.settling_at(Vendor.OTHER)
    item, other = await world.completing(b"film"), await world.completing(b"film")
    for expected in (item, other):
        assert await world.store.expect_etag(expected.id, None)
    await world.complete_behind_our_back(item)
    url = world.presigner.presign("PUT", other.object_key, now=utc_now(), lifetime=timedelta(minutes=1))
    assert await put(url, b"other size") == 200
    world.forward(LEASE)
    assert await settling.settle_due() == 2
    stored = await world.get(item)
    assert (stored.state, stored.etag) == (State.STORED, etag_of(b"film"))
    assert (await world.get(other)).state is State.COMPLETING


async def test_a_row_is_settled_by_one_of_two_workers(world: World) -> None:
    items = [await world.completing(b"film") for _ in range(5)]
    world.forward(LEASE)
    other = world.settling_at(Vendor.SEAWEEDFS)
    taken = await asyncio.gather(world.settling.settle_due(), other.settle_due())
    assert sum(taken) == len(items)
    assert [(await world.get(item)).state for item in items] == [State.STORED] * len(items)


async def test_while_s3_is_away_rows_rest_and_then_go_on(world: World) -> None:
    item = await world.completing(b"film")
    world.forward(LEASE)
    world.proxy.is_down = True
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).state is State.COMPLETING
    assert await world.settling.settle_due() == 0
    world.proxy.is_down = False
    world.forward(LEASE)
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).state is State.STORED


NO_SUCH_UPLOAD = "<?xml version='1.0' encoding='UTF-8'?><Error><Code>NoSuchUpload</Code></Error>"


async def _forgets_uploads(request: web.Request) -> None:
    """A storage that has started and not yet read what it knows."""
    if is_list_parts(request):
        raise web.HTTPNotFound(text=NO_SUCH_UPLOAD, content_type="application/xml")


async def test_what_the_storage_has_lost_is_aborted_when_it_has_said_so_twice_minutes_apart(world: World) -> None:
    item = await world.completing(b"film")
    assert item.s3_upload_id is not None
    await world.bucket.abort_upload(item.object_key, item.s3_upload_id)
    # The first look is late: what came before it counts for nothing.
    world.forward(10 * LOST_AFTER)
    assert await world.settling.settle_due() == 1
    world.forward(LOST_AFTER - LEASE)
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).state is State.COMPLETING
    assert await world.store.get_usage(ALICE.account_id) == (4, 0)
    world.forward(LEASE)
    assert await world.settling.settle_due() == 1
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).state is State.ABORTED
    assert await world.store.get_usage(ALICE.account_id) == (0, 0)
    with pytest.raises(UploadNotOpen):
        await world.complete(item)


async def test_what_the_storage_finds_again_is_not_lost(world: World) -> None:
    item = await world.completing(b"film")
    world.forward(LEASE)
    world.proxy.meanwhile = _forgets_uploads
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).lost_at is not None

    async def is_listed_but_not_completed(request: web.Request) -> None:
        if is_complete(request):
            raise web.HTTPServiceUnavailable

    world.proxy.meanwhile = is_listed_but_not_completed
    world.forward(LEASE)
    assert await world.settling.settle_due() == 1
    # It was there in between: what was said before is forgotten.
    world.proxy.meanwhile = _forgets_uploads
    world.forward(LOST_AFTER)
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).state is State.COMPLETING
    world.proxy.meanwhile = nothing
    world.forward(LEASE)
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).state is State.STORED


async def test_an_object_that_comes_between_two_looks_is_not_lost(world: World) -> None:
    item = await world.completing(b"film")
    world.forward(LEASE)
    world.proxy.meanwhile = _forgets_uploads
    assert await world.settling.settle_due() == 1
    world.forward(LOST_AFTER)

    async def an_older_complete_arrives(request: web.Request) -> None:
        if is_list_parts(request):
            world.proxy.meanwhile = nothing
            await world.complete_behind_our_back(item)

    world.proxy.meanwhile = an_older_complete_arrives
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).state is State.STORED
    assert await world.store.get_usage(ALICE.account_id) == (0, 4)


async def _create_whose_answer_is_lost(world: World) -> str:
    world.proxy.loses = is_create
    object_id = new_id()
    with pytest.raises(StorageUnavailable):
        await world.uploads.create(object_id, size=4, content_type="video/mp4", subject=ALICE)
    world.proxy.loses = lambda _: False
    return object_id


async def test_a_reservation_nobody_came_back_for_is_given_up(world: World) -> None:
    # The answer with S3's id of the upload got lost, so that no row knows it.
    object_id = await _create_whose_answer_is_lost(world)
    item = await world.store.get(object_id)
    assert item is not None
    assert len(await world.bucket.list_uploads(item.object_key)) == 1
    assert await world.settling.settle_due() == 0
    world.forward(RESERVATION_LIFETIME)
    assert await world.settling.settle_due() == 1
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).state is State.ABORTED
    assert await world.bucket.list_uploads(item.object_key) == []
    assert await world.store.get_usage(ALICE.account_id) == (0, 0)


async def test_an_upload_that_a_lost_answer_left_goes_with_the_object(world: World) -> None:
    object_id = await _create_whose_answer_is_lost(world)
    item = await world.uploads.create(object_id, size=4, content_type="video/mp4", subject=ALICE)
    assert len(await world.bucket.list_uploads(item.object_key)) == 2
    await world.send(item, b"film")
    assert (await world.complete(item)).state is State.STORED
    assert (await world.uploads.delete(item.id, subject=ALICE)).state is State.DELETED
    assert await world.bucket.list_uploads(item.object_key) == []


async def test_killed_in_the_middle_of_an_abort(world: World) -> None:
    item = await world.open(b"film")
    assert item.s3_upload_id is not None
    assert await world.store.begin_aborting(item.id, was=State.OPEN, at=world.now())
    await world.bucket.abort_upload(item.object_key, item.s3_upload_id)
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).state is State.ABORTED
    assert await world.store.get_usage(ALICE.account_id) == (0, 0)


async def test_killed_in_the_middle_of_a_deletion(world: World) -> None:
    item = await world.open(b"film")
    assert (await world.complete(item)).state is State.STORED
    assert await world.store.begin_deleting(item.id, at=world.now())
    await world.bucket.delete(item.object_key)
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).state is State.DELETED
    assert await world.store.get_usage(ALICE.account_id) == (0, 0)


async def test_an_open_upload_is_left_alone(world: World) -> None:
    item = await world.open(b"film")
    world.forward(timedelta(days=30))
    assert await world.settling.settle_due() == 0
    assert replace(await world.get(item), leased_until=item.leased_until) == item


async def test_an_upload_that_nobody_works_on_is_given_up_after_its_time(world: World) -> None:
    item = await world.open(b"abandoned")
    assert item.s3_upload_id is not None
    world.forward(UPLOAD_LIFETIME - timedelta(minutes=1))
    assert await world.settling.abandon_due() == 0
    world.forward(timedelta(minutes=2))
    assert await world.settling.abandon_due() == 1
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).state is State.ABORTED
    assert not await world.bucket.has_upload(item.object_key, item.s3_upload_id)
    assert await world.store.get_usage(ALICE.account_id) == (0, 0)


async def test_what_was_completed_after_the_copy_of_the_database_that_was_put_back_is_not_given_up(
    world: World,
) -> None:
    opened, asked, kept = [await world.open() for _ in range(3)]
    for item in (opened, asked):
        await world.complete_behind_our_back(item)
    # Whoever asks learns it at once; of the others, the loop does when their time is over.
    assert (await world.complete(asked)).state is State.STORED
    world.forward(UPLOAD_LIFETIME)
    assert await world.settling.abandon_due() == 1
    assert ((await world.get(opened)).state, (await world.get(kept)).state) == (State.STORED, State.ABORTING)
    await world.settling.settle_due()
    assert await world.bucket.head(opened.object_key) is not None
    assert await world.store.get_usage(ALICE.account_id) == (0, 2 * len(FILM))


async def test_what_was_opened_or_stored_after_the_copy_of_the_database_that_was_put_back_is_not_given_up(
    world: World,
) -> None:
    opened, stored, empty = [await _reserved(world) for _ in range(3)]
    form = await world.waiting_for_a_form()
    s3_upload_id = await world.bucket.create_upload(opened.object_key, content_type="video/mp4")
    await world.send(replace(opened, s3_upload_id=s3_upload_id), FILM)
    for item in (stored, form):
        await world.raw_object(item.object_key, FILM)
    world.forward(timedelta(hours=2))
    await world.settling.settle_due()
    states = [(await world.get(item)).state for item in (opened, stored, form, empty)]
    assert states == [State.OPEN, State.STORED, State.STORED, State.ABORTING]
    assert (await world.complete(opened)).state is State.STORED


async def _reserved(world: World) -> Object:
    """A row whose upload was not opened, as far as it knows."""
    item = replace(await world.open(), id=new_id(), object_key=f"objects/{new_id()}", s3_upload_id=None)
    item = replace(item, state=State.RESERVED, leased_until=world.now())
    assert await world.store.reserve(item, quota=None)
    return item


async def test_an_upload_that_is_worked_on_lives_on(world: World) -> None:
    item = await world.open(b"slow but alive")
    read_before = await world.get(item)
    world.forward(UPLOAD_LIFETIME - timedelta(minutes=1))
    await world.uploads.part_urls(item.id, [1], checksums=None, subject=ALICE)
    world.forward(timedelta(minutes=2))
    assert await world.settling.abandon_due() == 0
    # Nor by a replica that read the row before somebody came back.
    assert not await world.store.abandon(read_before, at=world.now())
    assert (await world.get(item)).state is State.OPEN
    world.forward(UPLOAD_LIFETIME)
    assert await world.settling.abandon_due() == 1


async def test_a_part_that_came_when_one_checksum_alone_could_bring_it_is_known(world: World) -> None:
    first, second = (base64.b64encode(hashlib.sha256(body).digest()).decode() for body in (b"FILM", b"film"))

    async def begin() -> Object:
        """An upload whose part was signed with the one and then with the other."""
        item = await world.uploads.create(
            new_id(), size=4, content_type="video/mp4", part_checksums=ChecksumAlgorithm.SHA256, subject=ALICE
        )
        for checksum in (first, second):
            await world.uploads.part_urls(item.id, [1], checksums={1: checksum}, subject=ALICE)
        return item

    async def known(item: Object) -> list[str | None]:
        _, received = await world.uploads.get(item.id, subject=ALICE)
        assert received is not None
        return [part.checksum for part in received]

    just_now = await begin()
    world.forward(-timedelta(hours=1))
    long_ago = await begin()
    world.forward(timedelta(hours=1))
    for item in (just_now, long_ago):
        await world.send(item, b"film")
    assert (await known(just_now), await known(long_ago)) == ([None], [second])
    with pytest.raises(PartDiffers):
        await world.uploads.part_urls(long_ago.id, [1], checksums={1: first}, subject=ALICE)


async def test_a_part_is_signed_sixty_times_an_hour(world: World) -> None:
    item = await world.open(b"film")

    async def sign() -> None:
        await world.uploads.part_urls(item.id, [1], checksums=None, subject=ALICE)

    for _ in range(PER_PART):
        await sign()
    with pytest.raises(RateLimited) as refused:
        await sign()
    assert 0 < int(refused.value.headers["Retry-After"]) <= WINDOW.total_seconds()
    world.forward(WINDOW)
    await sign()


async def test_of_an_upload_that_was_sent_over_and_over_only_what_is_missing_is_taken_and_then_nothing(
    world: World,
) -> None:
    # As if these few bytes were many.
    excess = ExcessCheck(world.store, world.bucket, world.kinds, clock=world.now, least_excess=3 * PART_SIZE)
    size = PART_SIZE + 4
    item = await world.uploads.create(new_id(), size=size, content_type="video/mp4", subject=ALICE)
    marked = await world.uploads.create(new_id(), size=size, content_type="video/mp4", subject=ALICE)
    urls = (await world.uploads.part_urls(item.id, [1], checksums=None, subject=ALICE)).urls
    await world.uploads.part_urls(marked.id, [1], checksums=None, subject=ALICE)

    async def send(times: int) -> None:
        world.forward(CHECK_INTERVAL)
        for _ in range(times):
            assert await put(urls["1"], b"x" * PART_SIZE) == 200

    await send(2)
    assert await excess.check_open() == 0
    await world.uploads.part_urls(item.id, [1], checksums=None, subject=ALICE)
    await send(1)
    assert await excess.check_open() == 0
    with pytest.raises(PartsHeld):
        await world.uploads.part_urls(item.id, [1, 2], checksums=None, subject=ALICE)
    # Nothing is lost by it: what is missing is taken, and the upload may be completed as any other.
    assert sorted((await world.uploads.part_urls(item.id, [2], checksums=None, subject=ALICE)).urls) == ["2"]

    await send(2)
    # One URL, which was signed before all of that, lives on: the upload does not.
    assert await excess.check_open() == 1
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).state is State.ABORTED
    assert await put(urls["1"], b"x" * PART_SIZE) == 404
    assert await world.bucket.list_uploads(item.object_key) == []
    assert (await world.get(marked)).state is State.OPEN
    assert await world.store.get_usage(ALICE.account_id) == (size, 0)


async def test_an_upload_of_countless_small_copies_is_aborted_too(world: World) -> None:
    excess = ExcessCheck(world.store, world.bucket, world.kinds, clock=world.now, least_listed=3)
    item = await world.uploads.create(new_id(), size=1, content_type="video/mp4", subject=ALICE)
    urls = (await world.uploads.part_urls(item.id, [1], checksums=None, subject=ALICE)).urls
    for _ in range(5):
        assert await put(urls["1"], b"x") == 200
    assert await excess.check_open() == 1


async def test_what_can_hold_more_is_looked_at_less_often_and_what_is_not_signed_for_not_at_all(world: World) -> None:
    small, large = [
        await world.uploads.create(new_id(), size=size, content_type="video/mp4", subject=ALICE)
        for size in (4, 100 * 1024 * PART_SIZE)
    ]
    idle = await world.open(b"film")
    listed: list[str] = []

    async def note(request: web.Request) -> None:
        if is_list_parts(request):
            listed.append(request.path)

    for item in (small, large):
        await world.uploads.part_urls(item.id, [1], checksums=None, subject=ALICE)
    world.proxy.meanwhile = note

    async def looked_at() -> set[str]:
        listed.clear()
        await world.excess.check_open()
        return {item.id for item in (small, large, idle) for path in listed if path.endswith(item.object_key)}

    assert await looked_at() == {small.id, large.id}
    world.forward(CHECK_INTERVAL)
    assert await looked_at() == {small.id}
    world.forward(LONGEST_CHECK_INTERVAL)
    assert await looked_at() == {small.id, large.id}
    world.forward(PART_URL_LIFETIME + LATEST_PART)
    assert await looked_at() == set()


async def test_what_one_upload_hides_does_not_keep_the_others_from_being_looked_at(world: World) -> None:
    excess = ExcessCheck(world.store, world.bucket, world.kinds, clock=world.now, least_listed=3)
    first, second = sorted([await world.open(b"x") for _ in range(2)], key=lambda item: item.id)
    for item in (first, second):
        await world.uploads.part_urls(item.id, [1], checksums=None, subject=ALICE)
        for _ in range(5):
            await world.send(item, b"x")

    async def refuses(request: web.Request) -> None:
        if is_list_parts(request) and request.path.endswith(first.object_key):
            raise web.HTTPServiceUnavailable

    world.proxy.meanwhile = refuses
    assert await excess.check_open() == 1
    assert (await world.get(second)).state is State.ABORTING
    world.proxy.meanwhile = nothing
    # At once, and not when it would be due.
    assert await excess.check_open() == 1


async def test_where_parts_may_land_after_an_abort_the_reservation_outlives_their_urls(world: World) -> None:
    settling = world.settling_at(Vendor.OTHER)
    uploads = Uploads(world.store, world.kinds_at(Vendor.OTHER), settling, world.comparing, clock=world.now)
    item = await world.open(b"film")
    await uploads.part_urls(item.id, [1], checksums=None, subject=ALICE)
    assert (await uploads.delete(item.id, subject=ALICE)).state is State.ABORTING
    assert await world.store.get_usage(ALICE.account_id) == (4, 0)
    assert await settling.settle_due() == 0
    world.forward(PART_URL_LIFETIME + SIGNED_AHEAD)
    # Something has landed meanwhile: it goes, too.
    late = await world.bucket.create_upload(item.object_key, content_type="video/mp4")
    assert await settling.settle_due() == 1
    assert (await world.get(item)).state is State.ABORTED
    assert not await world.bucket.has_upload(item.object_key, late)
    assert await world.store.get_usage(ALICE.account_id) == (0, 0)


async def test_what_is_signed_while_somebody_deletes_was_recorded_or_is_refused(world: World) -> None:
    for _ in range(10):
        item = await world.open(b"film")
        signed, _ = await asyncio.gather(
            world.uploads.part_urls(item.id, [1], checksums=None, subject=ALICE),
            world.uploads.delete(item.id, subject=ALICE),
            return_exceptions=True,
        )
        row = await world.get(item)
        if isinstance(signed, BaseException):
            assert isinstance(signed, UploadNotOpen)
        else:
            assert row.signed_until is not None
            assert row.signed_until > signed.expires_at
    item = await world.open(b"film")
    await world.uploads.delete(item.id, subject=ALICE)
    assert not await world.store.note_signed(item, at=world.now(), until=world.now(), quota=None)


async def test_what_nobody_has_declared_counts_as_it_comes_and_far_past_the_quota_it_ends(world: World) -> None:
    excess = ExcessCheck(world.store, world.bucket, world.kinds, clock=world.now, least_excess=PART_SIZE)
    limited = replace(ALICE, account_id=new_id(), quota_bytes=3 * PART_SIZE)
    one, other = [
        await world.uploads.create(new_id(), size=None, content_type="video/mp4", kind=Kind.FREE, subject=limited)
        for _ in range(2)
    ]

    async def sign(item: Object) -> list[str]:
        return list((await world.uploads.part_urls(item.id, [1, 2], checksums=None, subject=limited)).urls.values())

    urls = {item.id: await sign(item) for item in (one, other)}
    for item in (one, other):
        assert await put(urls[item.id][0], b"x" * PART_SIZE) == 200
    assert await excess.check_open() == 0
    # Each counts for the other.
    assert await world.store.get_usage(limited.account_id) == (2 * PART_SIZE, 0)
    assert await put(urls[one.id][1], b"x" * PART_SIZE) == 200
    world.forward(CHECK_INTERVAL)
    assert await excess.check_open() == 0
    with pytest.raises(QuotaExceeded) as refused:
        await sign(other)
    assert refused.value.members["reserved"] == 2 * PART_SIZE
    for url in urls[other.id][1:] * 2:
        assert await put(url, b"x" * PART_SIZE) == 200
    world.forward(CHECK_INTERVAL)
    assert await excess.check_open() == 1
    await world.settling.settle_due()
    ended, lives = (one, other) if (await world.get(one)).state is State.ABORTED else (other, one)
    assert (await world.get(ended)).state is State.ABORTED
    assert await put(urls[ended.id][1], b"x") == 404
    # The other one, with which there is room, becomes what it is.
    part_count = 2 if lives is one else 1
    stored = await world.uploads.complete(lives.id, CompleteObject(part_count=part_count), subject=limited)
    assert stored.state is State.STORED
    assert await world.store.get_usage(limited.account_id) == (0, stored.size)
