"""Owners are asked once about what was public before there was `unlisted`: on both databases, whatever others do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy import insert

from catalogue.videos import Video, VideoState, Visibility
from common.audit import NOBODY
from common.db import Database, open_database
from common.ids import new_id
from tests.stores import Store
from tests.videos import NOW, OWNER, video
from upload_svc.audit import Action, entry_about
from upload_svc.tables import PUBLIC_REVIEWS

PUBLIC, UNLISTED = Visibility.PUBLIC, Visibility.UNLISTED


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as database:
        yield database


async def made(store: Store, database: Database, videos: Sequence[Video]) -> None:
    """Public before: as the migration leaves them."""
    for one in videos:
        await store.add_video(one)
    rows = [{"owner_id": one.owner_id, "video_id": one.id} for one in videos]
    async with database.write() as connection:
        await connection.execute(insert(PUBLIC_REVIEWS), rows)


async def test_what_was_public_becomes_unlisted_unless_somebody_has_chosen_since(
    store: Store, database: Database
) -> None:
    trashed = video(visibility=PUBLIC, state=VideoState.TRASHED)
    listed, hidden, again, private, deleted, given = (video(visibility=PUBLIC) for _ in range(6))
    theirs = video(visibility=PUBLIC, owner_id=new_id())
    await made(store, database, [trashed, listed, hidden, again, private, deleted, given, theirs])
    new = video(visibility=PUBLIC)
    await store.add_video(new)
    assert await store.hide_video(hidden.id, entry_about(Action.HIDDEN, NOBODY, hidden, at=NOW))
    assert await store.count_public_reviews(OWNER, most=100) == 7
    # A title is no answer.
    assert await store.edit_video(listed.id, OWNER, title="Another")
    for one, visibility in ((again, PUBLIC), (private, Visibility.PRIVATE), (private, PUBLIC)):
        assert await store.edit_video(one.id, OWNER, visibility=visibility)
    assert await store.move_video(deleted.id, old=[VideoState.READY], new=VideoState.DELETED, settle_after=NOW)
    heir, entry = new_id(), entry_about(Action.HANDED_OVER, NOBODY, given, at=NOW)
    assert await store.change_owner(given.id, old_owner_id=OWNER, owner_id=heir, owner_username="heir", entry=entry)
    counts = [await store.count_public_reviews(owner, most=100) for owner in (OWNER, heir, theirs.owner_id)]
    assert counts == [3, 1, 1]
    assert await store.count_public_reviews(OWNER, most=2) == 2

    # Killed after any of them, the rest is asked about.
    done, steps = 0, []
    while (changed := await store.unlist_reviewed(OWNER, limit=1)) is not None:
        done += changed
        steps.append(await store.count_public_reviews(OWNER, most=100))
        assert steps[-1] == 3 - done
    assert done == 3
    chosen = {}
    for one in (trashed, listed, hidden, again, private, new, given, theirs):
        found = await store.get_anybodys_video(one.id)
        assert found is not None
        chosen[one.id] = found.chosen_visibility
        assert found.is_hidden is (one is hidden)
    assert {one for one, visibility in chosen.items() if visibility is UNLISTED} == {trashed.id, listed.id, hidden.id}
    assert set(chosen.values()) == {PUBLIC, UNLISTED}

    # Or they stay, and nobody is asked again.
    await store.forget_public_reviews(heir)
    assert await store.count_public_reviews(heir, most=100) == 0
    assert await store.unlist_reviewed(heir, limit=100) is None
    assert (await store.get_anybodys_video(given.id)).visibility is PUBLIC  # type: ignore[union-attr]


async def test_who_chooses_at_the_same_time_has_the_last_word(replicas: list[Store], database: Database) -> None:
    store = replicas[0]
    for _ in range(5):
        videos = [video(visibility=PUBLIC) for _ in range(12)]
        await made(store, database, videos)
        await asyncio.gather(
            *(one.unlist_reviewed(OWNER, limit=5) for one in replicas for _ in range(3)),
            *(replicas[number % 3].edit_video(one.id, OWNER, visibility=PUBLIC) for number, one in enumerate(videos)),
        )
        assert await store.unlist_reviewed(OWNER, limit=100) is None
        for one in videos:
            found = await store.get_video(one.id, OWNER)
            assert found is not None
            assert found.visibility is PUBLIC
