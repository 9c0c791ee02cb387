"""The system's Chromium and Firefox, driven by Playwright."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import psutil
from playwright.async_api import Browser, Error, Playwright, async_playwright

from tests import components

# Nothing of the browser's own may ask for the network: a closed one would slow it down, an open one is not ours.
CHROMIUM_FLAGS: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    # Chromium cannot make its sandbox as root, as in CI.
    *(("--no-sandbox",) if os.geteuid() == 0 else ()),
)
_CLOSE_SECONDS: Final = 15


@asynccontextmanager
async def chromium(*flags: str) -> AsyncIterator[Browser]:
    """A browser without a window, with more flags where the addresses of what it visits need them."""
    program = components.chromium()
    async with _launched(
        lambda driver: driver.chromium.launch(executable_path=program, args=[*CHROMIUM_FLAGS, *flags])
    ) as browser:
        yield browser


@asynccontextmanager
async def firefox() -> AsyncIterator[Browser]:
    """A browser without a window."""
    program = components.firefox()
    async with _launched(
        lambda driver: driver.firefox.launch(channel="moz-firefox", executable_path=program)
    ) as browser:
        yield browser


@asynccontextmanager
async def _launched(launch: Callable[[Playwright], Awaitable[Browser]]) -> AsyncIterator[Browser]:
    """The browser; at the end it and its driver are closed, or killed if they do not close."""
    before = set(psutil.Process().children())
    manager = async_playwright()
    playwright = await manager.start()
    started = set(psutil.Process().children()) - before
    try:
        browser = await launch(playwright)
        try:
            yield browser
        finally:
            await _bounded(browser.close(), started)
    finally:
        await _bounded(playwright.stop(), started)


async def _bounded(closing: Awaitable[None], started: set[psutil.Process]) -> None:
    """Awaits it; after `_CLOSE_SECONDS` kills what was started, which ends the waiting."""
    task = asyncio.ensure_future(closing)
    _, late = await asyncio.wait({task}, timeout=_CLOSE_SECONDS)
    if late:
        for process in [child for parent in started for child in (*parent.children(recursive=True), parent)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        with suppress(Error, TimeoutError):
            await asyncio.wait_for(task, timeout=_CLOSE_SECONDS)
    else:
        task.result()
