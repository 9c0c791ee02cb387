"""How fast bytes may leave: one token bucket for whatever is sent side by side."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

# Both what may be saved up and what goes at once. Short, so that a slow line flows, and so that each
# of many parts gets a block long before anybody takes its silence for a stall.
BURST_SECONDS = 0.25


class Pace:
    """At most `rate` bytes a second together for all who take from it."""

    def __init__(
        self,
        rate: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        # When everything that was taken so far has been paid for.
        self._paid_at = clock()

    @property
    def most(self) -> int:
        """So many bytes may be taken at once."""
        return max(1, int(self._rate * BURST_SECONDS))

    async def take(self, count: int) -> None:
        """Waits until `count` bytes, `most` of them at the most, may leave; who asks first goes first."""
        now = self._clock()
        self._paid_at = max(self._paid_at, now - BURST_SECONDS) + count / self._rate
        if self._paid_at > now:
            await self._sleep(self._paid_at - now)
