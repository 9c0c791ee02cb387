"""Derived objects: each change is one compare-and-set."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Select, case, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import AnyRow, Queries
from contracts.derived import Derivation, DerivedState
from contracts.objects import State
from fs_svc.objects import Derived, DerivedFile
from fs_svc.store.tables import DERIVED_OBJECTS, OBJECTS

_FILES: Final = TypeAdapter(tuple[DerivedFile, ...])
_LIVE: Final = [DerivedState.RESERVED.value, DerivedState.STORED.value]
# Something is left to do that nobody but us will do; of what is reserved, when it was abandoned.
_UNSETTLED: Final = [DerivedState.RESERVED.value, DerivedState.DELETING.value]


class DerivedQueries(Queries):
    """Each change returns whether it happened: False means that the row was in another state."""

    async def reserve_derived(self, item: Derived) -> bool:
        """Adds it; False when its id exists already, or when its video is not stored."""
        parent = select(OBJECTS.c.id).where(OBJECTS.c.id == item.object_id, OBJECTS.c.state == State.STORED.value)
        try:
            async with self._database.write() as connection:
                # Locked, so that whoever deletes the video meanwhile finds this row too.
                if (await connection.execute(parent.with_for_update())).one_or_none() is None:
                    return False
                await connection.execute(insert(DERIVED_OBJECTS).values(**_values(item)))
        except IntegrityError:
            return False
        return True

    async def note_derived_signed(self, item: Derived, *, until: datetime, kept_until: datetime) -> bool:
        """Records that a reserved one is worked on, and until when what is about to be signed may bring bytes.

        From `kept_until` on it is abandoned.
        """
        # Of two at the same time the later one counts.
        signed_until = case((DERIVED_OBJECTS.c.signed_until > until, DERIVED_OBJECTS.c.signed_until), else_=until)
        return await self._change_derived(
            item.id, DerivedState.RESERVED, leased_until=kept_until, signed_until=signed_until
        )

    async def open_derived(self, item: Derived, *, s3_upload_id: str) -> bool:
        """Gives a reserved one its multipart upload; False where it has one."""
        has_none = DERIVED_OBJECTS.c.s3_upload_id.is_(None)
        return await self._change_derived(item.id, DerivedState.RESERVED, has_none, s3_upload_id=s3_upload_id)

    async def finish_derived(self, item: Derived, **made: Any) -> bool:
        """From reserved to stored; `made` is what is known by that."""
        values = {"files": _json(made.pop("files", item.files)), **made}
        return await self._change_derived(item.id, DerivedState.RESERVED, state=DerivedState.STORED.value, **values)

    async def begin_deleting_derived(self, derived_ids: Collection[str], *, at: datetime) -> None:
        """From reserved or stored to deleting, without a lease, those that are; the others are left as they are."""
        change = update(DERIVED_OBJECTS).where(
            DERIVED_OBJECTS.c.id.in_(derived_ids), DERIVED_OBJECTS.c.state.in_(_LIVE)
        )
        await self._database.change(change.values(state=DerivedState.DELETING.value, leased_until=at))

    async def abandon_derived(self, item: Derived, *, at: datetime) -> bool:
        """From reserved to deleting, unless somebody has worked on it after `item` was read."""
        is_untouched = DERIVED_OBJECTS.c.leased_until == item.leased_until
        return await self._change_derived(
            item.id, DerivedState.RESERVED, is_untouched, state=DerivedState.DELETING.value, leased_until=at
        )

    async def lease_derived(self, item: Derived, *, now: datetime, until: datetime) -> bool:
        """Leases a row to one worker; False if another has it, or its state is no longer `item`'s."""
        is_free = DERIVED_OBJECTS.c.leased_until <= now
        return await self._change_derived(item.id, item.state, is_free, leased_until=until)

    async def release_derived(self, item: Derived, *, until: datetime) -> bool:
        """Gives the row back, to be taken again from `until` on."""
        return await self._change_derived(item.id, item.state, leased_until=until)

    async def finish_deleting_derived(self, item: Derived) -> bool:
        """From deleting to deleted; what tells of the content is forgotten, the key is not."""
        return await self._change_derived(
            item.id, DerivedState.DELETING, state=DerivedState.DELETED.value, files="[]", size=0
        )

    async def get_derived(self, derived_id: str) -> Derived | None:
        return next(iter(await self.list_derived([derived_id])), None)

    async def list_derived(self, derived_ids: Collection[str]) -> list[Derived]:
        """Those of them that exist, unordered."""
        return await self._derived(select(DERIVED_OBJECTS).where(DERIVED_OBJECTS.c.id.in_(derived_ids)))

    async def get_derived_by_prefix(self, key_prefix: str) -> Derived | None:
        """The one that has, or had, this key prefix in the bucket."""
        query = select(DERIVED_OBJECTS).where(DERIVED_OBJECTS.c.key_prefix == key_prefix)
        return next(iter(await self._derived(query)), None)

    async def list_unsettled_derived(self, *, now: datetime, limit: int) -> list[Derived]:
        """Those that are being deleted or were abandoned, without a lease, the longest waiting first."""
        query = (
            select(DERIVED_OBJECTS)
            .where(DERIVED_OBJECTS.c.state.in_(_UNSETTLED), DERIVED_OBJECTS.c.leased_until <= now)
            .order_by(DERIVED_OBJECTS.c.leased_until)
            .limit(limit)
        )
        return await self._derived(query)

    async def page_of_stored_derived(self, *, after: str, limit: int) -> list[Derived]:
        """Stored ones in byte order of their key prefixes, after the prefix `after`."""
        query = (
            select(DERIVED_OBJECTS)
            .where(DERIVED_OBJECTS.c.key_prefix > after, DERIVED_OBJECTS.c.state == DerivedState.STORED.value)
            .order_by(DERIVED_OBJECTS.c.key_prefix)
            .limit(limit)
        )
        return await self._derived(query)

    async def count_derived(self) -> dict[DerivedState, tuple[int, int]]:
        """How many are in each state that any is in, and their bytes."""
        state, size = DERIVED_OBJECTS.c.state, DERIVED_OBJECTS.c.size
        query = select(state, func.count(), func.coalesce(func.sum(size), 0)).group_by(state)
        return {DerivedState(state): (count, int(size)) for state, count, size in await self._database.rows(query)}

    async def _change_derived(
        self, derived_id: str, was: DerivedState, *also: ColumnElement[bool], **values: Any
    ) -> bool:
        change = update(DERIVED_OBJECTS).where(
            DERIVED_OBJECTS.c.id == derived_id, DERIVED_OBJECTS.c.state == was.value, *also
        )
        return await self._database.change(change.values(**values)) == 1

    async def _derived(self, query: Select[Any]) -> list[Derived]:
        return [_derived_of(row) for row in await self._database.rows(query)]


async def delete_derived_of(connection: AsyncConnection, object_id: str, *, at: datetime) -> None:
    """All that was derived of an object goes with it, in the same transaction."""
    change = update(DERIVED_OBJECTS).where(DERIVED_OBJECTS.c.object_id == object_id, DERIVED_OBJECTS.c.state.in_(_LIVE))
    await connection.execute(change.values(state=DerivedState.DELETING.value, leased_until=at))


def _values(item: Derived) -> dict[str, Any]:
    values = {field.name: getattr(item, field.name) for field in fields(item)}
    return values | {"state": item.state.value, "task": item.task.value, "files": _json(item.files)}


def _json(files: Sequence[DerivedFile]) -> str:
    return json.dumps([file.model_dump() for file in files])


def _derived_of(row: AnyRow) -> Derived:
    return Derived(
        **{
            **row._asdict(),
            "state": DerivedState(row.state),
            "task": Derivation(row.task),
            "files": _FILES.validate_json(row.files),
        }
    )
