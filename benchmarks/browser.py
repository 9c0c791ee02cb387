"""The upload page beside Uppy as it comes, in one Chromium, on a path with 20 ms of delay (P10).

Uppy's default sends parts of 5 MiB one after the other and has each signed just before. Both send the same file to the
same services and storage; the delay is Chromium's own emulation of it, for every request of either.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import aiohttp
from playwright.async_api import BrowserContext, Page, expect

from benchmarks.command_line import delete_all
from benchmarks.installed import installed
from benchmarks.pairs import Quantity
from tests import browsers, uppy
from tests.api_client import person
from tests.browsers import logged_in
from tests.product import Product

_MIB: Final = 2**20
# Above what Uppy sends in one piece.
_SIZE: Final = 160 * _MIB
_DELAY_MS: Final = 20
_ROUNDS: Final = 3
_LIMIT_MS: Final = 300_000


def rows() -> Iterator[Quantity]:
    """One ratio."""
    with installed(UPLOAD_CALLS_PER_MINUTE="1000000") as (folder, product):
        file = folder / "film.mp4"
        with file.open("wb") as film:
            for _ in range(_SIZE // _MIB):
                film.write(os.urandom(_MIB))
        yield Quantity(
            name="P10",
            what="160 MiB from the upload page, 20 ms away, of Uppy's",
            measure=partial(_of_uppy, product, file),
            bound=1 / 3,
            unit="of its peer's time",
            rounds=_ROUNDS,
        )


def _of_uppy(product: Product, file: Path) -> float:
    async def measure() -> float:
        async with browsers.chromium() as browser:
            context = await logged_in(browser, product)
            ours, peer = await _page_seconds(context, product, file), await _uppy_seconds(context, product, file)
        async with aiohttp.ClientSession() as session:
            await delete_all(await person(session, product))
        return ours / peer

    return asyncio.run(measure())


async def _page_seconds(context: BrowserContext, product: Product, file: Path) -> float:
    page = await context.new_page()
    await page.goto(f"{product.url('upload')}/upload")
    async with _far_away(page):
        row = page.locator("[data-file]")
        started = time.perf_counter()
        await page.locator("input[name=file]").set_input_files(file)
        await expect(row.get_by_role("link", name="Watch")).to_be_visible(timeout=_LIMIT_MS)
        seconds = time.perf_counter() - started
    await page.close()
    return seconds


async def _uppy_seconds(context: BrowserContext, product: Product, file: Path) -> float:
    generation = uppy.GENERATIONS["6"]
    page = await uppy.open_page(context, product.url("upload"), uppy.bundle(generation))
    page.set_default_timeout(_LIMIT_MS)
    await uppy.start(page, generation, product.url("upload"))
    await uppy.add(page, file)
    async with _far_away(page):
        started = time.perf_counter()
        locations, failed = await uppy.upload(page)
        seconds = time.perf_counter() - started
    assert (len(locations), failed) == (1, [])
    await page.close()
    return seconds


@asynccontextmanager
async def _far_away(page: Page) -> AsyncIterator[None]:
    network = await page.context.new_cdp_session(page)
    conditions = {"offline": False, "latency": _DELAY_MS, "downloadThroughput": -1, "uploadThroughput": -1}
    await network.send("Network.emulateNetworkConditions", conditions)
    yield
    await network.detach()
