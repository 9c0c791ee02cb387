"""Reading objects: one, those that are named, and those that somebody has to look at."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import select

from fs_svc.objects import Kind, Object, State
from fs_svc.store.queries import Queries
from fs_svc.store.tables import OBJECTS

# States in which something is left to do that nobody but us will do.
_UNSETTLED: Final = (State.RESERVED, State.COMPLETING, State.ABORTING, State.DELETING)


class ListQueries(Queries):
    """Objects as they are now."""

    async def get(self, object_id: str) -> Object | None:
        """The object with this id."""
        return next(iter(await self._objects(select(OBJECTS).where(OBJECTS.c.id == object_id))), None)

    async def list_by_id(self, object_ids: Collection[str]) -> list[Object]:
        """Those of the objects that are there, in no order."""
        return await self._objects(select(OBJECTS).where(OBJECTS.c.id.in_(object_ids)))

    async def get_by_key(self, object_key: str) -> Object | None:
        """The object that has, or had, this key in the bucket."""
        return next(iter(await self._objects(select(OBJECTS).where(OBJECTS.c.object_key == object_key))), None)

    async def known_keys(self, object_keys: Collection[str]) -> set[str]:
        """Those of the keys that an object has, or had."""
        query = select(OBJECTS.c.object_key).where(OBJECTS.c.object_key.in_(object_keys))
        async with self._database.read() as connection:
            return set((await connection.execute(query)).scalars().all())

    async def list_waiting_forms(self, owner_id: str) -> list[Object]:
        """What forms were made for of which it is not known yet that they were sent, in no order."""
        query = select(OBJECTS).where(
            OBJECTS.c.owner_id == owner_id,
            OBJECTS.c.state == State.RESERVED.value,
            OBJECTS.c.kind == Kind.FORM.value,
        )
        return await self._objects(query)

    async def list_unsettled(self, *, now: datetime, limit: int) -> list[Object]:
        """Rows that nobody has a lease on and that are in the middle of something, the longest waiting first."""
        query = (
            select(OBJECTS)
            .where(
                OBJECTS.c.state.in_([state.value for state in _UNSETTLED]),
                OBJECTS.c.leased_until <= now,
            )
            .order_by(OBJECTS.c.leased_until)
            .limit(limit)
        )
        return await self._objects(query)

    async def list_active(self, *, since: datetime, limit: int) -> list[Object]:
        """Open uploads on which somebody has worked since then, and which are not known as overfull, in no order."""
        query = (
            select(OBJECTS)
            .where(
                OBJECTS.c.state == State.OPEN.value,
                OBJECTS.c.last_activity_at >= since,
                OBJECTS.c.overfull_at.is_(None),
            )
            .limit(limit)
        )
        return await self._objects(query)

    async def list_abandoned(self, *, before: datetime, limit: int) -> list[Object]:
        """Open uploads that nobody has worked on since `before`, the oldest first."""
        query = (
            select(OBJECTS)
            .where(OBJECTS.c.state == State.OPEN.value, OBJECTS.c.last_activity_at <= before)
            .order_by(OBJECTS.c.last_activity_at)
            .limit(limit)
        )
        return await self._objects(query)

    async def page_of_stored(self, *, after: str, limit: int) -> list[Object]:
        """Stored objects in the order of their keys' bytes, behind the key `after`."""
        query = (
            select(OBJECTS)
            .where(OBJECTS.c.object_key > after, OBJECTS.c.state == State.STORED.value)
            .order_by(OBJECTS.c.object_key)
            .limit(limit)
        )
        return await self._objects(query)

    async def longest_unread(self, *, before: datetime) -> Object | None:
        """The stored object that was not read back for longest, or never; None when all were since `before`."""
        stored = select(OBJECTS).where(OBJECTS.c.state == State.STORED.value)
        never = stored.where(OBJECTS.c.read_back_at.is_(None)).order_by(OBJECTS.c.id)
        long_ago = stored.where(OBJECTS.c.read_back_at <= before).order_by(OBJECTS.c.read_back_at, OBJECTS.c.id)
        for query in (never, long_ago):
            for found in await self._objects(query.limit(1)):
                return found
        return None
