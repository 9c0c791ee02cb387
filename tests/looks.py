"""Every page in every state that people see, and how each is reached by what a person does.

The tests of `tests/e2e/test_looks.py` and `make shots` go through the same list: a new page or state is one more
function here, with `@look`.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
from playwright.async_api import Browser, BrowserContext, CDPSession, Page, expect

from tests import footage
from tests.api_client import person
from tests.product import Product, running_product

# A phone and a desk, as Playwright describes them.
DEVICES: Final[dict[str, dict[str, Any]]] = {
    "360": {"viewport": {"width": 360, "height": 780}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2},
    "1440": {"viewport": {"width": 1440, "height": 900}},
}
SCHEMES: Final = ("light", "dark")

# Title, description, file name, who may watch.
_FILMS: Final = (
    ("Night over the interchange", "One minute from the roof, before the rain.", "night.mp4", "members"),
    ("Ocean, first light", "Waves at the pier. Sound is the camera's own.", "ocean.mp4", "public"),
    (
        "Interview with Amal – rough cut",
        "Second camera is missing; colours are not final.",
        "amal-rough.mp4",
        "unlisted",
    ),
    ("سوق السمك عند الفجر", "نسخة للمراجعة", "market.mp4", "members"),
    (
        "A title that somebody typed without thinking of the people who have to read it on a small screen later",
        "",
        "GX010042.MP4",
        "private",
    ),
    ("Tests", "", "a.mp4", "private"),
)


@dataclass(slots=True)
class Stage:
    """An installation that the looks are taken of: empty, or with films in it."""

    product: Product
    films: list[Path] = field(
        default_factory=lambda: [footage.fetch(footage.NIGHT_MP4), footage.fetch(footage.OCEAN_MP4)]
    )
    ids: list[str] = field(default_factory=list)
    _cookies: list[Any] | None = None

    async def fill(self) -> None:
        """Six films, and one upload that is unfinished."""
        if self.ids:
            return
        # Looks that begin uploads leave them: whoever comes next has nothing of them.
        await self.clear()
        async with aiohttp.ClientSession() as session:
            admin = await person(session, self.product)
            contents = [film.read_bytes() for film in self.films]
            # The newest stand first: the list is as people see it.
            for number, (title, description, filename, visibility) in reversed(list(enumerate(_FILMS))):
                described = {"title": title, "description": description, "filename": filename}
                video = await admin.upload(contents[number % len(contents)], **described, visibility=visibility)
                self.ids.insert(0, video["id"])
            begun = await admin.begin(3 * 2**30, title="Harbour, whole day", filename="harbour.mp4")
            self.ids.append(begun["id"])

    async def clear(self) -> None:
        """Nothing is there any more."""
        async with aiohttp.ClientSession() as session:
            admin = await person(session, self.product)
            for query in ("limit=100", "limit=100&state=trashed"):
                listed = await admin.call("GET", f"{admin.upload_url}/v1/uploads?{query}")
                for upload in (await listed.json())["items"]:
                    await admin.call("DELETE", f"{admin.upload_url}/v1/uploads/{upload['id']}")
        self.ids.clear()

    async def window(self, browser: Browser, look: Look, device: str, **options: Any) -> BrowserContext:
        """A browser of its own, logged in where the look wants it."""
        context = await browser.new_context(**{**DEVICES[device], **options})
        context.set_default_timeout(30_000)
        if look.is_logged_in:
            await context.add_cookies(await self._session(browser))
        return context

    async def _session(self, browser: Browser) -> list[Any]:
        if self._cookies is None:
            context = await browser.new_context()
            page = await context.new_page()
            await page.goto(f"{self.product.url('stream')}/login")
            await _type_log_in(page, "admin")
            await expect(page).to_have_url(f"{self.product.url('stream')}/")
            self._cookies = list(await context.cookies())
            await context.close()
        return self._cookies


@contextmanager
def running_stage(**settings: str) -> Iterator[Stage]:
    """A new installation, with these settings of services."""
    with tempfile.TemporaryDirectory() as folder, running_product(Path(folder), **settings) as product:
        yield Stage(product)


Reach = Callable[[Page, Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One page in one state."""

    name: str
    reach: Reach
    is_logged_in: bool
    has_films: bool

    async def open(self, context: BrowserContext, stage: Stage) -> Page:
        """The page in this state."""
        await (stage.fill() if self.has_films else stage.clear())
        page = await context.new_page()
        await self.reach(page, stage)
        # What is drawn is what is looked at: fonts, icons, and no fading.
        await page.evaluate("() => document.fonts.ready.then(() => true)")
        return page


LOOKS: Final[list[Look]] = []


def look(*, logged_in: bool = True, films: bool = True) -> Callable[[Reach], Reach]:
    """Puts a state into the list, under the function's own name."""

    def add(reach: Reach) -> Reach:
        name = reach.__name__.replace("_", "-")
        LOOKS.append(Look(name=name, reach=reach, is_logged_in=logged_in, has_films=films))
        return reach

    return add


async def _type_log_in(page: Page, password: str, *, username: str = "admin") -> None:
    await page.locator("#username").fill(username)
    await page.locator("#password").fill(password)
    await page.locator("main button[type=submit]").click()


# Log-in and log-out.


@look(logged_in=False)
async def log_in(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('stream')}/login")


@look(logged_in=False)
async def log_in_wrong_password(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('stream')}/login?next=%2F%3Fq%3Docean")
    await _type_log_in(page, "not this one")
    await expect(page.locator("#login-error")).to_be_visible()


@look(logged_in=False)
async def log_in_password_shown(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('auth')}/login")
    await page.locator("#password").fill("correct horse")
    await page.locator("[data-show-password]").click()
    await expect(page.locator("#password")).to_have_attribute("type", "text")


@look()
async def log_out(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('auth')}/logout")


@look(logged_in=False)
async def log_out_when_nobody_is_logged_in(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('auth')}/logout")


# The library and the watch page.


@look(films=False)
async def library_empty(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('stream')}/")


@look()
async def library(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('stream')}/")


@look()
async def library_menu(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('stream')}/")
    await page.locator("[popovertarget=account]:visible").click()
    await expect(page.locator("#account")).to_be_visible()


@look()
async def library_found(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('stream')}/")
    if await page.locator("[popovertarget=search]").is_visible():
        await page.locator("[popovertarget=search]").click()
    await page.locator("#search input").fill("ocean")
    await page.locator("#search input").press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("ocean")


@look()
async def library_nothing_found(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('stream')}/?q=elephants")


@look()
async def watch(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('stream')}/watch/{stage.ids[0]}")
    await _has_picture(page)


@look(logged_in=False)
async def linked(page: Page, stage: Stage) -> None:
    await page.goto(await _link(stage, {}))
    await _has_picture(page)


@look(logged_in=False)
async def link_password(page: Page, stage: Stage) -> None:
    await page.goto(await _link(stage, {"password": "open sesame"}))
    await page.locator("#password").fill("sesame")
    await page.keyboard.press("Enter")
    await expect(page.locator("#password-error")).to_be_visible()


@look(logged_in=False)
async def link_ended(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('stream')}/s/{'a' * 43}")


@look(logged_in=False)
async def embedded(page: Page, stage: Stage) -> None:
    await page.goto((await _link(stage, {"frame_ancestors": ["https://lms.example"]})).replace("/s/", "/embed/"))
    await _has_picture(page)


@look(logged_in=False)
async def embed_ended(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('stream')}/embed/{'a' * 43}")


async def _link(stage: Stage, wanted: dict[str, Any]) -> str:
    """A link to the first film, the only one that it has."""
    async with aiohttp.ClientSession() as session:
        admin = await person(session, stage.product)
        grants = f"{admin.upload_url}/v1/uploads/{stage.ids[0]}/grants"
        for link in (await (await admin.call("GET", grants)).json())["items"]:
            await admin.call("DELETE", f"{grants}/{link['id']}")
        url: str = (await (await admin.call("POST", grants, json=wanted)).json())["url"]
        return url


@look()
async def library_continue(page: Page, stage: Stage) -> None:
    for video_id, seconds in ((stage.ids[1], 12), (stage.ids[0], 31)):
        answer = await page.context.request.put(
            f"{stage.product.url('stream')}/v1/videos/{video_id}/position",
            data={"seconds": seconds, "duration": 47},
            headers={"Origin": stage.product.url("stream")},
        )
        assert answer.status == 204
    await page.goto(f"{stage.product.url('stream')}/")
    await expect(page.locator("#continue")).to_be_visible()


@look()
async def library_mine_by_title(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('stream')}/")
    await page.locator("a.sort[href*='owner=']").click()
    await page.locator("a.sort[href*='sort=title']").click()
    await expect(page).to_have_url(re.compile("owner=.*sort=title"))


@look()
async def watch_playing(page: Page, stage: Stage) -> None:
    await watch(page, stage)
    await page.keyboard.press("k")
    await expect(page.locator("[data-player]")).to_have_attribute("data-state", "playing")


@look()
async def watch_ended(page: Page, stage: Stage) -> None:
    # The last one of its list.
    await page.goto(f"{stage.product.url('stream')}/watch/{stage.ids[0]}?owner=nobody")
    await _has_picture(page)
    await page.keyboard.press("End")
    await page.keyboard.press("k")
    await expect(page.locator("[data-player]")).to_have_attribute("data-state", "ended")


@look()
async def watch_up_next(page: Page, stage: Stage) -> None:
    await watch_playing(page, stage)
    # The count stands still where nobody sees it.
    await page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    await page.keyboard.press("End")
    await expect(page.locator("[data-next-cancel]")).to_be_visible()


@look()
async def watch_buffering(page: Page, stage: Stage) -> None:
    await watch_playing(page, stage)
    await page.context.set_offline(True)
    # Out of what is here already.
    await page.keyboard.press("8")
    await expect(page.locator("[data-player]")).to_have_attribute("data-state", "buffering")


@look()
async def watch_rates(page: Page, stage: Stage) -> None:
    await watch(page, stage)
    await page.locator("[data-command=menu]").click()
    await expect(page.locator("[data-rate='1']")).to_be_focused()


@look()
async def watch_keys(page: Page, stage: Stage) -> None:
    await watch(page, stage)
    await page.keyboard.press("?")
    await expect(page.locator("[data-player-keys]")).to_be_visible()


@look()
async def watch_share(page: Page, stage: Stage) -> None:
    await watch(page, stage)
    await page.locator("[data-share]").click()
    await expect(page.locator("[data-share-dialog]")).to_be_visible()


@look()
async def watch_theatre(page: Page, stage: Stage) -> None:
    await watch(page, stage)
    await page.keyboard.press("t")


@look()
async def watch_logged_out(page: Page, stage: Stage) -> None:
    await watch(page, stage)
    await page.context.clear_cookies()
    # What was signed once is refused, as after a night.
    await page.locator("video").evaluate("video => { video.src = `${new URL(video.src).origin}/vss/gone` }")
    await expect(page.get_by_role("alert")).to_be_visible()


@look(logged_in=False)
async def watch_when_not_logged_in(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('stream')}/watch/{stage.ids[1]}")
    await _has_picture(page)


async def _has_picture(page: Page) -> None:
    await expect(page.locator("video")).to_have_js_property("readyState", 4)
    # And the player's keys are listened to.
    await expect(page.locator("[data-player-controls]")).to_have_js_property("hidden", value=False)


# Upload and my videos.


@look(films=False)
async def upload_empty(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('upload')}/upload")


@look()
async def upload_unfinished(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('upload')}/upload")
    await expect(page.locator("[data-arrived]")).not_to_be_empty()


@look(films=False)
async def upload_open(page: Page, stage: Stage) -> None:
    await _send_slowly(page, stage, stage.films[:1])


@look(films=False)
async def upload_options(page: Page, stage: Stage) -> None:
    await _send_slowly(page, stage)
    await page.locator(".menu summary").click()


@look(films=False)
async def upload_refused(page: Page, stage: Stage) -> None:
    await _choose(page, stage, [Path(__file__)])


@look(films=False)
async def upload_sending(page: Page, stage: Stage) -> None:
    await _send_slowly(page, stage)


@look(films=False)
async def upload_paused(page: Page, stage: Stage) -> None:
    network = await _send_slowly(page, stage)
    # The next one takes its turn: it must be announced, and then be as slow.
    await network.send("Network.emulateNetworkConditions", _SLOW)
    await page.locator("[data-action=pause]").first.click()
    await expect(page.locator("[data-state=paused]")).to_be_visible()
    await expect(page.locator("[data-state=sending]")).to_be_visible()
    await network.send("Network.emulateNetworkConditions", _STILL)


@look(films=False)
async def upload_offline(page: Page, stage: Stage) -> None:
    network = await _send_slowly(page, stage)
    await network.send("Network.emulateNetworkConditions", {**_SLOW, "offline": True})
    await expect(page.locator("[data-part=trouble]").first).to_be_visible()


@look(films=False)
async def upload_failed(page: Page, stage: Stage) -> None:
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "still-being-written.mp4"
        film.write_bytes(stage.films[0].read_bytes())
        # The second waits for its turn; a browser reads nothing of a file that is another one by then.
        network = await _send_slowly(page, stage, [stage.films[0], film])
        await network.send("Network.emulateNetworkConditions", _SLOW)
        film.write_bytes(b"another film")
        await page.locator("[data-action=pause]").first.click()
        await expect(page.locator("[data-state=failed] [data-part=failure]")).to_be_visible()


@look(films=False)
async def upload_cancel(page: Page, stage: Stage) -> None:
    await _send_slowly(page, stage)
    await page.locator("[data-action=ask-cancel]").first.click()
    await expect(page.locator("[data-action=cancel]").first).to_be_visible()


@look(films=False)
async def upload_done(page: Page, stage: Stage) -> None:
    await _choose(page, stage, stage.films[:1])
    await expect(page.locator("[data-part=watch]")).to_be_visible()


# Bytes a second that the line gives: something arrives, and then nothing more while one looks, however long that takes.
_SLOW: Final = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000}
_STILL: Final = {**_SLOW, "uploadThroughput": 1}


async def _choose(page: Page, stage: Stage, files: list[Path]) -> None:
    await page.goto(f"{stage.product.url('upload')}/upload")
    await page.locator("[name=file]").set_input_files(files)
    await expect(page.locator("[data-file]")).to_have_count(len(files))


async def _send_slowly(page: Page, stage: Stage, files: list[Path] | None = None) -> CDPSession:
    network = await page.context.new_cdp_session(page)
    await network.send("Network.emulateNetworkConditions", _SLOW)
    await _choose(page, stage, files or stage.films)
    await expect(page.locator("[data-part=bar]").first).not_to_have_js_property("value", 0)
    await network.send("Network.emulateNetworkConditions", _STILL)
    return network


@look(films=False)
async def my_videos_empty(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('upload')}/videos")


@look()
async def my_videos(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('upload')}/videos")


@look()
async def webhooks(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('upload')}/videos/webhooks")
    await page.locator("#url").fill("ftp://receiver.example.org/hook")
    await page.locator("form.card button").click()
    await expect(page.locator("#url-error")).to_be_visible()


@look()
async def webhook(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('upload')}/videos/webhooks")
    if not await page.locator(".row-item").count():
        # Nothing is sent there: it is this machine.
        await page.locator("#url").fill(f"https://127.0.0.1/{'a-long-address/' * 20}")
        await page.locator("form.card button").click()
        await expect(page.locator("#new-secret")).to_be_visible()
    await page.locator(".row-item a").first.click()
    # Of what other looks upload it is told as well, and that is tried for a day.
    if not await page.locator(".row-item .tag[data-kind=danger]").count():
        await page.locator("form[action$='/test'] button").click()
    await _reload_until(page, ".row-item .tag[data-kind=danger]")


async def _reload_until(page: Page, selector: str) -> None:
    async with asyncio.timeout(30):
        while not await page.locator(selector).count():
            await page.reload()


@look()
async def my_videos_selected(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('upload')}/videos?sort=title")
    for box in (page.locator("[data-pick]").nth(number) for number in (0, 2)):
        await box.check()
    await expect(page.locator("[data-selection]")).to_be_visible()


@look()
async def my_videos_share(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('upload')}/videos?share={stage.ids[1]}")
    await expect(page.locator("[data-share-dialog] [autofocus]")).to_be_visible()


@look()
async def my_videos_edit(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('upload')}/videos?edit={stage.ids[1]}")


@look()
async def my_videos_edit_refused(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('upload')}/videos?edit={stage.ids[1]}")
    await page.locator("#title").fill(" ")
    await page.locator("[data-edit-form] [type=submit]").click()
    await expect(page.locator("#title-error")).to_be_visible()


@look()
async def my_videos_deleted(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('upload')}/videos")
    # What is shown at once is done a moment later.
    async with page.expect_response("**/trash"):
        await page.locator(f"[data-video='{stage.ids[5]}'] [data-move=trash] button").click()
    await expect(page.locator(".toast button").first).to_be_visible()
    # As it was, for the next look.
    await page.request.post(
        f"{stage.product.url('upload')}/v1/uploads/{stage.ids[5]}/restore", headers={"Sec-Fetch-Site": "same-origin"}
    )


@look(films=False)
async def trash_empty(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('upload')}/videos?state=trashed")


@look()
async def trash(page: Page, stage: Stage) -> None:
    url = f"{stage.product.url('upload')}/v1/uploads/{stage.ids[0]}"
    await page.request.post(f"{url}/trash", headers={"Sec-Fetch-Site": "same-origin"})
    await page.goto(f"{stage.product.url('upload')}/videos?state=trashed")
    await expect(page.locator("[data-video]")).to_have_count(1)
    await page.request.post(f"{url}/restore", headers={"Sec-Fetch-Site": "same-origin"})


# Collections.


@look(films=False)
async def collections_empty(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('upload')}/videos/collections")


@look()
async def collections(page: Page, stage: Stage) -> None:
    await _make_collection(stage)
    await page.goto(f"{stage.product.url('upload')}/videos/collections")


@look()
async def collection(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('upload')}/videos/collections/{await _make_collection(stage)}")
    await page.locator("[data-menu] summary").nth(1).click()


# Guests who send.


async def _ask(stage: Stage, collection_id: str) -> str:
    """The address of a link by which guests send into the collection."""
    async with aiohttp.ClientSession() as session:
        admin = await person(session, stage.product)
        asked = {"subject": "link", "right": "upload", "max_files": 5, "note": "Your films of the dance, please."}
        url = f"{admin.upload_url}/v1/collections/{collection_id}/grants"
        made: dict[str, str] = await (await admin.call("POST", url, json=asked)).json()
    return made["url"]


@look(films=False)
async def upload_links(page: Page, stage: Stage) -> None:
    collection_id = await _make_collection(stage)
    await _ask(stage, collection_id)
    await page.goto(f"{stage.product.url('upload')}/videos/collections/{collection_id}/links")
    await page.locator("#max-files").fill("0")
    await page.locator("form.card button").click()
    await expect(page.locator("#max_files-error")).to_be_visible()


@look(logged_in=False, films=False)
async def guest_chosen(page: Page, stage: Stage) -> None:
    await page.goto(await _ask(stage, await _make_collection(stage)))
    await page.locator("[name=file]").set_input_files(stage.films)
    await expect(page.locator("[data-state=chosen]")).to_have_count(len(stage.films))


@look(logged_in=False, films=False)
async def guest_done(page: Page, stage: Stage) -> None:
    await page.goto(await _ask(stage, await _make_collection(stage)))
    await page.locator("[name=file]").set_input_files(stage.films[:1])
    await page.locator("[data-part=submit]").click()
    await expect(page.locator("[data-state=done]")).to_be_visible()


@look()
async def my_videos_choose_collections(page: Page, stage: Stage) -> None:
    await _make_collection(stage)
    await page.goto(f"{stage.product.url('upload')}/videos")
    await page.locator("[data-collect]").first.click()
    await expect(page.locator("dialog [data-choose]")).to_be_visible()


@look()
async def collection_watched(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('stream')}/collections/{await _make_collection(stage)}")


@look()
async def collection_share(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('upload')}/videos/collections/{await _make_collection(stage)}")
    await page.locator("[popovertarget='share']").first.click()
    await expect(page.locator("[data-everybody]")).to_be_visible()
    await page.locator("[data-new-link] [type=submit]").click()
    await expect(page.locator("[data-link-list] input")).to_be_visible()


@look(logged_in=False)
async def linked_collection(page: Page, stage: Stage) -> None:
    async with aiohttp.ClientSession() as session:
        admin = await person(session, stage.product)
        grants = f"{admin.upload_url}/v1/collections/{await _make_collection(stage)}/grants"
        url = (await (await admin.call("POST", grants, json={})).json())["url"]
    await page.goto(url)
    await expect(page.locator(".video-link").first).to_be_visible()


@look(logged_in=False)
async def linked_in_collection(page: Page, stage: Stage) -> None:
    collection_id = await _make_collection(stage)
    async with aiohttp.ClientSession() as session:
        admin = await person(session, stage.product)
        grants = f"{admin.upload_url}/v1/collections/{collection_id}/grants"
        link = await (await admin.call("POST", grants, json={"subject": "link"})).json()
    await page.goto(f"{link['url']}?v={stage.ids[1]}")
    await _has_picture(page)


async def _make_collection(stage: Stage) -> str:
    """The only one, with all films in it."""
    async with aiohttp.ClientSession() as session:
        admin = await person(session, stage.product)
        url = f"{admin.upload_url}/v1/collections"
        for one in (await (await admin.call("GET", url)).json())["items"]:
            await admin.call("DELETE", f"{url}/{one['id']}")
        title = "A course whose title somebody typed without thinking of the people who have to read it on a phone"
        made = await admin.call("POST", url, json={"title": title, "description": "For the first term."})
        collection_id: str = (await made.json())["id"]
        for video_id in stage.ids[: len(_FILMS)]:
            await admin.call("PUT", f"{url}/{collection_id}/videos/{video_id}")
    return collection_id


# Administration.


@look(films=False)
async def admin(page: Page, stage: Stage) -> None:
    await _make_account(page, stage)
    await page.goto(f"{stage.product.url('auth')}/admin")


@look(films=False)
async def admin_refused(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('auth')}/admin/new-account")
    await page.locator("#username").fill("admin")
    await page.locator("form[action='/admin/accounts'] [type=submit]").click()
    await expect(page.locator("#username-error")).to_be_visible()


@look(films=False)
async def admin_account(page: Page, stage: Stage) -> None:
    await _make_account(page, stage)
    await page.goto(f"{stage.product.url('auth')}/admin")
    await page.locator("main tbody a", has_text=_LONG_NAME).click()
    await page.locator("form[action$='/password-link'] button").click()
    await expect(page.locator("#link")).to_be_visible()


@look(films=False)
async def admin_audit(page: Page, stage: Stage) -> None:
    await _make_account(page, stage)
    await page.goto(f"{stage.product.url('auth')}/admin/audit")


@look(films=False)
async def admin_delete_refused(page: Page, stage: Stage) -> None:
    await _make_account(page, stage)
    await page.goto(f"{stage.product.url('auth')}/admin")
    await page.locator("main tbody a", has_text=_LONG_NAME).click()
    await page.locator("#heir").fill("nobody")
    await page.locator("#confirm").fill(_LONG_NAME)
    await page.locator("form[action$='/delete'] button").click()
    await expect(page.locator("#heir-error")).to_be_visible()


@look()
async def moderation(page: Page, stage: Stage) -> None:
    # One of them hidden, and shown again for the next look.
    url = f"{stage.product.url('upload')}/v1/uploads/{stage.ids[1]}/moderation"
    headers = {"Sec-Fetch-Site": "same-origin"}
    await page.request.put(url, data={"hidden": True}, headers=headers)
    await page.goto(f"{stage.product.url('upload')}/videos/moderation")
    await expect(page.locator("[action$='/show']")).to_have_count(1)
    await page.request.put(url, data={"hidden": False}, headers=headers)


@look()
async def previews(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('upload')}/videos/moderation/previews")


@look()
async def moderation_access(page: Page, stage: Stage) -> None:
    headers = {"Sec-Fetch-Site": "same-origin"}
    url = f"{stage.product.url('upload')}/v1/uploads/{stage.ids[1]}/grants"
    await page.request.post(url, data={"view_limit": 20, "expires_at": "2099-12-31T00:00:00Z"}, headers=headers)
    await page.goto(f"{stage.product.url('upload')}/videos/moderation?video={stage.ids[1]}")
    await expect(page.locator("[action$='/revoke']").first).to_be_visible()


@look()
async def moderation_delete(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('upload')}/videos/moderation?q=ocean")
    await page.locator("[popovertarget^=delete]").first.click()
    await expect(page.get_by_role("dialog")).to_be_visible()


@look()
async def my_videos_hidden(page: Page, stage: Stage) -> None:
    url = f"{stage.product.url('upload')}/v1/uploads/{stage.ids[1]}/moderation"
    headers = {"Sec-Fetch-Site": "same-origin"}
    await page.request.put(url, data={"hidden": True}, headers=headers)
    await page.goto(f"{stage.product.url('upload')}/videos")
    await page.request.put(url, data={"hidden": False}, headers=headers)


@look(films=False)
async def admin_groups(page: Page, stage: Stage) -> None:
    await _make_group(page, stage)
    await page.goto(f"{stage.product.url('auth')}/admin/groups")


@look(films=False)
async def admin_group_refused(page: Page, stage: Stage) -> None:
    group_id = await _make_group(page, stage)
    await page.goto(f"{stage.product.url('auth')}/admin/groups/{group_id}")
    await page.locator("#username").fill("nobody")
    await page.locator("form[action$='/members'] button").click()
    await expect(page.locator("#username-error")).to_be_visible()


@look(films=False)
async def admin_group_delete(page: Page, stage: Stage) -> None:
    group_id = await _make_group(page, stage)
    await page.goto(f"{stage.product.url('auth')}/admin/groups/{group_id}")
    await page.locator("[popovertarget=delete-group]").first.click()
    await expect(page.get_by_role("dialog")).to_be_visible()


@look(films=False)
async def account_group(page: Page, stage: Stage) -> None:
    """As its managers see it."""
    group_id = await _make_group(page, stage)
    await page.goto(f"{stage.product.url('auth')}/account")
    await page.locator(f"a[href='/account/groups/{group_id}']").click()
    await expect(page.locator("#members-heading")).to_be_visible()


async def _make_group(page: Page, stage: Stage) -> str:
    """The group with the long name, with two members; made once. Its id."""
    await _make_account(page, stage)
    url, own = stage.product.url("auth"), {"Sec-Fetch-Site": "same-origin"}
    await page.request.post(f"{url}/v1/groups", data={"name": _LONG_NAME}, headers=own)
    (group,) = (await (await page.request.get(f"{url}/v1/groups?q={_LONG_NAME}")).json())["items"]
    for username in (_LONG_NAME, "admin"):
        account = await (await page.request.get(f"{url}/v1/accounts/named?username={username}")).json()
        member = f"{url}/v1/groups/{group['id']}/members/{account['id']}"
        answer = await page.request.put(member, data={"is_manager": username == "admin"}, headers=own)
        assert answer.status == 204
    group_id: str = group["id"]
    return group_id


# As long as a user name may be, and without a place to break.
_LONG_NAME: Final = "somebody.with.a.very.long.name.indeed@department.of.example.test"


async def _make_account(page: Page, stage: Stage) -> None:
    """The account with the long name; made once, and taken ever after."""
    answer = await page.request.post(
        f"{stage.product.url('auth')}/admin/accounts",
        form={"username": _LONG_NAME, "role": "member", "quota": "50", "password": "correct horse battery staple"},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status in (200, 422)


# Errors as pages.


@look()
async def error_403(page: Page, stage: Stage) -> None:
    # Some page elsewhere, which would like a visitor of its own choice.
    await page.goto("about:blank")
    await _send_form(page, f"{stage.product.url('stream')}/login")
    await page.locator("[data-status='403']").wait_for()


@look()
async def error_404(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('stream')}/watch/{'a' * 26}")


@look(logged_in=False)
async def error_404_when_not_logged_in(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('auth')}/no-such-page")


@look()
async def error_405(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('stream')}/")
    await _send_form(page, "/")
    await page.locator("[data-status='405']").wait_for()


@look(logged_in=False)
async def error_413(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('stream')}/login")
    await page.locator("#username").evaluate("field => { field.value = 'a'.repeat(70_000) }")
    await page.locator("#password").fill("x")
    await page.locator("main button[type=submit]").click()
    await page.locator("[data-status='413']").wait_for()


@look()
async def error_503(page: Page, stage: Stage) -> None:
    auth = stage.product.service_processes()["auth"]
    # Not one that was asked a moment ago: this session is not in a cache.
    await page.context.add_cookies(
        [
            {"name": cookie["name"], "value": "a" * 43, "url": stage.product.url("stream")}
            for cookie in await page.context.cookies()
        ]
    )
    os.kill(auth.pid, signal.SIGSTOP)
    try:
        await page.goto(f"{stage.product.url('stream')}/")
    finally:
        os.kill(auth.pid, signal.SIGCONT)
    await page.locator("[data-status='503']").wait_for()


async def _send_form(page: Page, address: str) -> None:
    async with page.expect_navigation():
        await page.evaluate(
            "address => { const form = document.createElement('form'); form.method = 'post'; form.action = address;"
            " document.body.append(form); form.submit() }",
            address,
        )


# One's own account.


@look()
async def account(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('auth')}/account")


@look()
async def account_refused(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('auth')}/account")
    await page.locator("#current_password").fill("not this one")
    await page.locator("#new_password").fill("correct horse battery")
    await page.locator("[action='/account/password'] [type=submit]").click()
    await expect(page.locator("#current_password-error")).to_be_visible()


@look()
async def account_delete_refused(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('auth')}/account")
    await page.locator("#delete_password").fill("not this one")
    await page.locator("[action='/account/delete'] [type=submit]").click()
    await expect(page.locator("#delete_password-error")).to_be_visible()


@look()
async def account_new_key(page: Page, stage: Stage) -> None:
    await page.goto(f"{stage.product.url('auth')}/account")
    await page.locator("#name").fill("Backup at home")
    await page.locator("[action^='/account/api-keys#'] [type=submit]").click()
    await expect(page.locator(".secret")).to_be_visible()
    await expect(page.locator("[data-copy='new-key']")).to_be_visible()
