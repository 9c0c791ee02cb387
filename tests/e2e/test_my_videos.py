"""My videos in a browser: edited beside the list, trashed and taken back by keyboard; and all of it without scripts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from common.ids import new_id
from tests import footage
from tests.api_client import person
from tests.browsers import logged_in, uploads
from tests.product import Product
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILM = b"a very short film"


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, product: Product) -> AsyncIterator[Page]:
    context = await logged_in(browser, product)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    await context.close()
    assert complaints == []


@pytest_asyncio.fixture(loop_scope="module")
async def plain_page(browser: Browser, product: Product) -> AsyncIterator[Page]:
    """Without JavaScript."""
    context = await logged_in(browser, product, java_script_enabled=False)
    yield await context.new_page()
    await context.close()


async def _uploaded(product: Product, *titles: str) -> None:
    async with aiohttp.ClientSession() as session:
        somebody = await person(session, product)
        for title in titles:
            await somebody.upload(FILM, title=title)


async def _change_elsewhere(page: Page, product: Product, title: str, **fields: str) -> None:
    """Somebody's other device, while a page is open here."""
    video = (await uploads(page, product, "ready"))[title]
    async with aiohttp.ClientSession() as session:
        somebody = await person(session, product)
        url = f"{product.url('upload')}/v1/uploads/{video['id']}"
        assert (await somebody.call("PATCH", url, json=fields)).status == 200


async def _empty_trash(product: Product) -> None:
    """Of what other tests have left there: they share the product."""
    async with aiohttp.ClientSession() as session:
        somebody = await person(session, product)
        url = f"{product.url('upload')}/v1/uploads"
        left = await somebody.call("GET", f"{url}?state=trashed&limit=100")
        for video in (await left.json())["items"]:
            assert (await somebody.call("DELETE", f"{url}/{video['id']}")).status == 204


async def _is_in(page: Page, product: Product, state: str, title: str) -> None:
    async def is_there() -> bool:
        return title in await uploads(page, product, state)

    await eventually(is_there, what=f"{title} is {state}")


async def test_by_keyboard_a_video_goes_into_the_trash_comes_back_and_is_deleted_for_ever(
    page: Page, product: Product
) -> None:
    await _empty_trash(product)
    await _uploaded(product, "Kept", "Thrown away")
    await page.goto(f"{product.url('upload')}/videos")
    row = page.get_by_role("row").filter(has_text="Thrown away")
    delete = page.get_by_role("button", name="Delete Thrown away", exact=True)
    await delete.focus()
    await page.keyboard.press("Enter")
    await expect(row).to_have_count(0)
    await expect(page.get_by_role("status").filter(has_text="“Thrown away” moved to trash")).to_be_visible()
    await _is_in(page, product, "trashed", "Thrown away")
    await expect(page.get_by_role("button", name="Undo")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(row).to_be_visible()
    await _is_in(page, product, "ready", "Thrown away")
    # Back where it was, with the focus on it.
    assert await row.evaluate("row => row.contains(document.activeElement)")

    await delete.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Undo")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    assert await page.evaluate("document.activeElement.closest('main') !== null")
    await _is_in(page, product, "trashed", "Thrown away")

    await page.get_by_role("link", name="Trash").press("Enter")
    await page.wait_for_url("**/videos?state=trashed")
    await page.get_by_role("button", name="Delete permanently: Thrown away", exact=True).press("Enter")
    # What does no harm has the focus, and leads back.
    question = page.get_by_role("dialog", name="Delete “Thrown away”?")
    await expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    assert await question.evaluate("dialog => dialog.matches(':modal')")
    await page.keyboard.press("Escape")
    opener = page.get_by_role("button", name="Delete permanently: Thrown away", exact=True)
    await expect(opener).to_be_focused()
    await opener.press("Enter")
    await question.get_by_role("button", name="Delete permanently").press("Enter")
    await expect(row).to_have_count(0)
    await expect(page.get_by_role("heading", name="Trash is empty")).to_be_visible()

    async def is_gone() -> bool:
        return "Thrown away" not in await uploads(page, product, "trashed")

    await eventually(is_gone, what="it is deleted")
    assert "Kept" in await uploads(page, product, "ready")


async def test_a_toast_stays_while_the_pointer_is_on_it(page: Page, product: Product) -> None:
    await _uploaded(product, "Pointed at")
    await page.clock.install()
    await page.goto(f"{product.url('upload')}/videos")
    await page.get_by_role("button", name="Delete Pointed at", exact=True).click()
    toast = page.locator(".toast")
    await toast.hover()
    await page.clock.run_for(60_000)
    await expect(toast).to_be_visible()
    await page.mouse.move(0, 0)
    await page.clock.run_for(60_000)
    await expect(toast).to_have_count(0)


async def test_a_video_is_edited_beside_the_list(page: Page, product: Product) -> None:
    await _uploaded(product, "Before")
    await page.goto(f"{product.url('upload')}/videos?limit=90")
    await page.get_by_role("link", name="Edit Before", exact=True).press("Enter")
    panel = page.get_by_role("dialog")
    await expect(panel.get_by_label("Title")).to_be_focused()
    await expect(page).to_have_url(re.compile(r"/videos\?limit=90&edit="))
    await panel.get_by_label("Title").fill(" ")
    await panel.get_by_role("button", name="Save").click()
    await expect(panel.get_by_text("Enter a title.")).to_be_visible()
    # Left unsaved, it is not lost.
    await panel.get_by_label("Title").fill("After")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Keep editing").click()
    await expect(panel.get_by_label("Title")).to_have_value("After")
    await panel.get_by_label("Visibility").select_option("public")
    await _change_elsewhere(page, product, "Before", description="Elsewhere")
    await panel.get_by_role("button", name="Save").click()
    await expect(panel).to_have_count(0)
    await expect(page.get_by_role("row").filter(has_text="After")).to_contain_text("Public")
    await expect(page.get_by_role("link", name="Edit After", exact=True)).to_be_focused()
    await expect(page).to_have_url(re.compile(r"/videos\?limit=90$"))
    saved = (await uploads(page, product, "ready"))["After"]
    assert (saved["visibility"], saved["description"]) == ("public", "Elsewhere")


async def test_who_can_watch_is_changed_wherever_it_stands(page: Page, product: Product) -> None:
    await _uploaded(product, "Seen by whom")
    video_id = (await uploads(page, product, "ready"))["Seen by whom"]["id"]
    who = page.get_by_role("combobox", name="Visibility of Seen by whom", exact=True)

    async def is_saved(visibility: str) -> bool:
        return bool((await uploads(page, product, "ready"))["Seen by whom"]["visibility"] == visibility)

    # A page of stream_svc, and what is changed is upload_svc's.
    await page.goto(f"{product.url('stream')}/watch/{video_id}")
    await expect(who).to_have_value("private")
    await expect(page.get_by_text("Private – you and people you add").first).to_be_visible()
    await who.select_option("public")
    await expect(page.get_by_text("“Seen by whom”: Public – anyone, listed in the library")).to_be_visible()
    await eventually(lambda: is_saved("public"), what="it is public")
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("“Seen by whom”: Private – you and people you add")).to_be_visible()
    await eventually(lambda: is_saved("private"), what="it is private again")

    # On a card, whose link lies below it.
    await page.goto(f"{product.url('stream')}/?sort=-created_at")
    await who.click()
    assert "/watch/" not in page.url
    await page.keyboard.press("Escape")
    await who.select_option("members")
    await eventually(lambda: is_saved("members"), what="it is for members")

    await page.goto(f"{product.url('upload')}/videos")
    await expect(who).to_have_value("members")

    # Said with the link, and changed there.
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    share = page.get_by_role("link", name="Share Seen by whom", exact=True)
    await share.press("Enter")
    dialog = page.get_by_role("dialog", name="Share “Seen by whom”")
    await expect(dialog.get_by_role("button", name="Copy link")).to_be_focused()
    await expect(dialog).to_contain_text("Everyone with an account here can watch", use_inner_text=True)
    # A link that works for nobody else is not offered.
    await dialog.get_by_label("Visibility of").select_option("private")
    await expect(dialog).to_contain_text("Only you can watch", use_inner_text=True)
    await expect(dialog.get_by_role("button", name="Copy link")).to_be_hidden()
    await dialog.get_by_label("Visibility of").select_option("unlisted")
    await eventually(lambda: is_saved("unlisted"), what="it is unlisted")
    await expect(dialog).to_contain_text("Anyone with the link can watch", use_inner_text=True)
    await expect(dialog).not_to_contain_text("Only you can watch", use_inner_text=True)
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(share).to_be_focused()
    await share.press("Enter")
    await expect(dialog.get_by_role("button", name="Copy link")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Link copied. Unlisted – anyone with the link")).to_be_visible()
    await expect(share).to_be_focused()
    assert await page.evaluate("navigator.clipboard.readText()") == f"{product.url('stream')}/watch/{video_id}"


async def test_many_are_selected_in_ranges_and_by_keyboard_trashed_and_taken_back(page: Page, product: Product) -> None:
    await _uploaded(product, "Many 1", "Many 2", "Many 3", "Many 4")
    async with aiohttp.ClientSession() as session:
        await (await person(session, product)).begin(5, title="Many 5")
    await page.goto(f"{product.url('upload')}/videos?q=many&sort=title")
    count = page.locator("[data-count]")

    def box(number: int) -> Locator:
        return page.get_by_role("checkbox", name=f"Select Many {number}", exact=True)

    await box(2).click()
    # Beside the box, and none of the words between are selected.
    await page.locator(".pick").nth(3).click(modifiers=["Shift"], position={"x": 4, "y": 4})
    await expect(count).to_have_text("3 selected")
    assert await page.evaluate("String(getSelection())") == ""
    await page.keyboard.press("Escape")
    await expect(count).to_be_hidden()
    await box(3).press("Space")
    await page.keyboard.press("Shift+ArrowDown")
    await page.keyboard.press("Shift+ArrowDown")
    await expect(count).to_have_text("3 selected")
    await page.keyboard.press("Shift+ArrowUp")
    await expect(count).to_have_text("2 selected")
    await expect(box(4)).to_be_focused()

    # Of all five one cannot be trashed: it stays, and stays selected.
    await page.get_by_role("button", name="Select all on this page").click()
    bar = page.get_by_role("form", name="Selected videos")
    await bar.get_by_role("button", name="Delete").press("Enter")
    await expect(page.get_by_text("1 of 5 couldn’t be changed: “Many 5”. The upload isn’t complete.")).to_be_visible()
    await expect(page.locator("[data-video]")).to_have_count(1)
    await expect(box(5)).to_be_checked()
    await expect(page.get_by_text("4 videos moved to trash.")).to_be_visible()
    await expect(page.get_by_role("button", name="Undo")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-video]")).to_have_count(5)
    titles = [f"Many {number}" for number in range(1, 6)]
    assert await page.locator("[data-video]").evaluate_all("rows => rows.map((row) => row.dataset.title)") == titles
    await expect(box(1)).to_be_focused()
    assert set(titles[:4]) <= (await uploads(page, product, "ready")).keys()

    await box(1).check()
    await bar.get_by_label("New visibility").select_option("public")
    await bar.get_by_role("button", name="Apply").click()
    # The one that stayed selected too.
    await expect(page.get_by_text("2 videos: Public")).to_be_visible()
    await expect(page.get_by_label("Visibility of Many 5")).to_have_value("public")
    await expect(count).to_be_hidden()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_label("Visibility of Many 5")).to_have_value("private")


async def test_all_of_a_list_are_selected_on_whichever_page_they_are(page: Page, product: Product) -> None:
    await _uploaded(product, *(f"Paged {number}" for number in range(1, 6)))
    await page.goto(f"{product.url('upload')}/videos?q=paged&sort=title&limit=2")
    bar = page.get_by_role("form", name="Selected videos")
    count, rows = page.locator("[data-count]"), page.locator("[data-video]")
    await page.get_by_role("link", name="Next page").click()
    await rows.nth(0).locator("[data-pick]").check()
    await bar.get_by_role("button", name="Select all on this page").press("Enter")
    await expect(count).to_have_text("2 selected")
    await bar.get_by_role("button", name="Select all 5 videos").press("Enter")
    await expect(count).to_have_text("5 selected")
    # Without one of them it is a selection of this page.
    await rows.nth(0).locator("[data-pick]").uncheck()
    await expect(count).to_have_text("1 selected")
    await rows.nth(0).locator("[data-pick]").check()
    await bar.get_by_role("button", name="Select all 5 videos").press("Enter")
    await bar.get_by_label("New visibility").select_option("members")
    await bar.get_by_role("button", name="Apply").press("Enter")
    await expect(page.get_by_text("5 videos: Members")).to_be_visible()
    found = await uploads(page, product, "ready")
    titles = {title for title in found if title.startswith("Paged")}
    assert {found[title]["visibility"] for title in titles} == {"members"}

    await rows.nth(0).locator("[data-pick]").check()
    await bar.get_by_role("button", name="Select all on this page").click()
    await bar.get_by_role("button", name="Select all 5 videos").click()
    await bar.get_by_role("button", name="Delete").press("Enter")
    await expect(page.get_by_text("5 videos moved to trash.")).to_be_visible()
    # Nothing is left of this page, nor of the first.
    await expect(page.get_by_role("heading", name="No results for “paged”")).to_be_visible()
    assert titles <= (await uploads(page, product, "trashed")).keys()
    await expect(page.get_by_role("button", name="Undo").last).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(rows).to_have_count(2)
    await expect(page.get_by_role("link", name="Next page")).to_be_visible()
    assert titles <= (await uploads(page, product, "ready")).keys()


async def test_what_a_toast_offers_can_be_had_beside_an_open_panel_and_after_it(page: Page, product: Product) -> None:
    await _uploaded(product, "Below", "Undone")
    await page.goto(f"{product.url('upload')}/videos")
    await page.get_by_role("button", name="Delete Undone", exact=True).click()
    undo = page.get_by_role("button", name="Undo")
    panel = page.get_by_role("dialog")
    await page.get_by_role("link", name="Edit Below", exact=True).click()
    await expect(panel.get_by_role("button", name="Undo")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(panel).to_have_count(0)
    await expect(undo).to_be_visible()
    await page.get_by_role("link", name="Edit Below", exact=True).click()
    await panel.get_by_role("button", name="Undo").click()
    await _is_in(page, product, "ready", "Undone")


async def test_without_javascript_a_video_is_edited_trashed_restored_and_deleted(
    plain_page: Page, product: Product
) -> None:
    page = plain_page
    await _uploaded(product, "Plain")
    await page.goto(f"{product.url('upload')}/videos")
    await page.get_by_role("link", name="Edit Plain", exact=True).click()
    await page.get_by_label("Title", exact=True).fill("Plainer")
    await _change_elsewhere(page, product, "Plain", visibility="members")
    await page.get_by_role("button", name="Save").click()
    row = page.get_by_role("row").filter(has_text="Plainer")
    await expect(row).to_be_visible()
    video = (await uploads(page, product, "ready"))["Plainer"]
    assert video["visibility"] == "members"

    await page.get_by_role("link", name="Share Plainer", exact=True).click()
    link = f"{product.url('stream')}/watch/{video['id']}"
    await expect(page.get_by_label("Link", exact=True)).to_have_value(link)

    # From where it is watched, and back there.
    await page.goto(link)
    await page.get_by_role("button", name="Share").click()
    await expect(page.get_by_label("Link", exact=True)).to_have_value(link)
    await page.get_by_role("button", name="Close").click()
    await page.get_by_role("link", name="Visibility of Plainer").first.click()
    await page.get_by_label("Visibility", exact=True).select_option("public")
    await page.get_by_role("button", name="Save").click()
    await expect(page).to_have_url(f"{product.url('stream')}/watch/{video['id']}")
    await expect(page.get_by_text("Public – anyone, listed in the library").first).to_be_visible()
    await page.goto(f"{product.url('upload')}/videos")

    delete = page.get_by_role("button", name="Delete Plainer", exact=True)
    await delete.click()
    await expect(page.get_by_text("“Plainer” moved to trash.")).to_be_visible()
    await expect(row).to_have_count(0)
    await page.get_by_role("button", name="Undo", exact=True).click()
    await expect(row).to_be_visible()

    await delete.click()
    await page.get_by_role("link", name="Trash").click()
    await page.get_by_role("button", name="Restore Plainer", exact=True).click()
    await expect(row).to_have_count(0)
    await page.goto(f"{product.url('upload')}/videos")
    await delete.click()
    await page.get_by_role("link", name="Trash").click()
    await page.get_by_role("button", name="Delete permanently: Plainer", exact=True).click()
    await page.get_by_role("dialog", name="Delete “Plainer”?").get_by_role("button", name="Delete permanently").click()
    await expect(page).to_have_url(f"{product.url('upload')}/videos?state=trashed")
    await expect(row).to_have_count(0)
    assert "Plainer" not in {**await uploads(page, product, "ready"), **await uploads(page, product, "trashed")}


async def test_a_link_for_somebody_without_an_account_opens_the_video_until_it_is_revoked(
    browser: Browser, page: Page, product: Product
) -> None:
    async with aiohttp.ClientSession() as session:
        video = await (await person(session, product)).upload(
            footage.fetch(footage.NIGHT_MP4).read_bytes(), title="For a guest"
        )
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.goto(f"{product.url('upload')}/videos?share={video['id']}")
    links = page.get_by_role("region", name="Links for people without an account")
    await links.get_by_label("Password").fill("open sesame")
    await links.get_by_role("button", name="Create link").click()
    await expect(page.get_by_text("Link copied. It can’t be shown again.")).to_be_visible()
    url = await links.get_by_label("New link").input_value()
    assert await page.evaluate("navigator.clipboard.readText()") == url

    guest = await browser.new_context()
    theirs = await guest.new_page()
    complaints: list[str] = []
    theirs.on("pageerror", lambda error: complaints.append(str(error)))
    await theirs.goto(url)
    await theirs.get_by_label("Password", exact=True).fill("open sesame")
    await theirs.keyboard.press("Enter")
    await expect(theirs.get_by_role("heading", level=1)).to_have_text("For a guest")
    # With its scripts, which know the keys.
    await theirs.wait_for_load_state()
    await theirs.keyboard.press("m")
    await theirs.keyboard.press("k")
    playing = "document.querySelector('video').currentTime > 0.3"
    await eventually(lambda: theirs.evaluate(playing), what="the film plays")
    assert complaints == []

    # Told anew by the server, and ended by it.
    await page.goto(f"{product.url('upload')}/videos?share={video['id']}")
    await expect(links.get_by_role("listitem")).to_contain_text("1 view")

    # For the pages of other sites.
    sites = links.get_by_label("Embed on")
    await sites.fill("https://lms.example/course?id=3 https://*.wiki.example")
    await links.get_by_role("button", name="Create link").click()
    await expect(page.get_by_text("Embed code copied. It can’t be shown again.")).to_be_visible()
    code = await links.get_by_label("Embed code").input_value()
    assert await page.evaluate("navigator.clipboard.readText()") == code
    assert code.startswith(f'<iframe src="{product.url("stream")}/embed/')
    await expect(links.get_by_role("listitem").first).to_contain_text("embedded on lms.example, *.wiki.example")
    await links.get_by_role("button", name="Revoke").first.click()
    await expect(links.get_by_role("listitem")).to_have_count(1)
    await links.get_by_role("button", name="Revoke").click()
    await expect(page.get_by_text("Link revoked.").first).to_be_visible()
    await expect(links.get_by_role("listitem")).to_have_count(0)
    await theirs.reload()
    await expect(theirs.get_by_text("ask whoever sent it for another one")).to_be_visible()
    await guest.close()


async def test_a_video_is_shared_with_people_and_groups_on_the_smallest_screen(page: Page, product: Product) -> None:
    async with aiohttp.ClientSession() as session:
        admin, name = await person(session, product), f"greta{new_id()[:8]}"
        account = {"username": name, "password": "tide-lamp-42-x"}
        assert (await admin.call("POST", f"{product.url('auth')}/v1/accounts", json=account)).status == 201
        group = await admin.call("POST", f"{product.url('auth')}/v1/groups", json={"name": f"Class of {name}"})
        assert group.status == 201
        video = await admin.upload(b"a very short film", title=f"For {name}")
    await page.set_viewport_size({"width": 360, "height": 640})
    await page.goto(f"{product.url('upload')}/videos?share={video['id']}")
    dialog = page.get_by_role("dialog")
    people = dialog.get_by_role("region", name="People and groups")
    await expect(dialog.get_by_text("Only you can watch this video, so its link")).to_be_visible()
    await people.get_by_role("button", name="Share", exact=True).click()
    await expect(people.get_by_text("Enter a username or choose a group.")).to_be_visible()
    await people.get_by_label("Username").fill("nobody of this name")
    await page.keyboard.press("Enter")
    await expect(people.get_by_text("There’s no account with this username.")).to_be_visible()
    await people.get_by_label("Username").fill(f" {name.upper()} ")
    await people.get_by_label("Group").select_option(label=f"Class of {name}")
    await people.get_by_label("Ends").select_option("In a week")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_text("You, 1 person and 1 group can watch this video.")).to_be_visible()
    await expect(people.get_by_role("listitem")).to_contain_text(
        [f"Class of {name} · Group · until", f"{name} · Person"]
    )

    # Told anew by the server, also where there is little height; and nothing lies outside.
    await page.set_viewport_size({"width": 780, "height": 360})
    await page.goto(f"{product.url('upload')}/videos?share={video['id']}")
    await expect(dialog.get_by_text("You, 1 person and 1 group can watch this video.")).to_be_visible()
    for button in await people.get_by_role("button").all():
        await button.scroll_into_view_if_needed()
        await expect(button).to_be_in_viewport(ratio=1)
    await people.get_by_role("button", name=f"Stop sharing with Class of {name}").click()
    await expect(dialog.get_by_text("You and 1 person can watch this video.")).to_be_visible()
    await people.get_by_role("button", name=f"Stop sharing with {name}").click()
    await expect(dialog.get_by_text("Only you can watch this video, so its link")).to_be_visible()
