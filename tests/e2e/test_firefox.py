"""The whole job in Firefox: log in, upload, watch, edit; from left to right and from right to left."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from common.languages import LANGUAGES, Language
from tests import browsers, footage
from tests.product import Product
from tests.waiting import eventually

pytestmark = [pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def firefox() -> AsyncIterator[Browser]:
    async with browsers.firefox() as firefox:
        yield firefox


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
async def test_a_film_is_uploaded_watched_and_edited(firefox: Browser, product: Product, language: Language) -> None:
    film = footage.fetch(footage.OCEAN_WEBM)
    title = f"For a fox, {language.tag}"
    context = await firefox.new_context(locale=language.tag)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{product.url('upload')}/login?next=/upload")
    await page.locator("#username").fill("admin")
    await page.locator("#password").fill("admin")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-drop]")).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("dir", language.direction)

    await page.locator("[name=file]").set_input_files(film)
    row = page.locator("[data-file]")
    await row.locator("[name=title]").fill(title)
    await expect(row.locator("[data-saved-of=title]")).not_to_be_empty()
    await row.locator("[data-part=watch]").click(timeout=30_000)
    await expect(page.get_by_role("heading", level=1)).to_have_text(title)
    # With its scripts, which know the keys.
    await page.wait_for_load_state()
    await page.keyboard.press("m")
    await page.keyboard.press("k")
    playing = "document.querySelector('video').currentTime > 0.3"
    await eventually(lambda: page.evaluate(playing), what="the film plays")

    await page.goto(f"{product.url('upload')}/videos")
    await page.locator(f"tr[data-title='{title}'] [data-edit]").click()
    await page.locator("#title").fill(f"{title}, edited")
    await page.keyboard.press("Enter")
    await expect(page.locator(f"tr[data-title='{title}, edited']")).to_be_visible()
    assert complaints == []
    await context.close()
