"""stream_svc's table, `positions`, and its queries: it reads the part of `videos` that viewing needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Double,
    Index,
    MetaData,
    Select,
    Table,
    and_,
    delete,
    insert,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from common.db import (
    Database,
    Instant,
    binary_text,
    human_text,
    identifier,
    long_text,
    read_in_order,
    rows_changed,
    size_in_bytes,
)
from common.text import search_key

METADATA: Final = MetaData()

# upload_svc's table; only what is read here.
_videos: Final = Table(
    "videos",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("owner_id", identifier(), nullable=False),
    Column("owner_username", binary_text(64), nullable=False),
    Column("title", human_text(200), nullable=False),
    Column("title_key", binary_text(200), nullable=False),
    Column("description", long_text(), nullable=False),
    Column("search_key", long_text(), nullable=False),
    Column("filename", human_text(255), nullable=False),
    # Always there once a video is ready.
    Column("size", size_in_bytes(), nullable=True),
    Column("content_type", binary_text(100), nullable=False),
    Column("visibility", binary_text(16), nullable=False),
    Column("state", binary_text(16), nullable=False),
    Column("created_at", Instant(), nullable=False),
)
_positions: Final = Table(
    "positions",
    METADATA,
    Column("account_id", identifier(), primary_key=True),
    Column("video_id", identifier(), primary_key=True),
    Column("seconds", Double(), nullable=False),
    Column("duration", Double(), nullable=True),
    Column("updated_at", Instant(), nullable=False),
    Index("positions_recent", "account_id", "updated_at"),
)
# Of a search; what more there are are passed over, so that a statement has a bound.
MOST_WORDS: Final = 8
_READY: Final = "ready"
_SHOWN: Final = tuple(column for column in _videos.c if column.name not in ("search_key", "state"))


class Visibility(StrEnum):
    """Who may watch: the owner, any account, anybody."""

    PRIVATE = "private"
    MEMBERS = "members"
    PUBLIC = "public"


class Sort(StrEnum):
    """Orders of the library, as the API names them."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    TITLE = "title"


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A video that can be watched."""

    id: str
    owner_id: str
    owner_username: str
    title: str
    title_key: str
    description: str
    filename: str
    size: int
    content_type: str
    visibility: Visibility
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where somebody stopped watching, and how long the film is as their player found it; both in seconds."""

    seconds: float
    duration: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPosition(Position):
    """The same, with the video and when it was kept."""

    video_id: str
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Which part of the library: for whom, searching what, of one owner, in which order, and of whom nothing."""

    viewer_id: str
    q: str
    owner_id: str | None
    sort: Sort
    hidden_owner_ids: frozenset[str] = frozenset()


class Store:
    """Queries of stream_svc."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_video(self, video_id: str) -> Video | None:
        """The ready video with this id, whoever may watch it."""
        query = select(*_SHOWN).where(_videos.c.id == video_id, _videos.c.state == _READY)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _video(row)

    async def list_videos(
        self, listing: Listing, *, after: tuple[str | datetime, str] | None, limit: int
    ) -> list[Video]:
        """What the viewer may watch, behind the place `after` (the sorted column's value, id).

        Each kind of visibility is a branch that reads one index in order and stops at `limit`, so a page costs the
        same at any depth and in a library of any size. (One query with OR would scan what others keep private.)
        """
        own = _videos.c.owner_id == listing.viewer_id
        kept_private = and_(own, _videos.c.visibility == Visibility.PRIVATE.value)
        # Each branch, and whether it is one owner's.
        branches = [(kept_private, True)] + [
            (_videos.c.visibility == shared.value, listing.owner_id is not None)
            for shared in (Visibility.MEMBERS, Visibility.PUBLIC)
        ]
        order = _order(listing.sort)
        conditions = [_videos.c.state == _READY, *_filters(listing)]
        if after is not None:
            conditions.append(_behind(listing.sort, after))
        parts: list[Select[Any]] = []
        for branch, is_one_owners in branches:
            ordered = select(*_SHOWN).where(branch, *conditions).order_by(*order).limit(limit)
            index = _index(listing.sort, is_one_owners=is_one_owners)
            parts.append(select(read_in_order(ordered, _videos, index).subquery()))
        found = union_all(*parts).subquery()
        query = select(found).order_by(*_order(listing.sort, found.c)).limit(limit)
        async with self._database.read() as connection:
            return [_video(row) for row in (await connection.execute(query)).all()]

    async def keep_position(self, account_id: str, video_id: str, position: Position, *, now: datetime) -> None:
        """Keeps it in place of the one before."""
        values = {"seconds": position.seconds, "duration": position.duration, "updated_at": now}
        here = (_positions.c.account_id == account_id, _positions.c.video_id == video_id)
        change = update(_positions).where(*here).values(values)
        try:
            async with self._database.write() as connection:
                if not rows_changed(await connection.execute(change)):
                    await connection.execute(
                        insert(_positions).values(account_id=account_id, video_id=video_id, **values)
                    )
        except IntegrityError:
            # Another window of theirs was first.
            async with self._database.write() as connection:
                await connection.execute(change)

    async def forget_positions(self, account_id: str) -> None:
        """Drops where this person stopped, everywhere."""
        async with self._database.write() as connection:
            await connection.execute(delete(_positions).where(_positions.c.account_id == account_id))

    async def get_position(self, account_id: str, video_id: str) -> Position | None:
        """Where this person stopped."""
        return (await self.list_positions(account_id, [video_id])).get(video_id)

    async def list_positions(self, account_id: str, video_ids: Sequence[str]) -> dict[str, Position]:
        """Where this person stopped in those of the videos that they have begun."""
        query = select(_positions.c.video_id, _positions.c.seconds, _positions.c.duration).where(
            _positions.c.account_id == account_id, _positions.c.video_id.in_(video_ids)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {video_id: Position(seconds=seconds, duration=duration) for video_id, seconds, duration in rows}

    async def page_of_positions(self, account_id: str, *, after: str | None, limit: int) -> list[KeptPosition]:
        """Where this person stopped, by video id, behind the video `after`."""
        query = select(_positions.c.video_id, _positions.c.seconds, _positions.c.duration, _positions.c.updated_at)
        query = query.where(_positions.c.account_id == account_id).order_by(_positions.c.video_id).limit(limit)
        if after is not None:
            query = query.where(_positions.c.video_id > after)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [
            KeptPosition(video_id=video_id, seconds=seconds, duration=duration, updated_at=updated_at)
            for video_id, seconds, duration, updated_at in rows
        ]

    async def list_watched(self, account_id: str, *, limit: int) -> list[tuple[Video, Position]]:
        """Of the `limit` videos that this person watched last, those that they still may watch; the last one first."""
        recent = (
            select(_positions)
            .where(_positions.c.account_id == account_id)
            .order_by(_positions.c.updated_at.desc())
            .limit(limit)
            .subquery()
        )
        shared = _videos.c.visibility.in_([Visibility.MEMBERS.value, Visibility.PUBLIC.value])
        query = (
            select(*_SHOWN, recent.c.seconds, recent.c.duration)
            .select_from(recent.join(_videos, _videos.c.id == recent.c.video_id))
            .where(_videos.c.state == _READY, or_(shared, _videos.c.owner_id == account_id))
            .order_by(recent.c.updated_at.desc())
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [(_video(row[:-2]), Position(seconds=row[-2], duration=row[-1])) for row in rows]


def _filters(listing: Listing) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = []
    if listing.owner_id is not None:
        filters.append(_videos.c.owner_id == listing.owner_id)
    if listing.hidden_owner_ids:
        filters.append(_videos.c.owner_id.not_in(sorted(listing.hidden_owner_ids)))
    # Every word must occur, in title or description.
    words = list(dict.fromkeys(search_key(listing.q).split()))[:MOST_WORDS]
    filters += [_videos.c.search_key.contains(word, autoescape=True) for word in words]
    return filters


def _order(sort: Sort, columns: Any = _videos.c) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    if sort is Sort.TITLE:
        return columns.title_key.asc(), columns.id.asc()
    if sort is Sort.OLDEST:
        return columns.created_at.asc(), columns.id.asc()
    return columns.created_at.desc(), columns.id.desc()


def _index(sort: Sort, *, is_one_owners: bool) -> str:
    """upload_svc's index for that order."""
    column = "title" if sort is Sort.TITLE else "age"
    return f"videos_owner_{column}" if is_one_owners else f"videos_{column}"


def _behind(sort: Sort, after: tuple[str | datetime, str]) -> ColumnElement[bool]:
    value, video_id = after
    column: Column[Any] = _videos.c.title_key if sort is Sort.TITLE else _videos.c.created_at
    # Spelled out: MySQL does not use the index for a comparison of row values. The first bound says the same again for
    # SQLite, which would read an OR alone from the first page on.
    if sort is Sort.NEWEST:
        return and_(column <= value, or_(column < value, and_(column == value, _videos.c.id < video_id)))
    return and_(column >= value, or_(column > value, and_(column == value, _videos.c.id > video_id)))


def _video(row: Sequence[Any]) -> Video:
    values = dict(zip((column.name for column in _SHOWN), row, strict=True))
    return Video(**{**values, "visibility": Visibility(values["visibility"])})
