"""What all queries stand on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import Database, rows_changed
from contracts.objects import ChecksumAlgorithm, Kind, State
from fs_svc.objects import Object
from fs_svc.store.tables import OBJECTS


class Queries:
    """A part of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _change(self, object_id: str, was: State, *also: ColumnElement[bool], **values: Any) -> bool:
        async with self._database.write() as connection:
            return await compare_and_set(connection, object_id, was, *also, **values)

    async def _objects(self, query: Select[Any]) -> list[Object]:
        async with self._database.read() as connection:
            return [object_of(row) for row in (await connection.execute(query)).all()]


async def compare_and_set(
    connection: AsyncConnection, object_id: str, was: State, *also: ColumnElement[bool], **values: Any
) -> bool:
    """Changes one row; False when it is not in the state, or not `also`, as it was thought to be."""
    change = update(OBJECTS).where(OBJECTS.c.id == object_id, OBJECTS.c.state == was.value, *also).values(**values)
    return rows_changed(await connection.execute(change)) == 1


def object_of(row: Row[Any]) -> Object:
    """A row of `objects` as the domain knows it."""
    algorithm = None if row.part_checksums is None else ChecksumAlgorithm(row.part_checksums)
    return Object(**{**row._asdict(), "state": State(row.state), "kind": Kind(row.kind), "part_checksums": algorithm})
