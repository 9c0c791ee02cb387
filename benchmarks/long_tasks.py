"""How long the upload page's own thread is held at a time: by 1,000 files, by a large one, and while one types (P15).

What counts is the thread's CPU time, as Chromium traces it: how busy the machine is does not matter.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, Page, expect

from benchmarks.installed import installed
from benchmarks.pairs import Quantity
from tests import browsers
from tests.browsers import logged_in
from tests.product import Product

_MIB: Final = 2**20
_LONG_MICROSECONDS: Final = 50_000
_FILES: Final = 1_000
_LARGE: Final = 512 * _MIB
_TYPED: Final = "Waves at the pier, before anybody was there. " * 4
# Until the browser has told what it traced.
_TRACE_SECONDS: Final = 120
_LIMIT_MS: Final = 600_000
# Another field takes the files, so that the page's own work is a task of its own and not part of the driver's.
_OTHER_FIELD: Final = """() => {
  document.body.append(Object.assign(document.createElement("input"), { type: "file", id: "other", multiple: true }));
}"""
_CHOOSE: Final = """() => {
  const [field, other] = ["[name='file']", "#other"].map((selector) => document.querySelector(selector));
  setTimeout(() => {
    field.files = other.files;
    field.dispatchEvent(new Event("change"));
  });
}"""
_TASK: Final = "ThreadControllerImpl::RunTask"
# Whose messages to the page are tasks of its thread, too.
_DRIVER: Final = "blink.mojom.DevToolsSession"
_TRACE: Final = {
    "recordMode": "recordAsMuchAsPossible",
    "traceBufferSizeInKb": 400_000,
    "includedCategories": ["toplevel"],
}


def rows() -> Iterator[Quantity]:
    """Numbers of long tasks."""
    with installed(UPLOAD_CALLS_PER_MINUTE="1000000") as (folder, product):
        many = [_film(folder / f"film {number}.mp4", 2000) for number in range(_FILES)]
        large = [_film(folder / "large.mp4", _LARGE)]
        for what, use in (
            (f"{_FILES:,} files chosen and sent", partial(_send, files=many)),
            ("512 MiB hashed and sent", partial(_send, files=large)),
            ("typing a description while 512 MiB are sent", partial(_send, files=large, typed=_TYPED)),
        ):
            yield Quantity(
                name="P15",
                what=f"{what}: tasks over 50 ms of CPU",
                measure=partial(_long_tasks, product, use),
                bound=0,
                unit="tasks",
                rounds=1,
            )


def _film(path: Path, size: int) -> Path:
    with path.open("wb") as film:
        for start in range(0, size, _MIB):
            film.write(os.urandom(min(_MIB, size - start)))
    return path


def _long_tasks(product: Product, use: Callable[[Page], Awaitable[None]]) -> float:
    async def measure() -> float:
        async with browsers.chromium() as browser:
            context = await logged_in(browser, product)
            page = await context.new_page()
            await page.goto(f"{product.url('upload')}/upload")
            async with _traced(browser) as events:
                await use(page)
        return _count_long(events)

    return asyncio.run(measure())


async def _send(page: Page, files: Sequence[Path], typed: str = "") -> None:
    await page.evaluate(_OTHER_FIELD)
    await page.locator("#other").set_input_files(files)
    await page.evaluate(_CHOOSE)
    await expect(page.locator("[data-file]")).to_have_count(len(files), timeout=_LIMIT_MS)
    if typed:
        description = page.locator("[data-file] [name='description']").first
        await description.press_sequentially(typed)
        await expect(description).to_have_value(typed)
        await expect(page.locator("[data-file][data-state='sending']")).to_have_count(1)
    await expect(page.locator("[data-file][data-state='done']")).to_have_count(len(files), timeout=_LIMIT_MS)


@asynccontextmanager
async def _traced(browser: Browser) -> AsyncIterator[list[dict[str, Any]]]:
    """What Chromium does meanwhile; the list is full afterwards."""
    events: list[dict[str, Any]] = []
    session = await browser.new_browser_cdp_session()
    ended = asyncio.get_running_loop().create_future()
    # Of some million events those that `_count_long` asks for.
    session.on("Tracing.dataCollected", lambda said: events.extend(filter(_is_wanted, said["value"])))
    session.on("Tracing.tracingComplete", lambda said: ended.set_result(said))  # noqa: PLW0108 Playwright marks what it is given
    await session.send("Tracing.start", {"traceConfig": _TRACE, "transferMode": "ReportEvents"})
    yield events
    await session.send("Tracing.end")
    said = await asyncio.wait_for(ended, _TRACE_SECONDS)
    assert not said["dataLossOccurred"], "the trace has gaps"


def _is_wanted(event: Mapping[str, Any]) -> bool:
    arguments = event.get("args", {})
    is_long = event["name"] == _TASK and event.get("tdur", 0) > _LONG_MICROSECONDS
    return is_long or arguments.get("name") == "CrRendererMain" or _DRIVER in str(arguments)


def _count_long(events: Sequence[Mapping[str, Any]]) -> int:
    """How many tasks of the page's thread took over 50 ms of its time, without those that the driver asked for."""
    renderers = {_thread(event) for event in events if event.get("args", {}).get("name") == "CrRendererMain"}
    asked = [event for event in events if event["ph"] == "X" and _DRIVER in str(event["args"])]
    # The browser has renderers of its own, for its own windows; the page is the one that the driver speaks to.
    said_to = Counter(_thread(event) for event in asked if _thread(event) in renderers)
    assert said_to, "the trace holds no page"
    ((page, _),) = said_to.most_common(1)
    lasting = [event for event in events if event["ph"] == "X" and _thread(event) == page]
    assert any("tdur" in event for event in lasting), "the trace holds no times of threads"
    long = [event for event in lasting if event["name"] == _TASK]
    return sum(not any(_is_within(event, task) for event in asked) for task in long)


def _is_within(event: Mapping[str, Any], task: Mapping[str, Any]) -> bool:
    is_meanwhile = 0 <= event["ts"] - task["ts"] <= task["dur"]
    return is_meanwhile and _thread(event) == _thread(task)


def _thread(event: Mapping[str, Any]) -> tuple[int, int]:
    return event["pid"], event["tid"]
