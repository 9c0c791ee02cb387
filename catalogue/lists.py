"""Reading videos from their table, one or in lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, and_, func, literal, or_, select, union_all

from catalogue.pages import Place, Sort
from catalogue.tables import VIDEOS
from catalogue.videos import Video, VideoState, Visibility
from common.db import AnyRow, Database, read_in_order

# What a Video is made of, and what its lists are sorted by.
COLUMNS: Final = tuple(column for column in VIDEOS.c if column.name != "search_key")
_FIELDS: Final = tuple(field.name for field in fields(Video))
# What a branch of a list holds, and the index that has it in order.
Branch = tuple[ColumnElement[bool], str]


def to_video(row: AnyRow) -> Video:
    """The video of a row that has COLUMNS."""
    values = {name: getattr(row, name) for name in _FIELDS}
    hidden = values["hidden_visibility"]
    return Video(
        **{
            **values,
            "state": VideoState(values["state"]),
            "visibility": Visibility(values["visibility"]),
            "hidden_visibility": None if hidden is None else Visibility(hidden),
        }
    )


def library_index(sort: Sort, *, is_one_owners: bool) -> str:
    """The index that has the videos of one state and visibility in that order."""
    return f"videos_{'owner_' if is_one_owners else ''}{'title' if sort is Sort.TITLE else 'age'}"


async def read_list(
    database: Database, branches: Iterable[Branch], *, sort: Sort = Sort.NEWEST, after: Place | None, limit: int
) -> list[Video]:
    """The first videos of all branches together, in that order, behind the place `after`.

    Each branch reads its index in order and stops at `limit`, so that a page costs the same at any depth and in a
    catalogue of any size. (One query with OR or IN would read and sort all that it finds.)
    """
    parts = []
    for condition, index in branches:
        query = select(*COLUMNS).where(condition)
        if after is not None:
            query = query.where(_behind(sort, after))
        query = query.order_by(*_order(sort, VIDEOS.c)).limit(limit)
        parts.append(select(read_in_order(query, VIDEOS, index).subquery()))
    found = union_all(*parts).subquery()
    page = select(found).order_by(*_order(sort, found.c)).limit(limit)
    return [to_video(row) for row in await database.rows(page)]


async def count_list(database: Database, branches: Iterable[Branch], *, most: int) -> int:
    """How many videos all branches have together, counted as far as `most`."""
    parts = []
    for condition, index in branches:
        query = select(literal(1).label("one")).select_from(VIDEOS).where(condition).limit(most)
        parts.append(select(read_in_order(query, VIDEOS, index).subquery()))
    found = select(union_all(*parts).subquery()).limit(most).subquery()
    row = await database.row(select(func.count()).select_from(found))
    return 0 if row is None else int(row[0])


def _order(sort: Sort, columns: Any) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    if sort is Sort.TITLE:
        return columns.title_key.asc(), columns.id.asc()
    if sort is Sort.OLDEST:
        return columns.created_at.asc(), columns.id.asc()
    return columns.created_at.desc(), columns.id.desc()


def _behind(sort: Sort, after: Place) -> ColumnElement[bool]:
    value, video_id = after
    column: Column[Any] = VIDEOS.c.title_key if sort is Sort.TITLE else VIDEOS.c.created_at
    # Spelled out: MySQL does not use the index for a comparison of row values. The first bound says the same again for
    # SQLite, which would read an OR alone from the first page on.
    if sort is Sort.NEWEST:
        return and_(column <= value, or_(column < value, and_(column == value, VIDEOS.c.id < video_id)))
    return and_(column >= value, or_(column > value, and_(column == value, VIDEOS.c.id > video_id)))
