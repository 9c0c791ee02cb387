"""Background loops that take the process with them when they die: whoever runs the process restarts it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from aiohttp import web

from common.errors import Unavailable
from common.web.keys import READINESS
from common.web.metrics import LOOP_RUNS, LOOP_SUCCESS, LOOP_TIME

logger = logging.getLogger(__name__)

CleanupContext = Callable[[web.Application], AbstractAsyncContextManager[None]]


def background(loop: Callable[[web.Application], Coroutine[Any, Any, None]], *, name: str) -> CleanupContext:
    """A cleanup context in which `loop` runs. (A bare task that dies would be silent until shutdown.)"""

    @asynccontextmanager
    async def context(app: web.Application) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(loop(app), name=name)
            yield
            task.cancel()

    return context


def repeated(work: Callable[[web.Application], Awaitable[object]], *, name: str, seconds: float) -> CleanupContext:
    """A cleanup context in which `work` is done again and again, with a pause of so many seconds.

    What it needs being away is expected, and said; anything else ends the process.
    """

    async def loop(app: web.Application) -> None:
        has_tables = False
        while True:
            started = time.perf_counter()
            outcome = "done"
            try:
                if not has_tables:
                    await app[READINESS]["database"]()
                    has_tables = True
                await work(app)
            except Unavailable as exc:
                outcome = "waits"
                logger.warning("loop waits", extra={"loop": name, "reason": exc.detail})
            else:
                app[LOOP_SUCCESS].labels(name).set_to_current_time()
            app[LOOP_RUNS].labels(name, outcome).inc()
            app[LOOP_TIME].labels(name).inc(time.perf_counter() - started)
            # Of a cancellation a database driver may make an outage, which the work may have handled.
            if (task := asyncio.current_task()) and task.cancelling():
                return
            await asyncio.sleep(seconds)

    return background(loop, name=name)
