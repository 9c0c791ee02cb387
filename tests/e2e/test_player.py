"""The player in a real browser, with real footage: its controls, its keys, and what it says when there is trouble."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect

from tests import browsers, footage
from tests.api_client import Person, person
from tests.product import Product
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILM_SECONDS = 142.65
# What the browser itself writes while there is no network.
OFFLINE = re.compile("ERR_INTERNET_DISCONNECTED|ERR_FAILED")


@dataclass(frozen=True, slots=True)
class Uploader:
    """Somebody whose films are there to be watched."""

    person: Person

    async def upload(self, file: Path, **fields: Any) -> str:
        content = file.read_bytes()
        video = await self.person.begin(len(content), filename=file.name, **fields)
        await self.person.send(video, content)
        assert (await self.person.complete(video["id"])).status == 200
        video_id: str = video["id"]
        return video_id


@dataclass(slots=True)
class Window:
    """A browser window with a player, and what was complained about in it."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    @property
    def video(self) -> Locator:
        return self.page.locator("video")

    @property
    def player(self) -> Locator:
        return self.page.locator("[data-player]")

    def button(self, name: str) -> Locator:
        return self.player.get_by_role("button", name=name, exact=True)

    async def until(self, is_true: str) -> None:
        """Until that holds of the video."""

        async def holds() -> bool:
            return bool(await self.video.evaluate(is_true))

        await eventually(holds, what=is_true)

    async def open(self, url: str) -> None:
        await self.page.goto(url)
        await self.until("video => video.readyState >= 2 || video.error !== null")

    async def state(self, state: str) -> None:
        await expect(self.player).to_have_attribute("data-state", state, timeout=60_000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def uploader(product: Product) -> AsyncIterator[Uploader]:
    async with aiohttp.ClientSession() as session:
        yield Uploader(await person(session, product))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def night(uploader: Uploader, product: Product, film: Path) -> str:
    """The watch page of a film of 142 s that anybody may watch."""
    video_id = await uploader.upload(film, title="Night for the player", visibility="public")
    return f"{product.url('stream')}/watch/{video_id}"


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await _new_context(browser)
    yield context
    await context.close()


async def _new_context(browser: Browser, **options: Any) -> BrowserContext:
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, **options)
    context.set_default_timeout(30_000)
    await context.add_init_script(
        "document.addEventListener('securitypolicyviolation',"
        " (e) => console.error(`CSP: ${e.effectiveDirective} forbids ${e.blockedURI}`))"
    )
    return context


@pytest_asyncio.fixture(loop_scope="module")
async def window(context: BrowserContext) -> AsyncIterator[Window]:
    """A new window of nobody who is known, in which nothing may go wrong unseen."""
    window = Window(await context.new_page())
    _listen(window)
    yield window
    assert window.complaints == []


def _listen(window: Window) -> None:
    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            window.complaints.append(message.text)

    window.page.on("console", note)
    window.page.on("pageerror", lambda error: window.complaints.append(str(error)))


async def _is_away(url: str) -> bool:
    async with aiohttp.ClientSession() as session, session.get(url, headers={"Range": "bytes=0-0"}) as answer:
        return answer.status == 404


async def _log_in(page: Page, product: Product) -> None:
    await page.goto(f"{product.url('stream')}/login")
    await page.get_by_label("Username").fill("admin")
    await page.get_by_label("Password", exact=True).fill("admin")
    await page.get_by_role("button", name="Log in").click()
    await expect(page).to_have_url(f"{product.url('stream')}/")


async def test_a_moment_is_shared_and_begun_at(window: Window, context: BrowserContext, night: str) -> None:
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = window.page
    await window.open(f"{night}?t=1m5s")
    await window.until("video => Math.abs(video.currentTime - 65) < 1")
    share = page.get_by_role("button", name="Share")
    await share.press("Enter")
    dialog = page.get_by_role("dialog", name="Share “Night for the player”")
    await expect(dialog).to_contain_text("Public – anyone, listed in the library")
    await expect(dialog.get_by_role("button", name="Copy link", exact=True)).to_be_focused()
    await dialog.get_by_role("button", name="Copy link at 1:05").press("Enter")
    await expect(page.get_by_text("Link copied. Public – anyone, listed in the library")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == f"{night}?t=65"
    await expect(dialog).to_be_hidden()
    await expect(share).to_be_focused()

    # Where a page may not copy, a person can.
    await page.evaluate("delete Navigator.prototype.clipboard")
    await share.press("Enter")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Couldn’t copy the link. It’s selected: copy it yourself.")).to_be_visible()
    assert await page.evaluate("getSelection().toString()") == night


async def test_a_card_that_is_clicked_plays_and_a_reload_does_not(
    context: BrowserContext, night: str, product: Product
) -> None:
    window = Window(await context.new_page())
    await _log_in(window.page, product)
    await window.page.get_by_role("link", name="Night for the player").first.click()
    await window.state("playing")
    await window.until("video => video.currentTime > 0.5")
    await window.page.reload()
    await window.until("video => video.readyState >= 2")
    assert await window.video.evaluate("video => video.paused")


async def test_the_next_one_that_is_still_there_follows_and_can_be_stopped(
    context: BrowserContext, uploader: Uploader, product: Product
) -> None:
    ocean = footage.fetch(footage.OCEAN_MP4)
    ids = {name: await uploader.upload(ocean, title=f"Chain {name}") for name in "CBA"}
    window = Window(await context.new_page())
    page = window.page
    await _log_in(page, product)
    await page.goto(f"{product.url('stream')}/?q=chain&sort=title")
    await page.get_by_role("link", name="Chain A").click()
    await window.state("playing")
    gone = await uploader.person.call("DELETE", f"{product.url('upload')}/v1/uploads/{ids['B']}")
    assert gone.status == 204
    next_one = page.get_by_role("group", name="Up next")
    await page.keyboard.press("End")
    await expect(next_one).to_contain_text("Chain C")
    await page.keyboard.press("Escape")
    await expect(next_one).to_be_hidden()
    # Again from near the end, in the menu of which it is switched off, and on.
    await window.button("Settings, speed 1×").click()
    setting = page.get_by_role("menuitemcheckbox", name="Play automatically")
    await setting.press("Enter")
    await page.keyboard.press("Escape")
    await window.video.evaluate("video => { video.currentTime = 5; return video.play() }")
    await window.state("playing")
    await page.keyboard.press("End")
    await window.state("ended")
    await expect(next_one).to_be_hidden()
    await window.button("Settings, speed 1×").click()
    await setting.press("Enter")
    await page.keyboard.press("Escape")
    await window.video.evaluate("video => { video.currentTime = 5; return video.play() }")
    await window.state("playing")
    await page.keyboard.press("End")
    await next_one.get_by_role("button", name="Play now").click()
    await page.wait_for_url(f"**/watch/{ids['C']}?q=chain&sort=title")
    await window.state("playing")


async def test_a_phone_shares_with_its_apps(browser: Browser, night: str) -> None:
    context = await _new_context(browser, has_touch=True, is_mobile=True)
    await context.add_init_script("navigator.share = async (what) => { window.shared = what.url }")
    window = Window(await context.new_page())
    await window.open(night)
    await window.page.get_by_role("button", name="Share").tap()
    await window.page.get_by_role("button", name="Share with an app").tap()
    assert await window.page.evaluate("window.shared") == night
    await context.close()


async def test_the_keys_do_what_people_know(window: Window, night: str) -> None:
    await window.open(night)
    press = window.page.keyboard.press
    await press("k")
    await window.until("video => !video.paused && video.currentTime > 0.2")
    await press(" ")
    await window.until("video => video.paused")
    await press("Home")
    for key, seconds in (("l", 10), ("l", 20), ("ArrowRight", 25), ("j", 15), ("ArrowLeft", 10)):
        await press(key)
        await window.until(f"video => !video.seeking && Math.abs(video.currentTime - {seconds}) < 0.1")
    await press(".")
    await window.until("video => video.currentTime > 10.01 && video.currentTime < 10.1")
    await press(",")
    await window.until("video => Math.abs(video.currentTime - 10) < 0.01")
    await press("5")
    await window.until(f"video => Math.abs(video.currentTime - {FILM_SECONDS / 2}) < 0.5")
    for key, holds in (
        ("m", "video.muted"),
        ("m", "!video.muted"),
        ("ArrowDown", "Math.abs(video.volume - 0.95) < 0.001"),
        ("ArrowUp", "video.volume === 1"),
        (">", "video.playbackRate === 1.25"),
        ("<", "video.playbackRate === 1"),
        ("f", "document.fullscreenElement === video.parentElement"),
        ("f", "document.fullscreenElement === null"),
        ("t", "video.parentElement.getBoundingClientRect().width === document.documentElement.clientWidth"),
        ("t", "video.parentElement.getBoundingClientRect().width < document.documentElement.clientWidth"),
    ):
        await press(key)
        await window.until(f"video => {holds}")
    await press("End")
    await window.state("ended")
    await expect(window.button("Play again")).to_be_visible()


async def test_a_question_mark_lists_the_keys(window: Window, night: str) -> None:
    await window.open(night)
    await window.page.keyboard.press("?")
    dialog = window.page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(dialog).to_be_visible()
    await expect(dialog.get_by_text("Skip back or forward 10 s")).to_be_visible()
    # Under it nothing happens.
    await window.page.keyboard.press("k")
    assert await window.video.evaluate("video => video.paused")
    await window.page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()


async def test_time_is_set_by_pointer_and_by_keyboard(window: Window, night: str) -> None:
    await window.open(night)
    box = await window.player.locator("[data-seek]").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    await window.page.mouse.move(box["x"] + box["width"] / 4, middle)
    await expect(window.player.locator("[data-seek-time]")).to_have_text("0:35")
    # Where the pointer is shown to lead, there it leads.
    await window.page.mouse.down()
    await window.page.mouse.move(box["x"] + box["width"] / 2, middle)
    await expect(window.player.locator("[data-seek-time]")).to_have_text("1:11")
    await window.page.mouse.up()
    await window.until(f"video => !video.seeking && Math.abs(video.currentTime - {FILM_SECONDS / 2}) < 0.5")

    slider = window.player.get_by_role("slider", name="Time")
    await expect(slider).to_have_attribute("aria-valuetext", "1 minute 11 seconds of 2 minutes 22 seconds")
    await slider.focus()
    await window.page.keyboard.press("ArrowRight")
    await window.until(f"video => Math.abs(video.currentTime - {FILM_SECONDS / 2 + 5}) < 0.5")
    await window.page.keyboard.press("PageDown")
    await window.until(f"video => video.currentTime < {FILM_SECONDS / 2}")
    await window.page.keyboard.press("Home")
    await window.until("video => video.currentTime < 0.1")
    await expect(slider).to_have_attribute("aria-valuetext", "0 seconds of 2 minutes 22 seconds")


async def test_the_buttons_say_what_they_do_and_do_it(window: Window, night: str) -> None:
    await window.open(night)
    assert not await window.video.evaluate("video => video.controls")
    await window.button("Play").click()
    await window.state("playing")
    await window.button("Pause").click()
    await window.state("paused")
    await window.button("Skip forward 10 seconds").click()
    await window.until("video => video.currentTime >= 10")
    await window.button("Skip back 10 seconds").click()
    await window.until("video => video.currentTime < 5")
    await window.button("Mute").click()
    await window.until("video => video.muted")
    await window.button("Settings, speed 1×").click()
    await window.page.keyboard.press("ArrowUp")
    await window.page.keyboard.press("Enter")
    await window.until("video => video.playbackRate === 1.25")
    await expect(window.button("Settings, speed 1.25×")).to_be_focused()
    await window.player.get_by_role("slider", name="Volume").fill("0.4")
    await window.until("video => !video.muted && Math.abs(video.volume - 0.4) < 0.001")
    # What was chosen for the sound is kept.
    await window.open(night)
    await window.until("video => Math.abs(video.volume - 0.4) < 0.001")
    title = await window.page.evaluate("navigator.mediaSession.metadata.title")
    assert title == "Night for the player"


async def test_still_controls_go_but_never_from_under_the_keyboard(window: Window, night: str) -> None:
    await window.open(night)
    await window.page.clock.install()
    await window.button("Play").click()
    await window.state("playing")
    await window.page.mouse.move(5, 5)
    await window.page.clock.run_for(3_500)
    await expect(window.player).to_have_attribute("data-still", "")
    await window.page.keyboard.press("m")
    await expect(window.player).not_to_have_attribute("data-still", "")
    # Not while the keyboard is on one of them, be it twice as long.
    await window.page.keyboard.press("Tab")
    await window.player.get_by_role("slider", name="Time").focus()
    await window.page.keyboard.press("ArrowLeft")
    await window.page.clock.run_for(6_500)
    await expect(window.player).not_to_have_attribute("data-still", "")


async def test_fingers_show_and_hide_the_controls_and_jump_at_the_sides(browser: Browser, night: str) -> None:
    context = await _new_context(browser, has_touch=True, is_mobile=True)
    window = Window(await context.new_page())
    _listen(window)
    await window.page.set_viewport_size({"width": 360, "height": 740})
    await window.open(night)
    box = await window.video.bounding_box()
    assert box is not None
    for button in ("Play", "Skip back 10 seconds", "Full screen"):
        size = await window.button(button).bounding_box()
        assert size is not None
        assert min(size["width"], size["height"]) >= 44
    await window.button("Play").tap()
    await window.state("playing")
    top, left, right = box["y"] + 20, box["x"] + 30, box["x"] + box["width"] - 30
    await window.page.touchscreen.tap(left, top)
    await expect(window.player).to_have_attribute("data-still", "")
    await window.video.evaluate("video => video.pause()")
    await window.video.evaluate("video => { video.currentTime = 50 }")
    # Both taps by the page's own clock: a machine under load is slower than two fingers.
    twice = """(video, x) => {
        const tap = () => {
            video.dispatchEvent(new PointerEvent('pointerdown', { pointerType: 'touch', clientX: x, bubbles: true }))
            video.dispatchEvent(new PointerEvent('click', { pointerType: 'touch', clientX: x, bubbles: true }))
        }
        tap()
        tap()
    }"""
    await window.video.evaluate(twice, right)
    await window.until("video => Math.abs(video.currentTime - 60) < 0.5")
    await window.video.evaluate(twice, left)
    await window.until("video => Math.abs(video.currentTime - 50) < 0.5")
    assert window.complaints == []
    await context.close()


async def test_a_lost_connection_is_said_and_made_good(window: Window, night: str) -> None:
    await window.open(night)
    await window.page.clock.install()
    await window.button("Play").click()
    await window.until("video => video.currentTime > 0.5")
    await window.page.keyboard.press(">")
    await window.page.context.set_offline(True)
    # Out of what is here already.
    await window.page.keyboard.press("8")
    await window.state("buffering")
    await expect(window.player.locator(".player-spinner")).to_be_visible()

    async def is_told() -> bool:
        # Each of its attempts fails at once; only the time between them is long.
        await window.page.clock.run_for(2_000)
        return await window.player.get_attribute("data-state") == "trouble"

    await eventually(is_told, what="the trouble is told")
    alert = window.player.get_by_role("alert")
    await expect(alert).to_contain_text("Can’t load the video")
    await expect(alert.get_by_role("button", name="Try again")).to_be_visible()
    await expect(alert.get_by_role("link", name="Download")).to_be_visible()
    await window.page.context.set_offline(False)
    await window.state("playing")
    await expect(alert).to_be_hidden()
    await window.until(f"video => video.currentTime > {FILM_SECONDS * 0.8} && video.playbackRate === 1.25")
    assert [text for text in window.complaints if not OFFLINE.search(text)] == []
    window.complaints.clear()


@pytest.mark.parametrize(
    ("is_known", "words", "way_on"),
    [(True, "This video is unavailable", "Go to library"), (False, "no longer public", "Log in")],
    ids=["to an account", "to nobody"],
)
async def test_a_video_that_is_deleted_while_it_is_watched_is_said_to_be_gone(
    window: Window, uploader: Uploader, product: Product, film: Path, *, is_known: bool, words: str, way_on: str
) -> None:
    if is_known:
        await _log_in(window.page, product)
    video_id = await uploader.upload(film, title="Soon gone", visibility="public")
    await window.open(f"{product.url('stream')}/watch/{video_id}")
    source = await window.video.evaluate("video => video.currentSrc")
    deleted = await uploader.person.call("DELETE", f"{product.url('upload')}/v1/uploads/{video_id}")
    assert deleted.status == 204
    await eventually(lambda: _is_away(source), what="the object is deleted too")
    await window.page.keyboard.press("6")
    await window.state("trouble")
    alert = window.player.get_by_role("alert")
    await expect(alert).to_contain_text(words)
    await expect(alert.get_by_role("link", name=way_on)).to_be_visible()
    await expect(alert.get_by_role("button", name="Try again")).to_be_hidden()
    # What the browser writes about the answers is all.
    assert [text for text in window.complaints if "Failed to load resource" not in text] == []
    window.complaints.clear()


@pytest.mark.parametrize("with_sound", [True, False], ids=["with sound", "without"])
async def test_a_format_that_the_browser_does_not_know_is_said(
    window: Window, uploader: Uploader, product: Product, tmp_path: Path, *, with_sound: bool
) -> None:
    film = tmp_path / "telephone.mp4"
    footage.write_hevc(footage.fetch(footage.OCEAN_MP4), film, frames=48, with_sound=with_sound)
    video_id = await uploader.upload(film, title="From a telephone", visibility="public")
    await window.open(f"{product.url('stream')}/watch/{video_id}")
    await window.state("trouble")
    alert = window.player.get_by_role("alert")
    words = "Sound only" if with_sound else "Your browser can’t play this format"
    await expect(alert).to_contain_text(words)
    await expect(alert.get_by_role("link", name="Download")).to_be_visible()
    if with_sound:
        await alert.get_by_role("button", name="Play sound only").click()
        await expect(window.button("Play")).to_be_focused()
        await window.page.keyboard.press("k")
        await window.until("video => video.currentTime > 0.3")


async def test_sound_that_the_browser_does_not_know_is_said(
    window: Window, uploader: Uploader, product: Product, tmp_path: Path
) -> None:
    film = tmp_path / "from a disc.mp4"
    footage.write_sound(film, codec="ac3", seconds=4, pictures_of=footage.fetch(footage.OCEAN_MP4))
    video_id = await uploader.upload(film, title="From a disc", visibility="public")
    await window.open(f"{product.url('stream')}/watch/{video_id}")
    alert = window.player.get_by_role("alert")
    await expect(alert).to_contain_text("No sound")
    await expect(alert.get_by_role("link", name="Download")).to_be_visible()
    await alert.get_by_role("button", name="Play without sound").click()
    await expect(window.button("Play")).to_be_focused()
    await window.page.keyboard.press("k")
    await window.until("video => video.currentTime > 0.3")


async def test_a_file_without_pictures_is_played_as_what_it_is(
    window: Window, uploader: Uploader, product: Product, tmp_path: Path
) -> None:
    film = tmp_path / "interview.mp4"
    footage.write_sound(film, codec="aac", seconds=4)
    video_id = await uploader.upload(film, title="Interview", visibility="public")
    await window.open(f"{product.url('stream')}/watch/{video_id}")
    await expect(window.player.get_by_text("This video has no picture")).to_be_visible()
    await expect(window.player.get_by_role("alert")).to_be_hidden()
    await expect(window.button("Play")).to_be_visible()
    await window.page.keyboard.press("k")
    await window.until("video => video.currentTime > 0.3")


async def test_a_film_that_does_not_say_how_long_it_is_is_sought_all_the_same(
    window: Window, uploader: Uploader, product: Product, tmp_path: Path
) -> None:
    film = tmp_path / "recorded.webm"
    footage.write_without_duration(footage.fetch(footage.OCEAN_WEBM), film)
    video_id = await uploader.upload(film, title="Recorded in a browser", visibility="public")
    await window.open(f"{product.url('stream')}/watch/{video_id}")
    await window.until("video => video.readyState === 4 && video.duration === Infinity")
    await expect(window.button("Play")).to_be_visible()
    await window.page.keyboard.press("ArrowRight")
    await window.until("video => !video.seeking && Math.abs(video.currentTime - 5) < 0.1")
    await expect(window.player.locator("[data-time-now]")).to_have_text("0:05")
    axis = window.player.get_by_role("slider", name="Time")
    await expect(axis).to_be_enabled()
    await expect(axis).to_have_attribute("aria-valuetext", re.compile("^5 seconds of "))
    # On an Arabic keyboard, where this is the key of J.
    await window.page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ت', code: 'KeyJ', bubbles: true }))"
    )
    await window.until("video => video.currentTime < 0.1")
    await window.page.keyboard.press("End")
    await window.until("video => video.duration > 9 && video.duration < 11")
    await expect(window.player.locator("[data-time-whole]")).to_have_text("0:09")


async def test_one_goes_on_where_one_stopped(window: Window, uploader: Uploader, product: Product, film: Path) -> None:
    title = "Watched in two evenings"
    video_id = await uploader.upload(film, title=title)
    page, url = window.page, f"{product.url('stream')}/watch/{video_id}"
    await _log_in(page, product)
    await window.open(url)
    await page.keyboard.press("k")
    await window.until("video => video.currentTime > 0.2")
    await page.keyboard.press("4")
    await window.until(f"video => !video.seeking && video.currentTime > {FILM_SECONDS * 0.4 + 0.5}")
    # Not even paused: leaving is enough. What is sent in leaving may arrive after the next page was asked for.
    begun = page.get_by_role("region", name="Continue watching").get_by_role("listitem").first

    async def is_begun() -> bool:
        await page.goto(f"{product.url('stream')}/")
        # Whatever was begun last comes first; others share the product.
        return title in await begun.inner_text() if await begun.count() else False

    await eventually(is_begun, what="it is there to continue")
    await expect(begun.get_by_role("progressbar")).to_have_attribute("value", re.compile("^4[0-2]$"))
    await begun.get_by_role("link").click()
    # It was clicked, so it plays.
    await window.until(f"video => video.currentTime > {FILM_SECONDS * 0.4 - 2} && !video.paused")
    await page.keyboard.press("End")
    await window.state("ended")
    in_lists = page.get_by_role("listitem").filter(has_text=title)

    async def is_over() -> bool:
        await page.goto(f"{product.url('stream')}/")
        return await in_lists.count() == 1

    await eventually(is_over, what="it is in the library alone")


async def test_without_scripts_the_browsers_own_controls_are_there(browser: Browser, night: str) -> None:
    context = await _new_context(browser, java_script_enabled=False)
    page = await context.new_page()
    await page.goto(night)
    await expect(page.locator("video[controls]")).to_be_visible()
    await expect(page.locator("[data-player-controls]")).to_be_hidden()
    await expect(page.locator(".player-begin")).to_be_hidden()
    await context.close()


async def test_where_one_is_is_told_every_ten_seconds_and_by_nobody_not_at_all(
    window: Window, uploader: Uploader, product: Product, film: Path, night: str
) -> None:
    kept: list[Request] = []
    window.page.on("request", lambda request: kept.append(request) if request.method == "PUT" else None)
    await window.open(night)
    await window.page.keyboard.press("k")
    await window.until("video => video.currentTime > 0.5")
    await window.page.keyboard.press("k")
    await _log_in(window.page, product)
    assert kept == []

    video_id = await uploader.upload(film, title="Watched for long")
    await window.open(f"{product.url('stream')}/watch/{video_id}")
    await window.page.clock.install()
    await window.page.keyboard.press("k")
    await window.until("video => video.currentTime > 0.5")
    for times in (1, 2):
        assert len(kept) == times - 1
        await window.page.clock.run_for(10_000)
        await eventually(partial(_are_there, kept, times), what="it is told")
    contents: list[Any] = [request.post_data_json for request in kept]
    assert contents[1]["seconds"] > contents[0]["seconds"] > 0.5
    assert all(abs(content["duration"] - FILM_SECONDS) < 0.1 for content in contents)
    await window.until(f"video => video.currentTime > {contents[1]['seconds'] + 0.5}")
    await window.page.keyboard.press("k")
    await window.state("paused")
    paused_at = await window.video.evaluate("video => video.currentTime")
    await eventually(lambda: _is_kept(uploader.person, video_id, paused_at), what="the pause is kept too")


async def _are_there(requests: list[Request], count: int) -> bool:
    return len(requests) == count


async def _is_kept(person: Person, video_id: str, seconds: float) -> bool:
    answer = await person.call("GET", f"{person.stream_url}/v1/videos/{video_id}/playback")
    return bool(abs((await answer.json())["position"] - seconds) < 0.25)


@pytest.mark.long
async def test_firefox_plays_too(uploader: Uploader, product: Product) -> None:
    video_id = await uploader.upload(footage.fetch(footage.OCEAN_WEBM), title="For a fox", visibility="public")
    async with browsers.firefox() as browser:
        context = await _new_context(browser)
        window = Window(await context.new_page())
        _listen(window)
        await window.open(f"{product.url('stream')}/watch/{video_id}")
        await window.page.keyboard.press("m")
        await window.button("Play").click()
        await window.until("video => video.currentTime > 0.3 && video.videoWidth === 1280")
        for key, seconds in (("k", None), ("Home", 0), ("l", 10), ("ArrowLeft", 5)):
            await window.page.keyboard.press(key)
            if seconds is not None:
                await window.until(f"video => !video.seeking && Math.abs(video.currentTime - {seconds}) < 0.1")
        box = await window.player.locator("[data-seek]").bounding_box()
        assert box is not None
        await window.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        await window.until("video => !video.seeking && Math.abs(video.currentTime - video.duration / 2) < 0.5")
        await window.page.keyboard.press("End")
        await window.state("ended")
        assert window.complaints == []
