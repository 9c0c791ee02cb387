"""The base of all queries."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, Update, update
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import AnyRow, Queries, rows_changed
from contracts.objects import ChecksumAlgorithm, Kind, State
from fs_svc.objects import Object
from fs_svc.store.tables import OBJECTS


class ObjectQueries(Queries):
    """A part of the store that reads or changes objects."""

    async def _change(self, object_id: str, was: State, *also: ColumnElement[bool], **values: Any) -> bool:
        return await self._database.change(_changed(object_id, was, *also, **values)) == 1

    async def _objects(self, query: Select[Any]) -> list[Object]:
        return [object_of(row) for row in await self._database.rows(query)]


async def compare_and_set(
    connection: AsyncConnection, object_id: str, was: State, *also: ColumnElement[bool], **values: Any
) -> bool:
    """Changes one row; False if its state, or `also`, is not as expected."""
    return rows_changed(await connection.execute(_changed(object_id, was, *also, **values))) == 1


def _changed(object_id: str, was: State, *also: ColumnElement[bool], **values: Any) -> Update:
    return update(OBJECTS).where(OBJECTS.c.id == object_id, OBJECTS.c.state == was.value, *also).values(**values)


def object_of(row: AnyRow) -> Object:
    """A row of `objects` as the domain knows it."""
    algorithm = None if row.part_checksums is None else ChecksumAlgorithm(row.part_checksums)
    return Object(**{**row._asdict(), "state": State(row.state), "kind": Kind(row.kind), "part_checksums": algorithm})
