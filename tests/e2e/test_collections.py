"""Collections in a browser: videos go into them from My videos, and are put in order by keyboard, mouse and finger."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from common.ids import new_id
from tests.api_client import person
from tests.browsers import logged_in
from tests.product import Product
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, product: Product) -> AsyncIterator[Page]:
    context = await logged_in(browser, product, has_touch=True)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text) if message.type == "error" and "DISCONNECTED" not in message.text else None
        ),
    )
    yield page
    await context.close()
    assert complaints == []


async def _rows(page: Page) -> str:
    return "".join(title[-1] for title in await page.locator(".order-title").all_text_contents())


async def _is(page: Page, product: Product, order: str) -> None:
    """On the page, and as it is kept."""
    assert await _rows(page) == order
    collection_id = await page.locator("[data-order]").get_attribute("data-order")

    async def is_kept() -> bool:
        answer = await page.request.get(f"{product.url('upload')}/v1/collections/{collection_id}/videos")
        return "".join(video["title"][-1] for video in (await answer.json())["items"]) == order

    await eventually(is_kept, what=f"the order {order}")


async def test_videos_go_into_a_collection_and_into_an_order(page: Page, product: Product) -> None:
    async with aiohttp.ClientSession() as session:
        somebody = await person(session, product)
        for name in "DCBA":
            await somebody.upload(b"a very short film", title=f"Lesson {name}")
    await page.goto(f"{product.url('upload')}/videos?q=lesson")
    # One by its row, into a new one; then all of them, of which one is in it.
    opener = page.get_by_role("link", name="Add Lesson B to collections")
    await opener.click()
    dialog = page.get_by_role("dialog", name="Add “Lesson B” to…")
    await dialog.get_by_label("New collection").fill("Geometry")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    await expect(opener).to_be_focused()
    await expect(page.get_by_role("status").filter(has_text="Collections saved.")).to_be_visible()
    for box in await page.locator("[data-pick]").all():
        await box.check()
    await page.locator("[data-selection]").get_by_role("button", name="Add to…").click()
    dialog = page.get_by_role("dialog", name="Add 4 videos to…")
    box = dialog.get_by_role("checkbox", name="Geometry")
    assert await box.evaluate("box => box.indeterminate")
    await box.check()
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)

    await page.goto(f"{product.url('upload')}/videos/collections")
    await page.get_by_role("link", name="Geometry", exact=True).click()
    await _is(page, product, "BACD")
    # It is watched in that order.
    await page.get_by_role("link", name="Watch").click()
    await expect(page.get_by_role("heading", level=1, name="Geometry")).to_be_visible()
    titles = await page.locator(".video-link").all_text_contents()
    assert "".join(title[-1] for title in titles) == "BACD"


async def _course(page: Page, product: Product) -> None:
    """The page of a new one with lessons A to D."""
    async with aiohttp.ClientSession() as session:
        somebody = await person(session, product)
        made = await somebody.call("POST", f"{somebody.upload_url}/v1/collections", json={"title": "Lessons"})
        collection_id = (await made.json())["id"]
        for name in "ABCD":
            video = await somebody.upload(b"a very short film", title=f"Lesson {name}")
            url = f"{somebody.upload_url}/v1/collections/{collection_id}/videos/{video['id']}"
            assert (await somebody.call("PUT", url)).status == 204
    await page.goto(f"{product.url('upload')}/videos/collections/{collection_id}")


async def test_by_keyboard_what_is_put_down_stays_and_what_is_called_off_goes_back(
    page: Page, product: Product
) -> None:
    await _course(page, product)
    handle = page.get_by_role("button", name="Move “Lesson D”")
    await handle.focus()
    for key in ("ArrowUp", "ArrowUp"):
        await page.keyboard.press(key)
    await expect(page.locator("[data-order-status]")).to_have_text("“Lesson D”: place 2 of 4")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-order-status]")).to_have_text("“Lesson D” moved to place 2 of 4.")
    await _is(page, product, "ADBC")
    await page.keyboard.press("Home")
    await page.keyboard.press("Escape")
    await expect(page.locator("[data-order-status]")).to_have_text("“Lesson D” is back at place 2.")
    await expect(handle).to_be_focused()
    await _is(page, product, "ADBC")
    # What cannot be kept goes back to where it was, and is said.
    await page.context.set_offline(offline=True)
    await page.locator("[data-handle]").first.focus()
    await page.keyboard.press("End")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="Couldn’t move “Lesson A”")).to_be_visible()
    await page.context.set_offline(offline=False)
    await _is(page, product, "ADBC")
    await page.reload()
    assert await _rows(page) == "ADBC"


async def test_a_collection_is_shared_from_its_page_and_says_who_can_see_it(page: Page, product: Product) -> None:
    await page.set_viewport_size({"width": 360, "height": 640})
    await _course(page, product)
    opener = page.get_by_role("button", name="Share", exact=True)
    await opener.click()
    dialog = page.get_by_role("dialog", name="Share “Lessons”")
    who = dialog.get_by_label("Who can see this collection?")
    await expect(dialog.get_by_text("Only you can see this collection.")).to_be_visible()
    await who.select_option("Members – everyone with an account")
    await expect(dialog.get_by_text("Everyone with an account here can watch what is in it")).to_be_visible()
    await who.select_option("Everyone, even without an account")
    await expect(dialog.get_by_text("Anyone can watch what is in it, even without an account.")).to_be_visible()
    people = dialog.get_by_role("region", name="People and groups")
    await expect(people.get_by_role("listitem")).to_have_count(0)
    links = dialog.get_by_role("region", name="Links for people without an account")
    await links.get_by_role("button", name="Create link").click()
    url = await links.get_by_label("New link").input_value()
    for button in await dialog.get_by_role("button").all():
        # To the middle: at an edge it could stand by a part of a pixel outside.
        await button.evaluate("button => button.scrollIntoView({ block: 'center' })")
        await expect(button).to_be_in_viewport(ratio=1)

    # Told anew by the server; and by each a stranger comes in until it is taken back.
    await page.reload()
    collection_id = await page.locator("[data-order]").get_attribute("data-order")
    assert page.context.browser is not None
    guest = await page.context.browser.new_context(ignore_https_errors=True)
    theirs = await guest.new_page()
    for address in (url, f"{product.url('stream')}/collections/{collection_id}"):
        await theirs.goto(address)
        await expect(theirs.get_by_role("link", name="Lesson A")).to_be_visible()
    await theirs.goto(url)
    await theirs.get_by_role("link", name="Lesson B").click()
    await expect(theirs.get_by_role("heading", name="Lesson B", level=1)).to_be_visible()
    await theirs.get_by_role("link", name="All videos").click()
    await expect(theirs.get_by_role("heading", name="Lessons")).to_be_visible()
    # The dialog of its videos says so too.
    video_id = await page.locator("[data-video]").first.get_attribute("data-video")
    await theirs.goto("about:blank")
    mine = await page.context.new_page()
    await mine.goto(f"{product.url('upload')}/videos?share={video_id}")
    await expect(mine.get_by_text("You can watch this video.")).to_be_visible()
    await expect(mine.get_by_text("Also whoever can see these collections: Lessons.")).to_be_visible()
    await mine.close()
    await opener.click()
    await expect(who).to_have_value("everyone")
    await who.select_option("Only you, and those below")
    await expect(dialog.get_by_text("Only you can see this collection.")).to_be_visible()
    await links.get_by_role("button", name="Revoke").click()
    await expect(links.get_by_role("listitem")).to_have_count(0)
    await theirs.goto(url)
    await expect(theirs.get_by_text("ask whoever sent it for another one")).to_be_visible()
    await guest.close()


async def test_who_manages_a_collection_shares_it_from_its_page(page: Page, product: Product) -> None:
    name, upload = f"greta{new_id()[:8]}", product.url("upload")
    account: dict[str, str | float | bool] = {"username": name, "password": "tide-lamp-42-x"}
    async with aiohttp.ClientSession() as session:
        admin = await person(session, product)
        assert (await admin.call("POST", f"{product.url('auth')}/v1/accounts", json=account)).status == 201
        made = await admin.call("POST", f"{upload}/v1/collections", json={"title": f"For {name}"})
    address = f"{upload}/videos/collections/{(await made.json())['id']}"
    opener, title = page.get_by_role("button", name="Share", exact=True), f"Share “For {name}”"
    people = page.get_by_role("dialog", name=title).get_by_role("region", name="People and groups")
    await page.goto(address)
    await opener.click()
    await people.get_by_label("Username").fill(name)
    await people.get_by_label("Permission").select_option("Manage")
    await people.get_by_role("button", name="Share", exact=True).click()
    await expect(people.get_by_role("listitem")).to_contain_text([f"{name} · Person · Can manage"])

    assert page.context.browser is not None
    guest = await page.context.browser.new_context(ignore_https_errors=True)
    answer = await guest.request.post(f"{upload}/login", form=account, headers={"Origin": upload}, max_redirects=0)
    assert answer.status == 303, await answer.text()
    theirs = await guest.new_page()
    await theirs.goto(f"{upload}/videos/collections")
    await expect(theirs.get_by_role("heading", name="Collections of others that you manage")).to_be_visible()
    await expect(theirs.get_by_text("Shared by admin")).to_be_visible()
    await theirs.get_by_role("link", name=f"For {name}").click()
    await expect(theirs.get_by_role("button", name="Delete collection")).to_have_count(0)
    await theirs.get_by_role("button", name="Share", exact=True).click()
    dialog = theirs.get_by_role("dialog", name=title)
    people = dialog.get_by_role("region", name="People and groups")
    await expect(dialog.get_by_text("Its owner and 1 person can watch what is in it.")).to_be_visible()
    # Who else manages it they have no say in.
    await expect(people.get_by_label("Permission")).to_have_count(0)
    await expect(people.get_by_role("button", name="Stop sharing")).to_have_count(0)
    await dialog.get_by_label("Who can see this collection?").select_option("members")
    await expect(dialog.get_by_text("Everyone with an account here can watch what is in it")).to_be_visible()
    await guest.close()


async def test_a_row_is_dragged_by_mouse_and_by_finger(page: Page, product: Product) -> None:
    await _course(page, product)
    handles = page.locator("[data-handle]")
    first, last = await handles.first.bounding_box(), await handles.last.bounding_box()
    assert first is not None
    assert last is not None
    await page.mouse.move(first["x"] + 10, first["y"] + 10)
    await page.mouse.down()
    await page.mouse.move(first["x"] + 10, last["y"] + 10, steps=8)
    await page.mouse.up()
    await _is(page, product, "BCDA")
    # By a finger, which would scroll the page anywhere else; then with Escape in the middle of it.
    touch = await page.context.new_cdp_session(page)

    async def finger(kind: str, y: float = 0) -> None:
        points = [] if kind == "touchEnd" else [{"x": first["x"] + 10, "y": y}]
        await touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    await finger("touchStart", last["y"] + 10)
    for step in range(1, 9):
        await finger("touchMove", last["y"] + 10 - step * (last["y"] - first["y"]) / 8)
    await finger("touchEnd")
    await _is(page, product, "ABCD")
    await page.mouse.move(first["x"] + 10, first["y"] + 10)
    await page.mouse.down()
    await page.mouse.move(first["x"] + 10, last["y"] + 10, steps=4)
    await page.keyboard.press("Escape")
    await page.mouse.up()
    await _is(page, product, "ABCD")


# The video begins while the page is asked for that is next.
_SKIP_AS_IT_BEGINS = """() => {
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "N", code: "KeyN", shiftKey: true, bubbles: true }));
  document.querySelector("video").dispatchEvent(new Event("play"));
}"""


async def test_behind_a_link_the_keyboard_leads_to_the_next_video_and_back(browser: Browser, product: Product) -> None:
    async with aiohttp.ClientSession() as session:
        maker = await person(session, product)
        collections = f"{maker.upload_url}/v1/collections"
        made = f"{collections}/{(await (await maker.call('POST', collections, json={'title': 'Course'})).json())['id']}"
        ids = [(await maker.upload(b"x", title=f"Lesson {number}"))["id"] for number in (1, 2, 3)]
        for video_id in ids:
            assert (await maker.call("PUT", f"{made}/videos/{video_id}")).status == 204
        url = (await (await maker.call("POST", f"{made}/grants", json={"subject": "link"})).json())["url"]
        page = await browser.new_page()

        async def is_at(video_id: str) -> None:
            await expect(page).to_have_url(f"{url}?v={video_id}")
            # With its scripts, which know the keys.
            await page.wait_for_load_state()

        await page.goto(f"{url}?v={ids[0]}")
        current = page.locator(".watch-more [aria-current]")
        await expect(current).to_have_text("Lesson 1")
        await expect(page.get_by_role("link", name="Previous")).to_have_count(0)
        await page.keyboard.press("Shift+N")
        await is_at(ids[1])
        await expect(current).to_have_text("Lesson 2")
        await page.keyboard.press("Shift+P")
        await is_at(ids[0])
        # What has gone meanwhile is passed over.
        assert (await maker.call("DELETE", f"{made}/videos/{ids[1]}")).status == 204
        await page.evaluate(_SKIP_AS_IT_BEGINS)
        await is_at(ids[2])
        await page.get_by_role("link", name="Previous").click()
        await is_at(ids[0])
        await page.close()
