"""Background loops that take the process with them when they die: whoever runs the process restarts it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from aiohttp import web

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
