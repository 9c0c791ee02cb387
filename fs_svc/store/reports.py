"""Reports of comparing the bucket with the rows, and counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from common.db import Queries
from common.ids import new_id
from contracts.objects import State
from contracts.reports import StorageReport
from fs_svc.store.tables import OBJECTS, STORAGE_REPORTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The objects in one state: how many, their bytes, and when the oldest was created."""

    state: State
    uploads: int
    size: int
    oldest: datetime


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
