"""Clocks for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from common.clock import utc_now


class StoppedClock:
    """A `common.clock.Clock` that stands still until a test moves it."""

    def __init__(self, now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@dataclass(slots=True)
class MovedClock:
    """The time, and how far a test has moved it on."""

    moved: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return utc_now() + self.moved
