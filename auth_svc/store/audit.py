"""The audit log."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, or_, select

from auth_svc.store.queries import Queries, newest_first
from auth_svc.store.tables import audit
from common.audit import AuditEntry, write_down
from common.db import rows_changed


class AuditQueries(Queries):
    """Queries of the audit log."""

    async def add_audit_entry(self, entry: AuditEntry) -> None:
        """Adds an entry about something that changes no row."""
        async with self._database.write() as connection:
            await write_down(connection, entry)

    async def list_audit_entries(
        self, account_id: str | None, *, after: tuple[datetime, str] | None, limit: int
    ) -> list[AuditEntry]:
        """Entries, newest first, behind the place `after` (at, id): all of them, or of what an account did or met."""
        query = select(audit)
        if account_id is not None:
            query = query.where(or_(audit.c.actor_id == account_id, audit.c.target_id == account_id))
        query = newest_first(query, audit.c.at, audit.c.id, after=after, limit=limit)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [AuditEntry(**row._mapping) for row in rows]  # noqa: SLF001 (public, despite its name)

    async def forget_audit_entries(self, *, before: datetime) -> int:
        """Drops what is older; returns how many."""
        async with self._database.write() as connection:
            return rows_changed(await connection.execute(delete(audit).where(audit.c.at < before)))
