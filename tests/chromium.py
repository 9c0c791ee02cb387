"""The system's Chromium, driven by Playwright."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Browser, async_playwright

from tests import components

# Nothing of the browser's own may ask for the network: a closed one would slow it down, an open one is not ours.
FLAGS: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    # Chromium cannot make its sandbox as root, as in CI.
    *(("--no-sandbox",) if os.geteuid() == 0 else ()),
)


@asynccontextmanager
async def launched(*flags: str) -> AsyncIterator[Browser]:
    """A browser without a window, with more flags where the addresses of what it visits need them."""
    program = components.chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=[*FLAGS, *flags])
        yield browser
        await browser.close()
