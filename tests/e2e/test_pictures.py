"""From an upload to its pictures: on cards, in the player, above the seek bar; and another one that its owner chose."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, FilePayload, Page, expect

from tests import browsers, footage
from tests.api_client import person
from tests.e2e.test_media import WORK_SECONDS
from tests.films import encoded
from tests.product import Product
from tests.waiting import eventually, wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")

TITLE = "A night in pictures"
WORK_MS = 1000 * WORK_SECONDS


@pytest.fixture(scope="module")
def product(product_with_worker: Product) -> Product:
    return product_with_worker


async def test_a_video_is_looked_at_shown_and_its_picture_chosen(product: Product, browser: Browser) -> None:
    async with product.session() as session:
        alice = await person(session, product)
        film = footage.fetch(footage.NIGHT_MP4).read_bytes()
        video = await alice.upload(film, title=TITLE, filename="night.mp4")
    context = await browsers.logged_in(browser, product, viewport={"width": 1440, "height": 900})
    page = await context.new_page()

    # My videos: the row gets its picture by itself, and nothing moves.
    await page.goto(f"{product.url('upload')}/videos")
    row = page.locator(f'[data-list] [data-video="{video["id"]}"]')
    place = await row.locator(".poster").bounding_box()
    picture = row.locator("img.poster-picture")
    await expect(picture).to_be_visible(timeout=WORK_MS)
    await expect(row.locator("[data-preparing]")).to_have_count(0)
    assert await row.locator(".poster").bounding_box() == place
    await expect(row.locator(".poster-length")).to_contain_text("0:47")

    await page.goto(product.url("stream"))
    card = page.locator(f'[data-video="{video["id"]}"]')
    image = card.locator("img.poster-picture")
    await image.scroll_into_view_if_needed()
    await expect(image).not_to_have_js_property("naturalWidth", 0)
    first = await image.evaluate("image => image.currentSrc")
    assert "/derived/" in first
    assert ".webp?" in first

    playback = f"{product.url('stream')}/v1/videos/{video['id']}/playback"

    async def has_storyboard() -> bool:
        pictures = (await (await page.request.get(playback)).json())["pictures"]
        return pictures is not None and pictures["storyboard"] is not None

    await eventually(has_storyboard, what="there is a storyboard", limit_seconds=WORK_SECONDS)
    await page.goto(f"{product.url('stream')}/watch/{video['id']}")
    await expect(page.locator("video")).to_have_attribute("poster", re.compile(r"/poster-1280\.webp\?"))
    await _seek(page)
    await page.locator("[data-command=menu]").click()
    await page.get_by_role("menuitem", name="Use this moment as the picture").click()
    await expect(page.get_by_text("Picture changed.")).to_be_visible(timeout=WORK_MS)
    await page.goto(product.url("stream"))
    await expect(image).to_have_js_property("complete", value=True)
    assert await image.evaluate("image => image.currentSrc") not in ("", first)
    await context.close()


async def test_a_card_in_the_library_gets_its_picture_by_itself(product: Product, browser: Browser) -> None:
    wait_until(lambda: "media" in product.processes(), what="there is a worker")
    worker = product.processes()["media"]
    worker.suspend()
    try:
        async with product.session() as session:
            alice = await person(session, product)
            film = footage.fetch(footage.NIGHT_MP4).read_bytes()
            video = await alice.upload(film, title="Soon in pictures", filename="night.mp4")
        context = await browsers.logged_in(browser, product, viewport={"width": 1440, "height": 900})
        page = await context.new_page()
        await page.goto(product.url("stream"))
        card = page.locator(f'[data-list] [data-video="{video["id"]}"]')
        await expect(card).to_have_attribute("data-preparing", "")
        place = await card.bounding_box()
    finally:
        worker.resume()
    await expect(card.locator("img.poster-picture")).to_be_visible(timeout=WORK_MS)
    await expect(card.locator(".poster-length")).to_contain_text("0:47")
    assert await card.bounding_box() == place
    await context.close()


async def test_a_preview_that_failed_is_tried_again_from_the_upload_page(
    product: Product, browser: Browser, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.mp4"
    letter.write_text("This is no film.")
    context = await browsers.logged_in(browser, product, viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    await page.goto(f"{product.url('upload')}/upload")
    await page.locator("input[name=file]").set_input_files(letter)
    row = page.locator("[data-file]")
    said, again = row.locator("[data-part=preview]"), row.get_by_role("button", name="Try again")
    for _ in range(2):
        await expect(said).to_contain_text("No preview.", timeout=WORK_MS)
        async with page.expect_response("**/media/retry") as answer:
            await again.press("Enter")
        assert (await answer.value).status == 204
        await expect(said).to_have_text("Preparing preview…")
        await expect(again).to_be_hidden()
        # Whoever uses the keyboard is still in this row.
        await expect(row.locator("[data-part=name]")).to_be_focused()
    await context.close()


async def test_the_owner_sends_a_picture_with_the_keyboard(product: Product, browser: Browser) -> None:
    async with product.session() as session:
        alice = await person(session, product)
        film = footage.fetch(footage.OCEAN_MP4).read_bytes()
        video = await alice.upload(film, title="A picture of its own", filename="ocean.mp4")
    context = await browsers.logged_in(browser, product, viewport={"width": 360, "height": 740}, color_scheme="dark")
    page = await context.new_page()
    await page.goto(f"{product.url('stream')}/watch/{video['id']}")
    await expect(page.locator("[data-command=toggle]")).to_be_visible()

    await page.locator("[data-command=menu]").press("Enter")
    await page.keyboard.press("End")
    item = page.get_by_role("menuitem", name="Upload a picture…")
    await expect(item).to_be_focused()
    await expect(item).to_be_in_viewport(ratio=1)
    async with page.expect_file_chooser() as chooser:
        # The page knows that it is waited for, before the key comes by another way.
        await page.evaluate("0")
        await page.keyboard.press("Enter")
    await (await chooser.value).set_files(_png_called("page.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"))
    await expect(page.get_by_text("Preparing the picture…")).to_be_visible()
    await expect(page.get_by_text("Couldn’t change the picture. This picture can’t be read.")).to_be_visible(
        timeout=WORK_MS
    )
    chosen = page.locator("input[type=file]")
    await chosen.set_input_files(_png_called("large.png", bytes(10 * 2**20 + 1)))
    await expect(page.get_by_text("The picture is larger than 10 MB.")).to_be_visible()
    await chosen.set_input_files(_png_called("square.png", encoded("png", "rgb24", width=400, height=400)))
    await expect(page.get_by_text("Picture changed.")).to_be_visible(timeout=WORK_MS)
    await page.goto(product.url("stream"))
    image = page.locator(f'[data-video="{video["id"]}"] img.poster-picture')
    await image.scroll_into_view_if_needed()
    await expect(image).to_have_js_property("complete", value=True)
    assert await image.evaluate("image => image.naturalWidth / image.naturalHeight") == 1
    await context.close()


def _png_called(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": content}


# What stands above the seek bar when its picture is there: for a moment, which may pass before anybody asks for it.
_NOTE_A_GLANCE = """() => {
  const [picture, time] = ["picture", "time"].map((name) => document.querySelector(`[data-seek-${name}]`));
  window.glance = new Promise((resolve) => {
    const look = () => picture.checkVisibility() && resolve(time.textContent);
    const anything = { attributes: true, characterData: true, childList: true, subtree: true };
    new MutationObserver(look).observe(document.body, anything);
  });
}"""


async def _seek(page: Page) -> None:
    """Above the seek bar is shown what is where: under the pointer, and for a moment where a key has led."""
    boards: list[str] = []
    page.on("request", lambda request: boards.append(request.url) if "/storyboard" in request.url else None)
    await expect(page.locator("[data-command=toggle]")).to_be_visible()
    assert boards == []
    seek, shown = page.locator("[data-seek]"), page.locator("[data-seek-picture]")
    box = await seek.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    await page.mouse.move(box["x"] + 1, middle)
    await expect(shown.locator("img")).to_have_css("translate", "0px")
    await expect(shown.locator("img")).to_have_attribute("src", re.compile("storyboard-0.webp"))
    for x in (box["x"] + 1, box["x"] + box["width"] - 1):
        await page.mouse.move(x, middle)
        label = await page.locator("[data-seek-label]").bounding_box()
        assert label is not None
        assert box["x"] <= label["x"]
        assert label["x"] + label["width"] <= box["x"] + box["width"] + 1
    await expect(shown.locator("img")).not_to_have_css("translate", "0px")
    assert len([url for url in boards if "storyboard.json" in url]) == 1
    await page.mouse.move(10, 10)
    await expect(shown).to_be_hidden()

    # The keyboard shows it too, for a moment.
    await page.evaluate(_NOTE_A_GLANCE)
    await page.keyboard.press("l")
    assert await page.evaluate("window.glance") == "0:10"
    await expect(shown).to_be_hidden()
