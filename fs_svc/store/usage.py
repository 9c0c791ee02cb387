"""How much each owner's objects use: changed in the transaction that changes a state, and nowhere else."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ScalarSelect, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import rows_changed
from fs_svc.errors import QuotaExceeded
from fs_svc.store.queries import ObjectQueries
from fs_svc.store.tables import STORAGE_USAGE


class UsageQueries(ObjectQueries):
    """Reserved and stored bytes."""

    async def get_usage(self, owner_id: str) -> tuple[int, int]:
        """The owner's reserved and stored bytes."""
        async with self._database.read() as connection:
            return await usage_of(connection, owner_id)

    async def list_usage(self, owner_ids: Collection[str]) -> dict[str, tuple[int, int]]:
        """The reserved and stored bytes of those owners that have a row."""
        query = select(STORAGE_USAGE).where(STORAGE_USAGE.c.owner_id.in_(owner_ids))
        return {row.owner_id: (row.reserved, row.stored) for row in await self._database.rows(query)}

    async def _ensure_usage(self, owner_id: str) -> None:
        # By itself, so that the transaction that reserves takes its locks in the same order as all others.
        query = select(STORAGE_USAGE.c.owner_id).where(STORAGE_USAGE.c.owner_id == owner_id)
        if await self._database.row(query) is None:
            # Unless somebody else is faster.
            await self._database.add(insert(STORAGE_USAGE).values(owner_id=owner_id, reserved=0, stored=0))


async def add_to_usage(
    connection: AsyncConnection, owner_id: str | ScalarSelect[str], *, reserved: int, stored: int
) -> None:
    """Changes an owner's usage by so many bytes."""
    usage = STORAGE_USAGE.c
    change = update(STORAGE_USAGE).where(usage.owner_id == owner_id)
    await connection.execute(change.values(reserved=usage.reserved + reserved, stored=usage.stored + stored))


async def reserve_quota(connection: AsyncConnection, owner_id: str, size: int, quota: int | None) -> None:
    """Reserves so many more bytes. Raises QuotaExceeded if that would exceed `quota` (None: no limit)."""
    usage = STORAGE_USAGE.c
    change = update(STORAGE_USAGE).where(usage.owner_id == owner_id).values(reserved=usage.reserved + size)
    if quota is not None:
        change = change.where(usage.reserved + usage.stored + size <= quota)
    if rows_changed(await connection.execute(change)) == 1:
        return
    reserved, stored = await usage_of(connection, owner_id)
    raise QuotaExceeded(limit=quota or 0, used=stored, reserved=reserved, size=size)


async def usage_of(connection: AsyncConnection, owner_id: str) -> tuple[int, int]:
    """Reserved and stored bytes, within a transaction."""
    usage = STORAGE_USAGE.c
    query = select(usage.reserved, usage.stored).where(usage.owner_id == owner_id)
    row = (await connection.execute(query)).one_or_none()
    return (0, 0) if row is None else (row.reserved, row.stored)
