"""Keeps `audience`, by which lists find what is granted: of one video at once, of a collection by a loop.

Nothing is watched by it: what it has too much of is shown to nobody, so that a revocation counts from its commit on,
however far the loop is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, case, delete, func, insert, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from catalogue.access import WATCHING
from catalogue.audience import grants_of, is_given
from catalogue.tables import AUDIENCE, COLLECTION_VIDEOS, COLLECTIONS, GRANTS, VIDEOS
from catalogue.videos import VideoState, Visibility
from common.db import Database, Queries
from upload_svc.media.queue_store import renew_pictures
from upload_svc.tables import AUDIENCE_CHANGES

# Videos of one transaction, and about how many of their rows go and come (of one video, all): some hundredths of a
# second on SQLite, where nobody else writes meanwhile.
AT_ONCE: Final = 200
ROWS_AT_ONCE: Final = 4_000
_IS_SHARED: Final = (GRANTS.c.subject.is_not(None), GRANTS.c.right.in_(WATCHING))


async def has_audience(connection: AsyncConnection, video_id: str) -> bool:
    """Whether others may watch the video by a grant, or might by one that has ended just now."""
    query = select(VIDEOS.c.id).where(VIDEOS.c.id == video_id, is_given())
    return (await connection.execute(query)).first() is not None


async def refresh_audience(connection: AsyncConnection, video_ids: Collection[str]) -> None:
    """Makes `audience` what the videos and their grants are, in the transaction that has changed one of them.

    The videos' rows are locked there, as whoever changes either has them.
    """
    await connection.execute(delete(AUDIENCE).where(AUDIENCE.c.video_id.in_(video_ids)))
    grant = grants_of(video_ids).subquery()
    lists_are_sorted_by = (VIDEOS.c.created_at, VIDEOS.c.title_key, VIDEOS.c.duration_ms)
    is_for_ever = func.count() > func.count(grant.c.expires_at)
    rows = (
        select(
            grant.c.video_id,
            grant.c.subject,
            *lists_are_sorted_by,
            case((is_for_ever, null()), else_=func.max(grant.c.expires_at)),
        )
        .select_from(grant.join(VIDEOS, VIDEOS.c.id == grant.c.video_id))
        .where(VIDEOS.c.state == VideoState.READY.value, VIDEOS.c.hidden_visibility.is_(None))
        .group_by(grant.c.video_id, grant.c.subject, *lists_are_sorted_by)
    )
    await connection.execute(insert(AUDIENCE).from_select([column.name for column in AUDIENCE.c], rows))


async def follow_collection(
    connection: AsyncConnection, collection_id: str, video_ids: Sequence[str], *, is_narrower: bool
) -> None:
    """The same of videos that have come into a collection, or (`is_narrower`) out of it, which is locked as well."""
    if video_ids and await _is_followed(connection, collection_id):
        await _refresh(connection, video_ids, is_narrower=is_narrower)


async def has_grants(connection: AsyncConnection, collection_id: str) -> bool:
    """Whether the collection is shared, other than by links."""
    query = select(GRANTS.c.id).where(GRANTS.c.collection_id == collection_id, *_IS_SHARED).limit(1)
    return (await connection.execute(query)).first() is not None


async def _is_followed(connection: AsyncConnection, collection_id: str) -> bool:
    """Whether `audience` may have rows by this collection: it is shared, or was until the loop comes by."""
    waits = select(AUDIENCE_CHANGES.c.collection_id).where(AUDIENCE_CHANGES.c.collection_id == collection_id)
    return await has_grants(connection, collection_id) or await connection.scalar(waits) is not None


async def enqueue_collection(
    connection: AsyncConnection, collection_id: str, *, is_narrower: bool, now: datetime
) -> None:
    """Has the loop do the same with all that is in a collection, which is locked; what it has begun begins anew."""
    here = AUDIENCE_CHANGES.c.collection_id == collection_id
    known = select(AUDIENCE_CHANGES.c.is_narrower).where(here).with_for_update()
    was_narrower = await connection.scalar(known)
    if was_narrower is None:
        row = {"collection_id": collection_id, "created_at": now, "after_id": None, "is_narrower": is_narrower}
        await connection.execute(insert(AUDIENCE_CHANGES).values(row))
        return
    # Behind the others: whoever changes their grants again and again holds up nobody.
    values = {"created_at": now, "after_id": None, "is_narrower": is_narrower or was_narrower}
    await connection.execute(update(AUDIENCE_CHANGES).where(here).values(values))


async def forget_collection_grants(
    connection: AsyncConnection, collection_ids: Sequence[str], *, now: datetime
) -> set[str]:
    """Takes away every grant of the collections, which are locked; those over which the loop goes: they were shared."""
    query = select(GRANTS.c.collection_id).where(GRANTS.c.collection_id.in_(collection_ids), *_IS_SHARED).distinct()
    waits = select(AUDIENCE_CHANGES.c.collection_id).where(AUDIENCE_CHANGES.c.collection_id.in_(collection_ids))
    shared = {*await connection.scalars(query), *await connection.scalars(waits)}
    await connection.execute(delete(GRANTS).where(GRANTS.c.collection_id.in_(collection_ids)))
    for collection_id in sorted(shared):
        await enqueue_collection(connection, collection_id, is_narrower=True, now=now)
    return shared


class AudienceStore(Queries):
    """Takes so many videos, and about so many of their rows, in one transaction."""

    def __init__(self, database: Database, *, at_once: int = AT_ONCE, rows_at_once: int = ROWS_AT_ONCE) -> None:
        super().__init__(database)
        self._at_once = at_once
        self._rows_at_once = rows_at_once

    async def work_off(self) -> bool:
        """Brings the next videos of the collection that has waited longest up to date; False: nothing waits.

        One transaction, in which the row of the change is locked: replicas take turns, and a kill undoes it. Of a
        collection that is deleted, its videos are taken out on the way.
        """
        order = (AUDIENCE_CHANGES.c.created_at, AUDIENCE_CHANGES.c.collection_id)
        oldest = await self._database.row(select(AUDIENCE_CHANGES.c.collection_id).order_by(*order).limit(1))
        if oldest is None:
            return False
        here = AUDIENCE_CHANGES.c.collection_id == oldest.collection_id
        async with self._database.write() as connection:
            change = (await connection.execute(select(AUDIENCE_CHANGES).where(here).with_for_update())).one_or_none()
            if change is None:
                # Another replica has ended it.
                return True
            found = await _next(connection, change.collection_id, after_id=change.after_id, limit=self._at_once)
            rows = await _rows_of_each(connection, change.collection_id, found)
            video_ids = found[: max(1, self._rows_at_once // rows)]
            is_there = await connection.scalar(select(COLLECTIONS.c.id).where(COLLECTIONS.c.id == change.collection_id))
            # Before their places, as whoever deletes a video has both.
            await lock_videos(connection, video_ids)
            if is_there is None:
                gone = (
                    COLLECTION_VIDEOS.c.collection_id == change.collection_id,
                    COLLECTION_VIDEOS.c.video_id.in_(video_ids),
                )
                await connection.execute(delete(COLLECTION_VIDEOS).where(*gone))
            await _refresh(connection, video_ids, is_narrower=change.is_narrower)
            if len(video_ids) == len(found) < self._at_once:
                await connection.execute(delete(AUDIENCE_CHANGES).where(here))
            else:
                await connection.execute(update(AUDIENCE_CHANGES).where(here).values(after_id=video_ids[-1]))
            return True


async def _next(connection: AsyncConnection, collection_id: str, *, after_id: str | None, limit: int) -> Sequence[str]:
    """The next videos of the collection by their ids."""
    video_id = COLLECTION_VIDEOS.c.video_id
    query = select(video_id).where(COLLECTION_VIDEOS.c.collection_id == collection_id)
    if after_id is not None:
        query = query.where(video_id > after_id)
    return (await connection.scalars(query.order_by(video_id).limit(limit))).all()


async def _rows_of_each(connection: AsyncConnection, collection_id: str, video_ids: Sequence[str]) -> int:
    """How many rows go and come with each of the videos, by what the first has and will have; one at least."""
    if not video_ids:
        return 1
    had = select(func.count()).select_from(AUDIENCE).where(AUDIENCE.c.video_id == video_ids[0])
    given = select(func.count()).select_from(GRANTS).where(GRANTS.c.collection_id == collection_id, *_IS_SHARED)
    return max(1, (await connection.execute(had)).scalar_one() + (await connection.execute(given)).scalar_one())


async def lock_videos(connection: AsyncConnection, video_ids: Collection[str]) -> None:
    videos = select(VIDEOS.c.id).where(VIDEOS.c.id.in_(video_ids)).order_by(VIDEOS.c.id)
    await connection.execute(videos.with_for_update())


async def _refresh(connection: AsyncConnection, video_ids: Collection[str], *, is_narrower: bool) -> None:
    """Of what somebody may watch by a grant alone, the pictures are made again if fewer may now."""
    videos = select(VIDEOS.c.id, _is_narrow().label("is_narrow")).where(VIDEOS.c.id.in_(video_ids))
    rows = (await connection.execute(videos.order_by(VIDEOS.c.id).with_for_update())).all()
    await refresh_audience(connection, video_ids)
    if is_narrower:
        await renew_pictures(connection, [row.id for row in rows if row.is_narrow])


def is_only_granted() -> ColumnElement[bool]:
    """Of VIDEOS: whether nobody but its owner may watch it without a grant."""
    is_private: ColumnElement[bool] = VIDEOS.c.visibility == Visibility.PRIVATE.value
    return is_private & VIDEOS.c.hidden_visibility.is_(None)


def _is_narrow() -> ColumnElement[bool]:
    """Of VIDEOS: whether there may be somebody who watches it by a collection's grant alone, be it a stranger."""
    is_narrow: ColumnElement[bool] = VIDEOS.c.visibility.in_([Visibility.PRIVATE.value, Visibility.MEMBERS.value])
    return is_narrow & VIDEOS.c.hidden_visibility.is_(None)
