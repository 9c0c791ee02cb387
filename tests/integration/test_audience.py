"""What grants of collections let somebody watch and find, whatever changes meanwhile, and however far the loop is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select, update

from catalogue.access import EVERYONE, MEMBERS, Right, Viewer
from catalogue.collections import Collection, get_watchable
from catalogue.pages import Sort
from catalogue.tables import AUDIENCE, COLLECTION_VIDEOS, GRANTS
from catalogue.videos import VideoState, Visibility
from common.audit import NOBODY
from common.db import Database, open_database
from common.ids import new_id
from contracts.media import Task
from stream_svc.store import Listing
from stream_svc.store import Store as Library
from tests.integration.test_job_store import FACTS, ready, takeable
from tests.stores import Store
from tests.videos import NOW
from upload_svc.audience import AT_ONCE, AudienceStore
from upload_svc.audit import Action, entry_about
from upload_svc.collection_store import CollectionStore
from upload_svc.grant_store import Grant, GrantStore
from upload_svc.tables import MEDIA_JOBS

DAY = timedelta(days=1)
READY, TRASHED = [VideoState.READY], [VideoState.TRASHED]


class World:
    """An owner's collections on three replicas, and what each viewer may watch and finds."""

    def __init__(self, databases: Sequence[Database], store: Store) -> None:
        self.owner = new_id()
        self.store = store
        self.databases = databases
        self.collections = CollectionStore(databases[0])
        self.grants = GrantStore(databases[0])
        self.library = Library(databases[1])

    @property
    def by(self) -> Viewer:
        """The owner, as who changes something."""
        return Viewer(self.owner)

    async def collection(self, *video_ids: str) -> Collection:
        one = Collection(id=new_id(), owner_id=self.owner, title="C", description="", created_at=NOW, updated_at=NOW)
        await self.collections.create_collection(one)
        assert list(await self.collections.put_videos(one.id, self.by, video_ids, now=NOW)) == list(video_ids)
        return one

    async def share(
        self, collection: Collection, subject: str, *, ends: datetime | None = None, right: Right = Right.WATCH
    ) -> Grant:
        new = Grant(
            id=new_id(),
            collection_id=collection.id,
            subject=subject,
            name=None,
            right=right,
            created_at=NOW,
            expires_at=ends,
        )
        grant, _ = await self.grants.put_grant(
            self.by, new, entry=entry_about(Action.COLLECTION_GRANTED, NOBODY, collection, at=NOW)
        )
        return grant

    async def work_off(self, *, at_once: int = AT_ONCE) -> None:
        """As the loops of three replicas at once."""
        stores = [AudienceStore(one, at_once=at_once) for one in self.databases]
        while any(await asyncio.gather(*(store.work_off() for store in stores))):
            pass

    async def may(self, viewer: Viewer | None, video_ids: Sequence[str], *, now: datetime = NOW) -> set[int]:
        """Which of them the viewer may watch by a grant, by their numbers."""
        found = [await self.library.get_video(video_id, viewer, now=now) for video_id in video_ids]
        return {number for number, one in enumerate(found) if one is not None and one[1] and not one[0].is_hidden}

    async def finds(self, viewer: Viewer | None, video_ids: Sequence[str], *, now: datetime = NOW) -> set[int]:
        listing = Listing(viewer=viewer, now=now, q="", owner_id=None, sort=Sort.TITLE)
        page = found = await self.library.list_videos(listing, after=None, limit=2)
        # Whole pages, whatever is too much in `audience`.
        while len(page) == 2:
            page = await self.library.list_videos(listing, after=(page[-1].title_key, page[-1].id), limit=2)
            found = [*found, *page]
        found_ids = [one.id for one in found]
        assert len(found_ids) == len(set(found_ids))
        return {video_ids.index(video_id) for video_id in found_ids}

    async def is_up_to_date(self) -> bool:
        """Whether `audience` has what the grants say, and nothing else."""
        rows = await self.databases[2].rows(select(AUDIENCE))
        found = {(row.video_id, row.subject): row.expires_at for row in rows}
        every: dict[tuple[str, str], list[datetime | None]] = {}
        for grant in await self.databases[2].rows(select(GRANTS)):
            here = select(COLLECTION_VIDEOS.c.video_id).where(COLLECTION_VIDEOS.c.collection_id == grant.collection_id)
            ids = (
                [row.video_id for row in await self.databases[2].rows(here)]
                if grant.collection_id
                else [grant.video_id]
            )
            for video_id in ids:
                video = await self.store.get_video(video_id, self.owner)
                if video is not None and video.state is VideoState.READY and not video.is_hidden:
                    every.setdefault((video_id, grant.subject), []).append(grant.expires_at)
        return found == {key: None if None in ends else max(ends) for key, ends in every.items()}  # type: ignore[type-var]


@pytest.fixture
async def world(database_url: str, store: Store) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        yield World([await stack.enter_async_context(open_database(database_url)) for _ in range(3)], store)


async def test_a_collections_grants_open_and_close_its_videos_at_once_and_lists_follow(world: World) -> None:
    store, every = world.store, set(range(8))
    ids = [(await ready(store, world.owner, seconds=number)).id for number in range(8)]
    here, other = await world.collection(*ids), await world.collection(ids[6], ids[7])
    ann, stranger = Viewer(new_id(), frozenset({group := new_id()})), None
    # From the moment of the grant; lists when the loop has come by.
    to_group = await world.share(here, f"group:{group}", ends=NOW + DAY, right=Right.MANAGE)
    assert (await world.may(ann, ids), await world.may(Viewer(new_id()), ids), await world.finds(ann, ids)) == (
        every,
        set(),
        set(),
    )
    # Of several that give the same, the longest counts.
    await world.share(other, f"account:{ann.account_id}")
    to_ann = await world.share(here, f"account:{ann.account_id}", ends=NOW + DAY)
    await world.share(other, f"group:{group}", ends=NOW + 2 * DAY)
    to_members, to_everyone = await world.share(other, MEMBERS), await world.share(other, EVERYONE, ends=NOW + DAY)
    await world.work_off(at_once=3)
    assert await world.is_up_to_date()
    assert await world.finds(ann, ids) == every
    for viewer in (Viewer(new_id()), stranger):
        assert await world.may(viewer, ids) == await world.finds(viewer, ids) == {6, 7}

    # Its videos come and go with it in the same transaction, whatever it is that changes.
    here_too = (await ready(store, world.owner)).id
    await world.collections.put_videos(here.id, world.by, [here_too], now=NOW)
    await world.collections.place_video(other.id, world.by, here_too, after=None, now=NOW)
    await world.collections.remove_videos(here.id, world.by, ids[:1], now=NOW)
    assert await store.move_video(ids[1], old=READY, new=VideoState.TRASHED, settle_after=NOW)
    assert await store.hide_video(ids[2], entry_about(Action.HIDDEN, NOBODY, here, at=NOW))
    assert await store.move_video(ids[3], old=READY, new=VideoState.DELETED, settle_after=NOW)
    await store.edit_video(ids[4], world.owner, title="Another")
    assert await world.is_up_to_date()
    assert await world.may(ann, ids) == await world.finds(ann, [*ids, here_too]) - {8} == {4, 5, 6, 7}
    assert await store.move_video(ids[1], old=TRASHED, new=VideoState.READY, settle_after=None)
    assert await store.show_video(ids[2], entry_about(Action.SHOWN, NOBODY, here, at=NOW))
    assert await store.change_owner(
        ids[5],
        old_owner_id=world.owner,
        owner_id=new_id(),
        owner_username="heir",
        entry=entry_about(Action.HANDED_OVER, NOBODY, here, at=NOW),
    )
    assert await world.is_up_to_date()
    assert await world.may(ann, ids) == {1, 2, 4, 6, 7}

    # Revoked: nobody has it from then on by that, on any replica, though the loop has not begun; nor when it ends.
    async with world.databases[0].write() as connection:
        await connection.execute(update(MEDIA_JOBS).values(state="done"))
    assert await world.may(ann, ids, now=NOW + DAY) == await world.finds(ann, [*ids, here_too], now=NOW + DAY) - {8}
    assert await world.grants.revoke_grant(to_group, None, now=NOW)
    assert not await world.grants.revoke_grant(to_group, None, now=NOW)
    assert await world.grants.revoke_grant(to_ann, None, now=NOW)
    assert await world.may(ann, ids) == await world.finds(ann, [*ids, here_too]) - {8} == {6, 7}
    assert not await world.is_up_to_date()
    await world.work_off(at_once=3)
    assert await world.is_up_to_date()
    assert {one.id for one in await world.grants.list_ended(now=NOW + DAY, limit=100)} == {to_everyone.id}
    assert await world.grants.revoke_grant(to_everyone, None, now=NOW + DAY, has_ended=True)
    assert await world.grants.revoke_grant(to_members, None, now=NOW)
    assert await world.may(Viewer(new_id()), ids) == await world.finds(stranger, ids) == set()


async def test_a_step_is_bounded_by_rows_and_takes_one_video_at_least(world: World) -> None:
    ids = [(await ready(world.store, world.owner)).id for _ in range(5)]
    here = await world.collection(*ids)

    async def steps() -> list[int]:
        """How many rows more there are after each."""
        counts = [len(await world.databases[0].rows(select(AUDIENCE)))]
        while await AudienceStore(world.databases[0], rows_at_once=8).work_off():
            counts.append(len(await world.databases[0].rows(select(AUDIENCE))))
        return [after - before for before, after in pairwise(counts)]

    for _ in range(4):
        await world.share(here, f"account:{new_id()}")
    assert await steps() == [8, 8, 4]
    await world.share(here, MEMBERS)
    assert (await steps(), await world.is_up_to_date()) == ([1] * 5, True)
    entry = entry_about(Action.COLLECTION_DELETED, NOBODY, here, at=NOW)
    await world.collections.delete_collection(here.id, world.by, if_match=None, entry=entry, now=NOW)
    assert await steps() == [-5] * 5


async def test_with_its_collection_a_grant_is_gone_and_the_videos_stay(world: World) -> None:
    ids, member = [(await ready(world.store, world.owner)).id for _ in range(5)], Viewer(new_id())
    one = await world.collection(*ids)
    await world.share(one, MEMBERS)
    await world.work_off(at_once=2)
    assert await world.finds(member, ids) == {*range(5)}
    entry = entry_about(Action.COLLECTION_DELETED, NOBODY, one, at=NOW)
    await world.collections.delete_collection(one.id, world.by, if_match=None, entry=entry, now=NOW)
    assert await world.may(member, ids) == await world.finds(member, ids) == set()
    assert await get_watchable(world.databases[1], one.id, member, now=NOW) is None
    await world.work_off(at_once=2)
    for table in (AUDIENCE, GRANTS):
        assert await world.databases[0].rows(select(table)) == []
    assert await world.collections.list_all_collected(one.id) == []
    assert await world.store.get_video(ids[0], world.owner) is not None


@pytest.mark.parametrize("goes", ["video", "collection"])
async def test_what_goes_between_a_revocation_and_the_loop_leaves_nothing(world: World, goes: str) -> None:
    ids = [(await ready(world.store, world.owner)).id for _ in range(2)]
    one = await world.collection(*ids)
    grant = await world.share(one, MEMBERS, ends=NOW + DAY)
    await world.work_off()
    assert await world.grants.revoke_grant(grant, None, now=NOW)
    if goes == "video":
        await world.collections.remove_videos(one.id, world.by, ids, now=NOW)
    else:
        entry = entry_about(Action.COLLECTION_DELETED, NOBODY, one, at=NOW)
        await world.collections.delete_collection(one.id, world.by, if_match=None, entry=entry, now=NOW)
    await world.work_off()
    assert await world.databases[0].rows(select(AUDIENCE)) == []


async def test_an_empty_collections_grant_ends_too(world: World) -> None:
    empty = await world.collection()
    grant = await world.share(empty, EVERYONE, ends=NOW + DAY)
    assert await world.grants.list_ended(now=NOW, limit=9) == []
    assert [one.id for one in await world.grants.list_ended(now=NOW + DAY, limit=9)] == [grant.id]


async def test_a_new_owner_has_shared_nothing_and_shares_what_is_theirs(world: World) -> None:
    store, ids = world.store, [(await ready(world.store, world.owner)).id]
    last, heir, member = await world.collection(*ids), new_id(), Viewer(new_id())
    await world.share(last, MEMBERS)
    entry = entry_about(Action.HANDED_OVER, NOBODY, last, at=NOW)
    await world.collections.hand_over_collections(old_owner_id=world.owner, owner_id=heir, now=NOW)
    assert await world.may(member, ids) == set()
    old, world.owner = world.owner, heir
    await world.share(last, MEMBERS)
    assert await world.may(member, ids) == set()
    await world.work_off()
    await store.change_owner(ids[0], old_owner_id=old, owner_id=heir, owner_username="heir", entry=entry)
    assert await world.may(member, ids) == await world.finds(member, ids) == {0}
    await world.collections.forget_collections(heir, now=NOW)
    assert await world.may(member, ids) == await world.finds(member, ids) == set()


async def test_pictures_that_fewer_may_see_than_before_are_made_again(world: World) -> None:
    store = world.store
    videos = [await ready(store, world.owner) for _ in range(3)]
    await store.edit_video(videos[2].id, world.owner, visibility=Visibility.PUBLIC)
    here = await world.collection(*(one.id for one in videos))
    for job in await takeable(store, Task.LOOK):
        assert await store.take_job(job, until=NOW)
        taken = await store.get_job(job.id)
        assert taken is not None
        await store.finish_look(taken, FACTS, poster_id=new_id(), poster_ms=1, at=NOW)

    async def asked() -> set[str]:
        return {job.video_id for job in await takeable(store, Task.LOOK, later=timedelta(minutes=10))}

    assert await asked() == set()
    grant = await world.share(here, MEMBERS)
    await world.work_off()
    await world.collections.remove_videos(here.id, world.by, [videos[0].id], now=NOW)
    assert await asked() == {videos[0].id}
    await world.grants.revoke_grant(grant, None, now=NOW)
    await world.work_off()
    assert await asked() == {videos[0].id, videos[1].id}
