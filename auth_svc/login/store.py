"""The table of log-in buckets: how much of each is spent."""

from __future__ import annotations

from sqlalchemy import case, delete, insert, select, update

from auth_svc.tables import LOGIN_THROTTLE
from common.db import Queries


class ThrottleStore(Queries):
    """Queries of the log-in throttle; times in milliseconds since 1970. A full bucket may have no row.

    A bucket's `whole_at` is when it will be full again.
    """

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
            if await self._database.change(spend) == 1:
                return None
            row = await self._database.row(select(whole_at).where(LOGIN_THROTTLE.c.bucket == bucket))
            if row is not None and row.whole_at > now_ms + capacity_ms - cost_ms:
                return int(row.whole_at) - capacity_ms + cost_ms
            if row is None and await self._database.add(
                insert(LOGIN_THROTTLE).values(bucket=bucket, whole_at=now_ms + cost_ms)
            ):
                return None
            # The bucket was added, cleared or refunded between two statements: once more.

    async def clear_and_give_back(self, clear: str, give_back: str, *, cost_ms: int) -> None:
        """Fills the first bucket, and puts back into the second what one attempt took."""
        bucket, whole_at = LOGIN_THROTTLE.c.bucket, LOGIN_THROTTLE.c.whole_at
        # In one statement, and without deleting: attempts at the same time would lock one another out.
        change = update(LOGIN_THROTTLE).where(bucket.in_((clear, give_back)))
        await self._database.change(change.values(whole_at=case((bucket == clear, 0), else_=whole_at - cost_ms)))

    async def clear_bucket(self, bucket: str) -> None:
        await self._database.change(delete(LOGIN_THROTTLE).where(LOGIN_THROTTLE.c.bucket == bucket))

    async def forget_whole_buckets(self, *, now_ms: int) -> int:
        """Drops the rows of buckets that are full again; returns how many."""
        return await self._database.change(delete(LOGIN_THROTTLE).where(LOGIN_THROTTLE.c.whole_at <= now_ms))
