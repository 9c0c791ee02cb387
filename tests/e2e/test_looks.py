"""Every page in every state, as people with all kinds of eyes, hands and machines meet it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from common.languages import LANGUAGES
from tests import components
from tests.looks import DEVICES, LOOKS, Look, Stage
from tests.product import Product

pytestmark = pytest.mark.asyncio(loop_scope="module")

_AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
Scheme = Literal["light", "dark"]
# In the dark only the rules that look at colours: light-dark() changes nothing else (tests/unit/test_colours.py).
# Of each, how many must have found something to look at.
_RULES: dict[Scheme, tuple[list[str], int]] = {
    "light": (["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], 11),
    "dark": (["color-contrast", "link-in-text-block"], 1),
}
MOST_BYTES_OF_A_PAGE = 60 * 1024
MOST_LAYOUT_SHIFT = 0.02

# Of each page the state with most on it, and of what lies over pages one of each kind; a new one is `long` first.
# `make test` opens each of these once, at a desk or on a phone, and `make test-long` the others.
_OFTEN_AT_A_DESK = frozenset(
    {
        *("log-in-wrong-password", "library", "watch", "upload-options", "upload-done", "my-videos-selected", "trash"),
        *("admin-refused", "admin-audit", "account-new-key", "error-404"),
    }
)
_OFTEN_ON_A_PHONE = frozenset(
    {
        *("log-out", "library-menu", "watch-share", "upload-empty", "upload-sending", "my-videos-edit-refused"),
        *("my-videos-deleted", "moderation-delete", "admin-account", "account-refused"),
    }
)
assert {look.name for look in LOOKS} >= _OFTEN_AT_A_DESK | _OFTEN_ON_A_PHONE
# Those without films first: the installation is emptied and filled once.
_IN_ORDER = sorted(LOOKS, key=lambda look: look.has_films)


def _every_look(often: Collection[str]) -> pytest.MarkDecorator:
    """Of these `often` in `make test`."""
    return pytest.mark.parametrize(
        "look",
        [
            pytest.param(look, id=look.name, marks=[] if look.name in often else [pytest.mark.long])
            for look in _IN_ORDER
        ],
    )


@pytest.fixture(scope="module")
def stage(product: Product) -> Stage:
    """Looks empty the installation, whatever others have left there, and fill it."""
    return Stage(product)


@_every_look(_OFTEN_AT_A_DESK)
async def test_at_a_desk(browser: Browser, stage: Stage, look: Look) -> None:
    """From left to right, with a mouse and with the keyboard, in the light: small and still while it comes, too."""
    async with await stage.window(browser, look, "1440", locale="en") as context:
        await context.add_init_script(_WATCH_SHIFTS)
        page = await look.open(context, stage)
        shifts = await page.evaluate("window.shifts")
        assert sum(value for value, _ in shifts) < MOST_LAYOUT_SHIFT, shifts
        sizes = {url: await _size(context, url) for url in await page.evaluate(_CODE)}
        assert 0 < sum(sizes.values()) < MOST_BYTES_OF_A_PAGE, json.dumps(sizes)
        assert await _what_blocks(page) == ["app.css"]
        # Else rows that come later move those that are there; whether that is seen above is for chance to say.
        assert await page.evaluate(_TABLES_THAT_WAIT_FOR_THEIR_ROWS) == []

        await page.emulate_media(reduced_motion="reduce")
        assert await _axe_finds(page, "light") == []
        assert await _out_of_sight_or_reach(page, "en", MOST_TRYING) == {}
        await page.set_viewport_size(DEVICES["1440"]["viewport"])
        await _walk_by_keyboard(page)


@_every_look(_OFTEN_ON_A_PHONE)
async def test_on_a_phone(browser: Browser, stage: Stage, look: Look) -> None:
    """From right to left, with fingers, in the dark: controls are larger."""
    async with await stage.window(browser, look, "360", locale="ar", reduced_motion="reduce") as context:
        page = await look.open(context, stage)
        assert await page.evaluate(_TOO_SMALL_FOR_A_FINGER) == []
        assert await _axe_finds(page, "dark") == []
        assert await _out_of_sight_or_reach(page, "ar", MOST_TRYING) == {}


@_every_look(())
@pytest.mark.parametrize(
    ("device", "scheme", "language", "first"), [("1440", "dark", "en", 0), ("360", "light", "ar", 1)]
)
async def test_in_the_other_light_and_the_windows_between(
    browser: Browser, stage: Stage, look: Look, device: str, scheme: Scheme, language: str, first: int
) -> None:
    async with await stage.window(browser, look, device, locale=language, reduced_motion="reduce") as context:
        page = await look.open(context, stage)
        assert await _axe_finds(page, scheme) == []
        assert await _out_of_sight_or_reach(page, language, STEPS[first::2]) == {}


async def _axe_finds(page: Page, scheme: Scheme) -> list[str]:
    if not _AXE.exists():
        components.missing("axe-core", "make web")
    await page.evaluate(_AXE.read_text(encoding="utf-8"))
    rules, fewest = _RULES[scheme]
    await page.emulate_media(color_scheme=scheme)
    # From the top: what the bar happens to lie over is no neighbour of it.
    await page.evaluate("scrollTo(0, 0)")
    result = await page.evaluate("rules => axe.run({ runOnly: rules })", rules)
    # That it looked at all. (Contrast it judges of Latin letters alone, and a page in Arabic may have none.)
    assert len(result["passes"]) + len(result["inapplicable"]) >= fewest
    return _told(result["violations"])


def _told(violations: list[dict[str, Any]]) -> list[str]:
    return [
        f"{violation['id']}: {node['html']} ({node['failureSummary']})"
        for violation in violations
        for node in violation["nodes"]
    ]


async def _out_of_sight_or_reach(page: Page, language: str, windows: list[tuple[int, int]]) -> dict[str, list[str]]:
    """What is wrong, and in which windows; there with endless words too."""
    written = "[document.documentElement.lang, getComputedStyle(document.body).direction]"
    assert await page.evaluate(written) == [language, LANGUAGES[language].direction]
    faults: dict[str, list[str]] = {}
    for words in (None, _ENDLESS_WORDS):
        if words is not None:
            await page.evaluate(_SAY, [_TYPED_WORDS, words])
        for width, height in windows:
            await page.set_viewport_size({"width": width, "height": height})
            for fault in await page.evaluate(_OUT_OF_SIGHT_OR_REACH, words is None):
                faults.setdefault(fault, []).append(f"{width} × {height}")
    return faults


_TABLES_THAT_WAIT_FOR_THEIR_ROWS = """
[...document.querySelectorAll("table")]
  .filter((table) => table.offsetParent && getComputedStyle(table).display === "table")
  .filter((table) => getComputedStyle(table).tableLayout !== "fixed")
  .map((table) => table.ariaLabel)
"""

# The narrowest phone (WCAG 1.4.10, which is also 1280 at 400 %), a tablet, a phone held sideways; and what is between.
MOST_TRYING = [(320, 640), (768, 1024), (780, 360)]
STEPS = [
    *((width, 800) for width in (360, 414, 480, 568, 640, 720, 800, 834, 912, 960)),
    *((width, 900) for width in (1024, 1100, 1180, 1280, 1440, 1920, 2560)),
    (844, 390),
]
# What people have typed, in tests/looks.py, and what they might have.
_TYPED_WORDS = "Night over the interchange|Ocean, first light|Interview with Amal|سوق السمك|Harbour|admin|[\\w-]+\\.mp4"
_ENDLESS_WORDS = f"{'w' * 90}{'ظ' * 60}{'🎬' * 25}"
_SAY = """([typed, words]) => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
        const text = texts.currentNode
        if (!text.parentElement.closest('.bar-initial')) text.data = text.data.replace(new RegExp(typed, 'g'), words)
    }
}"""
# What is wrong with the page as it is now. Controls must be in the window and under nothing else once they are scrolled
# to, but for what scrolls sideways by itself; titles must be readable; and before endless words, the site's name whole.
_OUT_OF_SIGHT_OR_REACH = """(isSiteNameShort) => {
    const faults = []
    const { clientWidth, scrollWidth } = document.documentElement
    const named = (element) => element.outerHTML.slice(0, 120)
    const isBeyond = ({ left, right }) => left < -1 || right > clientWidth + 1
    if (scrollWidth > clientWidth) {
        const wide = [...document.querySelectorAll('body *')].filter((it) => isBeyond(it.getBoundingClientRect()))
        faults.push(`the page scrolls sideways: ${wide.slice(-2).map(named)}`)
    }

    const layers = 'dialog:modal, :popover-open:not(.toasts), [role=menu]:not([hidden]), .menu[open]'
    const over = document.querySelector(layers) ?? document
    const scrollsSideways = (element) => {
        for (let it = element.parentElement; it && it !== document.body; it = it.parentElement) {
            if (/auto|scroll/.test(getComputedStyle(it).overflowX) && it.scrollWidth > it.clientWidth) return true
        }
        return false
    }
    for (const control of over.querySelectorAll('a[href], button, input, select, textarea, summary')) {
        const { width, height } = control.getBoundingClientRect()
        const isThere = width > 1 && height > 1 && control.checkVisibility({ visibilityProperty: true })
        if (!isThere || control.disabled || control.matches('.skip, [hidden] *') || scrollsSideways(control)) continue
        control.scrollIntoView({ block: 'center', behavior: 'instant' })
        // Its first line, where it has several.
        const middle = () => {
            const { left, right, top, bottom } = control.getClientRects()[0]
            return [(left + right) / 2, (top + bottom) / 2]
        }
        scrollBy(0, middle()[1] - innerHeight / 2)
        const hit = document.elementFromPoint(...middle())
        const isForKeys = getComputedStyle(control).pointerEvents === 'none'
        if (isBeyond(control.getBoundingClientRect()) || !hit) faults.push(`outside of the window: ${named(control)}`)
        // A toast goes by itself.
        else if (!control.contains(hit) && hit.control !== control && !isForKeys && !hit.closest('.toasts'))
            faults.push(`covered by ${named(hit)}: ${named(control)}`)
    }

    for (const title of document.querySelectorAll('h1, h2, h3, td, .video-title, p')) {
        const { width } = title.getBoundingClientRect()
        const readable = 6 * parseFloat(getComputedStyle(title).fontSize)
        if (width <= 1 || !title.checkVisibility()) continue
        const range = document.createRange()
        range.selectNodeContents(title)
        const lines = new Set([...range.getClientRects()].map(({ bottom }) => Math.round(bottom / 8))).size
        if (lines > 2 && width < readable) faults.push(`too narrow: ${named(title)}`)
    }
    // An embedded player has no bar.
    const site = document.querySelector('.bar-name span')
    if (isSiteNameShort && site?.scrollWidth > site?.clientWidth) faults.push('the name of the site is cut')

    scrollTo(0, 0)
    const player = document.querySelector('.player')?.getBoundingClientRect()
    if (player && player.bottom > innerHeight) faults.push('the time axis is below the edge of the window')
    return faults
}"""
_TOO_SMALL_FOR_A_FINGER = """() => [...document.querySelectorAll('button, .button, .bar-link, input, select')]
    .filter((control) => control.checkVisibility({ visibilityProperty: true }) && control.type !== 'hidden')
    .filter((control) => control.getBoundingClientRect().height < 43.5)
    .map((control) => control.outerHTML.slice(0, 120))"""
_WATCH_SHIFTS = """window.shifts = []
new PerformanceObserver((list) => {
    const unasked = list.getEntries().filter((shift) => !shift.hadRecentInput)
    window.shifts.push(...unasked.map(({ value, sources }) =>
        [value, sources.map(({ node }) => node?.outerHTML?.slice(0, 120))]))
}).observe({ type: 'layout-shift', buffered: true })"""


# On a phone lines break first.
@pytest.mark.parametrize("device", ["360", pytest.param("1440", marks=pytest.mark.long)])
@pytest.mark.parametrize("font", ["serif", "monospace"])
async def test_an_upload_page_stands_still_in_whatever_fonts_a_machine_has(
    browser: Browser, stage: Stage, device: str, font: str
) -> None:
    (done,) = [look for look in LOOKS if look.name == "upload-done"]
    async with await stage.window(browser, done, device) as context:
        await context.add_init_script(_WATCH_SHIFTS)
        await context.add_init_script(
            f"""const styles = new CSSStyleSheet()
            styles.replaceSync(':root {{ --font: {font} !important }}')
            document.adoptedStyleSheets = [styles]"""
        )
        page = await done.open(context, stage)
        assert font in await page.evaluate("getComputedStyle(document.body).fontFamily")
        shifts = await page.evaluate("window.shifts")
        assert sum(value for value, _ in shifts) < MOST_LAYOUT_SHIFT, shifts


# The addresses of the scripts, those that they import, and the styles.
_CODE = """() => performance.getEntriesByType('resource').map((entry) => entry.name)
    .filter((name) => /\\.(js|css)$/.test(new URL(name).pathname))"""


_sizes: dict[str, int] = {}


async def _size(context: BrowserContext, url: str) -> int:
    """Of the file as it travels; fetched once."""
    if url not in _sizes:
        answer = await context.request.get(url)
        assert answer.ok
        _sizes[url] = len(gzip.compress(await answer.body()))
    return _sizes[url]


async def _what_blocks(page: Page) -> list[str]:
    """The files that the browser waits for before it draws anything."""
    names: list[str] = await page.evaluate(
        """() => [...document.querySelectorAll('link[rel=stylesheet], script:not([type=module], [type$="json"])')]
            .map((element) => (element.href || element.src).split('/').at(-1))"""
    )
    return names


async def _walk_by_keyboard(page: Page) -> None:
    """Everything is met in order and shows where it is."""
    # What lies over the page is another matter; then from the beginning, wherever the page has put the focus.
    await page.evaluate(
        """async () => {
            for (const open of document.querySelectorAll(':popover-open')) open.hidePopover()
            for (const open of document.querySelectorAll('dialog:modal')) {
                const closed = new Promise((resolve) => open.addEventListener('close', resolve, { once: true }))
                open.close()
                await closed
            }
        }"""
    )
    await page.evaluate("document.activeElement?.blur()")
    await page.evaluate(
        """() => {
            document.body.tabIndex = -1
            document.body.focus()
            document.body.removeAttribute('tabindex')
        }"""
    )
    seen: list[dict[str, Any]] = []
    for _ in range(120):
        await page.keyboard.press("Tab")
        now = await page.evaluate(_WHERE_THE_FOCUS_IS)
        if now["isOutside"] or (seen and now["place"] == seen[0]["place"]):
            break
        seen.append(now)
    else:
        pytest.fail(f"no end of tabbing: {seen[-3:]}")

    # An embedded player has nothing before it to be skipped.
    if await page.locator(".bar").count():
        assert seen[0]["html"].startswith('<a class="skip"'), seen[0]
    places = [step["place"] for step in seen]
    assert places == sorted(places), [step["html"] for step in seen]
    assert [step["html"] for step in seen if not step["isSeen"]] == []
    # Nobody is left out: what can be pressed was met.
    assert len(seen) >= await page.evaluate(_HOW_MANY_CAN_BE_PRESSED)


# Its place in the document, and whether a ring or an edge shows it within the window.
_WHERE_THE_FOCUS_IS = """() => {
    const element = document.activeElement
    if (!element || element === document.body || element === document.documentElement) return { isOutside: true }
    const ringed = (it) => {
        const { outlineStyle, outlineWidth } = getComputedStyle(it)
        return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2
    }
    let isSeen = false
    for (let it = element; it && !isSeen; it = it.parentElement) isSeen = ringed(it)
    const { bottom, top, width } = element.getBoundingClientRect()
    return {
        isOutside: false,
        place: [...document.querySelectorAll('*')].indexOf(element),
        html: element.outerHTML.slice(0, 160),
        isSeen: isSeen && width > 0 && bottom > 0 && top < innerHeight,
    }
}"""
_HOW_MANY_CAN_BE_PRESSED = """() => [...document.querySelectorAll('a[href], button, input, select, textarea')]
    .filter((it) => it.checkVisibility() && !it.disabled && it.type !== 'hidden' && it.tabIndex >= 0).length"""


async def test_a_film_and_its_words_stand_still_while_the_rest_of_the_page_comes(
    browser: Browser, stage: Stage
) -> None:
    (watch,) = [look for look in LOOKS if look.name == "watch"]
    where = (
        "() => [...document.querySelectorAll('.player, .watch-about')].map((it) => it.getBoundingClientRect().toJSON())"
    )
    async with await stage.window(browser, watch, "1440") as context:
        page = await watch.open(context, stage)
        whole = await page.evaluate(where)
        await page.evaluate("document.querySelector('.watch-more').remove()")
        assert await page.evaluate(where) == whole


async def test_the_skip_link_leads_past_the_bar(browser: Browser, stage: Stage) -> None:
    (library,) = [look for look in LOOKS if look.name == "library"]
    async with await stage.window(browser, library, "1440") as context:
        page = await library.open(context, stage)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "content"
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.closest('main') !== null")


async def test_the_focus_is_in_the_field_that_is_wrong(browser: Browser, stage: Stage) -> None:
    (wrong,) = [look for look in LOOKS if look.name == "log-in-wrong-password"]
    async with await stage.window(browser, wrong, "1440") as context:
        page = await wrong.open(context, stage)
        assert await page.evaluate("document.activeElement.id") == "password"
        described = await page.evaluate(
            "document.getElementById(document.activeElement.getAttribute('aria-describedby')).textContent"
        )
        assert "Wrong username or password." in described
        # Where one wanted to go is not forgotten.
        await page.locator("#password").fill("admin")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/?q=ocean")
