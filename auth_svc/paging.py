"""Lists in pages, newest first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from common.cursors import Cursors

T = TypeVar("T")
Place = tuple[datetime, str]


async def read_page(
    cursors: Cursors,
    purpose: str,
    read: Callable[[Place | None, int], Awaitable[list[T]]],
    place_of: Callable[[T], Place],
    *,
    cursor: str | None,
    limit: int,
) -> tuple[list[T], str | None]:
    """At most `limit` of what `read` finds behind the cursor's place, and the next cursor. Raises Invalid."""
    after = None
    if cursor is not None:
        instant, key = cursors.read(purpose, cursor, length=2)
        after = (datetime.fromisoformat(instant), key)
    found = await read(after, limit + 1)
    if len(found) <= limit:
        return found, None
    instant_of_last, key_of_last = place_of(found[limit - 1])
    return found[:limit], cursors.make(purpose, [instant_of_last.isoformat(), key_of_last])
