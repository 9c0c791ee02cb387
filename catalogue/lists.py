"""Reading videos from their table, one or in lists."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, and_, func, literal, or_, select, true, union_all

from catalogue.pages import Place, Sort
from catalogue.tables import VIDEOS
from catalogue.videos import Video, VideoState, Visibility
from common.db import AnyRow, Database, read_in_order
from common.text import search_key, words_of

# What a Video is made of, and what its lists are sorted by.
COLUMNS: Final = tuple(column for column in VIDEOS.c if column.name != "search_key")
_FIELDS: Final = tuple(field.name for field in fields(Video))
# What a branch of a list holds, and the index that has it in order.
Branch = tuple[ColumnElement[bool], str]


# Of what is listed for everybody, what strangers find as well.
LISTED_FOR_STRANGERS: Final = frozenset({Visibility.PUBLIC})


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
    orders = {Sort.TITLE: "title", Sort.LARGEST: "size", Sort.LONGEST: "length", Sort.SHORTEST: "length"}
    order = orders.get(sort, "age")
    return f"videos_{'owner_' if is_one_owners else ''}{order}"


def found_by(q: str, *, has_many_owners: bool) -> ColumnElement[bool]:
    """What a search finds: every word must occur, in title or description, or the owner's name where there are many."""
    return and_(true(), *(_has_word(word, has_many_owners=has_many_owners) for word in words_of(q)))


def _has_word(word: str, *, has_many_owners: bool) -> ColumnElement[bool]:
    in_text = VIDEOS.c.search_key.contains(search_key(word).strip(), autoescape=True)
    # Names are kept as they are compared: with their accents.
    name = unicodedata.normalize("NFKC", word).lower()
    return or_(in_text, VIDEOS.c.owner_username.contains(name, autoescape=True)) if has_many_owners else in_text


async def read_list(
    database: Database, branches: Iterable[Branch], *, sort: Sort = Sort.NEWEST, after: Place | None, limit: int
) -> list[Video]:
    """The first videos of all branches together, in that order, behind the place `after`.

    Each branch reads its index in order and stops at `limit`, so that a page costs the same at any depth and in a
    catalogue of any size. (One query with OR or IN would read and sort all that it finds.)
    """
    parts = []
    for condition, index in branches:
        for behind in _behind(sort, after):
            query = select(*COLUMNS).where(condition, behind).order_by(*_order(sort, VIDEOS.c)).limit(limit)
            parts.append(select(read_in_order(query, VIDEOS, index).subquery()))
    found = union_all(*parts).subquery()
    order = _order(sort, found.c)
    if sort is Sort.SHORTEST:
        # What has no length yet is last here too, as each part of it has its place in the index.
        order = (found.c.duration_ms.is_(None), *order)
    page = select(found).order_by(*order).limit(limit)
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


async def read_places(
    database: Database, branch: Branch, *, after: Place | None = None, skip: int = 0, limit: int
) -> list[tuple[datetime, str]]:
    """When the videos of one branch have come and their ids, the oldest first: `skip` of those behind `after` are left
    out, which is cheap: no more is read than the index, and rows only where a condition needs them.
    """
    condition, index = branch
    [behind] = _behind(Sort.OLDEST, after)
    query = select(VIDEOS.c.created_at, VIDEOS.c.id).where(condition, behind)
    query = query.order_by(*_order(Sort.OLDEST, VIDEOS.c)).offset(skip).limit(limit)
    return [(row.created_at, row.id) for row in await database.rows(read_in_order(query, VIDEOS, index))]


def _order(sort: Sort, columns: Any) -> tuple[ColumnElement[Any], ...]:
    if sort is Sort.TITLE:
        return columns.title_key.asc(), columns.id.asc()
    if sort is Sort.OLDEST:
        return columns.created_at.asc(), columns.id.asc()
    if sort is Sort.LARGEST:
        return columns.size.desc(), columns.id.desc()
    if sort is Sort.LONGEST:
        return columns.duration_ms.desc(), columns.id.desc()
    if sort is Sort.SHORTEST:
        return columns.duration_ms.asc(), columns.id.asc()
    return columns.created_at.desc(), columns.id.desc()


def _behind(sort: Sort, after: Place | None) -> list[ColumnElement[bool]]:
    """What lies behind a place (None: all), in ranges of the index that are read one by one."""
    if after is None:
        length = VIDEOS.c.duration_ms
        return [length.is_not(None), length.is_(None)] if sort is Sort.SHORTEST else [true()]
    value, video_id = after
    columns: dict[Sort, Column[Any]] = {
        Sort.TITLE: VIDEOS.c.title_key,
        Sort.LARGEST: VIDEOS.c.size,
        Sort.LONGEST: VIDEOS.c.duration_ms,
        Sort.SHORTEST: VIDEOS.c.duration_ms,
    }
    column = columns.get(sort, VIDEOS.c.created_at)
    # What has no size or length yet is behind all that has one, and a comparison does not find it.
    if value is None:
        return [and_(column.is_(None), VIDEOS.c.id > video_id if sort is Sort.SHORTEST else VIDEOS.c.id < video_id)]
    # Spelled out: MySQL does not use the index for a comparison of row values. The first bound says the same again for
    # SQLite, which would read an OR alone from the first page on.
    if sort in (Sort.NEWEST, Sort.LARGEST, Sort.LONGEST):
        known = and_(column <= value, or_(column < value, and_(column == value, VIDEOS.c.id < video_id)))
        return [known, column.is_(None)] if sort is not Sort.NEWEST else [known]
    known = and_(column >= value, or_(column > value, and_(column == value, VIDEOS.c.id > video_id)))
    return [known, column.is_(None)] if sort is Sort.SHORTEST else [known]
