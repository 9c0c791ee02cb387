"""Creates that carried an `Idempotency-Key`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from auth_svc.tables import ANSWERED_CREATES
from common.db import Database, rows_changed


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredCreate:
    """What a create was answered; `answer` is JSON without secrets."""

    account_id: str
    path: str
    idempotency_key: str
    content_hash: str
    answer: str
    created_at: datetime


async def remember(connection: AsyncConnection, answered: AnsweredCreate | None) -> None:
    """Adds it in the transaction of what was made. Raises IntegrityError where the key has been used."""
    if answered is not None:
        await connection.execute(insert(ANSWERED_CREATES).values(**asdict(answered)))


class AnsweredCreateStore:
    """The table of answered creates."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_answered_create(self, account_id: str, path: str, idempotency_key: str) -> AnsweredCreate | None:
        """What this key was answered here."""
        query = select(ANSWERED_CREATES).where(
            ANSWERED_CREATES.c.account_id == account_id,
            ANSWERED_CREATES.c.path == path,
            ANSWERED_CREATES.c.idempotency_key == idempotency_key,
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else AnsweredCreate(**row._mapping)  # noqa: SLF001 (public, despite its name)

    async def forget_answered_creates(self, *, before: datetime) -> int:
        """Drops what is older; returns how many."""
        async with self._database.write() as connection:
            return rows_changed(
                await connection.execute(delete(ANSWERED_CREATES).where(ANSWERED_CREATES.c.created_at < before))
            )
