"""What films are made into, in a real browser: chosen, begun with where the original does not play, and kept alive."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Request, Route, expect

from common.clock import rfc3339, utc_now
from fs_svc.sigv4 import Presigner
from tests.api_client import person
from tests.e2e.test_player import Uploader, Window
from tests.films import write_film
from tests.logs import secrets_in_logs
from tests.product import Product, running_product
from tests.waiting import eventually
from vss.data_folder import DataFolder
from vss.seaweedfs import bucket_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORK_SECONDS = 300.0
SHORT = timedelta(seconds=5)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One with a worker that makes two sizes of every film."""
    settings = {
        "UPLOAD_RENDITIONS": "ladder",
        "UPLOAD_RENDITION_HEIGHTS": "[720,360]",
        "UPLOAD_RENDITION_PRESET": "ultrafast",
        "UPLOAD_CALLS_PER_MINUTE": "100000",
        "STREAM_CALLS_PER_MINUTE": "100000",
    }
    with running_product(tmp_path_factory.mktemp("product"), **settings) as product:
        yield product
        assert secrets_in_logs(product) == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def uploader(product: Product) -> AsyncIterator[Uploader]:
    async with aiohttp.ClientSession() as session:
        yield Uploader(await person(session, product))


async def _made(uploader: Uploader, product: Product, file: Path, **fields: Any) -> str:
    """The watch page of a film that was made into what plays everywhere."""
    video_id = await uploader.upload(file, visibility="public", **fields)
    api = f"{product.url('stream')}/v1/videos/{video_id}/playback"

    async def is_made() -> bool:
        playback = await (await uploader.person.call("GET", api)).json()
        return playback["hls"] is not None

    await eventually(is_made, what="there are renditions", limit_seconds=WORK_SECONDS)
    return f"{product.url('stream')}/watch/{video_id}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def night(uploader: Uploader, product: Product, film: Path) -> str:
    """1920 × 1080, 142 s."""
    return await _made(uploader, product, film, title="Night in sizes")


@pytest_asyncio.fixture(loop_scope="module")
async def window(browser: Browser) -> AsyncIterator[Window]:
    """A new window of nobody who is known, in which nothing may go wrong unseen."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(30_000)
    await context.add_init_script(
        "document.addEventListener('securitypolicyviolation',"
        " (e) => console.error(`CSP: ${e.effectiveDirective} forbids ${e.blockedURI}`))"
    )
    window = Window(await context.new_page())

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            window.complaints.append(message.text)

    window.page.on("console", note)
    window.page.on("pageerror", lambda error: window.complaints.append(str(error)))
    yield window
    await context.close()
    assert window.complaints == []


async def _choose(window: Window, quality: str) -> None:
    await window.player.locator('[data-command="menu"]').click()
    await window.page.get_by_role("menuitemradio", name=re.compile(f"^{quality}")).click()


async def _is_chosen(window: Window, quality: str) -> None:
    item = window.page.locator(f'[data-quality="{quality}"]')
    await expect(item).to_have_attribute("aria-checked", "true")


async def test_a_size_is_chosen_plays_from_the_same_place_and_is_remembered(window: Window, night: str) -> None:
    asked: list[Request] = []

    def note(request: Request) -> None:
        asked.append(request)

    window.page.on("request", note)
    await window.open(night)
    # The original plays and is not too much for a line.
    await _is_chosen(window, "original")
    assert not any("hls" in request.url for request in asked)
    await window.video.evaluate(
        "video => { video.currentTime = 30; video.playbackRate = 1.5; video.volume = 0.25; return video.play() }"
    )
    await window.until("video => video.currentTime > 31")
    await _choose(window, "720p")
    await window.until("video => video.videoHeight === 720 && video.currentTime > 31 && video.currentTime < 60")
    await window.state("playing")
    assert await window.video.evaluate("video => [video.playbackRate, video.volume, video.paused]") == [
        1.5,
        0.25,
        False,
    ]
    assert await window.page.evaluate("document.querySelector('video').currentSrc.startsWith('blob:')")
    # Straight from the storage, and without a cookie.
    pieces = [request for request in asked if "range" in request.headers and ".mp4" in request.url]
    sent = [request for request in pieces if request.resource_type in ("xhr", "fetch")]
    assert sent
    assert all("X-Amz-Signature" in request.url for request in sent)
    assert ["cookie" in await request.all_headers() for request in sent] == [False] * len(sent)

    await window.video.evaluate("video => video.pause()")
    at = await window.video.evaluate("video => video.currentTime")
    await _choose(window, "360p")
    await _choose(window, "Original")
    await window.until("video => video.videoHeight === 1080 && video.readyState >= 2")
    assert await window.video.evaluate("video => [video.paused, video.playbackRate]") == [True, 1.5]
    assert abs(await window.video.evaluate("video => video.currentTime") - at) < 0.5
    await _choose(window, "360p")
    await window.until("video => video.videoHeight === 360 && video.readyState >= 2")
    assert abs(await window.video.evaluate("video => video.currentTime") - at) < 0.5

    await window.page.reload()
    await window.until("video => video.videoHeight === 360")
    await _is_chosen(window, "360p")
    await _choose(window, "Auto")
    await window.video.evaluate("video => { video.muted = true; return video.play() }")
    await expect(window.page.locator('[data-quality="auto"]')).to_have_text(re.compile(r"^Auto \(\d+p\)$"))
    await _choose(window, "Original")


@pytest.mark.parametrize(
    ("name", "codec", "pixels"), [("a.mov", "prores_ks", "yuv422p10le"), ("b.mp4", "mpeg4", "yuv420p")]
)
async def test_a_film_that_the_browser_cannot_decode_is_played_as_what_was_made_of_it(
    window: Window, uploader: Uploader, product: Product, tmp_path: Path, name: str, codec: str, pixels: str
) -> None:
    times = [40 * number for number in range(200)]
    # The sound is as long.
    film = write_film(
        tmp_path / name,
        codec=codec,
        pixels=pixels,
        size=(640, 360),
        times_ms=times,
        languages=["eng"],
        sound_blocks=370,
    )
    type_ = "video/quicktime" if name.endswith("mov") else "video/mp4"
    url = await _made(uploader, product, film, title=f"A film of {codec}", content_type=type_)
    await window.page.goto(url)
    await window.until("video => video.videoHeight === 360 && video.currentSrc.startsWith('blob:')")
    await _is_chosen(window, "auto")
    await window.button("Play").click()
    await window.state("playing")
    await window.until("video => video.currentTime > 2")
    await expect(window.page.locator("[data-player-trouble]")).to_be_hidden()
    await window.state("ended")


async def test_it_plays_on_after_a_pause_that_is_longer_than_its_urls_live(
    window: Window, night: str, product: Product
) -> None:
    folder = DataFolder(product.data)
    bucket = bucket_of(folder, port=urlsplit(product.url("s3")).port or 0)
    presigner = Presigner(
        endpoint=product.url("s3"),
        region=bucket.region,
        bucket=bucket.name,
        access_key_id=bucket.worker.access_key_id,
        secret_access_key=bucket.worker.secret_access_key,
    )
    given: list[float] = []

    async def shorten(route: Route) -> None:
        answer = await route.fetch()
        playback, now = await answer.json(), utc_now()
        for rendition in playback["hls"]["renditions"]:
            key = urlsplit(rendition["url"]).path.removeprefix(f"/{bucket.name}/")
            rendition["url"] = presigner.presign("GET", key, now=now, lifetime=SHORT)
            rendition["expires_at"] = rfc3339(now + SHORT)
        given.append(now.timestamp())
        await route.fulfill(response=answer, json=playback)

    await window.page.route("**/playback", shorten)
    refused: list[int] = []
    window.page.on("response", lambda answer: refused.append(answer.status) if answer.status >= 400 else None)
    await window.open(night)
    await _choose(window, "720p")
    await window.until("video => video.videoHeight === 720 && video.readyState >= 3")
    await window.video.evaluate("video => { video.muted = true; return video.play() }")
    await window.until("video => video.currentTime > 1")
    await window.video.evaluate("video => video.pause()")
    # Not before what was given last has ended.
    ends_at = given[-1] + SHORT.total_seconds()

    async def has_ended() -> bool:
        return utc_now().timestamp() > ends_at + 1

    await eventually(has_ended, what="the URLs have ended")
    assert await window.video.evaluate("video => video.buffered.end(video.buffered.length - 1)") < 120
    asked = len(given)
    await window.video.evaluate("video => { video.currentTime = 130; return video.play() }")
    await window.until("video => video.currentTime > 132 && video.videoHeight === 720")
    await window.state("playing")
    assert len(given) > asked
    assert refused == []
