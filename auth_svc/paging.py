"""Lists in pages, newest first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Column, Select, and_, or_

from common.cursors import Cursors

T = TypeVar("T")
Place = tuple[datetime, str]


async def read_page(
    cursors: Cursors,
    purpose: str,
    read: Callable[..., Awaitable[list[T]]],
    place_of: Callable[[T], Place],
    *,
    cursor: str | None,
    limit: int,
) -> tuple[list[T], str | None]:
    """At most `limit` of what `read(after=…, limit=…)` finds after the cursor's place, and the next cursor.

    Raises Invalid for a cursor that is not one of ours.
    """
    after = None
    if cursor is not None:
        instant, key = cursors.read(purpose, cursor, length=2)
        after = (datetime.fromisoformat(instant), key)
    found = await read(after=after, limit=limit + 1)
    if len(found) <= limit:
        return found, None
    instant_of_last, key_of_last = place_of(found[limit - 1])
    return found[:limit], cursors.make(purpose, [instant_of_last.isoformat(), key_of_last])


def newest_first(
    query: Select[Any], instant: Column[Any], key: Column[Any], *, after: Place | None, limit: int
) -> Select[Any]:
    """At most `limit` rows after a place."""
    if after is not None:
        query = query.where(or_(instant < after[0], and_(instant == after[0], key < after[1])))
    return query.order_by(instant.desc(), key.desc()).limit(limit)
