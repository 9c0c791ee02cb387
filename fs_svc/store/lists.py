"""Reads objects: one, several by id, and those that are due."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import or_, select

from contracts.objects import Kind, State
from fs_svc.objects import Object
from fs_svc.store.queries import ObjectQueries
from fs_svc.store.tables import OBJECTS

# States in which something is left to do that nobody but us will do.
_UNSETTLED: Final = (State.RESERVED, State.COMPLETING, State.ABORTING, State.DELETING)


class ListQueries(ObjectQueries):
    """Objects as they are now."""

    async def get(self, object_id: str) -> Object | None:
        return next(iter(await self._objects(select(OBJECTS).where(OBJECTS.c.id == object_id))), None)

    async def list_by_id(self, object_ids: Collection[str]) -> list[Object]:
        """Those of the objects that exist, unordered."""
        return await self._objects(select(OBJECTS).where(OBJECTS.c.id.in_(object_ids)))

    async def get_by_key(self, object_key: str) -> Object | None:
        """The object that has, or had, this key in the bucket."""
        return next(iter(await self._objects(select(OBJECTS).where(OBJECTS.c.object_key == object_key))), None)

    async def known_keys(self, object_keys: Collection[str]) -> set[str]:
        """Those of the keys that an object has, or had."""
        query = select(OBJECTS.c.object_key).where(OBJECTS.c.object_key.in_(object_keys))
        return {row.object_key for row in await self._database.rows(query)}

    async def list_waiting_forms(self, owner_id: str) -> list[Object]:
        """Objects with a form that is not yet known to have been sent, unordered."""
        query = select(OBJECTS).where(
            OBJECTS.c.owner_id == owner_id,
            OBJECTS.c.state == State.RESERVED.value,
            OBJECTS.c.kind == Kind.FORM.value,
        )
        return await self._objects(query)

    async def list_aborting(self, owner_id: str) -> list[Object]:
        """The account's uploads that are being aborted, unordered."""
        return await self._objects(
            select(OBJECTS).where(OBJECTS.c.owner_id == owner_id, OBJECTS.c.state == State.ABORTING.value)
        )

    async def list_unsettled(self, *, now: datetime, limit: int) -> list[Object]:
        """Rows in a transitional state without a lease, the longest waiting first."""
        query = (
            select(OBJECTS)
            .where(
                OBJECTS.c.state.in_([state.value for state in _UNSETTLED]),
                OBJECTS.c.leased_until <= now,
                # Not by itself: nearly all rows have none, and no index must be read for that.
                or_(OBJECTS.c.state != State.COMPLETING.value, OBJECTS.c.read_wanted_at.is_(None)),
            )
            .order_by(OBJECTS.c.leased_until)
            .limit(limit)
        )
        return await self._objects(query)

    async def list_read_wanted(self, *, now: datetime, limit: int) -> list[Object]:
        """Objects without a lease that somebody waits to have read back, the longest waiting first."""
        query = (
            select(OBJECTS)
            .where(OBJECTS.c.read_wanted_at <= now, OBJECTS.c.leased_until <= now)
            .order_by(OBJECTS.c.read_wanted_at)
            .limit(limit)
        )
        return await self._objects(query)

    async def page_of_signed(self, *, since: datetime, after: str, limit: int) -> list[Object]:
        """Open uploads with URLs valid since then, in order of their ids, after the id `after`."""
        query = (
            select(OBJECTS)
            .where(OBJECTS.c.state == State.OPEN.value, OBJECTS.c.signed_until >= since, OBJECTS.c.id > after)
            .order_by(OBJECTS.c.id)
            .limit(limit)
        )
        return await self._objects(query)

    async def list_abandoned(self, *, before: datetime, limit: int) -> list[Object]:
        """Open uploads without activity since `before`, the oldest first."""
        query = (
            select(OBJECTS)
            .where(OBJECTS.c.state == State.OPEN.value, OBJECTS.c.last_activity_at <= before)
            .order_by(OBJECTS.c.last_activity_at)
            .limit(limit)
        )
        return await self._objects(query)

    async def page_of_stored(self, *, after: str, limit: int) -> list[Object]:
        """Stored objects in byte order of their keys, after the key `after`."""
        query = (
            select(OBJECTS)
            .where(OBJECTS.c.object_key > after, OBJECTS.c.state == State.STORED.value)
            .order_by(OBJECTS.c.object_key)
            .limit(limit)
        )
        return await self._objects(query)

    async def longest_unread(self, *, before: datetime) -> Object | None:
        """The stored object not read back for the longest time, or never; None if all were read since `before`."""
        stored = select(OBJECTS).where(OBJECTS.c.state == State.STORED.value)
        never = stored.where(OBJECTS.c.read_back_at.is_(None)).order_by(OBJECTS.c.id)
        long_ago = stored.where(OBJECTS.c.read_back_at <= before).order_by(OBJECTS.c.read_back_at, OBJECTS.c.id)
        for query in (never, long_ago):
            for found in await self._objects(query.limit(1)):
                return found
        return None
