"""What comes by a form: taken over once, whatever happens on the way, and given up when nothing comes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from common.clock import utc_now
from common.ids import new_id
from contracts.objects import State
from fs_svc.companion.by_form import FORM_INTERVAL, FORM_LIFETIME
from fs_svc.errors import UploadNotOpen
from fs_svc.objects import FORM_UPLOAD_LIFETIME, INCOMING_PREFIX
from fs_svc.uploads.kinds import LOST_AFTER, SIGNED_AHEAD
from fs_svc.uploads.settling import REST
from tests.fs_service import fetch
from tests.fs_world import ALICE, FILM, World, opened_world, post
from vss.bucket import Bucket as StorageBucket


@pytest.fixture
async def world(sqlite_url: str, seaweedfs: StorageBucket) -> AsyncIterator[World]:
    async with opened_world(sqlite_url, seaweedfs) as world:
        yield world


async def test_it_is_found_and_taken_over_without_anybody_asking(world: World) -> None:
    item = await world.waiting_for_a_form()
    assert await world.settling.settle_due() == 0
    world.forward(FORM_INTERVAL)
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).state is State.RESERVED

    assert await world.post(item, FILM) == 201
    assert await world.settling.settle_due() == 0
    world.forward(FORM_INTERVAL)
    # Found, and then taken over.
    assert [await world.settling.settle_due() for _ in range(3)] == [1, 1, 0]
    stored = await world.get(item)
    assert (stored.state, stored.size) == (State.STORED, len(FILM))
    assert await world.store.get_usage(ALICE.account_id) == (0, len(FILM))
    assert await world.bucket.head(item.incoming_key) is None
    head = await world.bucket.head(item.object_key)
    assert head is not None
    assert (head.size, head.etag) == (stored.size, stored.etag)
    with pytest.raises(UploadNotOpen):
        await world.forms.sign(item.id, subject=ALICE)


async def test_killed_after_it_was_copied(world: World) -> None:
    item = await world.waiting_for_a_form()
    form = await world.forms.sign(item.id, subject=ALICE)
    assert await post(form, FILM) == 201
    found = await world.forms.find_arrived(item)
    assert found.state is State.COMPLETING
    incoming = await world.bucket.head(item.incoming_key)
    assert incoming is not None
    assert await world.bucket.copy(
        item.incoming_key, item.object_key, etag=incoming.etag, content_type=item.content_type
    )
    # The form comes once more before anybody goes on.
    assert await post(form, b"another film") == 201
    assert await world.settling.settle_due() == 1
    stored = await world.get(item)
    assert (stored.state, stored.size) == (State.STORED, len(FILM))
    assert await world.bucket.head(item.incoming_key) is None


async def test_what_is_replaced_while_it_is_taken_over_is_taken_over_whole(world: World) -> None:
    item = await world.waiting_for_a_form()
    form = await world.forms.sign(item.id, subject=ALICE)
    assert await post(form, FILM) == 201
    assert (await world.forms.find_arrived(item)).state is State.COMPLETING

    async def sent_again(request: web.Request) -> None:
        if "x-amz-copy-source" in request.headers:
            assert await post(form, b"another film") == 201

    world.proxy.meanwhile = sent_again
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).state is State.COMPLETING
    world.forward(REST)
    assert await world.settling.settle_due() == 1
    stored = await world.get(item)
    assert (stored.state, stored.size) == (State.STORED, len(b"another film"))


async def test_what_does_not_come_is_given_up_in_an_hour(world: World) -> None:
    item = await world.waiting_for_a_form()
    assert (await world.store.get_usage(ALICE.account_id))[0] == item.size
    world.forward(FORM_UPLOAD_LIFETIME)
    # Looked at, given up, aborted.
    assert [await world.settling.settle_due() for _ in range(3)] == [1, 1, 0]
    assert (await world.get(item)).state is State.ABORTED
    assert await world.store.get_usage(ALICE.account_id) == (0, 0)


async def test_what_the_storage_loses_after_it_came_is_given_up(world: World) -> None:
    item = await world.waiting_for_a_form()
    assert await world.post(item, FILM) == 201
    assert (await world.forms.find_arrived(item)).state is State.COMPLETING
    await world.bucket.delete(item.incoming_key)
    await world.settling.settle_due()
    assert (await world.get(item)).state is State.COMPLETING
    world.forward(LOST_AFTER + FORM_LIFETIME + SIGNED_AHEAD)
    assert [await world.settling.settle_due() for _ in range(3)] == [1, 1, 0]
    assert (await world.get(item)).state is State.ABORTED
    assert await world.store.get_usage(ALICE.account_id) == (0, 0)


@pytest.mark.parametrize("is_sent", [False, True])
async def test_deleting_removes_what_came(world: World, *, is_sent: bool) -> None:
    item = await world.waiting_for_a_form()
    if is_sent:
        assert await world.post(item, FILM) == 201
    await world.uploads.delete(item.id, subject=ALICE)
    assert await world.bucket.head(item.incoming_key) is None
    assert await world.bucket.head(item.object_key) is None
    # What was given out counts until it dies.
    world.forward(FORM_LIFETIME + SIGNED_AHEAD)
    await world.settling.settle_due()
    assert (await world.get(item)).state is State.ABORTED
    assert await world.store.get_usage(ALICE.account_id) == (0, 0)


async def test_a_deleted_form_counts_while_it_lives_and_brings_nothing(world: World) -> None:
    item = await world.waiting_for_a_form()
    form = await world.forms.sign(item.id, subject=ALICE)
    for _ in range(2):
        assert (await world.uploads.delete(item.id, subject=ALICE)).state is State.ABORTING
    # What is posted all the same has its place in the figures, and goes.
    assert await post(form, FILM) == 201
    assert await world.store.get_usage(ALICE.account_id) == (item.size, 0)
    assert await world.forms.drop_late() == 1
    assert await world.bucket.head(item.incoming_key) is None
    assert await world.settling.settle_due() == 0

    assert await post(form, FILM) == 201
    world.forward(FORM_LIFETIME + SIGNED_AHEAD)
    assert await world.settling.settle_due() == 1
    assert (await world.get(item)).state is State.ABORTED
    assert await world.bucket.head(item.incoming_key) is None
    assert await world.store.get_usage(ALICE.account_id) == (0, 0)
    # What was on its way all that time goes too.
    await world.raw_object(item.incoming_key, FILM)
    assert await world.forms.drop_late() == 1


async def test_what_a_form_brings_again_goes_and_what_was_stored_stays(world: World) -> None:
    item, waiting = await world.waiting_for_a_form(), await world.waiting_for_a_form()
    form = await world.forms.sign(item.id, subject=ALICE)
    assert await post(form, FILM) == 201
    assert (await world.uploads.get(item.id, subject=ALICE))[0].state is State.STORED
    assert await post(form, b"much more than that film") == 201
    assert await world.post(waiting, FILM) == 201
    assert await world.forms.drop_late() == 1
    assert await world.bucket.head(item.incoming_key) is None
    assert await world.bucket.head(item.object_key) is not None
    # A form that somebody waits for, and one of which no row is known, are not judged.
    assert await world.bucket.head(waiting.incoming_key) is not None
    unknown = f"{INCOMING_PREFIX}{new_id()}"
    await world.raw_object(unknown, FILM)
    assert await world.forms.drop_late() == 0
    assert await world.bucket.head(unknown) is not None
    await world.bucket.delete(unknown)

    # Its bytes count while the form could bring them once more.
    assert (await world.uploads.delete(item.id, subject=ALICE)).state is State.DELETING
    world.forward(FORM_LIFETIME + SIGNED_AHEAD)
    assert (await world.uploads.delete(item.id, subject=ALICE)).state is State.DELETED


async def test_no_form_goes_out_for_what_was_deleted_meanwhile(world: World) -> None:
    item = await world.waiting_for_a_form()
    stale = await world.get(item)
    assert (await world.uploads.delete(item.id, subject=ALICE)).state is State.ABORTED
    assert not await world.store.note_signed(stale, at=world.now(), until=world.now(), quota=None)


# A form's policy cannot forbid them here (docs/threat-model.md): SeaweedFS takes fields that it does not name.
UNNAMED_FIELDS = {
    "Cache-Control": "public, max-age=31536000",
    "Content-Disposition": 'attachment; filename="other.exe"',
    "Content-Encoding": "gzip",
    "Content-Language": "ar",
    "Expires": "Thu, 01 Dec 2033 16:00:00 GMT",
    "acl": "public-read",
    "redirect": "https://example.org/",
    "success_action_redirect": "https://example.org/",
    "tagging": "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
    "Seaweed-a": "b",
    "x-ignore-a": "b",
}


async def test_nothing_that_a_form_says_besides_stays_with_the_bytes(world: World) -> None:
    plain, dressed = await world.waiting_for_a_form(), await world.waiting_for_a_form()
    for item, besides in ((plain, {}), (dressed, UNNAMED_FIELDS)):
        form = await world.forms.sign(item.id, subject=ALICE)
        assert await post(form.model_copy(update={"fields": {**form.fields, **besides}}), FILM) in (201, 303)
        assert (await world.uploads.get(item.id, subject=ALICE))[0].state is State.STORED
    answers = []
    for item in (plain, dressed):
        url = world.presigner.presign("GET", item.object_key, now=utc_now(), lifetime=FORM_LIFETIME)
        status, headers, body = await fetch("GET", url)
        assert (status, body, headers["Content-Type"]) == (200, FILM, "video/mp4")
        answers.append({name.lower() for name in headers})
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "name",
    ["x-amz-meta-a", "x-amz-tagging", "x-amz-storage-class", "x-amz-website-redirect-location", "x-amz-acl"],
)
async def test_the_storage_refuses_fields_of_its_own_that_the_form_does_not_name(world: World, name: str) -> None:
    form = await world.forms.sign((await world.waiting_for_a_form()).id, subject=ALICE)
    assert await post(form.model_copy(update={"fields": {**form.fields, name: "a"}}), FILM) == 403
