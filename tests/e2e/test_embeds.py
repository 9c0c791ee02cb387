"""The player in a learning platform's page on another site: it plays, is spoken with, and shows itself nowhere else."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from playwright.async_api import Browser, Frame, Page, expect

from tests import browsers, footage
from tests.api_client import person
from tests.ports import free_ports
from tests.product import Product
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

# As learning platforms have it; what else they allow differs.
SANDBOX = 'sandbox="allow-scripts allow-same-origin" '
COURSE = """<!DOCTYPE html><title>A course</title><script>
  const said = [];
  addEventListener("message", ({ data, origin }) => { if (data?.source === "vss") said.push({ ...data, origin }); });
  addEventListener("load", () => { document.title = "loaded"; });
  const command = (message) => document.querySelector("iframe").contentWindow.postMessage(message, "*");
</script>"""


[EXAMPLE] = re.findall(
    r"```html\n(<!DOCTYPE.*?)```",
    (Path(__file__).parents[2] / "docs" / "embedding.md").read_text(encoding="utf-8"),
    re.DOTALL,
)


class Course:
    """A site with one page, which shows what it is given; at `localhost` and, as another site, at 127.0.0.1."""

    def __init__(self) -> None:
        self.html = ""
        [self._port] = free_ports(1)

    def url(self, host: str) -> str:
        return f"http://{host}:{self._port}"

    async def answer(self, _request: web.Request) -> web.Response:
        # A page that hides where it is from others, as many do.
        headers = {"Referrer-Policy": "no-referrer"}
        return web.Response(text=COURSE + self.html, content_type="text/html", headers=headers)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get("/", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, port=self._port).start()
            yield
        finally:
            await runner.cleanup()


@asynccontextmanager
async def strict_chromium(_folder: Path) -> AsyncIterator[Browser]:
    async with browsers.chromium("--test-third-party-cookie-phaseout") as browser:
        yield browser


@asynccontextmanager
async def firefox(_folder: Path) -> AsyncIterator[Browser]:
    async with browsers.firefox() as browser:
        yield browser


async def told(page: Page, event: str, condition: str = "true") -> dict[str, Any]:
    """The last message of that kind, once there is one of which the condition is true."""
    find = f"said.findLast((one) => one.event === {json.dumps(event)} && {condition}) ?? null"

    async def is_there() -> bool:
        return await page.evaluate(find) is not None

    await eventually(is_there, what=f"{event} {condition}")
    found: dict[str, Any] = await page.evaluate(find)
    return found


async def frame_of(page: Page) -> Frame:
    element = await page.locator("iframe").element_handle()
    frame = await element.content_frame()
    assert frame is not None
    return frame


async def converse(page: Page, *, end: float) -> None:
    """Commands and what comes of them; `end` of the film in seconds."""
    await page.evaluate("command({ vss: 'pause' })")
    await told(page, "pause")
    await page.evaluate("command({ vss: 'seek', time: 7 })")
    await told(page, "timeupdate", "one.currentTime === 7")
    await page.evaluate("command({ vss: 'play' })")
    await told(page, "timeupdate", "one.currentTime > 7.2")
    await page.evaluate(f"command({{ vss: 'seek', time: {end - 0.5} }})")
    await told(page, "ended")


async def follow_example(page: Page) -> None:
    """The page that docs/embedding.md gives."""
    await told(page, "ready")
    await page.get_by_role("button", name="Go to 0:05").click()
    await expect(page.locator("output")).to_have_text("timeupdate: 5 of 10 s")
    await page.get_by_role("button", name="Play").click()
    await told(page, "timeupdate", "one.currentTime > 5.2")


@pytest.mark.parametrize(
    "open_browser", [strict_chromium, pytest.param(firefox, marks=pytest.mark.long)], ids=["chromium", "firefox"]
)
async def test_a_listed_site_shows_the_player_and_speaks_with_it(
    product: Product, tmp_path: Path, open_browser: Any
) -> None:
    course = Course()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(course.served())
        session = await stack.enter_async_context(aiohttp.ClientSession())
        browser = await stack.enter_async_context(open_browser(tmp_path))
        alice = await person(session, product)
        film = footage.fetch(footage.OCEAN_WEBM)
        video = await alice.upload(film.read_bytes(), title="In a course", filename=film.name)
        grants = f"{alice.upload_url}/v1/uploads/{video['id']}/grants"
        made = await alice.call("POST", grants, json={"frame_ancestors": [f"{course.url('localhost')}/course"]})
        assert made.status == 201, await made.text()
        link = await made.json()
        asked = link["embed_html"].replace(link["embed_url"], f"{link['embed_url']}?autoplay=1&amp;muted=1&amp;t=2")
        # Not lazily: else the page is loaded before its frame is.
        course.html = asked.replace("<iframe ", f"<iframe {SANDBOX}").replace(' loading="lazy"', "")

        context = await browser.new_context()
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(course.url("localhost"))
        ready = await told(page, "ready")
        assert ready["origin"] == product.url("stream")
        assert ready["duration"] == pytest.approx(10, abs=1)
        # By itself, and from the moment that was asked for.
        await told(page, "play")
        assert (await told(page, "timeupdate", "one.currentTime > 2.2"))["currentTime"] < 6
        await converse(page, end=ready["duration"])
        frame = await frame_of(page)
        await expect(frame.get_by_role("heading", level=1)).to_have_text("In a course")
        assert await frame.evaluate("document.fullscreenEnabled")
        assert await frame.evaluate("document.documentElement.scrollHeight <= innerHeight")
        assert await context.cookies() == []
        assert complaints == []

        example = EXAMPLE.replace("https://videos.example.org/embed/TOKEN", link["embed_url"])
        course.html = example.replace("https://videos.example.org", product.url("stream"))
        await page.reload()
        await follow_example(page)

        # A page of a site that is not on the list, though it names the same player: nothing is shown, nothing told.
        other = await context.new_page()
        await other.goto(course.url("127.0.0.1"))
        await expect(other).to_have_title("loaded")
        assert await (await frame_of(other)).locator("[data-player]").count() == 0
        assert await other.evaluate("said") == []

        assert (await alice.call("DELETE", f"{grants}/{link['id']}")).status == 204
        await page.reload()
        frame = await frame_of(page)
        await expect(frame.get_by_text("may have ended or been revoked")).to_be_visible()
        await context.close()
