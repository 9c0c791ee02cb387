"""The clock, as a value that can be handed over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def rfc3339(instant: datetime) -> str:
    """An instant as api clients get it: RFC 3339 in UTC, milliseconds kept, with `Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
