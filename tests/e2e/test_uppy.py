"""The real Uppy, unmodified, in a real browser: what it uploads is a video like any other."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Response

from tests import uppy
from tests.browsers import logged_in, stored_sha256, uploads
from tests.footage import sha256_of
from tests.product import Product
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

# What Uppy sends in, when nobody says otherwise.
PART_SIZE = 5 * 2**20

# How a page of the service's own sends what changes something.
_OWN = {"Sec-Fetch-Site": "same-origin"}

# Both talk to us alike: the older one is tried by make test-long.
every_generation = pytest.mark.parametrize(
    "generation",
    [
        pytest.param(generation, id=name, marks=[] if name == max(uppy.GENERATIONS) else [pytest.mark.long])
        for name, generation in uppy.GENERATIONS.items()
    ],
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def context(browser: Browser, product: Product) -> AsyncIterator[BrowserContext]:
    context = await logged_in(browser, product)
    yield context
    await context.close()


async def _open(
    context: BrowserContext, product: Product, generation: uppy.Generation, *, multipart: bool
) -> tuple[Page, list[int]]:
    """A page with an Uppy, and the numbers of the parts that the storage has taken from it."""
    taken: list[int] = []

    def note(response: Response) -> None:
        number = parse_qs(urlsplit(response.url).query).get("partNumber")
        if response.request.method == "PUT" and response.ok and number:
            taken.append(int(number[0]))

    page = await uppy.open_page(context, product.url("upload"), uppy.bundle(generation))
    page.on("response", note)
    await uppy.start(page, generation, product.url("upload"), shouldUseMultipart=multipart)
    return page, taken


async def _is_the_film_and_goes(page: Page, product: Product, video_id: str, film: Path) -> None:
    assert await stored_sha256(page, product, video_id) == sha256_of(film)
    await page.request.delete(f"{product.url('upload')}/v1/uploads/{video_id}", headers=_OWN)
    await page.close()


@every_generation
async def test_a_film_in_parts(
    context: BrowserContext, product: Product, film: Path, generation: uppy.Generation
) -> None:
    page, taken = await _open(context, product, generation, multipart=True)
    await uppy.add(page, film, title="By Uppy, in parts", description="From somebody's page.")
    locations, failed = await uppy.upload(page)
    assert failed == []
    video = (await uploads(page, product, "ready"))["By Uppy, in parts"]
    assert locations == [video["watch_url"]]
    assert (video["size"], video["description"]) == (film.stat().st_size, "From somebody's page.")
    assert sorted(taken) == list(range(1, -(-film.stat().st_size // PART_SIZE) + 1))
    await _is_the_film_and_goes(page, product, video["id"], film)


@every_generation
async def test_a_film_in_one_piece(
    context: BrowserContext, product: Product, film: Path, generation: uppy.Generation
) -> None:
    page, taken = await _open(context, product, generation, multipart=False)
    await uppy.add(page, film, title="By Uppy, whole")
    _, failed = await uppy.upload(page)
    assert (failed, taken) == ([], [])

    # Nobody completes it: fs_svc looks every fifteen seconds, and whenever the upload is read, as the upload page does,
    # which does not offer to discard it then. Where that cannot be said yet, the page asks again.
    reads = re.compile("/v1/uploads/[a-z0-9]+$")
    await page.route(reads, lambda route: route.fulfill(status=503))
    await page.clock.install()
    await page.goto(f"{product.url('upload')}/upload")
    await page.unroute(reads)
    line = page.locator("[data-unfinished]").filter(has_text="By Uppy, whole")

    async def is_gone() -> bool:
        await page.clock.run_for(10_000)
        return await line.count() == 0

    await eventually(is_gone, what="the line of what has arrived is gone")

    async def is_ready() -> bool:
        return "By Uppy, whole" in await uploads(page, product, "ready")

    await eventually(is_ready, what="the film that came by a form is ready")
    video = (await uploads(page, product, "ready"))["By Uppy, whole"]
    assert video["size"] == film.stat().st_size
    await _is_the_film_and_goes(page, product, video["id"], film)


@every_generation
async def test_after_a_crash_it_goes_on_and_sends_the_rest_alone(
    context: BrowserContext, product: Product, film: Path, generation: uppy.Generation
) -> None:
    page, taken = await _open(context, product, generation, multipart=True)

    # Three parts arrive; the others are under way for as long as the page is there.
    await page.route(re.compile(r"partNumber=[4-9]"), lambda _: None)
    file_id = await uppy.add(page, film, title="By Uppy, twice")
    await page.evaluate("() => { uppy.upload() }")

    async def has_sent_some() -> bool:
        return len(taken) >= 3

    await eventually(has_sent_some, what="three parts have arrived")
    # What Golden Retriever keeps.
    kept = await page.evaluate("(id) => uppy.getFile(id).s3Multipart", file_id)
    await page.close()

    page, taken_then = await _open(context, product, generation, multipart=True)
    upload_id = kept["uploadId"]
    listed = await page.request.get(f"{product.url('upload')}/s3/multipart/{upload_id}?key={upload_id}")
    held = {part["PartNumber"] for part in await listed.json()}
    assert held >= set(taken)
    file_id = await uppy.add(page, film, title="By Uppy, twice")
    await page.evaluate("([id, s3Multipart]) => uppy.setFileState(id, { s3Multipart })", [file_id, kept])
    locations, failed = await uppy.upload(page)
    assert (len(locations), failed) == (1, [])
    assert held.isdisjoint(taken_then)
    assert sorted(held | set(taken_then)) == list(range(1, -(-film.stat().st_size // PART_SIZE) + 1))
    await _is_the_film_and_goes(page, product, upload_id, film)


@every_generation
async def test_what_is_cancelled_is_gone(
    context: BrowserContext, product: Product, film: Path, generation: uppy.Generation
) -> None:
    page, taken = await _open(context, product, generation, multipart=True)
    await uppy.add(page, film, title="By Uppy, cancelled")
    await page.evaluate("() => { uppy.upload() }")

    async def has_sent_one() -> bool:
        return len(taken) >= 1

    await eventually(has_sent_one, what="a part has arrived")
    await page.evaluate("() => uppy.cancelAll()")

    async def is_gone() -> bool:
        return "By Uppy, cancelled" not in await uploads(page, product, "uploading")

    await eventually(is_gone, what="the upload is gone")
    assert "By Uppy, cancelled" not in await uploads(page, product, "ready")
    await page.close()


@pytest.mark.parametrize(
    ("generation", "words"),
    # The fifth generation keeps the reason to itself.
    [
        pytest.param(uppy.GENERATIONS["5"], "Could not POST", id="5", marks=pytest.mark.long),
        pytest.param(uppy.GENERATIONS["6"], "Some values are invalid", id="6"),
    ],
)
async def test_a_refusal_is_told(
    context: BrowserContext, product: Product, film: Path, generation: uppy.Generation, words: str
) -> None:
    page, _ = await _open(context, product, generation, multipart=True)
    await uppy.add(page, film, title="By Uppy, too large", size=str(6 * 2**40))
    locations, (said,) = await uppy.upload(page)
    assert locations == []
    assert words in said
    await page.close()
