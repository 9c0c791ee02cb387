"""Collections: videos in an order that their owner has given them."""

from __future__ import annotations

import hashlib
import json
import operator
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true

from catalogue.access import WATCHING, Right, Viewer, subjects_of
from catalogue.lists import COLUMNS as VIDEO_COLUMNS
from catalogue.lists import to_video
from catalogue.tables import COLLECTION_VIDEOS, COLLECTIONS, GRANTS, VIDEOS, lasts
from catalogue.videos import Video, VideoState
from common.db import AnyRow, Database, read_in_order
from common.text import sort_key

ORDER_INDEX: Final = "collection_videos_order"
# Where somebody stands in a collection: the position, and the video's id.
Spot = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A collection without its videos; `updated_at` also says when one of them has come, gone or moved."""

    id: str
    owner_id: str
    title: str
    description: str
    created_at: datetime
    updated_at: datetime

    @property
    def title_key(self) -> str:
        """What lists of collections are sorted by."""
        return sort_key(self.title)

    @property
    def etag(self) -> str:
        """Another one after each change that its owner makes to it."""
        seen = (self.title, self.description, self.updated_at.isoformat())
        return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A video at its place in a collection."""

    video: Video
    position: int

    @property
    def spot(self) -> Spot:
        return self.position, self.video.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """How many ready videos a collection has, and how long those of known length are together."""

    count: int = 0
    duration_ms: int = 0


COLUMNS: Final = tuple(COLLECTIONS.c[field.name] for field in fields(Collection))


def is_shown(*, with_hidden: bool) -> ColumnElement[bool]:
    """Of VIDEOS: whether a collection shows it; what is hidden, to its owner alone."""
    is_ready: ColumnElement[bool] = VIDEOS.c.state == VideoState.READY.value
    return is_ready if with_hidden else and_(is_ready, VIDEOS.c.hidden_visibility.is_(None))


def to_collection(row: AnyRow) -> Collection:
    """The collection of a row that has COLUMNS."""
    return Collection(**{field.name: getattr(row, field.name) for field in fields(Collection)})


async def read_collected(
    database: Database,
    collection_id: str,
    *,
    owner_id: str,
    after: Spot | None,
    limit: int,
    with_hidden: bool = True,
    is_backwards: bool = False,
) -> list[Placed]:
    """The first ready videos of a collection behind a place, in its order, as far as they are this owner's.

    `is_backwards`: the last before the place, the nearest first. (One that was handed over has some that are not yet.)
    Its index is read from the place on, at any depth. Others than the owner do not see those that are hidden.
    """
    in_order = COLLECTION_VIDEOS.c
    behind: ColumnElement[bool] = true()
    order: tuple[ColumnElement[Any], ...] = (in_order.position, in_order.video_id)
    if is_backwards:
        order = (in_order.position.desc(), in_order.video_id.desc())
    if after is not None:
        position, video_id = after
        is_further, is_at_least = (operator.lt, operator.le) if is_backwards else (operator.gt, operator.ge)
        is_behind = or_(
            is_further(in_order.position, position),
            and_(in_order.position == position, is_further(in_order.video_id, video_id)),
        )
        # The first says the same again for SQLite, which would read an OR alone from the first row on.
        behind = and_(is_at_least(in_order.position, position), is_behind)
    query = (
        select(*VIDEO_COLUMNS, in_order.position)
        .select_from(COLLECTION_VIDEOS.join(VIDEOS, VIDEOS.c.id == in_order.video_id))
        .where(
            in_order.collection_id == collection_id,
            behind,
            VIDEOS.c.owner_id == owner_id,
            is_shown(with_hidden=with_hidden),
        )
        .order_by(*order)
        .limit(limit)
    )
    rows = await database.rows(read_in_order(query, COLLECTION_VIDEOS, ORDER_INDEX))
    return [Placed(video=to_video(row), position=row.position) for row in rows]


async def read_newest(database: Database, collection: Collection, *, limit: int) -> list[Video]:
    """The videos of a collection that came last, whatever their places, as others than its owner see them.

    It reads and sorts all that is in it, which is bounded.
    """
    order = (VIDEOS.c.created_at.desc(), VIDEOS.c.id.desc())
    newest = (
        # Sorted without their descriptions.
        select(VIDEOS.c.id)
        .select_from(COLLECTION_VIDEOS.join(VIDEOS, VIDEOS.c.id == COLLECTION_VIDEOS.c.video_id))
        .where(COLLECTION_VIDEOS.c.collection_id == collection.id, VIDEOS.c.owner_id == collection.owner_id)
        .where(is_shown(with_hidden=False))
        .order_by(*order)
        .limit(limit)
        .subquery()
    )
    query = select(*VIDEO_COLUMNS).select_from(newest.join(VIDEOS, VIDEOS.c.id == newest.c.id)).order_by(*order)
    return [to_video(row) for row in await database.rows(query)]


async def spot_of(database: Database, collection_id: str, video_id: str) -> Spot | None:
    """Where the video stands in the collection; None: it is not in it."""
    here = (COLLECTION_VIDEOS.c.collection_id == collection_id, COLLECTION_VIDEOS.c.video_id == video_id)
    row = await database.row(select(COLLECTION_VIDEOS.c.position).where(*here))
    return None if row is None else (row.position, video_id)


async def list_shared(
    database: Database, viewer: Viewer, *, now: datetime, after: tuple[str, str] | None, limit: int
) -> list[tuple[Collection, str]]:
    """The collections that others have shared with the viewer by name or as one of a group, by title.

    Behind the place (title_key, id); each with its owner's username. One without a video to show is left out.
    """
    those = select(GRANTS.c.collection_id).where(GRANTS.c.subject.in_(viewer.own_subjects), *_counts(now))
    of_whom = (
        select(VIDEOS.c.owner_username)
        .select_from(COLLECTION_VIDEOS.join(VIDEOS, VIDEOS.c.id == COLLECTION_VIDEOS.c.video_id))
        .where(COLLECTION_VIDEOS.c.collection_id == COLLECTIONS.c.id, VIDEOS.c.owner_id == COLLECTIONS.c.owner_id)
        .where(is_shown(with_hidden=False))
        .limit(1)
        .correlate(COLLECTIONS)
        .scalar_subquery()
    )
    title_key, collection_id = COLLECTIONS.c.title_key, COLLECTIONS.c.id
    query = select(*COLUMNS, of_whom.label("owner_username")).where(
        collection_id.in_(those), COLLECTIONS.c.owner_id != viewer.account_id, of_whom.is_not(None)
    )
    if after is not None:
        last_key, last_id = after
        is_behind = or_(title_key > last_key, and_(title_key == last_key, collection_id > last_id))
        query = query.where(is_behind)
    rows = await database.rows(query.order_by(title_key, collection_id).limit(limit))
    return [(to_collection(row), row.owner_username) for row in rows]


def _counts(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Of GRANTS: those by which something may be watched now."""
    return GRANTS.c.right.in_(WATCHING), lasts(GRANTS.c.expires_at, now)


def manages(viewer: Viewer, *, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Of GRANTS: those by which the viewer manages a collection now, by name or as one of a group."""
    return (
        GRANTS.c.subject.in_(viewer.own_subjects),
        GRANTS.c.right == Right.MANAGE.value,
        lasts(GRANTS.c.expires_at, now),
    )


def may_change(viewer: Viewer, *, now: datetime) -> ColumnElement[bool]:
    """Of COLLECTIONS: whether it is the viewer's, or they manage it."""
    is_managed = exists().where(GRANTS.c.collection_id == COLLECTIONS.c.id, *manages(viewer, now=now))
    return or_(COLLECTIONS.c.owner_id == viewer.account_id, is_managed)


async def get_changeable(database: Database, collection_id: str, viewer: Viewer, *, now: datetime) -> Collection | None:
    """The collection with this id, if it is the viewer's or they manage it."""
    query = select(*COLUMNS).where(COLLECTIONS.c.id == collection_id, may_change(viewer, now=now))
    row = await database.row(query)
    return None if row is None else to_collection(row)


async def get_watchable(
    database: Database, collection_id: str, viewer: Viewer | None, *, now: datetime
) -> Collection | None:
    """The collection with this id, if it is the viewer's (None: a stranger) or they have a grant of it."""
    is_granted = exists().where(
        GRANTS.c.collection_id == COLLECTIONS.c.id,
        GRANTS.c.subject.in_(subjects_of(viewer)),
        *_counts(now),
    )
    is_theirs = is_granted if viewer is None else or_(COLLECTIONS.c.owner_id == viewer.account_id, is_granted)
    row = await database.row(select(*COLUMNS).where(COLLECTIONS.c.id == collection_id, is_theirs))
    return None if row is None else to_collection(row)


async def get_linked(database: Database, collection_id: str) -> Collection | None:
    """The collection to which a link leads."""
    row = await database.row(select(*COLUMNS).where(COLLECTIONS.c.id == collection_id))
    return None if row is None else to_collection(row)


async def read_totals(
    database: Database, collection_ids: Sequence[str], *, with_hidden: bool = True
) -> dict[str, Total]:
    """How much is in each of them, by its id; those without a video to show are left out."""
    in_order: Any = COLLECTION_VIDEOS.c
    query = (
        select(in_order.collection_id, func.count().label("count"), func.sum(VIDEOS.c.duration_ms).label("duration_ms"))
        .select_from(COLLECTION_VIDEOS.join(VIDEOS, VIDEOS.c.id == in_order.video_id))
        .where(in_order.collection_id.in_(collection_ids), is_shown(with_hidden=with_hidden))
        .group_by(in_order.collection_id)
    )
    rows = await database.rows(query) if collection_ids else ()
    return {row[0]: Total(count=int(row[1]), duration_ms=int(row[2] or 0)) for row in rows}
