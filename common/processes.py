"""Signals to child processes of the event loop."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress


def send_signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Sends it to the process unless that has ended.

    `process.send_signal()`, `terminate()` and `kill()` look first whether it has ended, and so take its exit code from
    the thread that waits for it: one that ended just now would have ended with 255, and asyncio says so on stderr.
    """
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)
