"""The audit log's table: every service adds to it, auth_svc reads it and drops what is old."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select

from auth_svc.paging import Place, newest_first
from auth_svc.tables import ACCOUNTS, AUDIT, values_of
from common.audit import AuditEntry, write_down
from common.db import Queries


@dataclass(frozen=True, slots=True)
class Word:
    """What is searched for, and the actions that are called so."""

    text: str
    actions: Sequence[str]


class AuditStore(Queries):
    async def add_audit_entry(self, entry: AuditEntry) -> None:
        """Adds an entry about something that changes no row."""
        async with self._database.write() as connection:
            await write_down(connection, entry)

    async def list_audit_entries(
        self, account_id: str | None, words: Sequence[Word], *, after: Place | None, limit: int
    ) -> list[AuditEntry]:
        """Entries, newest first, after the place (at, id): all of them, or those that one account did or met.

        Every one of the words has to stand in each.
        """
        query = select(AUDIT).where(*map(_has, words))
        if account_id is not None:
            query = query.where(or_(AUDIT.c.actor_id == account_id, AUDIT.c.target_id == account_id))
        query = newest_first(query, AUDIT.c.at, AUDIT.c.id, after=after, limit=limit)
        return [AuditEntry(**values_of(row, AUDIT)) for row in await self._database.rows(query)]

    async def forget_audit_entries(self, *, before: datetime) -> int:
        """Drops older entries; returns how many."""
        return await self._database.change(delete(AUDIT).where(AUDIT.c.at < before))


def _has(word: Word) -> ColumnElement[bool]:
    people = select(ACCOUNTS.c.id).where(ACCOUNTS.c.username.contains(word.text, autoescape=True))
    # As JSON writes it: in ASCII.
    details, written = func.lower(AUDIT.c.details), json.dumps(word.text)[1:-1]
    return or_(
        AUDIT.c.action.in_(word.actions),
        AUDIT.c.actor_id.in_(people),
        AUDIT.c.target_id.in_(people),
        AUDIT.c.address.startswith(word.text, autoescape=True),
        AUDIT.c.request_id == word.text,
        *(details.like(f'%"{name}": "%{_escaped(written)}%', escape="/") for name in ("title", "group", "username")),
    )


def _escaped(text: str) -> str:
    return text.replace("/", "//").replace("%", "/%").replace("_", "/_")
