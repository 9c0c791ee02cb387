"""Grants to accounts, groups and everybody, as whoever shows videos reads them.

Whether somebody has a grant is read from the grants themselves, and from what is in collections. `audience` has the
same for lists, in their orders, and may be behind: what is too much there is shown to nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, exists, literal, or_, select, union_all

from catalogue.access import WATCHING, Viewer, subjects_of
from catalogue.tables import AUDIENCE, COLLECTION_VIDEOS, COLLECTIONS, GRANTS, VIDEOS, lasts
from common.db import Database


def is_given(*whose: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the video of the row of VIDEOS may be watched by a grant of which this holds, links apart.

    That is one of the video, or of a collection of its owner's that it is in.
    """
    is_good = and_(GRANTS.c.subject.is_not(None), GRANTS.c.right.in_(WATCHING), *whose)
    its_own = exists().where(GRANTS.c.video_id == VIDEOS.c.id, is_good)
    # From the video to its collections and then to their grants, each compared as a value: of joins SQLite would begin
    # with all grants that there are to a subject. Of a row of a list, `whose` may ask for that of AUDIENCE.
    is_shared = select(literal(1)).where(GRANTS.c.collection_id == COLLECTIONS.c.id, is_good).limit(1)
    is_its_owners = (COLLECTIONS.c.id == COLLECTION_VIDEOS.c.collection_id, COLLECTIONS.c.owner_id == VIDEOS.c.owner_id)
    shared = select(literal(1)).where(*is_its_owners, _is_true(is_shared.correlate(COLLECTIONS, AUDIENCE)))
    by_collection = exists().where(
        COLLECTION_VIDEOS.c.video_id == VIDEOS.c.id, _is_true(shared.correlate(COLLECTION_VIDEOS, VIDEOS, AUDIENCE))
    )
    return or_(its_own.correlate(VIDEOS, AUDIENCE), by_collection.correlate(VIDEOS, AUDIENCE))


def _is_true(query: Select[Any]) -> ColumnElement[bool]:
    return query.scalar_subquery().is_not(None)


def is_granted(viewer: Viewer | None, *, now: datetime) -> ColumnElement[bool]:
    """Whether the viewer (None: a stranger) has a grant of the video of the row of VIDEOS."""
    return is_granted_to(subjects_of(viewer), now=now)


def is_granted_to(subjects: Collection[str], *, now: datetime) -> ColumnElement[bool]:
    """Whether one of the subjects has a grant of the video of the row of VIDEOS."""
    return is_given(GRANTS.c.subject.in_(subjects), lasts(GRANTS.c.expires_at, now))


def is_still_granted(*, now: datetime) -> ColumnElement[bool]:
    """Whether the subject of the row of AUDIENCE has a grant of the video of the row of VIDEOS."""
    return is_given(GRANTS.c.subject == AUDIENCE.c.subject, lasts(GRANTS.c.expires_at, now))


def grants_of(video_ids: Collection[str]) -> CompoundSelect[Any]:
    """`video_id`, `subject` and `expires_at` of each grant by which one of these may be watched, links apart.

    Those of the videos, and of the collections of their owners that they are in; also those that have ended.
    """
    is_good = and_(GRANTS.c.subject.is_not(None), GRANTS.c.right.in_(WATCHING))
    its_own = select(GRANTS.c.video_id, GRANTS.c.subject, GRANTS.c.expires_at)
    by_collection = (
        select(COLLECTION_VIDEOS.c.video_id, GRANTS.c.subject, GRANTS.c.expires_at)
        .select_from(
            COLLECTION_VIDEOS.join(VIDEOS, VIDEOS.c.id == COLLECTION_VIDEOS.c.video_id)
            .join(COLLECTIONS, COLLECTIONS.c.id == COLLECTION_VIDEOS.c.collection_id)
            .join(GRANTS, GRANTS.c.collection_id == COLLECTIONS.c.id)
        )
        .where(COLLECTIONS.c.owner_id == VIDEOS.c.owner_id)
    )
    return union_all(
        its_own.where(GRANTS.c.video_id.in_(video_ids), is_good),
        by_collection.where(COLLECTION_VIDEOS.c.video_id.in_(video_ids), is_good),
    )


async def read_ends(
    database: Database, viewer: Viewer, video_ids: Sequence[str], *, now: datetime
) -> dict[str, datetime | None]:
    """Until when each of these videos is granted to the viewer, by name or as one of a group, None: for ever.

    Without those that are not.
    """
    grant = grants_of(video_ids).subquery()
    query = select(grant.c.video_id, grant.c.expires_at).where(
        grant.c.subject.in_(viewer.own_subjects), lasts(grant.c.expires_at, now)
    )
    ends: dict[str, datetime | None] = {}
    for video_id, end in await database.rows(query):
        known = ends.get(video_id, end)
        ends[video_id] = None if known is None or end is None else max(known, end)
    return ends
