"""Waiting for a condition, with a limit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

_INTERVAL_SECONDS = 0.02


def wait_until(is_true: Callable[[], bool], *, what: str, limit_seconds: float = 60) -> None:
    """Returns as soon as `is_true`; fails the test, saying `what`, when the limit has passed."""
    deadline = time.monotonic() + limit_seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit_seconds} s: {what}")
        time.sleep(_INTERVAL_SECONDS)


async def eventually(is_true: Callable[[], Awaitable[bool]], *, what: str, limit_seconds: float = 60) -> None:
    """`wait_until` for a condition that has to be awaited."""
    deadline = time.monotonic() + limit_seconds
    while not await is_true():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit_seconds} s: {what}")
        await asyncio.sleep(_INTERVAL_SECONDS)
