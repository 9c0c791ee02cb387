"""Lists in pages, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Select, and_, or_

Place = tuple[datetime, str]


def newest_first(
    query: Select[Any], instant: Column[Any], key: Column[Any], *, after: Place | None, limit: int
) -> Select[Any]:
    """At most `limit` rows after a place."""
    if after is not None:
        query = query.where(or_(instant < after[0], and_(instant == after[0], key < after[1])))
    return query.order_by(instant.desc(), key.desc()).limit(limit)
