"""The main job in a real browser: log in, upload a film straight to S3, find it, watch it; again after a restart."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, Response, expect
from yarl import URL

from tests.containers import Containers
from tests.footage import sha256_of
from tests.product import Product
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

AnyProduct = Product | Containers
TITLE = "Night – three times"
DESCRIPTION = "Traffic <seen> from above & afar."
PART_SIZE = 8 * 2**20
# Slow enough that a person, and the test, can see the upload move: about two seconds.
UPLOAD_BYTES_PER_SECOND = 16 * 2**20
MOST_BYTES_THROUGH_A_SERVICE = 2**20
FILM_SECONDS = 142.65


@dataclass(slots=True)
class Visit:
    """A browser window and everything it was seen to do."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context()
    context.set_default_timeout(20_000)
    # Chromium's own message says too little, and a page may not live to see it.
    await context.add_init_script(
        "document.addEventListener('securitypolicyviolation',"
        " (e) => console.error(`CSP: ${e.effectiveDirective} forbids ${e.blockedURI}`))"
    )
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def visit(context: BrowserContext) -> AsyncIterator[Visit]:
    """A new window, in which nothing may go wrong unseen."""
    visit = Visit(await context.new_page())

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            visit.complaints.append(message.text)

    visit.page.on("console", note)
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    # Not the methods themselves: Playwright marks what it is given, and cannot mark those.
    visit.page.on("request", lambda request: visit.requests.append(request))  # noqa: PLW0108
    visit.page.on("response", lambda response: visit.responses.append(response))  # noqa: PLW0108
    yield visit
    await visit.page.close()
    assert visit.complaints == []


async def test_a_film_goes_from_the_form_to_s3_and_back_to_the_screen(
    visit: Visit, product: AnyProduct, film: Path
) -> None:
    page = visit.page
    await log_in(page, product)

    with product.metered() as traffic:
        await _upload(visit, product, film)
        await _watch(visit, product, film)
    _no_film_went_through_a_service(visit, product, traffic.total_bytes())


async def test_what_was_stored_is_the_file(product: AnyProduct, film: Path) -> None:
    async with product.session() as session:
        token = await _token(session, product)
        authorization = {"Authorization": f"Bearer {token}"}
        async with session.get(f"{product.url('stream')}/v1/videos", headers=authorization) as answer:
            assert answer.status == 200
            (video,) = [item for item in (await answer.json())["items"] if item["title"] == TITLE]
        assert video["description"] == DESCRIPTION
        assert video["size"] == film.stat().st_size
        assert video["owner"]["username"] == "admin"
        digest = hashlib.sha256()
        source = f"{product.url('stream')}/v1/videos/{video['id']}/source"
        async with session.get(source, headers=authorization) as answer:
            assert [step.status for step in answer.history] == [307]
            assert answer.status == 200
            assert answer.url.origin() == URL(product.url("s3"))
            async for block in answer.content.iter_chunked(2**20):
                digest.update(block)
    assert digest.hexdigest() == sha256_of(film)


async def test_after_a_restart_the_film_is_still_there_and_plays(visit: Visit, product: AnyProduct, film: Path) -> None:
    product.press_ctrl_c()
    product.start()
    # The session outlives it too: nobody logs in again.
    await _watch(visit, product, film)


async def log_in(page: Page, product: AnyProduct) -> None:
    await page.goto(f"{product.url('upload')}/upload")
    await page.get_by_label("Username").fill("admin")
    await page.get_by_label("Password", exact=True).fill(product.password)
    await page.get_by_role("button", name="Log in").click()
    # Where one wanted to go.
    await expect(page).to_have_url(f"{product.url('upload')}/upload")


async def _upload(visit: Visit, product: AnyProduct, film: Path) -> None:
    page = visit.page
    await page.goto(f"{product.url('upload')}/upload")
    network = await page.context.new_cdp_session(page)
    await network.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 0,
            "downloadThroughput": -1,
            "uploadThroughput": UPLOAD_BYTES_PER_SECOND,
        },
    )
    # Chromium counts what it has drawn, so the values are those that a person could have seen.
    await page.evaluate(
        """() => {
            window.progressSeen = []
            const look = () => {
                const bar = document.querySelector('progress, [role=progressbar]')
                if (bar?.checkVisibility()) {
                    window.progressSeen.push((bar.value ?? Number(bar.ariaValueNow)) / (bar.max ?? bar.ariaValueMax))
                }
                requestAnimationFrame(look)
            }
            look()
        }"""
    )
    await page.locator("input[name=file]").set_input_files(film)
    await page.get_by_label("Title").fill(TITLE)
    await page.get_by_label("Description").fill(DESCRIPTION)
    await expect(page.locator("[data-saved-of=description]")).to_have_text("Saved")
    await expect(page.get_by_role("main").get_by_role("link", name="Watch", exact=True)).to_be_visible(timeout=30_000)
    seen = sorted(set(await page.evaluate("window.progressSeen")))
    between = [value for value in seen if 0 < value < 1]
    assert len(between) >= 4, f"the progress did not move: {seen}"
    await network.detach()

    parts = [request for request in visit.requests if request.method == "PUT"]
    assert len(parts) == math.ceil(film.stat().st_size / PART_SIZE) >= 4
    assert {_origin(part.url) for part in parts} == {product.url("s3")}


async def _watch(visit: Visit, product: AnyProduct, film: Path) -> None:
    """Finds the film in the library, plays its beginning, and then its end."""
    page = visit.page
    await page.goto(product.url("stream"))
    await page.get_by_role("link", name=TITLE).click()
    await expect(page).to_have_url(re.compile(re.escape(product.url("stream")) + "/watch/[a-z2-7]{26}$"))
    await expect(page.get_by_role("heading", name=TITLE)).to_be_visible()

    video = page.locator("video")
    await _until(video, "video => video.readyState >= 2")
    assert await video.evaluate("video => [video.videoWidth, video.videoHeight]") == [1920, 1080]
    assert await video.evaluate("video => video.duration") == pytest.approx(FILM_SECONDS, abs=0.1)

    await video.evaluate("video => video.play()")
    await _until(video, "video => video.currentTime > 1")

    near_the_end = FILM_SECONDS - 5
    await video.evaluate("(video, seconds) => { video.currentTime = seconds }", near_the_end)
    await _until(video, f"video => !video.seeking && video.currentTime > {near_the_end + 1}")
    # A picture, not just a clock that runs.
    assert await video.evaluate("video => video.getVideoPlaybackQuality().totalVideoFrames") > 30

    media = [response for response in visit.responses if response.request.resource_type == "media"]
    assert {_origin(response.url) for response in media} == {product.url("s3")}
    assert {response.status for response in media} == {206}
    starts = [await _range_start(response.request) for response in media]
    assert max(starts) > 0.8 * film.stat().st_size, f"the end was not fetched by a range of its own: {starts}"


async def _until(video: Locator, is_true: str) -> None:
    # Not wait_for_function: it evaluates inside the page, which the content security policy forbids.
    async def holds() -> bool:
        return bool(await video.evaluate(is_true))

    await eventually(holds, what=is_true)


def _no_film_went_through_a_service(visit: Visit, product: AnyProduct, measured: dict[str, int]) -> None:
    assert set(measured) == {"auth", "fs", "upload", "stream"}
    for name, count in measured.items():
        assert count <= MOST_BYTES_THROUGH_A_SERVICE, f"{name}_svc sent and received {count} bytes"
    # That it was measured at all: every service had to do with this.
    assert all(measured.values()), measured


async def _token(session: aiohttp.ClientSession, product: AnyProduct) -> str:
    form = {"grant_type": "password", "username": "admin", "password": product.password}
    async with session.post(f"{product.url('auth')}/v1/token", data=form) as answer:
        assert answer.status == 200
        token: str = (await answer.json())["access_token"]
        return token


def _origin(url: str) -> str:
    return str(URL(url).origin())


async def _range_start(request: Request) -> int:
    # What was asked for: an answer that the browser puts together with its cache has no Content-Range.
    value = await request.header_value("range")
    match = re.match(r"bytes=(\d+)-", value or "")
    assert match, f"Range: {value}"
    return int(match[1])
