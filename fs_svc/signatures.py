"""How often a part may be signed: each URL may store its part once more, and SeaweedFS keeps every copy.

Counted in this process: it bounds what a client can do, and keeps no account. Replicas count by themselves; what they
let through together is found by what the storage lists (see `Settling.watch_open`).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from common.clock import Clock
from common.errors import RateLimited
from common.languages import N_

PER_PART: Final = 60
WINDOW: Final = timedelta(hours=1)
# A byte a part: 10 KB an upload at most.
_UPLOADS_AT_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class _Window:
    ends_at: datetime
    counts: bytearray


class Signatures:
    """How often each part of each open upload was signed in the current hour."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def count(self, object_id: str, part_numbers: Sequence[int], *, part_count: int) -> None:
        """Counts one more signature for each of the parts. Raises RateLimited, and then counts none."""
        now = self._clock()
        window = self._windows.get(object_id)
        if window is None or now >= window.ends_at:
            window = _Window(now + WINDOW, bytearray(part_count))
            self._windows[object_id] = window
            self._windows.move_to_end(object_id)
            if len(self._windows) > _UPLOADS_AT_MOST:
                self._windows.popitem(last=False)
        counts = window.counts
        if any(counts[number - 1] >= PER_PART for number in part_numbers):
            raise RateLimited(
                N_("A part of this upload was requested too often. The upload resumes by itself in a while."),
                retry_after_seconds=math.ceil((window.ends_at - now).total_seconds()),
            )
        for number in part_numbers:
            counts[number - 1] += 1
