"""The library in a real browser: it goes on as one scrolls, and is where one left it when one comes back."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import delete

from catalogue.tables import VIDEOS
from catalogue.videos import Visibility
from common.db import open_database
from tests import browsers
from tests.product import Product
from tests.videos import OWNER, video
from tests.waiting import eventually
from upload_svc.store import Store

pytestmark = pytest.mark.asyncio(loop_scope="module")

COUNT = 130


async def test_a_long_list_goes_on_and_is_found_again_where_it_was_left(browser: Browser, product: Product) -> None:
    async with open_database(f"sqlite+aiosqlite:///{product.data / 'vss.db'}") as database:
        for number in range(COUNT):
            title = f"Endless {number:03}"
            await Store(database).add_video(video(title=title, visibility=Visibility.MEMBERS))
        try:
            await _go_through(browser, product)
        finally:
            await database.change(delete(VIDEOS).where(VIDEOS.c.owner_id == OWNER))


async def _go_through(browser: Browser, product: Product) -> None:
    context = await browsers.logged_in(browser, product)
    page = await context.new_page()
    await page.goto(product.url("stream"))
    # `/` leads to the search, and is written in it.
    await page.keyboard.press("/")
    await page.keyboard.type("endless /")
    field = page.get_by_role("searchbox", name="Search the library")
    await expect(field).to_have_value("endless /")
    await field.fill("endless")
    await field.press("Enter")
    await page.get_by_role("link", name="Title", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("100+ results for “endless”")
    cards = page.locator("[data-list] > li")
    # Only as one goes on.
    await expect(cards).to_have_count(50)

    async def is_whole() -> bool:
        await page.mouse.wheel(0, 2_000)
        return await cards.count() == COUNT

    await eventually(is_whole, what="all have come")
    await expect(page.get_by_role("link", name="Show more videos")).to_have_count(0)
    last = page.get_by_role("link", name="Endless 117")
    await last.scroll_into_view_if_needed()
    place = await last.bounding_box()
    await last.click()
    await page.wait_for_url("**/watch/**")
    await page.go_back()
    await expect(cards).to_have_count(COUNT)
    await expect(last).to_be_focused()
    found = await last.bounding_box()
    assert place is not None
    assert found is not None
    assert abs(found["y"] - place["y"]) < 100
    await context.close()
