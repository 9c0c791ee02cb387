"""What a person waits for, in Chromium: pages (P16), the first picture and a seek (P17), and the product's start (P18).

A page is compared with the same one without its scripts, and playing with the same file opened by its own address, in
the same browser: that is what no page of ours could be quicker than.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import aiohttp
from playwright.async_api import Browser, BrowserContext, Page, expect

from benchmarks.installed import installed
from benchmarks.pairs import Quantity
from tests import browsers, footage
from tests.api_client import person
from tests.browsers import logged_in
from tests.product import Product

_VIDEOS: Final = 60
_ROUNDS: Final = 5
_PAINTS: Final = 15
_PAGES: Final = {
    "library": ("stream", "/"),
    "upload": ("upload", "/upload"),
    "my videos": ("upload", "/videos"),
    "moderation": ("upload", "/videos/moderation"),
    "account": ("auth", "/account"),
    "administration": ("auth", "/admin"),
}
_FIRST_PAINT: Final = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
# In every page: when it was clicked or a key pressed, and when the next picture of its video was shown.
_WATCH_PICTURES: Final = """
const now = window.now = () => performance.timeOrigin + performance.now();
addEventListener("click", () => sessionStorage.setItem("asked", now()), true);
addEventListener("keydown", () => { window.asked = now(); }, true);
const next = (video) => video.requestVideoFrameCallback(() => { window.shown = now(); });
addEventListener("loadstart", ({ target }) => { if (target.requestVideoFrameCallback) next(target); }, true);
addEventListener("seeking", ({ target }) => { window.shown = undefined; next(target); }, true);
"""
_SEEK_SECONDS: Final = 10
_LIMIT_SECONDS: Final = 30


def rows() -> Iterator[Quantity]:
    """Ratios, and the seconds of a start."""
    with installed(UPLOAD_CALLS_PER_MINUTE="1000000", STREAM_CALLS_PER_MINUTE="1000000") as (folder, product):
        video_id = asyncio.run(_fill(product, folder))
        for name, (service, path) in {**_PAGES, "watch": ("stream", f"/watch/{video_id}")}.items():
            yield Quantity(
                name="P16",
                what=f"first paint of {name}, of that without scripts",
                measure=partial(_of_page_without_scripts, product, product.url(service) + path),
                bound=1.25,
                unit="of its peer's time",
                rounds=1,
            )
        for what, of_file, bound in (
            ("from the click on a card to the first picture", _of_file_opened, 3),
            ("a seek by key", _of_file_sought, 1.5),
        ):
            yield Quantity(
                name="P17",
                what=f"{what}, of the file's own",
                measure=partial(of_file, product, video_id),
                bound=bound,
                unit="of its peer's time",
                rounds=1,
            )
        yield Quantity(
            name="P18",
            what="the product starts again, its data there",
            measure=partial(_start_seconds, product),
            bound=5,
            unit="s",
            rounds=3,
        )


async def _fill(product: Product, folder: Path) -> str:
    """Sixty videos, all but one of them small; returns the id of the film, which is the newest."""
    film = folder / "ocean.mp4"
    footage.loop_film(footage.fetch(footage.OCEAN_MP4), film, times=10)
    async with aiohttp.ClientSession() as session:
        admin = await person(session, product)
        for number in range(1, _VIDEOS):
            await admin.upload(b"no film", title=f"Rehearsal {number}")
        video = await admin.upload(film.read_bytes(), title="Ocean", filename="ocean.mp4")
    return str(video["id"])


@asynccontextmanager
async def _browser(product: Product) -> AsyncIterator[tuple[Browser, BrowserContext]]:
    async with browsers.chromium() as browser:
        yield browser, await logged_in(browser, product)


def _of_page_without_scripts(product: Product, url: str) -> float:
    async def measure() -> float:
        async with _browser(product) as (browser, context):
            bare = await browser.new_context(java_script_enabled=False)
            await bare.add_cookies(await context.cookies())  # type: ignore[arg-type]
            # The first ones fill both caches, as somebody's first visit does.
            times = [(await _first_paint(context, url), await _first_paint(bare, url)) for _ in range(_PAINTS + 1)]
        # The quickest of each: what else the machine does can only add to it.
        ours, peer = map(min, zip(*times[1:], strict=True))
        return float(ours / peer)

    return asyncio.run(measure())


async def _first_paint(context: BrowserContext, url: str) -> float:
    """In ms, since the browser set out for the page."""
    page = await context.new_page()
    await page.goto(url)
    paint = await _until(lambda: page.evaluate(_FIRST_PAINT))
    await page.close()
    return paint


def _of_file_opened(product: Product, video_id: str) -> float:
    async def ours(page: Page) -> float:
        await page.locator(f"a[href*='{video_id}']").first.click()
        await expect(page.locator("video")).to_be_attached()
        return await _until(lambda: page.evaluate("window.shown && shown - sessionStorage.getItem('asked')"))

    async def peer(page: Page) -> float:
        asked = await page.evaluate("performance.timeOrigin + performance.now()")
        await page.goto(await _file_url(page, product, video_id))
        return await _until(lambda: page.evaluate(f"window.shown && shown - {asked}"))

    return asyncio.run(_ratio(product, ours, peer, f"{product.url('stream')}/"))


def _of_file_sought(product: Product, video_id: str) -> float:
    async def ours(page: Page) -> float:
        await page.goto(f"{product.url('stream')}/watch/{video_id}")
        await _play(page)
        await page.evaluate("window.shown = undefined")
        await page.keyboard.press("l")
        return await _until(lambda: page.evaluate("window.shown && shown - asked"))

    async def peer(page: Page) -> float:
        await page.goto(await _file_url(page, product, video_id))
        await _play(page)
        await page.evaluate(
            f"window.shown = undefined; window.asked = now();"
            f"document.querySelector('video').currentTime += {_SEEK_SECONDS}"
        )
        return await _until(lambda: page.evaluate("window.shown && shown - asked"))

    return asyncio.run(_ratio(product, ours, peer, f"{product.url('stream')}/"))


async def _play(page: Page) -> None:
    """A document that is a video plays at once and reads ahead; a watch page opened by its address waits."""
    await page.locator("video").evaluate("async video => { video.muted = true; await video.play(); }")
    await _until(lambda: page.evaluate("document.querySelector('video').currentTime > 1"))


async def _ratio(
    product: Product, ours: Callable[[Page], Awaitable[float]], peer: Callable[[Page], Awaitable[float]], start: str
) -> float:
    async with _browser(product) as (_, context):
        await context.add_init_script(_WATCH_PICTURES)
        ratios = []
        for _ in range(_ROUNDS + 1):
            times = []
            for measure in (ours, peer):
                page = await context.new_page()
                await page.goto(start)
                times.append(await measure(page))
                await page.close()
            ratios.append(times[0] / times[1])
    return statistics.median(ratios[1:])


async def _file_url(page: Page, product: Product, video_id: str) -> str:
    source = await page.request.get(f"{product.url('stream')}/v1/videos/{video_id}/source", max_redirects=0)
    return source.headers["location"]


async def _until(ask: Callable[[], Awaitable[float | None]]) -> float:
    """What it answers as soon as that is a number."""
    limit = time.monotonic() + _LIMIT_SECONDS
    while time.monotonic() < limit:
        answer = await ask()
        if answer:
            return answer
        await asyncio.sleep(0.02)
    raise AssertionError("it never came")


def _start_seconds(product: Product) -> float:
    product.press_ctrl_c()
    started = time.perf_counter()
    product.start()
    return time.perf_counter() - started
