"""A guest sends by a link in a browser, through a reload, and its maker finds what came and who has sent it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from common.ids import new_id
from tests.api_client import person
from tests.browsers import logged_in
from tests.logs import lines_of
from tests.product import Product

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def guest(browser: Browser) -> AsyncIterator[Page]:
    """A browser of somebody who has no account."""
    context = await browser.new_context(locale="en")
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    await context.close()
    assert complaints == []


async def ask(maker: Page, product: Product, collection_id: str) -> str:
    """The address of a new link into the collection, that takes two videos."""
    await maker.goto(f"{product.url('upload')}/videos/collections/{collection_id}")
    await maker.get_by_role("link", name="Ask for videos").click()
    await maker.get_by_label("What do you ask for?").fill("Films of the dance, please.")
    await maker.get_by_label("Max videos").fill("2")
    await maker.get_by_role("button", name="Create link").click()
    return (await maker.locator("#new-link").text_content()) or ""


async def send_with_a_name_that_is_refused(guest: Page) -> None:
    await guest.get_by_label("Your name").fill("Aunt \u202eAda")
    await guest.locator("[data-file]").get_by_role("button", name="Upload", exact=True).click()
    await expect(guest.locator("#sender-error")).to_contain_text("writing direction")
    await expect(guest.get_by_label("Your name")).to_be_focused()


async def send_the_last(guest: Page, file: Path) -> None:
    # How many are left is told anew, and the link takes nothing else.
    await expect(guest.get_by_text("1 more video can be sent")).to_be_visible()
    file.write_bytes(b"cake")
    await guest.locator("#file").set_input_files(file)
    await guest.locator("[data-file][data-state=chosen]").get_by_role("button", name="Upload", exact=True).click()
    await expect(guest.get_by_role("heading", name="2 uploads complete")).to_be_visible()
    await expect(guest.get_by_text("can be sent")).to_be_hidden()
    await guest.reload()
    await expect(guest.get_by_text("This link has received as many files as it takes")).to_be_visible()
    await expect(guest.locator("[data-drop]")).to_be_hidden()


async def test_a_guest_sends_through_a_reload_and_the_maker_finds_it(
    browser: Browser, product: Product, guest: Page, film: Path, tmp_path: Path
) -> None:
    title = f"Wedding {new_id()}"
    async with aiohttp.ClientSession() as session:
        admin = await person(session, product)
        made = await admin.call("POST", f"{admin.upload_url}/v1/collections", json={"title": title})
        collection_id = (await made.json())["id"]
    context = await logged_in(browser, product, locale="en")
    maker = await context.new_page()
    url = await ask(maker, product, collection_id)

    await guest.goto(url)
    await expect(guest.get_by_text("Films of the dance, please.")).to_be_visible()
    await expect(guest.get_by_text("2 more videos can be sent")).to_be_visible()
    assert title not in await guest.content()
    await guest.get_by_label("Your name").fill("Aunt Ada")
    await guest.get_by_label("Message").fill("The first dance.")
    await guest.locator("#file").set_input_files(film)
    row = guest.locator("[data-file]")
    # Nothing is sent before it is said what it is; and nothing can be changed afterwards.
    await expect(row).to_have_attribute("data-state", "chosen")
    # Enter in the name sends nothing: the page stays as it is, and nobody's name is in its address.
    await guest.get_by_label("Your name").press("Enter")
    await expect(row).to_have_attribute("data-state", "chosen")
    assert guest.url == url
    await row.get_by_label("Title").fill("First dance")
    # What is wrong with the words of all files is said where they are.
    await send_with_a_name_that_is_refused(guest)
    await guest.get_by_label("Your name").fill("Aunt Ada")
    # The line breaks for good after the first part, and the page with it.
    await guest.route("**/*partNumber=2*", lambda route: route.abort())
    async with guest.expect_response(lambda answer: "partNumber=1&" in answer.url and answer.ok):
        await row.get_by_role("button", name="Upload", exact=True).click()
    await expect(row.get_by_label("Title")).to_be_hidden()
    guest.on("dialog", lambda dialog: dialog.accept())
    await guest.reload()
    await guest.unroute_all()

    # What was begun is this browser's, and counted.
    await expect(guest.get_by_role("heading", name="First dance")).to_be_visible()
    await expect(guest.get_by_text("1 more video can be sent")).to_be_visible()
    await expect(guest.get_by_role("button", name="Resume First dance")).to_be_visible()
    await guest.locator("[data-go-on-file]").set_input_files(film)
    await expect(guest.get_by_role("heading", name="Upload complete")).to_be_visible(timeout=60_000)
    await expect(row).to_have_attribute("data-state", "done")
    await send_the_last(guest, tmp_path / "cake.mp4")

    await maker.goto(f"{product.url('upload')}/videos/collections/{collection_id}/links")
    await expect(maker.get_by_text("2 of 2 videos received")).to_be_visible()
    await maker.goto(f"{product.url('upload')}/videos/collections/{collection_id}")
    await expect(maker.get_by_role("link", name="First dance")).to_be_visible()
    await maker.goto(f"{product.url('upload')}/videos?q=First+dance")
    await maker.get_by_role("link", name="Edit First dance").first.click()
    panel = maker.locator("[data-edit-panel]")
    await expect(panel.get_by_text("Sent by Aunt Ada")).to_be_visible()
    await expect(panel.get_by_text("The first dance.")).to_be_visible()
    # Whoever reads the logs can't send.
    assert lines_of(product)
    assert url.rpartition("/")[2] not in json.dumps(lines_of(product))
    await context.close()
