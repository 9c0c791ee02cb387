"""Reading videos from their table, one or in lists."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Select, Subquery, and_, func, literal, or_, select, true, union

from catalogue.pages import Place, Sort
from catalogue.tables import AUDIENCE, VIDEOS
from catalogue.videos import Video, VideoState, Visibility
from common.db import AnyRow, Database, read_in_order
from common.text import search_key, words_of

# What a Video is made of, and what its lists are sorted by.
COLUMNS: Final = tuple(column for column in VIDEOS.c if column.name != "search_key")
_FIELDS: Final = tuple(field.name for field in fields(Video))


@dataclass(frozen=True, slots=True)
class Branch:
    """Part of a list: videos of which the condition holds, and the index that has them in order.

    With `granted`, a condition on AUDIENCE, those that are in it for each of the `subjects`, which are read one by one;
    the index is AUDIENCE's then. `condition_of_page` is the same of a row of VIDEOS without one of AUDIENCE, where
    nearly all that is there for them meets it: that is asked of a page then, and not of all that is read for it.
    """

    condition: ColumnElement[bool]
    index: str
    granted: ColumnElement[bool] | None = None
    subjects: tuple[str, ...] = ()
    condition_of_page: ColumnElement[bool] | None = None


# What a branch of AUDIENCE asks of the videos, if nothing.
_ALL: Final = true()
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


_ORDERS: Final = {Sort.TITLE: "title", Sort.LARGEST: "size", Sort.LONGEST: "length", Sort.SHORTEST: "length"}


def library_index(sort: Sort, *, is_one_owners: bool) -> str:
    """The index that has the videos of one state and visibility in that order."""
    return f"videos_{'owner_' if is_one_owners else ''}{_ORDERS.get(sort, 'age')}"


def audience_index(sort: Sort) -> str:
    """The index that has what is granted to somebody in that order, which is none by size."""
    return f"audience_{_ORDERS.get(sort, 'age')}"


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
    """The first videos of all branches together, each once, in that order, behind the place `after`.

    Each branch reads its index in order and stops at `limit`, so that a page costs the same at any depth and in a
    catalogue of any size. (One query with OR or IN would read and sort all that it finds.)
    """
    branches = list(branches)
    if any(branch.condition_of_page is not None for branch in branches):
        is_there = or_(*(one.condition if one.condition_of_page is None else one.condition_of_page for one in branches))
        page = _page([_supposed(branch) for branch in branches], sort, after, limit)
        rows = await database.rows(_whole(page, sort, is_there.label("is_there")))
        if len(rows) < limit or all(row.is_there for row in rows):
            return [to_video(row) for row in rows if row.is_there]
    return [to_video(row) for row in await database.rows(_whole(_page(branches, sort, after, limit), sort))]


def _supposed(branch: Branch) -> Branch:
    """With all that AUDIENCE has, read from its index alone."""
    return branch if branch.condition_of_page is None else replace(branch, condition=_ALL, granted=_ALL)


def _page(branches: Iterable[Branch], sort: Sort, after: Place | None, limit: int) -> Subquery:
    """The ids of the first videos, and what the list is sorted by."""
    parts = []
    for branch in branches:
        key, video_id = _keys(sort, branch)
        for behind in _behind(sort, key, video_id, after):
            query = _found(branch, video_id.label("id"), key.label("key")).where(behind)
            query = query.order_by(*_order(sort, key, video_id)).limit(limit)
            parts += [select(one.subquery()) for one in _each(branch, query)]
    found = union(*parts).subquery()
    return select(found).order_by(*_merged(sort, found)).limit(limit).subquery()


def _whole(page: Subquery, sort: Sort, *more: ColumnElement[Any]) -> Select[Any]:
    """The videos of the page in their order, and these columns."""
    whole = select(*COLUMNS, *more).select_from(page.join(VIDEOS, VIDEOS.c.id == page.c.id))
    for dialect in ("mysql", "mariadb"):
        # The few ids first, whatever the server's figures say.
        whole = whole.prefix_with("STRAIGHT_JOIN", dialect=dialect)
    return whole.order_by(*_merged(sort, page))


def _merged(sort: Sort, found: Subquery) -> tuple[ColumnElement[Any], ...]:
    """The order of what parts have found."""
    order = _order(sort, found.c.key, found.c.id)
    # What has no length yet is last here too, as each part of it has its place in the index.
    return (found.c.key.is_(None), *order) if sort is Sort.SHORTEST else order


async def count_list(database: Database, branches: Iterable[Branch], *, most: int) -> int:
    """How many videos all branches have together, counted as far as `most`."""
    parts = []
    for branch in branches:
        _, video_id = _keys(Sort.NEWEST, branch)
        query = _found(branch, video_id.label("id")).limit(most)
        parts += [select(one.subquery()) for one in _each(branch, query)]
    found = select(union(*parts).subquery()).limit(most).subquery()
    row = await database.row(select(func.count()).select_from(found))
    return 0 if row is None else int(row[0])


def _keys(sort: Sort, branch: Branch) -> tuple[Column[Any], Column[Any]]:
    """What the branch is sorted by, and then by the id."""
    name = _KEYS.get(sort, "created_at")
    return (VIDEOS.c[name], VIDEOS.c.id) if branch.granted is None else (AUDIENCE.c[name], AUDIENCE.c.video_id)


def _each(branch: Branch, query: Select[Any]) -> list[Select[Any]]:
    """The query, or one for each subject. (What they have in common is made once: there may be 65.)"""
    if branch.granted is None:
        return [query]
    return [query.where(AUDIENCE.c.subject == subject) for subject in branch.subjects]


def _found(branch: Branch, *columns: ColumnElement[Any]) -> Select[Any]:
    """These columns of what is in the branch."""
    if branch.granted is None:
        return read_in_order(select(*columns).where(branch.condition), VIDEOS, branch.index)
    if branch.condition is _ALL:
        return read_in_order(select(*columns).where(branch.granted), AUDIENCE, branch.index)
    # Compared as a value: of a join or EXISTS the databases would begin with the videos if they thought it cheaper.
    here = select(literal(1)).where(VIDEOS.c.id == AUDIENCE.c.video_id, branch.condition)
    is_there = here.correlate(AUDIENCE).scalar_subquery().is_not(None)
    return read_in_order(select(*columns).where(branch.granted, is_there), AUDIENCE, branch.index)


async def read_places(
    database: Database, branch: Branch, *, after: Place | None = None, skip: int = 0, limit: int
) -> list[tuple[datetime, str]]:
    """When the videos of one branch have come and their ids, the oldest first: `skip` of those behind `after` are left
    out, which is cheap: no more is read than the index, and rows only where a condition needs them.
    """
    [behind] = _behind(Sort.OLDEST, VIDEOS.c.created_at, VIDEOS.c.id, after)
    query = _found(branch, VIDEOS.c.created_at, VIDEOS.c.id).where(behind)
    query = query.order_by(*_order(Sort.OLDEST, VIDEOS.c.created_at, VIDEOS.c.id)).offset(skip).limit(limit)
    return [(row.created_at, row.id) for row in await database.rows(query)]


_KEYS: Final = {
    Sort.TITLE: "title_key",
    Sort.LARGEST: "size",
    Sort.LONGEST: "duration_ms",
    Sort.SHORTEST: "duration_ms",
}
_DESCENDING: Final = (Sort.NEWEST, Sort.LARGEST, Sort.LONGEST)


def _order(sort: Sort, key: ColumnElement[Any], video_id: ColumnElement[Any]) -> tuple[ColumnElement[Any], ...]:
    return (key.desc(), video_id.desc()) if sort in _DESCENDING else (key.asc(), video_id.asc())


def _behind(sort: Sort, key: Column[Any], video_id: Column[Any], after: Place | None) -> list[ColumnElement[bool]]:
    """What lies behind a place (None: all), in ranges of the index that are read one by one."""
    if after is None:
        return [key.is_not(None), key.is_(None)] if sort is Sort.SHORTEST else [true()]
    value, last_id = after
    # What has no size or length yet is behind all that has one, and a comparison does not find it.
    if value is None:
        return [and_(key.is_(None), video_id > last_id if sort is Sort.SHORTEST else video_id < last_id)]
    # Spelled out: MySQL does not use the index for a comparison of row values. The first bound says the same again for
    # SQLite, which would read an OR alone from the first page on.
    if sort in _DESCENDING:
        known = and_(key <= value, or_(key < value, and_(key == value, video_id < last_id)))
        return [known, key.is_(None)] if sort is not Sort.NEWEST else [known]
    known = and_(key >= value, or_(key > value, and_(key == value, video_id > last_id)))
    return [known, key.is_(None)] if sort is Sort.SHORTEST else [known]
