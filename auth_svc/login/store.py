"""The table of log-in buckets: how much of each is spent."""

from __future__ import annotations

from sqlalchemy import case, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from auth_svc.tables import LOGIN_THROTTLE
from common.db import Database, rows_changed


class ThrottleStore:
    """Queries of the log-in throttle; times in milliseconds since 1970. A full bucket may have no row.

    A bucket's `whole_at` is when it will be full again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def spend(self, bucket: str, *, now_ms: int, cost_ms: int, capacity_ms: int) -> int | None:
        """Takes `cost_ms` out of the bucket; None when done, else when there will be enough in it.

        One statement decides, so that attempts at the same time never spend more than there is.
        """
        whole_at = LOGIN_THROTTLE.c.whole_at
        start = case((whole_at > now_ms, whole_at), else_=now_ms)
        spend = (
            update(LOGIN_THROTTLE)
            .where(LOGIN_THROTTLE.c.bucket == bucket, whole_at <= now_ms + capacity_ms - cost_ms)
            .values(whole_at=start + cost_ms)
        )
        while True:
            async with self._database.write() as connection:
                if rows_changed(await connection.execute(spend)) == 1:
                    return None
            async with self._database.read() as connection:
                query = select(whole_at).where(LOGIN_THROTTLE.c.bucket == bucket)
                found: int | None = (await connection.execute(query)).scalar_one_or_none()
            if found is not None and found > now_ms + capacity_ms - cost_ms:
                return found - capacity_ms + cost_ms
            if found is None and await self._add(bucket, now_ms + cost_ms):
                return None
            # The bucket was added, cleared or refunded between two statements: once more.

    async def _add(self, bucket: str, whole_at_ms: int) -> bool:
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(LOGIN_THROTTLE).values(bucket=bucket, whole_at=whole_at_ms))
        except IntegrityError:
            return False
        return True

    async def clear_and_give_back(self, clear: str, give_back: str, *, cost_ms: int) -> None:
        """Fills the first bucket, and puts back into the second what one attempt took."""
        refund = update(LOGIN_THROTTLE).where(LOGIN_THROTTLE.c.bucket == give_back)
        async with self._database.write() as connection:
            await connection.execute(delete(LOGIN_THROTTLE).where(LOGIN_THROTTLE.c.bucket == clear))
            await connection.execute(refund.values(whole_at=LOGIN_THROTTLE.c.whole_at - cost_ms))

    async def clear_bucket(self, bucket: str) -> None:
        """Fills the bucket."""
        async with self._database.write() as connection:
            await connection.execute(delete(LOGIN_THROTTLE).where(LOGIN_THROTTLE.c.bucket == bucket))

    async def forget_whole_buckets(self, *, now_ms: int) -> int:
        """Drops the rows of buckets that are full again; returns how many."""
        async with self._database.write() as connection:
            return rows_changed(
                await connection.execute(delete(LOGIN_THROTTLE).where(LOGIN_THROTTLE.c.whole_at <= now_ms))
            )
