"""How many API calls one account may make: a bound on what a program that has gone wild can ask of a service.

Counted in this process, a few bytes an account, as a bucket that fills again all the time; replicas count for
themselves.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from common.errors import RateLimited
from common.languages import N_

_ACCOUNTS_AT_MOST: Final = 10_000


class CallLimit:
    """So many calls a minute for each account; as many at once."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        # When the bucket is whole again, in seconds of the monotonic clock: it then holds `per_minute` calls.
        self._whole_at: OrderedDict[str, float] = OrderedDict()

    def count(self, account_id: str, *, weight: float = 1.0) -> None:
        """One more call, that counts for `weight` of them. Raises RateLimited."""
        now = self._clock()
        whole_at = max(self._whole_at.get(account_id, now), now) + 60 * weight / self._per_minute
        if whole_at - now > 60:
            raise RateLimited(
                N_("Too many requests. Wait a moment and try again."),
                retry_after_seconds=max(1, math.ceil(whole_at - now - 60)),
            )
        self._whole_at[account_id] = whole_at
        self._whole_at.move_to_end(account_id)
        if len(self._whole_at) > _ACCOUNTS_AT_MOST:
            self._whole_at.popitem(last=False)
