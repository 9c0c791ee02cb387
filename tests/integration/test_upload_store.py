"""The rows of upload_svc and stream_svc on both databases: leases, edits at once, texts at their longest, positions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from catalogue.access import Viewer
from catalogue.pages import Sort
from catalogue.videos import DESCRIPTION_MAX, TITLE_MAX, VideoState, Visibility
from common.audit import NOBODY
from common.db import open_database
from common.ids import new_id
from stream_svc.store import Listing, Position
from stream_svc.store import Store as StreamStore
from tests.videos import NOW, OWNER, video
from upload_svc.audit import Action, entry_about
from upload_svc.store import Store

SECOND = timedelta(seconds=1)


@pytest.fixture
async def stream(database_url: str) -> AsyncIterator[StreamStore]:
    """What upload_svc writes, stream_svc finds."""
    async with open_database(database_url) as database:
        yield StreamStore(database)


async def test_replicas_share_the_due_rows_and_none_takes_anothers(replicas: list[Store]) -> None:
    due = [video(state=VideoState.UPLOADING, settle_after=NOW - number * SECOND) for number in range(30)]
    for one in due:
        await replicas[0].add_video(one)
    until = NOW + timedelta(minutes=1)
    taken: list[str] = []
    # In small bites and all at once, so that they come upon the same rows again and again.
    while len(taken) < len(due):
        rounds = [store.take_unsettled(now=NOW, until=until, limit=4) for store in replicas for _ in range(2)]
        bites = [one.id for bite in await asyncio.gather(*rounds) for one in bite]
        assert bites
        taken += bites
    assert sorted(taken) == sorted(one.id for one in due)
    for store in replicas:
        assert await store.take_unsettled(now=NOW, until=until, limit=100) == []


async def test_a_lease_ends_by_time_and_the_longest_due_come_first(store: Store) -> None:
    old, new = [video(state=VideoState.UPLOADING, settle_after=at) for at in (NOW - SECOND, NOW)]
    for one in (new, old):
        await store.add_video(one)
    until = NOW + timedelta(minutes=1)
    assert await store.take_unsettled(now=NOW, until=until, limit=1) == [old]
    assert await store.take_unsettled(now=NOW, until=until, limit=5) == [new]
    assert await store.take_unsettled(now=until - timedelta(microseconds=1), until=until, limit=5) == []
    again = await store.take_unsettled(now=until, until=until + SECOND, limit=5)
    assert {one.id for one in again} == {old.id, new.id}
    assert {one.settle_after for one in again} == {until}


async def test_when_to_look_next_is_set_in_the_state_it_was_meant_for_only(store: Store) -> None:
    one = video(state=VideoState.UPLOADING)
    await store.add_video(one)
    assert await store.move_video(one.id, old=[VideoState.UPLOADING], new=VideoState.DELETED, settle_after=NOW)
    # A worker that took it while it was uploading comes late: the deletion must still be settled.
    await store.set_settle_after(one.id, state=VideoState.UPLOADING, settle_after=None)
    [due] = await store.take_unsettled(now=NOW, until=NOW + SECOND, limit=5)
    assert (due.id, due.state) == (one.id, VideoState.DELETED)
    await store.set_settle_after(one.id, state=VideoState.DELETED, settle_after=None)
    assert await store.take_unsettled(now=NOW + timedelta(days=1), until=NOW, limit=5) == []


async def test_a_purge_is_for_who_has_taken_the_row_and_what_was_restored_meanwhile_stays(store: Store) -> None:
    one = video(state=VideoState.TRASHED, settle_after=NOW)
    await store.add_video(one)
    until = NOW + timedelta(minutes=1)
    purge: dict[str, Any] = {"taken_until": until, "settle_after": NOW}
    assert not await store.purge_video(one.id, **purge)
    assert await store.take_unsettled(now=NOW, until=until, limit=5) == [one]
    # Restored and thrown away again while the purger slept: its days are counted anew.
    again = NOW + timedelta(days=7)
    assert await store.move_video(one.id, old=[VideoState.TRASHED], new=VideoState.READY, settle_after=None)
    assert not await store.purge_video(one.id, **purge)
    assert await store.move_video(one.id, old=[VideoState.READY], new=VideoState.TRASHED, settle_after=again)
    assert not await store.purge_video(one.id, **purge)
    assert await store.purge_video(one.id, taken_until=again, settle_after=NOW)
    assert not await store.purge_video(one.id, taken_until=again, settle_after=NOW)
    assert await store.get_video(one.id, OWNER) is None


async def test_only_ones_own_video_is_edited(store: Store) -> None:
    one = video()
    await store.add_video(one)
    edit: dict[str, Any] = {"title": "New", "description": "d", "visibility": Visibility.PUBLIC}
    assert not await store.edit_video(one.id, new_id(), **edit)
    assert await store.get_video(one.id, OWNER) == one
    assert await store.edit_video(one.id, OWNER, **edit)
    # The same once more is no refusal: it is there.
    assert await store.edit_video(one.id, OWNER, **edit)
    assert await store.get_video(one.id, OWNER) == replace(one, **edit)


async def test_edits_at_once_each_change_what_they_say_and_nothing_else(
    replicas: list[Store], stream: StreamStore
) -> None:
    one = video()
    store = replicas[0]
    await store.add_video(one)
    for number in range(10):
        assert await store.edit_video(one.id, OWNER, visibility=Visibility.PUBLIC)
        await asyncio.gather(
            replicas[0].edit_video(one.id, OWNER, title=f"Titled{number}"),
            replicas[1].edit_video(one.id, OWNER, visibility=Visibility.MEMBERS),
            replicas[2].edit_video(one.id, OWNER, description=f"Described{number}"),
            replicas[0].hide_video(one.id, entry_about(Action.HIDDEN, NOBODY, one, at=NOW)),
        )
        found = await store.get_video(one.id, OWNER)
        assert found is not None
        assert (found.title, found.description) == (f"Titled{number}", f"Described{number}")
        assert (found.visibility, found.hidden_visibility) == (Visibility.PRIVATE, Visibility.MEMBERS)
        await asyncio.gather(
            replicas[1].edit_video(one.id, OWNER, visibility=Visibility.PRIVATE),
            replicas[2].show_video(one.id, entry_about(Action.SHOWN, NOBODY, one, at=NOW)),
        )
        found = await store.get_video(one.id, OWNER)
        assert found is not None
        assert (found.visibility, found.hidden_visibility) == (Visibility.PRIVATE, None)
        # What it is found by is of both texts.
        for word in (f"titled{number}", f"described{number}"):
            listing = Listing(viewer=Viewer(OWNER), now=NOW, q=word, owner_id=None, sort=Sort.NEWEST)
            assert [listed.id for listed in await stream.list_videos(listing, after=None, limit=5)] == [one.id]


async def test_of_two_edits_of_the_same_video_as_it_was_one_is_made(replicas: list[Store]) -> None:
    one = video()
    store = replicas[0]
    await store.add_video(one)
    for number in range(10):
        seen = await store.get_video(one.id, OWNER)
        assert seen is not None
        edits = [
            replica.edit_video(one.id, OWNER, title=f"{number}{name}", if_match=[new_id(), seen.etag])
            for replica, name in zip(replicas, "abc", strict=True)
        ]
        made = await asyncio.gather(*edits, return_exceptions=True)
        assert sorted(str(type(outcome).__name__) for outcome in made) == ["PreconditionFailed"] * 2 + ["bool"]


# One character that becomes eighteen when it is folded, and one that becomes four bytes each.
@pytest.mark.parametrize("character", ["\ufdfa", "\U0001f3ac", "\u0130"])
async def test_texts_at_their_longest_are_kept_found_and_sorted(
    stream: StreamStore, store: Store, character: str
) -> None:
    longest = video(
        title=character * TITLE_MAX,
        description=character * DESCRIPTION_MAX,
        filename=character * 255,
        state=VideoState.READY,
        visibility=Visibility.MEMBERS,
    )
    other = replace(longest, id=new_id(), title="A", description="")
    for one in (longest, other):
        await store.add_video(one)
    assert await store.get_video(longest.id, OWNER) == longest
    listing = Listing(viewer=Viewer(OWNER), now=NOW, q=character * 200, owner_id=None, sort=Sort.TITLE)
    assert [one.id for one in await stream.list_videos(listing, after=None, limit=5)] == [longest.id]
    first, second = await stream.list_videos(replace(listing, q=""), after=None, limit=5)
    behind = (first.title_key, first.id)
    assert await stream.list_videos(replace(listing, q=""), after=behind, limit=5) == [second]


async def test_only_from_the_old_state_and_only_once(store: Store) -> None:
    one = video(state=VideoState.UPLOADING)
    await store.add_video(one)
    edge: dict[str, Any] = {"old": [VideoState.UPLOADING], "new": VideoState.READY, "settle_after": None}
    moved = await asyncio.gather(*(store.move_video(one.id, **edge) for _ in range(10)))
    assert sorted(moved) == [False] * 9 + [True]


async def test_two_windows_that_keep_a_position_at_once_leave_one_of_them(stream: StreamStore) -> None:
    video_id = new_id()
    positions = [Position(seconds=seconds, duration=None if seconds % 2 else 90.5) for seconds in (1.0, 2.0, 3.0, 1e6)]
    await asyncio.gather(*(stream.keep_position(OWNER, video_id, one, now=NOW) for one in positions))
    assert await stream.get_position(OWNER, video_id) in positions
    await stream.keep_position(OWNER, video_id, positions[1], now=NOW)
    assert await stream.get_position(OWNER, video_id) == positions[1]
    assert await stream.get_position(new_id(), video_id) is None


async def test_only_the_videos_watched_last_are_looked_at(stream: StreamStore, store: Store) -> None:
    videos = [video() for _ in range(5)]
    position = Position(seconds=20.0, duration=None)
    for age, one in enumerate(videos):
        await store.add_video(one)
        await stream.keep_position(OWNER, one.id, position, now=NOW + timedelta(seconds=age))
    watched = await stream.list_watched(Viewer(OWNER), now=NOW, limit=3)
    assert [(one.id, kept) for one, _, kept in watched] == [(one.id, position) for one in reversed(videos[2:])]
    assert await stream.list_watched(Viewer(new_id()), now=NOW, limit=3) == []
