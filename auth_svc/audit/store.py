"""The audit log's table: every service adds to it, auth_svc reads it and drops what is old."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, or_, select

from auth_svc.paging import Place, newest_first
from auth_svc.tables import AUDIT, values_of
from common.audit import AuditEntry, write_down
from common.db import Queries


class AuditStore(Queries):
    async def add_audit_entry(self, entry: AuditEntry) -> None:
        """Adds an entry about something that changes no row."""
        async with self._database.write() as connection:
            await write_down(connection, entry)

    async def list_audit_entries(self, account_id: str | None, *, after: Place | None, limit: int) -> list[AuditEntry]:
        """Entries, newest first, after the place (at, id): all of them, or those that one account did or met."""
        query = select(AUDIT)
        if account_id is not None:
            query = query.where(or_(AUDIT.c.actor_id == account_id, AUDIT.c.target_id == account_id))
        query = newest_first(query, AUDIT.c.at, AUDIT.c.id, after=after, limit=limit)
        return [AuditEntry(**values_of(row, AUDIT)) for row in await self._database.rows(query)]

    async def forget_audit_entries(self, *, before: datetime) -> int:
        """Drops older entries; returns how many."""
        return await self._database.change(delete(AUDIT).where(AUDIT.c.at < before))
