"""The stores of upload_svc and stream_svc on both kinds of database: texts, pages, edges, leases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalogue.pages import Sort
from catalogue.videos import Video, VideoState, Visibility
from common.db import Database, open_database
from common.ids import new_id
from stream_svc.store import Listing, Position
from stream_svc.store import Store as StreamStore
from upload_svc.store import Store

NOW = datetime(2026, 11, 24, 8, 0, 0, 123_456, tzinfo=UTC)
OWNER = new_id()
OTHER = new_id()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as database:
        yield database


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


def video(**fields: Any) -> Video:
    return Video(
        **{
            "id": new_id(),
            "owner_id": OWNER,
            "owner_username": "alice",
            "title": "A film",
            "description": "",
            "filename": "film.mp4",
            "size": 2**42,
            "content_type": "video/mp4",
            "visibility": Visibility.PRIVATE,
            "state": VideoState.READY,
            "sha256": None,
            "part_size": None,
            "part_count": None,
            "created_at": NOW,
            "settle_after": None,
            **fields,
        }
    )


@pytest.mark.parametrize("text", ["A film", "فيلم 🎬", "t" * 200, "İstanbul" * 25])
async def test_a_video_is_read_as_it_was_written(store: Store, text: str) -> None:
    written = video(title=text, description=text * 20, filename=text, sha256="a" * 64, settle_after=NOW)
    await store.add_video(written)
    assert await store.get_video(written.id, OWNER) == written
    assert await store.get_video(written.id, OTHER) is None
    assert await store.get_video(written.id.upper(), OWNER) is None


async def test_only_from_the_old_state_and_only_once(store: Store) -> None:
    one = video(state=VideoState.UPLOADING)
    await store.add_video(one)
    edge: dict[str, Any] = {"old": [VideoState.UPLOADING], "new": VideoState.READY, "settle_after": None}
    moved = await asyncio.gather(*(store.move_video(one.id, **edge) for _ in range(10)))
    assert sorted(moved) == [False] * 9 + [True]


async def test_a_deleted_video_is_not_there(store: Store) -> None:
    one = video()
    await store.add_video(one)
    assert await store.move_video(one.id, old=[VideoState.READY], new=VideoState.DELETED, settle_after=NOW)
    assert await store.get_video(one.id, OWNER) is None
    changed = await store.edit_video(one.id, OWNER, title="x", description="", visibility=Visibility.PUBLIC)
    assert not changed


async def test_two_workers_never_take_the_same_row(store: Store) -> None:
    due = [video(state=VideoState.UPLOADING, settle_after=NOW) for _ in range(20)]
    for one in [*due, video(settle_after=NOW + timedelta(seconds=1)), video()]:
        await store.add_video(one)
    later = NOW + timedelta(minutes=1)
    taken = await asyncio.gather(*(store.take_unsettled(now=NOW, until=later, limit=50) for _ in range(4)))
    assert sorted(one.id for rows in taken for one in rows) == sorted(one.id for one in due)
    assert await store.take_unsettled(now=NOW, until=later, limit=50) == []


async def test_my_pages_are_whole_also_where_instants_are_equal(store: Store) -> None:
    mine = [video(created_at=NOW + timedelta(microseconds=number // 3)) for number in range(10)]
    for one in [*mine, video(owner_id=OTHER), video(state=VideoState.DELETED)]:
        await store.add_video(one)
    found: list[Video] = []
    after = None
    while page := await store.list_videos(OWNER, [VideoState.READY], after=after, limit=3):
        found += page
        after = (page[-1].created_at, page[-1].id)
    assert found == sorted(mine, key=lambda one: (one.created_at, one.id), reverse=True)


@pytest.mark.parametrize("sort", list(Sort))
async def test_the_library_is_what_one_may_watch_in_order(database: Database, store: Store, sort: Sort) -> None:
    written = [
        video(owner_id=owner, visibility=visibility, state=state, title=title, created_at=NOW + timedelta(seconds=age))
        for age, title in enumerate(["b", "B", "a", "É", "e"])
        for owner in (OWNER, OTHER)
        for visibility in Visibility
        for state in (VideoState.READY, VideoState.UPLOADING, VideoState.TRASHED, VideoState.DELETED)
    ]
    for one in written:
        await store.add_video(one)
    visible = {
        one.id
        for one in written
        if one.state is VideoState.READY and (one.owner_id == OWNER or one.visibility is not Visibility.PRIVATE)
    }
    stream = StreamStore(database)
    listing = Listing(viewer_id=OWNER, q="", owner_id=None, sort=sort)
    found: list[Any] = []
    after: tuple[str | datetime, str] | None = None
    while page := await stream.list_videos(listing, after=after, limit=4):
        found += page
        after = (page[-1].title_key if sort is Sort.TITLE else page[-1].created_at, page[-1].id)
    assert {one.id for one in found} == visible
    assert len(found) == len(visible)
    keys = [(one.title_key if sort is Sort.TITLE else one.created_at, one.id) for one in found]
    assert keys == sorted(keys, reverse=sort is Sort.NEWEST)


async def test_one_owners_part_of_the_library(database: Database, store: Store) -> None:
    shown = video(owner_id=OTHER, visibility=Visibility.MEMBERS)
    for one in (shown, video(owner_id=OTHER), video()):
        await store.add_video(one)
    listing = Listing(viewer_id=OWNER, q="", owner_id=OTHER, sort=Sort.NEWEST)
    assert [one.id for one in await StreamStore(database).list_videos(listing, after=None, limit=9)] == [shown.id]


async def test_two_windows_that_keep_a_position_at_once_leave_one_of_them(database: Database) -> None:
    stream = StreamStore(database)
    video_id = new_id()
    positions = [Position(seconds=seconds, duration=None if seconds % 2 else 90.5) for seconds in (1.0, 2.0, 3.0, 1e6)]
    await asyncio.gather(*(stream.keep_position(OWNER, video_id, one, now=NOW) for one in positions))
    assert await stream.get_position(OWNER, video_id) in positions
    await stream.keep_position(OWNER, video_id, positions[1], now=NOW)
    assert await stream.get_position(OWNER, video_id) == positions[1]
    assert await stream.get_position(OTHER, video_id) is None


async def test_only_the_videos_watched_last_are_looked_at(database: Database, store: Store) -> None:
    stream = StreamStore(database)
    videos = [video() for _ in range(5)]
    position = Position(seconds=20.0, duration=None)
    for age, one in enumerate(videos):
        await store.add_video(one)
        await stream.keep_position(OWNER, one.id, position, now=NOW + timedelta(seconds=age))
    watched = await stream.list_watched(OWNER, limit=3)
    assert [(one.id, kept) for one, kept in watched] == [(one.id, position) for one in reversed(videos[2:])]
    assert await stream.list_watched(OTHER, limit=3) == []
