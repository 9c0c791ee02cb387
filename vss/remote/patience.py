"""How long to go on asking somebody who does not answer, and how long to wait between two attempts."""

from __future__ import annotations

import asyncio
import random
import time

from vss.remote.errors import NoAnswer
from vss.speaking import warn

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
# A wrong address should not take an hour to be found out.
STRANGER_SECONDS = 15.0
WORD_EVERY_SECONDS = 60.0


class Patience:
    """One command's: `seconds` of failures in a row, or STRANGER_SECONDS until somebody has answered once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._known = False
        self._next_word = 0.0

    def met(self) -> None:
        """The server is there: from now on its failures are outages, not wrong addresses."""
        self._known = True

    def say(self, reason: str) -> None:
        """Says what is waited for, once in a while."""
        if (now := time.monotonic()) >= self._next_word:
            self._next_word = now + WORD_EVERY_SECONDS
            warn(f"vss: {reason}; retrying")

    def attempts(self) -> Attempts:
        """A series of attempts at one thing."""
        return Attempts(self)

    @property
    def has_met(self) -> bool:
        """Whether somebody has answered once."""
        return self._known

    @property
    def limit_seconds(self) -> float:
        return self._seconds if self._known else min(STRANGER_SECONDS, self._seconds)


class Attempts:
    """Counts the failures of one thing and waits between them; success begins anew with a new object."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._began: float | None = None
        self._failures = 0

    async def pause(self, reason: str, *, retry_after_seconds: float | None = None) -> None:
        """Waits before the next attempt: as asked, else longer each time, with jitter. Raises NoAnswer."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
        if now - self._began >= self._patience.limit_seconds:
            raise NoAnswer(f"{reason}; gave up after {now - self._began:.0f} s. Nothing is lost: try again later")
        if self._failures:
            self._patience.say(reason)
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**self._failures)
        self._failures = min(self._failures + 1, 10)
        # Half of it for certain, so that many who wait do not come back at once.
        pause *= 0.5 + random.random() / 2  # noqa: S311
        await asyncio.sleep(max(pause, retry_after_seconds or 0))


def seconds_of(retry_after: str | None) -> float | None:
    """A Retry-After in seconds, bounded; None for none and for dates, which our services do not send."""
    if retry_after is None or not retry_after.isascii() or not retry_after.isdigit():
        return None
    return min(float(retry_after[:6]), 300.0)
