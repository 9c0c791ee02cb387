"""stream_svc's table, `positions`, its queries, and the library that it reads from `videos`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Column, ColumnElement, Double, Index, MetaData, Table, and_, delete, insert, or_, select, update

from catalogue.access import Viewer, subjects_of
from catalogue.audience import is_granted, is_granted_to, is_still_granted, read_ends
from catalogue.facts import COLUMNS as FACTS_COLUMNS
from catalogue.facts import VideoFacts, to_facts
from catalogue.lists import (
    COLUMNS,
    LISTED_FOR_STRANGERS,
    Branch,
    audience_index,
    count_list,
    found_by,
    library_index,
    read_list,
    read_places,
    to_video,
)
from catalogue.pages import Place, Sort
from catalogue.tables import AUDIENCE, MEDIA_FACTS, RENDITIONS, VIDEOS, lasts
from catalogue.videos import LISTED, Video, VideoState, Visibility
from common.db import Instant, Queries, identifier

METADATA: Final = MetaData()

POSITIONS: Final = Table(
    "positions",
    METADATA,
    Column("account_id", identifier(), primary_key=True),
    Column("video_id", identifier(), primary_key=True),
    Column("seconds", Double(), nullable=False),
    Column("duration", Double(), nullable=True),
    Column("updated_at", Instant(), nullable=False),
    Index("positions_recent", "account_id", "updated_at"),
)
_IS_READY: Final = VIDEOS.c.state == VideoState.READY.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where somebody stopped watching, and how long the video is as their player found it; both in seconds."""

    seconds: float
    duration: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPosition(Position):
    """The same, with the video and when it was kept."""

    video_id: str
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionSet:
    """What was made of a video at one time, by its names."""

    id: str
    names: tuple[str, ...]


class Length(StrEnum):
    """How long a video is, in minutes."""

    SHORT = "under-4"
    MEDIUM = "4-20"
    LONG = "over-20"


# From so many milliseconds on, and up to less than so many.
_RANGES_MS: Final = {
    Length.SHORT: (0, 4 * 60_000),
    Length.MEDIUM: (4 * 60_000, 20 * 60_000),
    Length.LONG: (20 * 60_000, 2**63 - 1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A part of the library: for whom (None: a stranger) at which time, searching what, of one owner, in which order,
    how long, whether only what others have granted to them, and of whom nothing.
    """

    viewer: Viewer | None
    now: datetime
    q: str
    owner_id: str | None
    sort: Sort
    length: Length | None = None
    is_shared: bool = False
    disabled_owner_ids: frozenset[str] = frozenset()


class Store(Queries):
    async def get_video(self, video_id: str, viewer: Viewer | None, *, now: datetime) -> tuple[Video, bool] | None:
        """The ready video with this id, whoever may watch it; and whether the viewer has a grant of it."""
        granted = is_granted(viewer, now=now).label("is_granted")
        row = await self._database.row(select(*COLUMNS, granted).where(VIDEOS.c.id == video_id, _IS_READY))
        return None if row is None else (to_video(row), bool(row.is_granted))

    async def list_ends(self, viewer: Viewer, video_ids: Sequence[str], *, now: datetime) -> dict[str, datetime | None]:
        """Until when those of the videos are granted to the viewer that are (None: for ever)."""
        return await read_ends(self._database, viewer, video_ids, now=now)

    async def list_videos(self, listing: Listing, *, after: Place | None, limit: int) -> list[Video]:
        """What is listed for everybody, the viewer's own, and what they have grants of, behind the place `after`.

        What strangers see is what is public, and what is granted to everyone.
        """
        return await read_list(self._database, _branches(listing), sort=listing.sort, after=after, limit=limit)

    async def count_videos(self, listing: Listing, *, most: int) -> int:
        """How many there are of them, counted as far as `most`."""
        return await count_list(self._database, _branches(listing), most=most)

    async def count_places(self, listing: Listing, *, most: int) -> int:
        """How many `list_places` has, counted as far as `most`."""
        return await count_list(self._database, _branches(listing)[:1], most=most)

    async def list_places(
        self, listing: Listing, *, after: Place | None, skip: int, limit: int
    ) -> list[tuple[datetime, str]]:
        """When what is public has come and the ids, the oldest first, behind `after` and `skip` more."""
        branch, *_ = _branches(listing)
        return await read_places(self._database, branch, after=after, skip=skip, limit=limit)

    async def list_facts(self, video_ids: Sequence[str]) -> dict[str, VideoFacts]:
        """What is known of the content of those at which somebody has looked."""
        query = select(*FACTS_COLUMNS).where(MEDIA_FACTS.c.video_id.in_(video_ids))
        return {row.video_id: to_facts(row) for row in await self._database.rows(query)}

    async def get_rendition_set(self, video_id: str) -> RenditionSet | None:
        """The renditions that the video has now, without what is in them."""
        query = select(RENDITIONS.c.set_id, RENDITIONS.c.names).where(RENDITIONS.c.video_id == video_id)
        row = await self._database.row(query)
        return None if row is None else RenditionSet(id=row.set_id, names=tuple(row.names.split()))

    async def get_renditions(self, video_id: str) -> tuple[str, str] | None:
        """The set's id, and all that is known of it as a JSON object (contracts.renditions.Renditions)."""
        query = select(RENDITIONS.c.set_id, RENDITIONS.c.content).where(RENDITIONS.c.video_id == video_id)
        row = await self._database.row(query)
        return None if row is None else (row.set_id, row.content)

    async def keep_position(self, account_id: str, video_id: str, position: Position, *, now: datetime) -> None:
        """Keeps it in place of the one before."""
        values = {"seconds": position.seconds, "duration": position.duration, "updated_at": now}
        here = (POSITIONS.c.account_id == account_id, POSITIONS.c.video_id == video_id)
        change = update(POSITIONS).where(*here).values(values)
        new = insert(POSITIONS).values(account_id=account_id, video_id=video_id, **values)
        if not await self._database.change(change) and not await self._database.add(new):
            # Another window of theirs was first.
            await self._database.change(change)

    async def forget_position(self, account_id: str, video_id: str) -> None:
        here = (POSITIONS.c.account_id == account_id, POSITIONS.c.video_id == video_id)
        await self._database.change(delete(POSITIONS).where(*here))

    async def forget_begun(self, account_id: str, *, from_seconds: float, to_share: float) -> None:
        """Forgets the positions from so many seconds on, up to such a share of what is known to be the whole."""
        is_unseen = or_(POSITIONS.c.duration.is_(None), POSITIONS.c.seconds < to_share * POSITIONS.c.duration)
        begun = (POSITIONS.c.account_id == account_id, POSITIONS.c.seconds >= from_seconds, is_unseen)
        await self._database.change(delete(POSITIONS).where(*begun))

    async def forget_positions(self, account_id: str) -> None:
        await self._database.change(delete(POSITIONS).where(POSITIONS.c.account_id == account_id))

    async def get_position(self, account_id: str, video_id: str) -> Position | None:
        return (await self.list_positions(account_id, [video_id])).get(video_id)

    async def list_positions(self, account_id: str, video_ids: Sequence[str]) -> dict[str, Position]:
        """Where this person stopped in those of the videos that they have begun."""
        query = select(POSITIONS.c.video_id, POSITIONS.c.seconds, POSITIONS.c.duration).where(
            POSITIONS.c.account_id == account_id, POSITIONS.c.video_id.in_(video_ids)
        )
        rows = await self._database.rows(query)
        return {video_id: Position(seconds=seconds, duration=duration) for video_id, seconds, duration in rows}

    async def page_of_positions(self, account_id: str, *, after: str | None, limit: int) -> list[KeptPosition]:
        """Where this person stopped, by video id, behind the video `after`."""
        query = select(POSITIONS.c.video_id, POSITIONS.c.seconds, POSITIONS.c.duration, POSITIONS.c.updated_at)
        query = query.where(POSITIONS.c.account_id == account_id).order_by(POSITIONS.c.video_id).limit(limit)
        if after is not None:
            query = query.where(POSITIONS.c.video_id > after)
        return [KeptPosition(**row._asdict()) for row in await self._database.rows(query)]

    async def list_watched(self, viewer: Viewer, *, now: datetime, limit: int) -> list[tuple[Video, bool, Position]]:
        """Of the `limit` videos that this person watched last, those that are there, the last one first.

        Each with whether they have a grant of it.
        """
        recent = (
            select(POSITIONS)
            .where(POSITIONS.c.account_id == viewer.account_id)
            .order_by(POSITIONS.c.updated_at.desc())
            .limit(limit)
            .subquery()
        )
        query = (
            select(*COLUMNS, is_granted(viewer, now=now).label("is_granted"), recent.c.seconds, recent.c.duration)
            .select_from(recent.join(VIDEOS, VIDEOS.c.id == recent.c.video_id))
            .where(_IS_READY)
            .order_by(recent.c.updated_at.desc())
        )
        rows = await self._database.rows(query)
        return [
            (to_video(row), bool(row.is_granted), Position(seconds=row.seconds, duration=row.duration)) for row in rows
        ]


def _branches(listing: Listing) -> list[Branch]:
    """A branch for each visibility: what is listed is everybody's, the rest the viewer's own; strangers have fewer.

    And what is granted to the viewer, by each subject that they are; of what is shared, those that mean them alone.
    """
    viewer, filters = listing.viewer, and_(_IS_READY, *_filters(listing))
    branches: list[Branch] = []
    for visibility in LISTED_FOR_STRANGERS if viewer is None else () if listing.is_shared else Visibility:
        branch = and_(VIDEOS.c.visibility == visibility.value, filters)
        is_one_owners = visibility not in LISTED or listing.owner_id is not None
        if viewer is not None and visibility not in LISTED:
            branch = and_(VIDEOS.c.owner_id == viewer.account_id, branch)
        branches.append(Branch(branch, library_index(listing.sort, is_one_owners=is_one_owners)))
    subjects = viewer.own_subjects if viewer is not None and listing.is_shared else subjects_of(viewer)
    theirs = and_(VIDEOS.c.hidden_visibility.is_(None), filters)
    if viewer is not None:
        # Their own are above, all of them.
        theirs = and_(VIDEOS.c.owner_id != viewer.account_id, theirs)
    branches.append(
        Branch(
            and_(theirs, is_still_granted(now=listing.now)),
            audience_index(listing.sort),
            lasts(AUDIENCE.c.expires_at, listing.now),
            subjects,
            # What has been revoked, or has ended, is soon gone from AUDIENCE; of all else nothing is in it.
            None if _is_sought(listing) else and_(theirs, is_granted_to(subjects, now=listing.now)),
        )
    )
    return branches


def _is_sought(listing: Listing) -> bool:
    """Whether it may be that little of what there is is wanted."""
    return bool(listing.q or listing.owner_id is not None or listing.length is not None)


def _filters(listing: Listing) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = [found_by(listing.q, has_many_owners=listing.owner_id is None)]
    if listing.owner_id is not None:
        filters.append(VIDEOS.c.owner_id == listing.owner_id)
    if listing.length is not None:
        least, below = _RANGES_MS[listing.length]
        filters.append(and_(VIDEOS.c.duration_ms >= least, VIDEOS.c.duration_ms < below))
    if listing.disabled_owner_ids:
        filters.append(VIDEOS.c.owner_id.not_in(sorted(listing.disabled_owner_ids)))
    return filters
