"""Each change of an object's state: one compare-and-set, with the quota in the same transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.objects import State
from fs_svc.errors import TooManyOpen
from fs_svc.objects import OPEN_AT_MOST, Object
from fs_svc.store.derived import delete_derived_of
from fs_svc.store.queries import compare_and_set
from fs_svc.store.tables import OBJECTS, PART_CHECKSUMS
from fs_svc.store.usage import UsageQueries, add_to_usage, reserve_quota

# In which of its owner's figures an object's size stands; in those that have ended, in none.
_RESERVING: Final = (State.RESERVED, State.OPEN, State.COMPLETING, State.ABORTING)
_STORING: Final = (State.STORED, State.DELETING)


class TransitionQueries(UsageQueries):
    """Each returns whether it happened: False means that the row was in another state."""

    async def reserve(self, item: Object, *, quota: int | None, open_at_most: int = OPEN_AT_MOST) -> bool:
        """Adds the object and reserves its size; False if its id exists already.

        Raises QuotaExceeded when the owner's reserved and stored bytes would pass `quota` (None: no limit), and
        TooManyOpen when they would have more than so many uploads that are not finished.
        """
        await self._ensure_usage(item.owner_id)
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(OBJECTS).values(**_values(item)))
                await reserve_quota(connection, item.owner_id, item.taken, quota)
                # Behind the owner's row, which one transaction at a time has.
                await _refuse_too_many(connection, item, open_at_most)
        except IntegrityError:
            return False
        return True

    async def open_upload(self, object_id: str, *, s3_upload_id: str, at: datetime) -> bool:
        """From reserved to open."""
        return await self._change(
            object_id, State.RESERVED, state=State.OPEN.value, s3_upload_id=s3_upload_id, last_activity_at=at
        )

    async def note_signed(self, item: Object, *, at: datetime, until: datetime, quota: int | None) -> bool:
        """Records that somebody is working on `item`, and until when what is about to be signed may bring bytes."""
        return await self._change(item.id, item.state, last_activity_at=at, signed_until=until, quota_bytes=quota)

    async def note_arrived(self, item: Object, arrived: int) -> bool:
        """Counts what the storage holds of an open upload, regardless of quota; False if somebody else did."""
        change = replace(item, arrived=arrived).taken - item.taken
        async with self._database.write() as connection:
            if not await compare_and_set(connection, item.id, State.OPEN, *_counted_as(item), arrived=arrived):
                return False
            await add_to_usage(connection, item.owner_id, reserved=change, stored=0)
            return True

    async def announce(self, item: Object, sha256: str) -> bool:
        """Records the whole file's SHA-256, where none is on record yet and the state is still `item`'s."""
        return await self._change(item.id, item.state, OBJECTS.c.sha256.is_(None), sha256=sha256)

    async def want_reading(self, item: Object, *, at: datetime) -> bool:
        """Records that somebody waits for a completing or stored object to be read back, free to be worked on."""
        is_not_wanted = OBJECTS.c.read_wanted_at.is_(None)
        return await self._change(item.id, item.state, is_not_wanted, read_wanted_at=at, leased_until=at)

    async def begin_completing(
        self,
        item: Object,
        *,
        size: int,
        part_count: int,
        sha256: str | None,
        must_be_read: bool,
        quota: int | None,
        etag: str | None,
        at: datetime,
        leased_until: datetime,
    ) -> bool:
        """From open to completing, leased, with what the parts are together and the ETag that the object will have.

        False too when it was counted anew, or handed over, after `item` was read. Raises QuotaExceeded, and changes
        nothing, when the owner's reserved and stored bytes would pass `quota` with what was not declared.
        `sha256` is what they say of the whole file, where they do; with `must_be_read` that is not believed unread.
        """
        async with self._database.write() as connection:
            if not await compare_and_set(
                connection,
                item.id,
                State.OPEN,
                *_counted_as(item),
                state=State.COMPLETING.value,
                size=size,
                arrived=0,
                part_count=part_count,
                etag=etag,
                last_activity_at=at,
                leased_until=leased_until,
                must_be_read=must_be_read,
                **({} if sha256 is None else {"sha256": sha256}),
            ):
                return False
            if item.arrived or item.size != size:
                # What came without having been declared was counted, room or not.
                await add_to_usage(connection, item.owner_id, reserved=-item.taken, stored=0)
                await reserve_quota(connection, item.owner_id, size, None if item.size == size else quota)
            return True

    async def begin_taking_over(self, object_id: str, *, at: datetime) -> bool:
        """From reserved to completing, without a lease: what a form sent is there."""
        return await self._change(
            object_id, State.RESERVED, state=State.COMPLETING.value, last_activity_at=at, leased_until=at
        )

    async def expect_etag(self, object_id: str, etag: str | None) -> bool:
        """Records the ETag of another attempt to complete, for which all parts are there."""
        return await self._change(object_id, State.COMPLETING, etag=etag, lost_at=None)

    async def note_lost(self, object_id: str, *, at: datetime) -> bool:
        """Records that the storage knows neither the upload nor the object of a completing row."""
        return await self._change(object_id, State.COMPLETING, lost_at=at)

    async def begin_aborting(self, object_id: str, *, was: State, at: datetime) -> bool:
        """From reserved or open, or from completing if lost or only read, to aborting, without a lease."""
        return await self._change(object_id, was, state=State.ABORTING.value, leased_until=at, read_wanted_at=None)

    async def refuse(self, item: Object, *, read_sha256: str, at: datetime) -> bool:
        """From completing to aborting, without a lease: what was read is not the announced file."""
        return await self._change(
            item.id,
            State.COMPLETING,
            state=State.ABORTING.value,
            leased_until=at,
            read_wanted_at=None,
            read_back_sha256=read_sha256,
            read_back_at=at,
        )

    async def begin_deleting(self, object_id: str, *, at: datetime) -> bool:
        """From stored to deleting, without a lease, and with it what was derived of it."""
        async with self._database.write() as connection:
            values = {"state": State.DELETING.value, "leased_until": at, "read_wanted_at": None}
            if not await compare_and_set(connection, object_id, State.STORED, **values):
                return False
            await delete_derived_of(connection, object_id, at=at)
            return True

    async def finish_completing(self, item: Object, *, size: int, etag: str, read_at: datetime | None = None) -> bool:
        """From completing to stored, with its actual size; the reservation is released.

        `read_at` is when it was read back and found to be what was announced, where it was.
        """
        read = {} if read_at is None else {"read_back_sha256": item.sha256, "read_back_at": read_at}
        return await self._finish(
            item,
            State.COMPLETING,
            State.STORED,
            reserved=-item.taken,
            stored=size,
            size=size,
            etag=etag,
            read_wanted_at=None,
            **read,
        )

    async def find_stored(self, item: Object, *, size: int, etag: str) -> bool:
        """From reserved or open to stored: its object exists, although its completion was never recorded."""
        return await self._finish(
            item, item.state, State.STORED, reserved=-item.taken, stored=size, size=size, etag=etag
        )

    async def add_stored(self, item: Object) -> bool:
        """Adds a stored object and its usage, regardless of quota; False if its id or key has a row."""
        await self._ensure_usage(item.owner_id)
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(OBJECTS).values(**_values(item)))
                await add_to_usage(connection, item.owner_id, reserved=0, stored=item.taken)
        except IntegrityError:
            return False
        return True

    async def finish_aborting(self, item: Object) -> bool:
        """From aborting to aborted; the reservation is released."""
        return await self._finish(item, State.ABORTING, State.ABORTED, reserved=-item.taken, stored=0)

    async def finish_deleting(self, item: Object) -> bool:
        """From deleting to deleted; what was stored is given back, and what tells of the content is forgotten."""
        return await self._finish(
            item,
            State.DELETING,
            State.DELETED,
            reserved=0,
            stored=-item.taken,
            sha256=None,
            read_back_sha256=None,
        )

    async def lease(self, item: Object, *, now: datetime, until: datetime) -> bool:
        """Leases the row to one worker; False if another has it, or its state is no longer `item`'s."""
        return await self._change(item.id, item.state, OBJECTS.c.leased_until <= now, leased_until=until)

    async def release(self, item: Object, *, until: datetime) -> bool:
        """Gives the row back, to be taken again from `until` on, or keeps it so long; False when its state is no
        longer `item`'s.
        """
        return await self._change(item.id, item.state, leased_until=until)

    async def note_excess(self, object_id: str, *, at: datetime) -> bool:
        """Records that the storage holds too many copies of an open upload's parts."""
        return await self._change(object_id, State.OPEN, excess_at=at)

    async def set_read_back(self, object_id: str, *, sha256: str | None, at: datetime) -> bool:
        """Records what was read of a stored object."""
        return await self._change(
            object_id, State.STORED, read_back_sha256=sha256, read_back_at=at, read_wanted_at=None
        )

    async def abandon(self, item: Object, *, at: datetime) -> bool:
        """From open to aborting, unless somebody has worked on it after `item` was read."""
        is_untouched = OBJECTS.c.last_activity_at == item.last_activity_at
        return await self._change(item.id, State.OPEN, is_untouched, state=State.ABORTING.value, leased_until=at)

    async def hand_over(self, item: Object, owner_id: str) -> bool:
        """Transfers the object and its usage to another account, regardless of its quota.

        False when its state or owner is no longer `item`'s.
        """
        await self._ensure_usage(owner_id)
        reserved = item.taken if item.state in _RESERVING else 0
        stored = item.taken if item.state in _STORING else 0
        async with self._database.write() as connection:
            # What the quota of another was when they signed, says nothing now.
            values = {"owner_id": owner_id, "quota_bytes": None}
            if not await compare_and_set(connection, item.id, item.state, *_counted_as(item), **values):
                return False
            # In one order for everybody, so that two who hand over to each other do not wait for each other.
            for person, sign in sorted([(item.owner_id, -1), (owner_id, 1)]):
                await add_to_usage(connection, person, reserved=sign * reserved, stored=sign * stored)
            return True

    async def _finish(
        self, item: Object, was: State, state: State, *, reserved: int, stored: int, **values: Any
    ) -> bool:
        async with self._database.write() as connection:
            if not await compare_and_set(connection, item.id, was, state=state.value, **values):
                return False
            if state is not State.STORED:
                await connection.execute(delete(PART_CHECKSUMS).where(PART_CHECKSUMS.c.object_id == item.id))
            # The owner as the row has it now, which nobody can hand over before this ends.
            owner = select(OBJECTS.c.owner_id).where(OBJECTS.c.id == item.id).scalar_subquery()
            await add_to_usage(connection, owner, reserved=reserved, stored=stored)
            return True


def _counted_as(item: Object) -> tuple[ColumnElement[bool], ...]:
    """Whether the row still counts towards its owner's usage as `item` says."""
    return OBJECTS.c.owner_id == item.owner_id, OBJECTS.c.arrived == item.arrived


async def _refuse_too_many(connection: AsyncConnection, item: Object, open_at_most: int) -> None:
    query = select(func.count()).where(
        OBJECTS.c.owner_id == item.owner_id, OBJECTS.c.state.in_([State.RESERVED.value, State.OPEN.value])
    )
    if (await connection.execute(query)).scalar_one() > open_at_most:
        raise TooManyOpen(open_at_most)


def _values(item: Object) -> dict[str, Any]:
    values = {column.name: getattr(item, column.name) for column in OBJECTS.c}
    return values | {"state": item.state.value, "kind": item.kind.value}
