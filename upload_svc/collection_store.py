"""Collections, as the service keeps them that makes them.

Positions have room between them: who comes between two changes no other row, and where the room has run out, what
is behind moves up, in one statement. Whoever changes what is in a collection has its row, so that changes of one
collection come one after the other; the row of a video comes after it, and nobody takes them the other way round.
"""

from __future__ import annotations

from collections.abc import Collection as Some
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from catalogue.access import Viewer
from catalogue.collections import (
    COLUMNS,
    Collection,
    Placed,
    Spot,
    Total,
    get_changeable,
    is_shown,
    manages,
    may_change,
    read_collected,
    read_totals,
    spot_of,
    to_collection,
)
from catalogue.lists import COLUMNS as VIDEO_COLUMNS
from catalogue.lists import to_video
from catalogue.tables import COLLECTION_VIDEOS, COLLECTIONS, GRANTS, VIDEOS
from catalogue.videos import Video, VideoState
from common.audit import AuditEntry, write_down
from common.db import Database, Queries, read_in_order
from common.errors import NotFound
from common.idempotency import Keep
from common.languages import N_
from upload_svc.audience import follow_collection, forget_collection_grants, lock_videos
from upload_svc.errors import (
    CollectionChanged,
    CollectionFull,
    NotFinished,
    NotToBeCollected,
    OwnersAlone,
    TooManyCollections,
)

MOST_COLLECTIONS: Final = 5_000
MOST_VIDEOS: Final = 10_000
# Between neighbours: so many moves to one place halve it away only after 20 of them.
ROOM: Final = 2**20
# What a list is sorted by, and an id.
TitlePlace = tuple[str, str]

_ORDER: Final = COLLECTION_VIDEOS.c


class CollectionStore(Queries):
    """`most_collections` of one owner, `most_videos` in one collection.

    What takes `by` is for the owner of a collection and for those who manage it; to others it is not there.
    """

    def __init__(
        self, database: Database, *, most_collections: int = MOST_COLLECTIONS, most_videos: int = MOST_VIDEOS
    ) -> None:
        super().__init__(database)
        self._most_collections = most_collections
        self._most_videos = most_videos

    async def create_collection(self, collection: Collection, keep: Keep | None = None) -> None:
        """Adds it without videos, and `keep`s the answer about it. Raises TooManyCollections."""
        async with self._database.write() as connection:
            # Two at the same moment may both be the last one: the bound is for what has to be read, and no right.
            count = select(func.count()).where(COLLECTIONS.c.owner_id == collection.owner_id)
            if (await connection.execute(count)).scalar_one() >= self._most_collections:
                raise TooManyCollections(self._most_collections)
            await connection.execute(insert(COLLECTIONS).values(**asdict(collection), title_key=collection.title_key))
            if keep is not None:
                await keep(connection)

    async def get_collection(self, collection_id: str, by: Viewer, *, now: datetime) -> Collection | None:
        return await get_changeable(self._database, collection_id, by, now=now)

    async def list_collections(
        self, owner_id: str, words: Sequence[str], *, after: TitlePlace | None, limit: int
    ) -> list[Collection]:
        """The owner's collections with all these words in their titles, by title, behind the place."""
        query = _by_title(words, after=after, limit=limit).where(COLLECTIONS.c.owner_id == owner_id)
        rows = await self._database.rows(read_in_order(query, COLLECTIONS, "collections_mine"))
        return [to_collection(row) for row in rows]

    async def list_managed(
        self, viewer: Viewer, words: Sequence[str], *, now: datetime, after: TitlePlace | None, limit: int
    ) -> list[Collection]:
        """The same of others' collections that the viewer manages. All of those are read, and sorted."""
        those = select(GRANTS.c.collection_id).where(GRANTS.c.collection_id.is_not(None), *manages(viewer, now=now))
        query = _by_title(words, after=after, limit=limit).where(
            COLLECTIONS.c.id.in_(those), COLLECTIONS.c.owner_id != viewer.account_id
        )
        return [to_collection(row) for row in await self._database.rows(query)]

    async def edit_collection(
        self,
        collection_id: str,
        by: Viewer,
        *,
        title: str | None,
        description: str | None,
        if_match: Some[str] | None,
        now: datetime,
    ) -> Collection:
        """Changes what is given. Raises NotFound, and CollectionChanged where `if_match` has not its ETag."""
        async with self._database.write() as connection:
            collection = await lock_collection(connection, collection_id, by, now=now)
            if if_match is not None and collection.etag not in if_match:
                raise CollectionChanged
            changed = Collection(
                id=collection.id,
                owner_id=collection.owner_id,
                title=collection.title if title is None else title,
                description=collection.description if description is None else description,
                created_at=collection.created_at,
                updated_at=now,
            )
            if (changed.title, changed.description) == (collection.title, collection.description):
                return collection
            values = {**asdict(changed), "title_key": changed.title_key}
            await connection.execute(update(COLLECTIONS).where(COLLECTIONS.c.id == collection_id).values(values))
            return changed

    async def delete_collection(
        self,
        collection_id: str,
        by: Viewer,
        *,
        if_match: Some[str] | None,
        entry: AuditEntry,
        now: datetime,
    ) -> None:
        """Removes it, with all its grants; its videos stay. Raises NotFound, OwnersAlone and CollectionChanged."""
        async with self._database.write() as connection:
            collection = await lock_collection(connection, collection_id, by, now=now)
            if collection.owner_id != by.account_id:
                raise OwnersAlone
            if if_match is not None and collection.etag not in if_match:
                raise CollectionChanged
            await _remove(connection, [collection_id], now=now)
            await write_down(connection, entry)

    async def list_collected(
        self, collection_id: str, owner_id: str, *, after: Spot | None, limit: int, with_hidden: bool = True
    ) -> list[Placed]:
        """Its ready videos in their order, behind the place, as far as they are the owner's."""
        return await read_collected(
            self._database, collection_id, owner_id=owner_id, after=after, limit=limit, with_hidden=with_hidden
        )

    async def list_firsts(self, collection_ids: Sequence[str], *, with_hidden: bool = True) -> dict[str, Video]:
        """The first ready video of each of these collections, by the collection's id."""
        ready = COLLECTION_VIDEOS.join(VIDEOS, VIDEOS.c.id == _ORDER.video_id)
        first = (
            select(_ORDER.video_id)
            .select_from(ready)
            .where(_ORDER.collection_id == COLLECTIONS.c.id, is_shown(with_hidden=with_hidden))
            .order_by(_ORDER.position, _ORDER.video_id)
            .limit(1)
            .correlate(COLLECTIONS)
            .scalar_subquery()
        )
        query = select(COLLECTIONS.c.id, first.label("video_id")).where(COLLECTIONS.c.id.in_(collection_ids))
        rows = await self._database.rows(query) if collection_ids else ()
        found = {row.id: row.video_id for row in rows if row.video_id is not None}
        videos = await self._list_videos(set(found.values()))
        return {one: videos[video_id] for one, video_id in found.items() if video_id in videos}

    async def list_ready_videos(self, video_ids: Some[str], owner_id: str) -> list[Video]:
        """Those of the videos that are the owner's and ready, in the order of their ids here."""
        videos = await self._list_videos(video_ids)
        found = (videos[video_id] for video_id in video_ids if video_id in videos)
        return [one for one in found if one.owner_id == owner_id and one.state is VideoState.READY]

    async def _list_videos(self, video_ids: Some[str]) -> dict[str, Video]:
        rows = await self._database.rows(select(*VIDEO_COLUMNS).where(VIDEOS.c.id.in_(video_ids))) if video_ids else ()
        return {row.id: to_video(row) for row in rows}

    async def count_before(self, collection_id: str, video_id: str, *, with_hidden: bool = True) -> int:
        """How many ready videos stand before this one."""
        query = (
            select(func.count())
            .select_from(COLLECTION_VIDEOS.join(VIDEOS, VIDEOS.c.id == _ORDER.video_id))
            .where(_ORDER.collection_id == collection_id, _ORDER.position < _position(collection_id, video_id))
            .where(is_shown(with_hidden=with_hidden))
        )
        row = await self._database.row(query)
        return 0 if row is None else int(row[0])

    async def is_collected(self, collection_id: str, video_id: str) -> bool:
        return await spot_of(self._database, collection_id, video_id) is not None

    async def last_of(self, collection_id: str) -> str | None:
        """What stands last in it, ready or not."""
        query = select(_ORDER.video_id).where(_ORDER.collection_id == collection_id)
        row = await self._database.row(query.order_by(_ORDER.position.desc()).limit(1))
        return None if row is None else row.video_id

    async def list_all_collected(self, collection_id: str) -> list[str]:
        """The ids of all that is in it, in its order, those in the trash included."""
        query = select(_ORDER.video_id).where(_ORDER.collection_id == collection_id)
        rows = await self._database.rows(query.order_by(_ORDER.position, _ORDER.video_id))
        return [row.video_id for row in rows]

    async def list_totals(self, collection_ids: Sequence[str], *, with_hidden: bool = True) -> dict[str, Total]:
        return await read_totals(self._database, collection_ids, with_hidden=with_hidden)

    async def count_of(self, collection_ids: Sequence[str], video_ids: Sequence[str]) -> dict[str, int]:
        """How many of these videos are in each of these collections; those that have none are left out."""
        if not collection_ids or not video_ids:
            return {}
        query = (
            select(_ORDER.collection_id, func.count())
            .where(_ORDER.video_id.in_(video_ids), _ORDER.collection_id.in_(collection_ids))
            .group_by(_ORDER.collection_id)
        )
        return {row[0]: row[1] for row in await self._database.rows(query)}

    async def put_videos(
        self, collection_id: str, by: Viewer, video_ids: Sequence[str], *, now: datetime
    ) -> Sequence[str]:
        """Adds the owner's videos at the end, in this order; what is in it stays where it is. Those that are new to it.

        Raises NotFound for the collection, OwnersAlone where others add something, NotToBeCollected, NotFinished,
        CollectionFull; then nothing is added.
        """
        async with self._database.write() as connection:
            collection = await lock_collection(connection, collection_id, by, now=now)
            here = _ORDER.collection_id == collection_id
            there = set(await connection.scalars(select(_ORDER.video_id).where(here, _ORDER.video_id.in_(video_ids))))
            new = [video_id for video_id in video_ids if video_id not in there]
            if not new:
                return []
            await _demand_ready(connection, new, collection, by)
            count, last = (await connection.execute(select(func.count(), func.max(_ORDER.position)).where(here))).one()
            if count + len(new) > self._most_videos:
                raise CollectionFull(self._most_videos)
            first = 0 if last is None else last + ROOM
            rows = [
                {"collection_id": collection_id, "video_id": video_id, "position": first + number * ROOM}
                for number, video_id in enumerate(new)
            ]
            await connection.execute(insert(COLLECTION_VIDEOS), rows)
            await follow_collection(connection, collection_id, new, is_narrower=False)
            await _touch(connection, collection_id, now)
            return new

    async def place_video(
        self, collection_id: str, by: Viewer, video_id: str, *, after: str | None, now: datetime
    ) -> bool:
        """Puts the video behind `after`, None: first, whether it is in the collection yet or not.

        False, and nothing is changed, when `after` is not in it. Raises as `put_videos`.
        """
        async with self._database.write() as connection:
            collection = await lock_collection(connection, collection_id, by, now=now)
            here = _ORDER.collection_id == collection_id
            its_own = and_(here, _ORDER.video_id == video_id)
            is_new = (await connection.execute(select(_ORDER.position).where(its_own))).one_or_none() is None
            if is_new:
                await _demand_ready(connection, [video_id], collection, by)
                if (await connection.execute(select(func.count()).where(here))).scalar_one() >= self._most_videos:
                    raise CollectionFull(self._most_videos)
            position = await _room_behind(connection, collection_id, after, besides=video_id)
            if position is None:
                return False
            if is_new:
                row = {"collection_id": collection_id, "video_id": video_id, "position": position}
                await connection.execute(insert(COLLECTION_VIDEOS).values(row))
                await follow_collection(connection, collection_id, [video_id], is_narrower=False)
            else:
                await connection.execute(update(COLLECTION_VIDEOS).where(its_own).values(position=position))
            await _touch(connection, collection_id, now)
            return True

    async def neighbour(
        self, collection_id: str, video_id: str, *, is_before: bool, skip: int, with_hidden: bool = True
    ) -> str | None:
        """Of the ready videos the one so many places before or behind the video: 0 is the next one; None: too far."""
        position = _position(collection_id, video_id)
        query = (
            select(_ORDER.video_id)
            .select_from(COLLECTION_VIDEOS.join(VIDEOS, VIDEOS.c.id == _ORDER.video_id))
            .where(_ORDER.collection_id == collection_id)
            .where(_ORDER.position < position if is_before else _ORDER.position > position)
            .where(is_shown(with_hidden=with_hidden))
            .order_by(_ORDER.position.desc() if is_before else _ORDER.position)
            .offset(skip)
            .limit(1)
        )
        row = await self._database.row(query)
        return None if row is None else row.video_id

    async def remove_videos(
        self, collection_id: str, by: Viewer, video_ids: Sequence[str], *, now: datetime
    ) -> Sequence[str]:
        """Takes them out; which of them were in it. Raises NotFound for the collection."""
        async with self._database.write() as connection:
            await lock_collection(connection, collection_id, by, now=now)
            those = and_(_ORDER.collection_id == collection_id, _ORDER.video_id.in_(video_ids))
            # Before their places, as whoever deletes a video has both.
            await lock_videos(connection, video_ids)
            there = (await connection.scalars(select(_ORDER.video_id).where(those))).all()
            if there:
                await connection.execute(delete(COLLECTION_VIDEOS).where(those))
                await follow_collection(connection, collection_id, there, is_narrower=True)
                await _touch(connection, collection_id, now)
            return there

    async def hand_over_collections(self, *, old_owner_id: str, owner_id: str, now: datetime) -> None:
        """From now on they are the new owner's, who has shared none; their videos are shown once they are as well."""
        async with self._database.write() as connection:
            ids = await _lock_all(connection, old_owner_id)
            await forget_collection_grants(connection, ids, now=now)
            await connection.execute(update(COLLECTIONS).where(COLLECTIONS.c.id.in_(ids)).values(owner_id=owner_id))

    async def forget_collections(self, owner_id: str, *, now: datetime) -> None:
        """Removes all of the owner's."""
        async with self._database.write() as connection:
            await _remove(connection, await _lock_all(connection, owner_id), now=now)


async def put_last(
    connection: AsyncConnection, collection_id: str, owner_id: str, video_id: str, *, now: datetime
) -> bool:
    """Puts a video that is new to it at the end of the owner's collection; False where it is full, or not there."""
    mine = (COLLECTIONS.c.id == collection_id, COLLECTIONS.c.owner_id == owner_id)
    if (await connection.execute(select(COLLECTIONS.c.id).where(*mine).with_for_update())).one_or_none() is None:
        return False
    here = select(func.count(), func.max(_ORDER.position)).where(_ORDER.collection_id == collection_id)
    count, last = (await connection.execute(here)).one()
    if count >= MOST_VIDEOS:
        return False
    row = {"collection_id": collection_id, "video_id": video_id, "position": 0 if last is None else last + ROOM}
    await connection.execute(insert(COLLECTION_VIDEOS).values(row))
    await _touch(connection, collection_id, now)
    return True


async def forget_collected(connection: AsyncConnection, video_id: str, *, owner_id: str | None = None) -> None:
    """Takes a video out of all collections, or out of this owner's: it is deleted, or somebody else's from now on."""
    change = delete(COLLECTION_VIDEOS).where(_ORDER.video_id == video_id)
    if owner_id is not None:
        theirs = select(COLLECTIONS.c.id).where(COLLECTIONS.c.owner_id == owner_id)
        change = change.where(_ORDER.collection_id.in_(theirs))
    await connection.execute(change)


async def lock_collection(connection: AsyncConnection, collection_id: str, by: Viewer, *, now: datetime) -> Collection:
    """A collection that is theirs or that they manage, which nobody else changes until the transaction ends.

    Raises NotFound.
    """
    here = select(*COLUMNS).where(COLLECTIONS.c.id == collection_id)
    row = (await connection.execute(here.with_for_update())).one_or_none()
    if row is None:
        raise NotFound
    # Asked once the row is locked, as whoever revokes a grant has it: before, a grant would count that is revoked while
    # the lock is waited for.
    if row.owner_id != by.account_id and await connection.scalar(here.where(may_change(by, now=now))) is None:
        raise NotFound
    return to_collection(row)


def _by_title(words: Sequence[str], *, after: TitlePlace | None, limit: int) -> Select[Any]:
    """Collections with all these words in their titles, by title, behind the place."""
    query = select(*COLUMNS).where(*(COLLECTIONS.c.title_key.contains(word, autoescape=True) for word in words))
    if after is not None:
        key, collection_id = after
        is_behind = COLLECTIONS.c.title_key > key
        is_same = and_(COLLECTIONS.c.title_key == key, COLLECTIONS.c.id > collection_id)
        query = query.where(COLLECTIONS.c.title_key >= key, is_behind | is_same)
    return query.order_by(COLLECTIONS.c.title_key, COLLECTIONS.c.id).limit(limit)


async def _lock_all(connection: AsyncConnection, owner_id: str) -> Sequence[str]:
    """The ids of the owner's, to which nobody adds a video until the transaction ends."""
    mine = select(COLLECTIONS.c.id).where(COLLECTIONS.c.owner_id == owner_id).order_by(COLLECTIONS.c.id)
    return (await connection.scalars(mine.with_for_update())).all()


async def _remove(connection: AsyncConnection, collection_ids: Sequence[str], *, now: datetime) -> None:
    """Removes these, which are locked; what was in one that is shared, the loop takes out."""
    shared = await forget_collection_grants(connection, collection_ids, now=now)
    others = [one for one in collection_ids if one not in shared]
    await connection.execute(delete(COLLECTION_VIDEOS).where(_ORDER.collection_id.in_(others)))
    await connection.execute(delete(COLLECTIONS).where(COLLECTIONS.c.id.in_(collection_ids)))


async def _demand_ready(
    connection: AsyncConnection, video_ids: Sequence[str], collection: Collection, by: Viewer
) -> None:
    """Videos that may come into it, its owner's, which nobody deletes until the transaction ends.

    Raises OwnersAlone, NotToBeCollected and NotFinished.
    """
    if collection.owner_id != by.account_id:
        raise OwnersAlone(N_("Only this collection’s owner can put videos into it."))
    query = (
        select(VIDEOS.c.id, VIDEOS.c.state)
        .where(VIDEOS.c.id.in_(video_ids), VIDEOS.c.owner_id == collection.owner_id)
        .where(VIDEOS.c.state != VideoState.DELETED.value)
        .order_by(VIDEOS.c.id)
        .with_for_update()
    )
    states = {row.id: row.state for row in await connection.execute(query)}
    if any(states.get(video_id, VideoState.TRASHED.value) == VideoState.TRASHED.value for video_id in video_ids):
        raise NotToBeCollected
    if any(state == VideoState.UPLOADING.value for state in states.values()):
        raise NotFinished


async def _room_behind(
    connection: AsyncConnection, collection_id: str, after: str | None, *, besides: str
) -> int | None:
    """A free position behind `after`, None: before all; what stands behind moves up where there is none.

    `besides` is the video that is to stand there, and does not count. None when `after` is not in the collection.
    """
    others: ColumnElement[bool] = and_(_ORDER.collection_id == collection_id, _ORDER.video_id != besides)
    if after is None:
        first = await connection.scalar(select(func.min(_ORDER.position)).where(others))
        return 0 if first is None else int(first) - ROOM
    before = await connection.scalar(select(_ORDER.position).where(others, _ORDER.video_id == after))
    if before is None:
        return None
    follows: Any = and_(others, _ORDER.position > before)
    next_one = await connection.scalar(select(func.min(_ORDER.position)).where(follows))
    if next_one is None:
        return int(before) + ROOM
    if next_one - before < 2:
        await connection.execute(update(COLLECTION_VIDEOS).where(follows).values(position=_ORDER.position + ROOM))
        next_one += ROOM
    return int(before + (next_one - before) // 2)


def _position(collection_id: str, video_id: str) -> ScalarSelect[int]:
    """Where the video stands. Of an alias: the row that it is compared with is another."""
    its_own = COLLECTION_VIDEOS.alias("its_own").c
    query = select(its_own.position).where(its_own.collection_id == collection_id, its_own.video_id == video_id)
    return query.scalar_subquery()


async def _touch(connection: AsyncConnection, collection_id: str, now: datetime) -> None:
    change = update(COLLECTIONS).where(COLLECTIONS.c.id == collection_id).values(updated_at=now)
    await connection.execute(change)
