"""Grants to accounts and groups, as whoever shows videos reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, exists, false, or_, select

from catalogue.access import Viewer
from catalogue.tables import AUDIENCE, VIDEOS
from common.db import Database


def lasts(now: datetime) -> ColumnElement[bool]:
    """Of AUDIENCE: what has not ended."""
    return or_(AUDIENCE.c.expires_at.is_(None), AUDIENCE.c.expires_at > now)


def is_granted(viewer: Viewer | None, *, now: datetime) -> ColumnElement[bool]:
    """Whether the viewer has a grant of the video of the row of VIDEOS."""
    if viewer is None:
        return false()
    return exists().where(AUDIENCE.c.video_id == VIDEOS.c.id, AUDIENCE.c.subject.in_(viewer.subjects), lasts(now))


async def read_ends(
    database: Database, viewer: Viewer, video_ids: Sequence[str], *, now: datetime
) -> dict[str, datetime | None]:
    """Until when each of these videos is granted to the viewer, None: for ever; without those that are not."""
    query = select(AUDIENCE.c.video_id, AUDIENCE.c.expires_at).where(
        AUDIENCE.c.video_id.in_(video_ids), AUDIENCE.c.subject.in_(viewer.subjects), lasts(now)
    )
    ends: dict[str, datetime | None] = {}
    for video_id, end in await database.rows(query):
        known = ends.get(video_id, end)
        ends[video_id] = None if known is None or end is None else max(known, end)
    return ends
