"""Signals to children. (That none is taken from its waiter is a race which only a loaded machine shows.)"""

from __future__ import annotations

import asyncio
import signal
import sys

from common.processes import send_signal


async def test_who_runs_is_ended() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(600)")
    send_signal(process, signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL
    # It has ended: nobody is sent anything.
    send_signal(process, signal.SIGTERM)
