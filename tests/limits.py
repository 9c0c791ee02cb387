"""A test that hangs fails by itself, and says where."""

from __future__ import annotations

import asyncio
import faulthandler
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import pytest

_LIMIT_SECONDS: Final = 240
_LONG_LIMIT_SECONDS: Final = 900


@contextmanager
def limited(item: pytest.Item) -> Iterator[None]:
    """One phase of a test (set-up, call, tear-down): it fails when its time is over, with what everything waits for."""
    seconds = _LONG_LIMIT_SECONDS if item.get_closest_marker("long") else _LIMIT_SECONDS

    def fail(*_: object) -> None:
        faulthandler.dump_traceback(file=sys.stderr)
        with suppress(RuntimeError):  # no loop is running
            for task in asyncio.all_tasks():
                task.print_stack(file=sys.stderr)
        pytest.fail(f"{item.nodeid} hangs: not done within {seconds} s", pytrace=False)

    signal.signal(signal.SIGALRM, fail)
    # Again and again: a failure that is raised in somebody else's callback may be lost.
    signal.setitimer(signal.ITIMER_REAL, seconds, 20)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
