"""The system's Chromium and Firefox, driven by Playwright."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import aiohttp
import psutil
from playwright.async_api import Browser, BrowserContext, Error, Locator, Page, Playwright, async_playwright, expect

from tests import components
from tests.product import Product

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
    program = components.windowless_chromium()
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
    expect.set_options(timeout=30_000)  # a busy machine takes its time
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


async def logged_in(browser: Browser, product: Product, **options: Any) -> BrowserContext:
    """A browser of one's own, logged in as the administrator who is there from the start."""
    context = await browser.new_context(**options)
    context.set_default_timeout(30_000)
    # By a request alone: the form itself is filled in by tests/e2e/test_film.py, and drawing it takes far longer.
    url = product.url("upload")
    form: dict[str, str | float | bool] = {"username": "admin", "password": product.password}
    answer = await context.request.post(f"{url}/login", form=form, headers={"Origin": url}, max_redirects=0)
    assert answer.status == 303, await answer.text()
    return context


async def titled(row: Locator, title: str) -> None:
    """Types the title of a video that is being uploaded; it is saved."""
    await row.locator("[name=title]").fill(title)
    await expect(row.locator("[data-saved-of=title]")).to_have_text("Saved")


async def uploads(page: Page, product: Product, state: str) -> dict[str, dict[str, Any]]:
    """The account's uploads in that state, by their titles."""
    answer = await page.request.get(f"{product.url('upload')}/v1/uploads?limit=100&state={state}")
    assert answer.ok
    return {item["title"]: item for item in (await answer.json())["items"]}


async def stored_sha256(page: Page, product: Product, video_id: str) -> str:
    """Of what is watched, as 64 lower-case hex digits."""
    source = await page.request.get(f"{product.url('stream')}/v1/videos/{video_id}/source", max_redirects=0)
    sha256 = hashlib.sha256()
    # Not by Playwright, which needs ten seconds for a film: it copies all that has come for every 32 KiB that come.
    async with aiohttp.ClientSession() as session, session.get(source.headers["location"]) as answer:
        assert answer.status == 200
        async for piece in answer.content.iter_any():
            sha256.update(piece)
    return sha256.hexdigest()
