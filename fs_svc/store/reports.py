"""Reports of comparing the bucket with the rows, and counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, insert, select

from common.db import Queries
from common.ids import new_id
from contracts.objects import State
from contracts.reports import StorageReport
from fs_svc.store.tables import OBJECTS, STORAGE_REPORTS, STORAGE_USAGE

_UNFINISHED: Final = [state.value for state in (State.RESERVED, State.OPEN, State.COMPLETING)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The objects in one state: how many, their bytes, and when the oldest was created."""

    state: State
    uploads: int
    size: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Totals:
    """Stored files and their bytes, unfinished uploads and the bytes reserved for them."""

    files: int
    size: int
    unfinished: int
    reserved: int


class ReportQueries(Queries):
    async def count_by_state(self) -> list[Count]:
        """The counts of each state that any object is in."""
        query = select(
            OBJECTS.c.state,
            func.count(),
            func.coalesce(func.sum(OBJECTS.c.size), 0),
            func.min(OBJECTS.c.created_at),
        ).group_by(OBJECTS.c.state)
        rows = await self._database.rows(query)
        return [
            Count(state=State(state), uploads=count, size=int(size), oldest=oldest)
            for state, count, size, oldest in rows
        ]

    async def count_totals(self) -> Totals:
        """What is stored and promised now: an index is counted, and a row per owner is added up; no upload is read."""
        in_state = select(func.count()).select_from(OBJECTS)
        usage = select(func.coalesce(func.sum(STORAGE_USAGE.c.stored), 0))
        query = select(
            in_state.where(OBJECTS.c.state == State.STORED.value).scalar_subquery().label("files"),
            usage.scalar_subquery().label("size"),
            in_state.where(OBJECTS.c.state.in_(_UNFINISHED)).scalar_subquery().label("unfinished"),
            select(func.coalesce(func.sum(STORAGE_USAGE.c.reserved), 0)).scalar_subquery().label("reserved"),
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one()
        return Totals(*(int(value) for value in row))

    async def add_report(self, report: StorageReport, *, at: datetime, kept: int) -> None:
        """Keeps it, and the ones before it up to so many; those of a clock that was ahead are no good."""
        newest = STORAGE_REPORTS.c.at.desc(), STORAGE_REPORTS.c.id.desc()
        async with self._database.write() as connection:
            await connection.execute(delete(STORAGE_REPORTS).where(STORAGE_REPORTS.c.at > at))
            await connection.execute(
                insert(STORAGE_REPORTS).values(id=new_id(), at=at, content=report.model_dump_json())
            )
            query = select(STORAGE_REPORTS.c.id).order_by(*newest).offset(kept).limit(kept)
            old = (await connection.execute(query)).scalars().all()
            await connection.execute(delete(STORAGE_REPORTS).where(STORAGE_REPORTS.c.id.in_(old)))

    async def last_report(self) -> StorageReport:
        """The newest; without `at`, one of nothing, where there is none."""
        query = select(STORAGE_REPORTS).order_by(STORAGE_REPORTS.c.at.desc(), STORAGE_REPORTS.c.id.desc()).limit(1)
        row = await self._database.row(query)
        if row is None:
            return StorageReport()
        return StorageReport.model_validate_json(row.content).model_copy(update={"at": row.at})
