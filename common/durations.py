"""Lengths in time, as players write them."""

from __future__ import annotations


def hours_minutes_seconds(seconds: float) -> tuple[int, int, int]:
    """Whole ones; what is there lasts a second at least."""
    whole = max(1, int(seconds))
    return whole // 3600, whole // 60 % 60, whole % 60


def clock_time(seconds: float) -> str:
    """3723.9 → "1:02:03", 65 → "1:05"."""
    hours, minutes, rest = hours_minutes_seconds(seconds)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
