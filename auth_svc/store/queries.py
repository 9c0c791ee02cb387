"""What all queries stand on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Select, and_, or_

from common.db import Database


class Queries:
    """A part of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database


def newest_first(
    query: Select[Any], instant: Column[Any], key: Column[Any], *, after: tuple[datetime, str] | None, limit: int
) -> Select[Any]:
    """At most `limit` rows behind a place."""
    if after is not None:
        query = query.where(or_(instant < after[0], and_(instant == after[0], key < after[1])))
    return query.order_by(instant.desc(), key.desc()).limit(limit)
