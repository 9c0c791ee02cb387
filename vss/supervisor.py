"""Keeps the children running: starts them, starts again the one that dies, and stops all of them in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

from vss.child import Child, RunningChild, keep_short
from vss.console import Console, Mood
from vss.errors import ChildCannotStart

START_ATTEMPTS = 5
# The pause before each new start; the last one is for all later ones. Short at first: somebody may watch.
BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
# A child that was ready for so long died of something else than the one before it.
STEADY_SECONDS = 60.0
LOG_CHECK_SECONDS = 60.0


class Supervisor:
    """Children by name: `keep` runs in a task for each, and `stop` ends those whose task was cancelled."""

    def __init__(self, console: Console, logs: Path, backoff_seconds: Sequence[float] = BACKOFF_SECONDS) -> None:
        self._console = console
        self._logs = logs
        self._backoff_seconds = backoff_seconds
        self._running: dict[str, RunningChild] = {}
        self._has_to_hurry = False

    def pid(self, name: str) -> int:
        return self._running[name].pid

    async def keep(self, child: Child, ready: asyncio.Event) -> None:
        """Keeps `child` running until it is cancelled; sets `ready` when it first is.

        Raises `ChildCannotStart` after five failures in a row to become ready.
        """
        loop = asyncio.get_running_loop()
        failures = deaths = 0
        while True:
            running = await RunningChild.start(child, self._logs)
            self._running[child.name] = running
            trouble = await running.become_ready()
            if trouble is None:
                failures = 0
                began = loop.time()
                self._console.step(child.name, "ready", child.address)
                ready.set()
                await running.wait()
                trouble = running.how_it_ended()
                if loop.time() - began > STEADY_SECONDS:
                    deaths = 0
            else:
                failures += 1
                running.kill()
                await running.wait()
            if failures == START_ATTEMPTS:
                raise ChildCannotStart(
                    f"{child.name} cannot start ({trouble}); see its last lines above, or all of them in "
                    f"{self._logs / child.name}.log",
                    running.last_lines(),
                )
            pause_seconds = self._backoff_seconds[min(deaths, len(self._backoff_seconds) - 1)]
            deaths += 1
            self._console.step(
                child.name,
                "failed" if failures else "died",
                f"{trouble}; restarting in {pause_seconds:g} s",
                Mood.WARNING,
            )
            await asyncio.sleep(pause_seconds)

    async def keep_logs_short(self) -> None:
        """Runs until it is cancelled."""
        while True:
            for log in self._logs.glob("*.log"):
                await asyncio.to_thread(keep_short, log)
            await asyncio.sleep(LOG_CHECK_SECONDS)

    async def stop(self, names: Sequence[str], *, within_seconds: float) -> None:
        """Stops these children in this order, each after the one before it; kills what is left when the time is up.

        One that is slow costs the others at most its share of the time. None of them may be in `keep` any more.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_seconds
        left = [self._running[name] for name in names if name in self._running]
        for position, running in enumerate(left):
            if self._has_to_hurry:
                running.kill()
            running.terminate()
            share_seconds = (deadline - loop.time()) / (len(left) - position)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(share_seconds):
                    await running.wait()
        for running in left:
            if not running.has_ended:
                self._console.step(
                    running.child.name, "killed", "it took too long to stop; nothing is lost", Mood.WARNING
                )
                running.kill()
                await running.wait()

    def hurry(self) -> None:
        """Kills everything now: somebody asked a second time."""
        self._has_to_hurry = True
        for running in self._running.values():
            running.kill()
