"""What comes by a form: taken over once, whatever happens on the way, and given up when nothing comes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from fs_svc.errors import UploadNotOpen
from fs_svc.objects import FORM_UPLOAD_LIFETIME, State
from fs_svc.settling import FORM_INTERVAL, LEASE, LOST_AFTER, REST
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
        await world.uploads.form(item.id, subject=ALICE)


async def test_killed_after_it_was_copied(world: World) -> None:
    item = await world.waiting_for_a_form()
    form, _ = await world.uploads.form(item.id, subject=ALICE)
    assert await post(form, FILM) == 201
    found = await world.settling.find_form(item)
    assert found.state is State.COMPLETING
    incoming = await world.bucket.head(item.incoming_key)
    assert incoming is not None
    assert await world.bucket.copy(item.incoming_key, item.object_key, etag=incoming.etag)
    # The form comes once more before anybody goes on.
    assert await post(form, b"another film") == 201
    assert await world.settling.settle_due() == 1
    stored = await world.get(item)
    assert (stored.state, stored.size) == (State.STORED, len(FILM))
    assert await world.bucket.head(item.incoming_key) is None


async def test_what_is_replaced_while_it_is_taken_over_is_taken_over_whole(world: World) -> None:
    item = await world.waiting_for_a_form()
    form, _ = await world.uploads.form(item.id, subject=ALICE)
    assert await post(form, FILM) == 201
    assert (await world.settling.find_form(item)).state is State.COMPLETING

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
    assert (await world.settling.find_form(item)).state is State.COMPLETING
    await world.bucket.delete(item.incoming_key)
    await world.settling.settle_due()
    assert (await world.get(item)).state is State.COMPLETING
    world.forward(LOST_AFTER + LEASE)
    assert [await world.settling.settle_due() for _ in range(3)] == [1, 1, 0]
    assert (await world.get(item)).state is State.ABORTED
    assert await world.store.get_usage(ALICE.account_id) == (0, 0)


@pytest.mark.parametrize("is_sent", [False, True])
async def test_deleting_removes_what_came(world: World, *, is_sent: bool) -> None:
    item = await world.waiting_for_a_form()
    if is_sent:
        assert await world.post(item, FILM) == 201
    assert (await world.uploads.delete(item.id, subject=ALICE)).state is State.ABORTED
    assert await world.bucket.head(item.incoming_key) is None
    assert await world.bucket.head(item.object_key) is None
    assert await world.store.get_usage(ALICE.account_id) == (0, 0)
