"""An upload that was cut off goes on, here or on another device, if it is the same file; nothing is sent twice."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, Request, Response, Route, expect

from tests.browsers import logged_in, stored_sha256, titled, uploads
from tests.footage import sha256_of
from tests.product import Product
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

PART_SIZE = 8 * 2**20
_PARTS = re.compile(r"partNumber=")
DONE_MS = 120_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def context(browser: Browser, product: Product) -> AsyncIterator[BrowserContext]:
    context = await logged_in(browser, product)
    yield context
    await context.close()


async def _open(context: BrowserContext, product: Product) -> Page:
    page = await context.new_page()
    await page.goto(f"{product.url('upload')}/upload")
    return page


async def _hold_back_all_but_two(page: Page) -> list[Route]:
    """Two parts arrive; the others, which are returned as they come, are under way until the page is left."""
    held_back: list[Route] = []
    # Not the method itself: Playwright marks what it is given. And no part that passes: it would copy all of it.
    await page.route(re.compile(r"partNumber=[3-9]"), lambda route: held_back.append(route))  # noqa: PLW0108
    return held_back


async def _leave(page: Page, held_back: list[Route]) -> None:
    """As if the power had gone: nobody is asked, and nothing more gets out."""
    context = page.context
    await context.set_offline(True)
    # What waits for an answer when its page is closed is let through.
    await page.route(_PARTS, lambda route: route.abort())
    for route in held_back:
        await route.abort()
    await page.close()
    await context.set_offline(False)


async def _leave_in_the_middle(page: Page, product: Product, file: Path, title: str) -> tuple[str, set[int]]:
    """Begins to send the file and closes the page; the upload's id and the two parts that have arrived."""
    held_back = await _hold_back_all_but_two(page)
    await page.locator("input[name=file]").set_input_files(file)
    row = page.locator("[data-file]")
    await titled(row, title)
    upload_id: str = (await uploads(page, product, "uploading"))[title]["id"]

    async def has_two_parts() -> bool:
        return len(await _received(page, product, upload_id)) >= 2

    await eventually(has_two_parts, what="two parts have arrived")
    context = page.context
    await _leave(page, held_back)
    later = await context.new_page()
    held = await _received(later, product, upload_id)
    await later.close()
    return upload_id, held


async def _received(page: Page, product: Product, upload_id: str) -> set[int]:
    answer = await page.request.get(f"{product.url('upload')}/v1/uploads/{upload_id}")
    return {part["part_number"] for part in (await answer.json())["received"]}


def _sent_parts(page: Page) -> list[int]:
    """The numbers of the parts that the page sends from now on."""
    sent: list[int] = []

    def note(request: Request) -> None:
        query = parse_qs(urlsplit(request.url).query)
        if request.method == "PUT" and "partNumber" in query:
            sent.append(int(query["partNumber"][0]))

    page.on("request", note)
    return sent


def _unfinished(page: Page, title: str) -> Locator:
    return page.locator("[data-unfinished]").filter(has_text=title)


async def _is_the_file(page: Page, product: Product, upload_id: str, file: Path) -> None:
    assert await stored_sha256(page, product, upload_id) == sha256_of(file)
    integrity = await (await page.request.get(f"{product.url('upload')}/v1/uploads/{upload_id}/integrity")).json()
    assert (integrity["sha256"], integrity["part_checksums"]) == (sha256_of(file), "sha256")


async def test_after_a_crash_it_goes_on_with_the_same_file_and_sends_the_rest_alone(
    context: BrowserContext, product: Product, film: Path
) -> None:
    upload_id, held = await _leave_in_the_middle(await _open(context, product), product, film, "Cut by a crash")
    page = await _open(context, product)
    item = _unfinished(page, "Cut by a crash")
    await expect(item).to_contain_text("% uploaded")
    sent = _sent_parts(page)
    await expect(item.get_by_role("button", name="Resume Cut by a crash")).to_be_visible()
    row = page.locator("[data-file]")
    # Left before it has begun, it is there to be resumed, as it was.
    compared: list[Route] = []

    async def hold_back(route: Route) -> None:
        compared.append(route)
        if len(compared) > 1:
            await route.continue_()

    await page.route(f"**/v1/uploads/{upload_id}", hold_back)
    await item.locator("[data-go-on-file]").set_input_files(film)
    await expect(row).to_have_attribute("data-state", "comparing")
    await expect(item).to_be_hidden()
    await row.get_by_role("button", name="Cancel").click()
    await expect(row).to_have_count(0)
    await expect(item).to_be_visible()
    await item.locator("[data-go-on-file]").set_input_files(film)
    await expect(row).to_contain_text("Uploaded", timeout=DONE_MS)
    assert set(sent).isdisjoint(held)
    assert len(sent) == len(set(sent))
    await expect(row).to_contain_text("The stored copy is identical to your file.")
    await expect(row).to_contain_text(sha256_of(film))
    # It is the same video, and no longer among the unfinished.
    assert (await uploads(page, product, "ready"))["Cut by a crash"]["id"] == upload_id
    await expect(item).to_be_hidden()
    await _is_the_file(page, product, upload_id, film)
    await page.close()


@pytest.mark.long
async def test_what_lacks_nothing_but_the_last_word_is_finished_without_its_file(
    context: BrowserContext, browser: Browser, product: Product, film: Path
) -> None:
    page = await _open(context, product)
    # The last word is never heard.
    await page.route(re.compile(r"/complete$"), lambda route: route.abort())
    await page.locator("input[name=file]").set_input_files(film)
    row = page.locator("[data-file]")
    await titled(row, "Whole and unfinished")
    await expect(row).to_have_attribute("data-state", "trouble", timeout=DONE_MS)
    upload_id: str = (await uploads(page, product, "uploading"))["Whole and unfinished"]["id"]
    await page.close()

    other = await logged_in(browser, product)
    page = await _open(other, product)
    item = _unfinished(page, "Whole and unfinished")
    await expect(item).to_contain_text("Fully uploaded")
    await expect(item.get_by_role("button", name="Resume")).to_be_hidden()
    sent = _sent_parts(page)
    await item.get_by_role("button", name="Finish Whole and unfinished").click()
    await expect(item).to_have_count(0)
    await expect(page.get_by_text("“Whole and unfinished” uploaded.")).to_be_visible()
    assert sent == []
    assert await stored_sha256(page, product, upload_id) == sha256_of(film)
    await other.close()


@pytest.mark.long
async def test_on_another_device_choosing_the_file_is_enough(
    context: BrowserContext, browser: Browser, product: Product, film: Path
) -> None:
    upload_id, held = await _leave_in_the_middle(await _open(context, product), product, film, "Begun elsewhere")
    other = await logged_in(browser, product)
    page = await _open(other, product)
    await expect(_unfinished(page, "Begun elsewhere")).to_contain_text("% uploaded")
    sent = _sent_parts(page)
    await page.locator("input[name=file]").set_input_files(film)
    row = page.locator("[data-file]")
    # What it was called there stands here, and what is changed here counts.
    await expect(row.get_by_label("Title")).to_have_value("Begun elsewhere")
    await expect(row).to_contain_text("Uploaded", timeout=DONE_MS)
    assert set(sent).isdisjoint(held)
    await _is_the_file(page, product, upload_id, film)
    await other.close()


async def test_another_file_of_that_name_and_size_is_refused_and_may_be_uploaded_by_itself(
    context: BrowserContext, product: Product, film: Path, tmp_path: Path
) -> None:
    upload_id, held = await _leave_in_the_middle(await _open(context, product), product, film, "The right one")
    other = tmp_path / film.name
    content = bytearray(film.read_bytes())
    # In a part that has arrived.
    content[(min(held) - 1) * PART_SIZE + 5] ^= 1
    other.write_bytes(content)
    page = await _open(context, product)
    await expect(_unfinished(page, "The right one")).to_contain_text("% uploaded")
    sent = _sent_parts(page)
    await _unfinished(page, "The right one").locator("[data-go-on-file]").set_input_files(other)
    row = page.locator("[data-file]")
    await expect(row).to_contain_text("This isn’t the file you started uploading")
    assert sent == []
    assert await _received(page, product, upload_id) >= held
    await expect(_unfinished(page, "The right one")).to_be_hidden()
    await row.get_by_role("button", name="Upload separately").click()
    await expect(_unfinished(page, "The right one")).to_be_visible()
    await expect(row).to_contain_text("Uploaded", timeout=DONE_MS)
    ready = (await uploads(page, product, "ready"))["The right one"]
    assert ready["id"] != upload_id
    await _is_the_file(page, product, ready["id"], other)
    # The one that was begun is still there, as it was.
    assert await _received(page, product, upload_id) >= held
    # One of another size is turned away at once, by its name.
    await page.reload()
    shorter = tmp_path / "shorter.mp4"
    shorter.write_bytes(content[:-1])
    await expect(_unfinished(page, "The right one")).to_contain_text("% uploaded")
    await _unfinished(page, "The right one").locator("[data-go-on-file]").set_input_files(shorter)
    await expect(page.get_by_role("status").filter(has_text="“shorter.mp4” isn’t the file")).to_be_visible()
    assert (
        await page.request.delete(
            f"{product.url('upload')}/v1/uploads/{upload_id}", headers={"Sec-Fetch-Site": "same-origin"}
        )
    ).status == 204
    await page.close()


async def test_a_part_that_was_damaged_on_the_way_is_refused_by_the_storage_and_sent_again(
    context: BrowserContext, product: Product, film: Path
) -> None:
    page = await _open(context, product)
    statuses: list[int] = []

    async def damage(route: Route) -> None:
        # Until the storage has answered: on a busy machine the first try may be given up as stalled before.
        if statuses:
            await route.continue_()
            return
        content = bytearray(film.read_bytes()[PART_SIZE : 2 * PART_SIZE])
        content[100] ^= 1
        await route.continue_(post_data=bytes(content))

    def note(response: Response) -> None:
        if response.request.method == "PUT" and parse_qs(urlsplit(response.url).query).get("partNumber") == ["2"]:
            statuses.append(response.status)

    page.on("response", note)
    await page.route(re.compile(r"partNumber=2(&|$)"), damage)
    await page.locator("input[name=file]").set_input_files(film)
    row = page.locator("[data-file]")
    await titled(row, "Damaged on the way")
    await expect(row).to_contain_text("Uploaded", timeout=DONE_MS)
    assert statuses[0] == 400
    upload_id = (await uploads(page, product, "ready"))["Damaged on the way"]["id"]
    await _is_the_file(page, product, upload_id, film)
    await page.close()


# A place of files that a page may read without asking: what it gives is what a picker or a drop would.
_DROP_WITH_HANDLE = """
async ({ bytes, name }) => {
  const folder = await navigator.storage.getDirectory();
  const handle = await folder.getFileHandle(name, { create: true });
  const writable = await handle.createWritable();
  await writable.write(Uint8Array.from({ length: bytes }, (_, index) => (index * 31 + (index >> 13)) % 251));
  await writable.close();
  const file = await handle.getFile();
  DataTransferItem.prototype.getAsFileSystemHandle = async () => handle;
  const data = new DataTransfer();
  data.items.add(file);
  document.querySelector("h1").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
}
"""


async def test_where_the_browser_remembers_the_file_one_click_goes_on(
    context: BrowserContext, product: Product
) -> None:
    page = await _open(context, product)
    held_back = await _hold_back_all_but_two(page)
    await page.evaluate(_DROP_WITH_HANDLE, {"bytes": 5 * PART_SIZE - 1000, "name": "one click.mp4"})
    row = page.locator("[data-file]")
    await titled(row, "One click")
    upload_id: str = (await uploads(page, product, "uploading"))["One click"]["id"]

    async def has_two_parts() -> bool:
        return len(await _received(page, product, upload_id)) >= 2

    await eventually(has_two_parts, what="two parts have arrived")
    await _leave(page, held_back)
    page = await _open(context, product)
    held = await _received(page, product, upload_id)
    sent = _sent_parts(page)
    await _unfinished(page, "One click").get_by_role("button", name="Resume One click").click()
    await expect(page.locator("[data-file]")).to_contain_text("Uploaded", timeout=DONE_MS)
    assert set(sent).isdisjoint(held)
    assert (await uploads(page, product, "ready"))["One click"]["id"] == upload_id
    # What is stored needs nobody's file any more.
    kept = "new Promise(done => { const r = indexedDB.open('vss-files', 1); r.onsuccess = () => { const q ="
    kept += " r.result.transaction('handles').objectStore('handles').count(); q.onsuccess = () => done(q.result) } })"
    await eventually(lambda: _is_zero(page, kept), what="the handle is forgotten")
    await page.close()


async def _is_zero(page: Page, expression: str) -> bool:
    return bool(await page.evaluate(expression) == 0)
