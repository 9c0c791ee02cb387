"""Collections as rows: their order, whoever changes it at the same time, and what leaves them. On both databases."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy import text as sql

from catalogue.access import Right, Viewer
from catalogue.collections import Collection, read_collected
from catalogue.tables import COLLECTION_VIDEOS, COLLECTIONS, GRANTS, VIDEOS
from catalogue.videos import Video, VideoState
from common.audit import NOBODY
from common.db import Database, open_database
from common.errors import NotFound
from common.ids import new_id
from tests.statements import plan, statements, work
from tests.stores import Store
from tests.videos import NOW, OWNER, video
from tests.waiting import eventually
from upload_svc.audit import Action, entry_about
from upload_svc.collection_store import ROOM, CollectionStore
from upload_svc.errors import CollectionFull, NotFinished, NotToBeCollected, OwnersAlone, TooManyCollections
from upload_svc.grant_store import Grant, GrantStore

PAGE = 10
MINE = Viewer(OWNER)
READY = [VideoState.READY]


@pytest.fixture
async def databases(database_url: str) -> AsyncIterator[list[Database]]:
    """Those of three processes."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_database(database_url)) for _ in range(3)]


@pytest.fixture
def collections(databases: list[Database]) -> CollectionStore:
    return CollectionStore(databases[0])


async def made(collections: CollectionStore, owner_id: str = OWNER, title: str = "Course") -> str:
    one = Collection(id=new_id(), owner_id=owner_id, title=title, description="", created_at=NOW, updated_at=NOW)
    await collections.create_collection(one)
    return one.id


async def is_locked_out(database: Database) -> bool:
    """Whether somebody waits for a row that another has."""
    # information_schema.innodb_trx is as old as the first of those who ask for it more often than ten times a second.
    [(_, count)] = await database.rows(sql("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'"))
    return int(count) > 0


async def found(collections: CollectionStore, collection_id: str) -> Collection:
    one = await collections.get_collection(collection_id, MINE, now=NOW)
    assert one is not None
    return one


async def added(store: Store, number: int, **fields: object) -> list[Video]:
    videos = [video(title=f"Lesson {place}", **fields) for place in range(number)]
    for one in videos:
        await store.add_video(one)
    return videos


async def test_the_order_is_what_was_asked_for_wherever_and_how_often_videos_move(
    collections: CollectionStore, store: Store
) -> None:
    here = await made(collections)
    ids = [one.id for one in await added(store, 12)]
    assert await collections.put_videos(here, MINE, ids[:8], now=NOW) == ids[:8]
    # What is in it stays where it is, and comes once.
    assert await collections.put_videos(here, MINE, [ids[3], *ids[8:]], now=NOW) == ids[8:]
    wanted, chance = list(ids), random.Random(19)  # noqa: S311 - the same moves each time
    for step in range(120):
        # Many to one place, where the room runs out again and again.
        after = chance.choice([None, ids[0], ids[0], ids[0], *ids[1:]])
        moved = chance.choice([one for one in ids if one != after])
        assert await collections.place_video(here, MINE, moved, after=after, now=NOW + timedelta(seconds=step))
        wanted.remove(moved)
        wanted.insert(0 if after is None else wanted.index(after) + 1, moved)
        assert await collections.list_all_collected(here) == wanted
    assert not await collections.place_video(here, MINE, ids[0], after=new_id(), now=NOW)
    assert (await found(collections, here)).updated_at == NOW + timedelta(seconds=119)


async def test_room_that_has_run_out_is_made_behind(
    collections: CollectionStore, store: Store, databases: list[Database]
) -> None:
    here = await made(collections)
    ids = [one.id for one in await added(store, 40)]
    await collections.put_videos(here, MINE, ids[:2], now=NOW)
    for one in ids[2:]:
        assert await collections.place_video(here, MINE, one, after=ids[0], now=NOW)
    assert await collections.list_all_collected(here) == [ids[0], *reversed(ids[2:]), ids[1]]
    rows = await databases[0].rows(sql("SELECT position FROM collection_videos"))
    assert len({row.position for row in rows}) == len(ids)
    assert max(row.position for row in rows) >= 2 * ROOM


async def test_changes_at_the_same_time_lose_nothing(databases: list[Database], store: Store) -> None:
    stores = [CollectionStore(database) for database in databases]
    here = await made(stores[0])
    ids = [one.id for one in await added(store, 24)]
    await stores[0].put_videos(here, MINE, ids[:6], now=NOW)
    moves = [stores[n % 3].place_video(here, MINE, ids[n % 6], after=ids[(n + 1) % 6], now=NOW) for n in range(12)]
    adds = [stores[n % 3].put_videos(here, MINE, ids[6 + 3 * n : 9 + 3 * n], now=NOW) for n in range(6)]
    removal = store.move_video(ids[23], old=READY, new=VideoState.DELETED, settle_after=NOW)
    *outcomes, refused, _ = await asyncio.gather(*moves, *adds, removal, return_exceptions=True)
    assert all(not isinstance(outcome, BaseException) for outcome in outcomes)
    if isinstance(refused, NotToBeCollected):
        await stores[0].put_videos(here, MINE, ids[21:23], now=NOW)
    there = await stores[0].list_all_collected(here)
    # Each once; what was deleted meanwhile is not there, whichever was first.
    assert sorted(there) == sorted(ids[:23])
    rows = await databases[0].rows(sql("SELECT position FROM collection_videos"))
    assert len({row.position for row in rows}) == 23


async def test_what_leaves_a_collection_and_what_stays(
    collections: CollectionStore, store: Store, databases: list[Database]
) -> None:
    here, other = await made(collections), await made(collections, title="Another")
    first, second, third, fourth = await added(store, 4)
    for one in (here, other):
        await collections.put_videos(one, MINE, [first.id, second.id, third.id, fourth.id], now=NOW)

    async def shown(one: str = here, owner_id: str = OWNER) -> list[str]:
        return [p.video.id for p in await collections.list_collected(one, owner_id, after=None, limit=PAGE)]

    # In the trash it is hidden, and comes back to its place.
    assert await store.move_video(second.id, old=READY, new=VideoState.TRASHED, settle_after=NOW)
    assert await shown() == [first.id, third.id, fourth.id]
    assert (await collections.list_totals([here, other]))[here].count == 3
    assert await store.move_video(second.id, old=[VideoState.TRASHED], new=VideoState.READY, settle_after=None)
    assert await shown() == [first.id, second.id, third.id, fourth.id]
    # Deleted from the trash by the loop, or at once: out of all of them.
    assert await store.move_video(second.id, old=READY, new=VideoState.TRASHED, settle_after=NOW)
    assert await store.purge_video(second.id, taken_until=NOW, settle_after=NOW)
    assert await store.move_video(first.id, old=READY, new=VideoState.DELETED, settle_after=NOW)
    assert await collections.list_all_collected(here) == [third.id, fourth.id]
    firsts = await collections.list_firsts([here, other])
    assert {one: firsts[one].id for one in firsts} == {here: third.id, other: third.id}

    # Somebody else's leaves its old owner's; a collection that was handed over before keeps it.
    heir = new_id()
    entry = entry_about(Action.HANDED_OVER, NOBODY, third, at=NOW)
    assert await store.change_owner(third.id, old_owner_id=OWNER, owner_id=heir, owner_username="heir", entry=entry)
    assert await collections.list_all_collected(other) == [fourth.id]
    await collections.hand_over_collections(old_owner_id=OWNER, owner_id=heir, now=NOW)
    assert await shown(here, heir) == []
    assert await store.change_owner(fourth.id, old_owner_id=OWNER, owner_id=heir, owner_username="heir", entry=None)  # type: ignore[arg-type]
    assert await shown(here, heir) == [fourth.id]

    # Refused: what is unfinished, somebody else's, in the trash, unknown; and then none of those that come with it.
    mine = (await added(store, 1, owner_id=heir))[0].id
    begun = (await added(store, 1, owner_id=heir, state=VideoState.UPLOADING))[0].id
    trashed = (await added(store, 1, owner_id=heir, state=VideoState.TRASHED))[0].id
    theirs = (await added(store, 1))[0].id
    for wrong, refusal in ((begun, NotFinished), *((one, NotToBeCollected) for one in (trashed, theirs, new_id()))):
        with pytest.raises(refusal):
            await collections.put_videos(here, Viewer(heir), [mine, wrong], now=NOW)
        with pytest.raises(refusal):
            await collections.place_video(here, Viewer(heir), wrong, after=None, now=NOW)
    with pytest.raises(NotFound):
        await collections.put_videos(here, MINE, [theirs], now=NOW)
    narrow = CollectionStore(databases[0], most_collections=2, most_videos=1)
    with pytest.raises(CollectionFull):
        await narrow.put_videos(here, Viewer(heir), [mine], now=NOW)
    with pytest.raises(CollectionFull):
        await narrow.place_video(here, Viewer(heir), mine, after=None, now=NOW)
    # Who is full may still put in order.
    assert await narrow.place_video(here, Viewer(heir), fourth.id, after=None, now=NOW)
    with pytest.raises(TooManyCollections):
        await made(narrow, heir)

    await collections.forget_collections(heir, now=NOW)
    assert await collections.list_collections(heir, [], after=None, limit=PAGE) == []
    assert await collections.list_all_collected(here) == []
    assert await store.get_video(fourth.id, heir) is not None


async def test_a_page_costs_the_same_in_any_collection_at_any_depth(
    collections: CollectionStore, databases: list[Database], store: Store
) -> None:
    database, here = databases[0], await made(collections)
    [template] = await added(store, 1)
    row = (await database.rows(VIDEOS.select()))[0]._asdict()

    async def grow(start: int, end: int) -> None:
        rows = [{**row, "id": new_id()} for _ in range(start, end)]
        places = [
            {"collection_id": here, "video_id": one["id"], "position": (start + number) * ROOM}
            for number, one in enumerate(rows)
        ]
        async with database.write() as connection:
            await connection.execute(insert(VIDEOS), rows)
            await connection.execute(insert(COLLECTION_VIDEOS), places)
            if connection.dialect.name != "sqlite":
                await connection.execute(sql("ANALYZE TABLE videos"))
                await connection.execute(sql("ANALYZE TABLE collection_videos"))

    async def cost(after: int | None) -> tuple[int, str]:
        spot = None if after is None else (after * ROOM, "m" * 26)
        with statements() as seen:
            found = await read_collected(database, here, owner_id=template.owner_id, after=spot, limit=PAGE)
        assert len(found) == PAGE
        [statement] = [one for one in seen if "FROM collection_videos" in one.text]
        async with database.read() as connection:
            return await work(connection, statement), await plan(connection, statement)

    await grow(0, 300)
    before, _ = await cost(None)
    await grow(300, 5_000)
    for depth in (None, 100, 2_500, 4_900):
        steps, how = await cost(depth)
        assert steps <= 1.5 * before, (depth, steps, before)
        assert "collection_videos_order" in how, how


async def test_who_manages_it_changes_it_until_the_grant_goes(
    collections: CollectionStore, store: Store, databases: list[Database]
) -> None:
    here, other, manager = await made(collections), await made(collections, title="Another"), Viewer(new_id())
    first, second, third = [one.id for one in await added(store, 3)]
    await collections.put_videos(here, MINE, [first, second], now=NOW)
    grants, subject = GrantStore(databases[1]), f"account:{manager.account_id}"
    about = partial(entry_about, Action.COLLECTION_GRANTED, NOBODY, await found(collections, here), at=NOW)

    async def give(right: Right, by: Viewer = MINE, ends: timedelta | None = None) -> Grant:
        new = Grant(
            id=new_id(),
            collection_id=here,
            subject=subject,
            name="m",
            right=right,
            created_at=NOW,
            expires_at=None if ends is None else NOW + ends,
        )
        return (await grants.put_grant(by, new, entry=about()))[0]

    async def moves(now: timedelta = timedelta()) -> bool:
        try:
            return await collections.place_video(here, manager, second, after=None, now=NOW + now)
        except NotFound:
            return False

    assert not await moves()
    assert (await give(Right.WATCH)).right is Right.WATCH
    assert not await moves()
    given = await give(Right.MANAGE, ends=timedelta(hours=1))
    assert (await moves(), await moves(timedelta(hours=1))) == (True, False)
    assert await collections.get_collection(other, manager, now=NOW) is None
    # What is its owner's alone: to put something in, to delete it, to say who manages it.
    for refused in (
        collections.put_videos(here, manager, [third], now=NOW),
        collections.place_video(here, manager, third, after=None, now=NOW),
        collections.delete_collection(here, manager, if_match=None, entry=about(), now=NOW),
        give(Right.MANAGE, by=manager),
        give(Right.WATCH, by=manager),
    ):
        with pytest.raises(OwnersAlone):
            await refused
    assert await collections.list_all_collected(here) == [second, first]
    # What was read as a grant to watch, and is one to manage by now, is not revoked as the former.
    assert not await grants.revoke_grant(replace(given, right=Right.WATCH), None, now=NOW)
    assert await moves()

    # A change that waits while the grant is revoked is not made.
    async with databases[2].write() as connection:
        await connection.execute(select(COLLECTIONS.c.id).where(COLLECTIONS.c.id == here).with_for_update())
        waiting = asyncio.create_task(moves())
        if connection.dialect.name != "sqlite":
            await eventually(partial(is_locked_out, databases[0]), what="a change that waits for the collection")
        await connection.execute(delete(GRANTS).where(GRANTS.c.id == given.id))
    assert not await waiting


async def test_what_somebody_manages_is_found_among_many_by_its_subjects(
    collections: CollectionStore, databases: list[Database]
) -> None:
    viewer = Viewer(new_id(), frozenset(new_id() for _ in range(3)))
    subjects = [*viewer.own_subjects, *(f"group:{new_id()}" for _ in range(20))]
    ids = {title: await made(collections, title=title) for title in ("b", "a", "watched", "ended")}
    async with databases[0].write() as connection:
        rows = [
            {"id": new_id(), "collection_id": new_id(), "subject": subject, "right": "manage", "created_at": NOW}
            for subject in subjects[4:] * 100
        ]
        mine = (("a", 0, "manage", None), ("a", 1, "manage", None), ("b", 2, "manage", None))
        others = (("watched", 0, "watch", None), ("ended", 3, "manage", NOW))
        await connection.execute(insert(GRANTS), rows)
        texts = {"owner_id": OWNER, "title": "x", "title_key": "x", "description": "", "created_at": NOW}
        theirs = [{"id": row["collection_id"], **texts, "updated_at": NOW} for row in rows]
        await connection.execute(insert(COLLECTIONS), theirs)
        for title, number, right, end in (*mine, *others):
            whose = {"collection_id": ids[title], "subject": subjects[number], "right": right, "expires_at": end}
            await connection.execute(insert(GRANTS).values(id=new_id(), created_at=NOW, **whose))
        if connection.dialect.name != "sqlite":
            await connection.execute(sql("ANALYZE TABLE grants, collections"))
    with statements() as seen:
        found = await collections.list_managed(viewer, [], now=NOW, after=None, limit=PAGE)
    assert [one.title for one in found] == ["a", "b"]
    rest = await collections.list_managed(viewer, [], now=NOW, after=(found[0].title_key, found[0].id), limit=PAGE)
    assert [one.title for one in rest] == ["b"]
    assert await collections.list_managed(MINE, [], now=NOW, after=None, limit=PAGE) == []
    [statement] = [one for one in seen if "FROM collections" in one.text]
    async with databases[0].read() as connection:
        # Of thousands of grants and collections those of the four subjects alone are read.
        assert await work(connection, statement) < 300, await plan(connection, statement)
