"""The upload page with several files: one after another, paused, cut off, cancelled, edited under way."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, CDPSession, Dialog, Locator, Page, Request, expect

from tests import footage
from tests.browsers import logged_in, stored_sha256, titled, uploads
from tests.footage import sha256_of
from tests.product import Product
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Slow enough that what happens on the way can be seen and interfered with.
BYTES_PER_SECOND = 4 * 2**20
DONE_MS = 120_000
PART = 8 * 2**20
_CHANGES = re.compile(r"/v1/uploads/[a-z2-7]{26}$")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def context(browser: Browser, product: Product) -> AsyncIterator[BrowserContext]:
    context = await logged_in(browser, product)
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(context: BrowserContext, product: Product) -> AsyncIterator[Page]:
    """The upload page; nothing may be said on its console but that the line is cut."""
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{product.url('upload')}/upload")
    yield page
    await context.set_offline(False)
    await page.close()
    assert complaints == []


@pytest.fixture(scope="module")
def night() -> Path:
    """12 MB: two parts."""
    return footage.fetch(footage.NIGHT_MP4)


@pytest.fixture(scope="module")
def ocean() -> Path:
    return footage.fetch(footage.OCEAN_MP4)


async def _slow_line(page: Page) -> CDPSession:
    network = await page.context.new_cdp_session(page)
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": BYTES_PER_SECOND}
    await network.send("Network.emulateNetworkConditions", conditions)
    return network


async def _choose(page: Page, *files: Path) -> list[Locator]:
    """The rows of these files, in their order."""
    await page.locator("input[name=file]").set_input_files(files)
    rows = page.locator("[data-file]")
    await expect(rows).to_have_count(len(files), timeout=DONE_MS)
    return [rows.nth(number) for number in range(len(files))]


async def _open(row: Locator) -> None:
    await row.get_by_role("button", name="Details").click()


async def _sent(row: Locator) -> float:
    return float(await row.locator("progress").evaluate("bar => bar.value / bar.max"))


async def _is_moving(row: Locator) -> None:
    before = await _sent(row)

    async def has_moved() -> bool:
        return await _sent(row) > before

    await eventually(has_moved, what="bytes move")


async def test_three_files_go_one_after_another_each_as_it_was_described(
    page: Page, product: Product, film: Path, night: Path, ocean: Path
) -> None:
    network = await _slow_line(page)
    rows = await _choose(page, night, ocean, film)
    # Choosing them is uploading them, each a line that opens.
    await expect(rows[0]).to_have_attribute("data-state", "sending")
    for row in rows[1:]:
        await expect(row).to_contain_text("Queued")
    await expect(page.get_by_label("Title")).to_have_count(0)
    # What is changed while it waits is how it begins; what was chosen for all holds for each, until another is.
    await page.get_by_label("For all: who can watch").select_option("members")
    described = {"Night": "members", "Ocean": "members", "Three times": "public"}
    for row, title in zip(rows, described, strict=True):
        await _open(row)
        await row.get_by_label("Title").fill(title)
    await rows[1].get_by_label("Description").fill("Written while it waited.")
    await rows[2].get_by_label("Visibility").select_option("public")
    await expect(page.get_by_label("For all: who can watch")).to_have_value("")
    # Elsewhere one goes beside the page, which goes on.
    async with page.context.expect_page() as beside:
        await page.get_by_role("link", name="Library").click()
    await (await beside.value).close()
    assert page.url.endswith("/upload")
    await expect(page.get_by_text("Links open in a new tab while uploading.")).to_be_visible()
    await expect(page.locator("[data-overall]")).to_be_visible()
    await eventually(lambda: _title_says_per_cent(page), what="the title bar shows how far it is")
    await network.detach()
    for row in rows:
        await expect(row.get_by_role("link", name="Watch", exact=True)).to_be_visible(timeout=DONE_MS)
    await expect(page.get_by_role("heading", name="3 uploads complete")).to_be_visible()
    await expect(page.locator("[data-leaving]")).to_have_text("You can leave this page now.")
    await expect(page.locator("[data-overall]")).to_be_hidden()
    await expect(page).to_have_title("Upload · vss")

    found = await uploads(page, product, "ready")
    assert {title: found[title]["visibility"] for title in described} == described
    assert found["Ocean"]["description"] == "Written while it waited."
    for title, file in zip(described, (night, ocean, film), strict=True):
        assert await stored_sha256(page, product, found[title]["id"]) == sha256_of(file)


async def _title_says_per_cent(page: Page) -> bool:
    return "%" in await page.title()


async def test_a_paused_upload_sends_nothing_and_goes_on_when_told(page: Page, product: Product, film: Path) -> None:
    network = await _slow_line(page)
    [row] = await _choose(page, film)
    await titled(row, "Paused for a while")
    await _is_moving(row)
    await row.get_by_role("button", name="Pause").click()
    await expect(row).to_contain_text("Paused")
    await expect(row.get_by_role("button", name="Resume", exact=True)).to_be_focused()
    sent: list[Request] = []
    # Not the method itself: Playwright marks what it is given, and cannot mark that.
    page.on("request", lambda request: sent.append(request))  # noqa: PLW0108
    held = await _sent(row)
    # As long as a part would take; the page's own clock is what must not have moved it.
    await page.evaluate("new Promise((resolve) => setTimeout(resolve, 1500))")
    assert (sent, await _sent(row)) == ([], held)
    await network.detach()
    await row.get_by_role("button", name="Resume", exact=True).click()
    await expect(row).to_contain_text("Uploaded", timeout=DONE_MS)
    assert (await uploads(page, product, "ready"))["Paused for a while"]["size"] == film.stat().st_size


async def test_under_a_limit_parts_wait_for_their_turn_and_another_limit_holds_at_once(
    page: Page, product: Product, night: Path
) -> None:
    speed = page.get_by_label("Speed limit")
    happened: list[str] = []
    page.on("request", lambda request: happened.append("PUT") if request.method == "PUT" else None)
    # It is chosen where files are, and holds for the next ones.
    await _choose(page, Path(__file__))
    await page.get_by_label("Upload options").click()
    # By keyboard: the last choice.
    await speed.press("End")
    await expect(speed).to_have_value("1")
    await page.get_by_role("button", name="Remove ").press("Enter")
    [row] = await _choose(page, night)
    await titled(row, "Within the limit")

    async def is_one_part_there() -> bool:
        return bool(await row.locator("progress").evaluate("bar => bar.value") == PART)

    await eventually(is_one_part_there, what="the first part is there")
    # 8 MiB at 1 Mbit/s, less what has passed, and nothing for the last part.
    await expect(row).to_contain_text(re.compile(r"limited to 1 Mbit/s · (2 min|\d\d s) left"))
    await row.get_by_role("button", name="Pause").press("Enter")
    await expect(row).to_contain_text("Paused")
    await row.get_by_role("button", name="Resume", exact=True).press("Enter")
    await expect(row).to_have_attribute("data-state", "sending")
    await expect(row).to_contain_text("limited to 1 Mbit/s")
    assert await is_one_part_there()
    happened.append("lifted")
    await page.get_by_label("Upload options").click()
    await speed.select_option(label="No limit")
    await expect(row).to_contain_text("Uploaded", timeout=DONE_MS)
    assert happened == ["PUT", "lifted", "PUT"]
    found = (await uploads(page, product, "ready"))["Within the limit"]
    assert await stored_sha256(page, product, found["id"]) == sha256_of(night)

    await speed.select_option(label="5 Mbit/s")
    await page.reload()
    await expect(speed).to_have_value("5")
    await _choose(page, Path(__file__))
    await page.get_by_label("Upload options").click()
    await speed.select_option("")


async def test_a_line_that_is_cut_loses_nothing_and_it_goes_on_by_itself(
    page: Page, product: Product, film: Path
) -> None:
    network = await _slow_line(page)
    [row] = await _choose(page, film)
    await titled(row, "Cut off")
    await _is_moving(row)
    await page.context.set_offline(offline=True)
    await network.detach()
    await expect(row).to_contain_text(
        re.compile(r"(You’re offline|The connection dropped)\. Nothing is lost\. Retrying in")
    )
    await expect(row).to_contain_text("Interrupted")
    await expect(row.get_by_role("button", name="Try now")).to_be_visible()
    await page.context.set_offline(offline=False)
    await expect(row).to_contain_text("Uploaded", timeout=DONE_MS)
    found = (await uploads(page, product, "ready"))["Cut off"]
    assert await stored_sha256(page, product, found["id"]) == sha256_of(film)


async def test_under_way_it_can_be_edited_linked_to_and_not_left_by_mistake(
    page: Page, product: Product, film: Path
) -> None:
    network = await _slow_line(page)
    [row] = await _choose(page, film)
    await titled(row, "Working title")
    await _is_moving(row)
    # Kept while the server does not answer, and saved when it does.
    await page.route(_CHANGES, lambda route: route.abort())
    await row.locator("[name=title]").fill("The final title")
    await expect(row.locator("[data-saved-of=title]")).to_have_text("Not saved yet")
    await page.unroute(_CHANGES)
    await row.get_by_label("Visibility").select_option("members")
    await expect(row.locator("[data-saved-of=title]")).to_have_text("Saved")

    async def is_saved() -> bool:
        found = (await uploads(page, product, "uploading")).get("The final title")
        return found is not None and found["visibility"] == "members"

    await eventually(is_saved, what="the edit is saved while it is being sent")
    await row.get_by_role("button", name="Copy link").click()
    link = await page.evaluate("navigator.clipboard.readText()")
    upload = (await uploads(page, product, "uploading"))["The final title"]
    assert link == f"{product.url('stream')}/watch/{upload['id']}"
    # Who can open it is said with it, and can be changed there.
    await expect(page.get_by_text("Link copied. Members – everyone with an account")).to_be_visible()
    await page.get_by_role("button", name="Change", exact=True).click()
    visibility = row.get_by_label("Visibility")
    await expect(visibility).to_be_focused()
    await page.keyboard.press("Escape")
    await visibility.select_option("public")

    async def is_public() -> bool:
        return bool((await uploads(page, product, "uploading"))["The final title"]["visibility"] == "public")

    await eventually(is_public, what="it is public")

    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    await page.close(run_before_unload=True)
    await eventually(lambda: _is_true(asked), what="the browser asks before the page is left")
    assert asked == ["beforeunload"]
    await network.detach()
    await expect(row).to_contain_text("Uploaded", timeout=DONE_MS)
    page.remove_listener("dialog", stay)


async def _is_true(value: object) -> bool:
    return bool(value)


async def test_a_cancelled_one_is_gone_and_the_next_has_its_turn(
    page: Page, product: Product, film: Path, ocean: Path
) -> None:
    network = await _slow_line(page)
    first, second = await _choose(page, film, ocean)
    await _open(first)
    await titled(first, "Given up")
    await _open(second)
    await second.get_by_label("Title").fill("After it")
    # Out of the queue and back again, with what was typed.
    await second.get_by_role("button", name="Cancel").click()
    await expect(page.locator("[data-file]")).to_have_count(1)
    await page.get_by_role("button", name="Undo").click()
    await expect(second).to_contain_text("Queued")
    await _is_moving(first)
    await first.get_by_role("button", name="Cancel").press("Enter")
    await page.get_by_role("button", name="Cancel upload").press("Enter")
    await expect(page.get_by_role("status").filter(has_text="Upload of “Given up” cancelled")).to_be_visible()
    await expect(page.locator("[data-file]")).to_have_count(1)
    # The focus is on the file that is left, not lost.
    await expect(page.locator("[data-file] h3")).to_be_focused()
    await network.detach()
    await expect(page.locator("[data-file]")).to_contain_text("Uploaded", timeout=DONE_MS)
    assert "Given up" not in await uploads(page, product, "uploading")
    assert "After it" in await uploads(page, product, "ready")


async def test_all_are_cancelled_after_one_question(
    page: Page, product: Product, film: Path, night: Path, ocean: Path
) -> None:
    before = (await uploads(page, product, "uploading")).keys()
    await _slow_line(page)
    first, second, third = await _choose(page, night, film, ocean)
    # The same file once more is the same upload.
    await page.locator("input[name=file]").set_input_files(ocean)
    await expect(page.get_by_text("1 file is already on this page.")).to_be_visible()
    await expect(third.locator("h3")).to_be_focused()
    await _open(first)
    await titled(first, "All given up")
    await first.get_by_role("button", name="Pause").click()
    await expect(second).to_have_attribute("data-state", "sending")
    await expect(third).to_contain_text("Queued")
    everything = page.get_by_role("button", name="Cancel all")
    await everything.press("Enter")
    question = page.get_by_role("dialog", name="Cancel all uploads?")
    await question.get_by_role("button", name="Keep uploading").press("Enter")
    await expect(everything).to_be_focused()
    await everything.press("Enter")
    await question.get_by_role("button", name="Cancel all").press("Enter")
    await expect(page.locator("[data-file]")).to_have_count(0)
    await expect(page.get_by_role("status").filter(has_text="3 uploads cancelled.")).to_be_visible()
    await expect(page.locator("[name=file]")).to_be_focused()
    assert (await uploads(page, product, "uploading")).keys() == before


async def test_what_is_no_video_is_refused_beside_it_before_anything_is_sent(
    page: Page, product: Product, tmp_path: Path
) -> None:
    notes, empty = tmp_path / "notes.txt", tmp_path / "empty.mp4"
    notes.write_text("no film")
    empty.touch()
    # Others share the product, and left some unfinished.
    before = await uploads(page, product, "uploading")
    sent: list[Request] = []
    # The browser asks for the tab's picture when it likes.
    page.on("request", lambda request: None if request.url.endswith("/mark.svg") else sent.append(request))
    first, second = await _choose(page, notes, empty)
    await expect(first).to_contain_text("This file type isn’t supported. Use MP4")
    await expect(second).to_contain_text("This file is empty.")
    # Dropped anywhere on the page, too; and then the page is still there.
    dropped = await page.evaluate_handle(
        "() => { const data = new DataTransfer(); data.items.add(new File(['x'], 'more.pdf')); return data }"
    )
    await page.dispatch_event("h1", "drop", {"dataTransfer": dropped})
    await expect(page.locator("[data-file]")).to_have_count(3)
    assert await page.get_by_role("main").get_by_role("button", name="Upload", exact=True).count() == 0
    assert sent == []
    for _ in range(3):
        await page.get_by_role("button", name="Remove ").first.press("Enter")
    await expect(page.locator("[data-file]")).to_have_count(0)
    await expect(page.locator("input[name=file]")).to_be_focused()
    assert await uploads(page, product, "uploading") == before


async def test_with_many_files_one_event_touches_one_row(page: Page, tmp_path: Path) -> None:
    """Work is counted, not time: a thousand rows must not be looked through whenever something happens to one."""
    await page.route(re.compile(r"partNumber="), lambda _route: None)
    files = [tmp_path / f"film {number}.mp4" for number in range(60)]
    for file in files:
        file.write_bytes(b"x" * 2000)
    rows = await _choose(page, *files)
    await expect(page.locator("[data-state='waiting']")).to_have_count(len(files) - 1, timeout=DONE_MS)
    # A browser looks at all fields that are there, to fill them in, whenever one is added.
    await expect(page.locator("[data-file] :is(form, select)")).to_have_count(0)
    await _open(rows[40])
    await expect(rows[40].get_by_label("Title")).to_have_value("film 40")
    await page.evaluate(
        """() => {
          window.touched = new Set();
          const watcher = new MutationObserver((changes) => {
            for (const { target } of changes) {
              const element = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
              const row = element?.closest("[data-file]");
              if (row) window.touched.add([...row.parentElement.children].indexOf(row));
            }
          });
          const all = { subtree: true, childList: true, attributes: true, characterData: true };
          watcher.observe(document.querySelector("[data-file-list]"), all);
        }"""
    )
    await rows[0].get_by_role("button", name="Pause").click()
    await expect(rows[1]).to_have_attribute("data-state", "sending", timeout=DONE_MS)
    assert await page.evaluate("[...touched].sort((a, b) => a - b)") == [0, 1]
    await page.close(run_before_unload=False)


async def test_parts_are_hashed_beside_the_page(page: Page, night: Path) -> None:
    await page.add_init_script("crypto.subtle.digest = () => { throw new Error('hashed on the page'); }")
    await page.reload()
    (row,) = await _choose(page, night)
    await titled(row, "Hashed in a worker")
    await expect(row).to_contain_text("Uploaded", timeout=DONE_MS)


async def test_files_dropped_on_another_page_are_uploaded_beside_it(page: Page, product: Product, night: Path) -> None:
    await page.goto(f"{product.url('stream')}/")
    devtools = await page.context.new_cdp_session(page)
    drag = {"x": 300, "y": 300, "data": {"items": [], "files": [str(night)], "dragOperationsMask": 1}}
    # The first is over the page, the second over what then lies upon it.
    for step in ("dragEnter", "dragOver", "dragOver"):
        await devtools.send("Input.dispatchDragEvent", {"type": step, **drag})
    await expect(page.get_by_text("Drop to upload")).to_be_visible()
    async with page.context.expect_page() as opened:
        await devtools.send("Input.dispatchDragEvent", {"type": "drop", **drag})
    upload = await opened.value
    await expect(upload.locator("[data-file]")).to_contain_text("Uploaded", timeout=DONE_MS)
    assert upload.url == f"{product.url('upload')}/upload"
    await expect(page.get_by_text("Drop to upload")).to_be_hidden()
    await upload.close()
    # Where nobody is logged in nothing falls, and nothing takes the page's place.
    stranger = await page.context.browser.new_context()  # type: ignore[union-attr]
    page = await stranger.new_page()
    await page.goto(f"{product.url('auth')}/login")
    devtools = await stranger.new_cdp_session(page)
    for step in ("dragEnter", "dragOver", "drop"):
        await devtools.send("Input.dispatchDragEvent", {"type": step, **drag})
    assert await page.evaluate("location.pathname") == "/login"
    assert len(stranger.pages) == 1
    await stranger.close()
