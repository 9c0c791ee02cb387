"""The main job in a real browser, with everything in containers; and again while they are replaced."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from http import HTTPStatus

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests import browsers
from tests.api_client import PART_SIZE
from tests.compose.conftest import person
from tests.containers import SERVICES, Containers
from tests.e2e.test_film import (  # noqa: F401 - the same job as on one machine, at other addresses
    TITLE,
    Visit,
    context,
    test_a_film_goes_from_the_form_to_s3_and_back_to_the_screen,
    test_after_a_restart_the_film_is_still_there_and_plays,
    test_what_was_stored_is_the_file,
    visit,
)
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(autouse=True)
def _nothing_is_left_behind() -> None:
    """No guard here: a browser keeps tasks of its own from test to test."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with browsers.chromium() as browser:
        yield browser


async def test_a_new_version_disturbs_neither_an_upload_nor_a_film(
    product: Containers,
    visit: Visit,  # noqa: F811
) -> None:
    """`up -d --build` replaces all four services while a film plays and parts are sent."""
    page = visit.page
    await page.goto(product.url("stream"))
    await page.get_by_role("link", name=TITLE).click()
    video = page.locator("video")
    await video.evaluate("video => video.play()")

    async def position() -> float:
        return float(await video.evaluate("video => video.currentTime"))

    async def plays() -> bool:
        return await position() > 1

    await eventually(plays, what="the film plays")
    before = {name: product.container(f"{name}_svc") for name in SERVICES}
    content = bytes(range(256)) * (40 * PART_SIZE // 256)
    async with person(product) as admin:
        upload = await admin.begin(len(content))
        source = product.folder / "common" / "__init__.py"
        source.write_text(source.read_text(encoding="utf-8") + "# a newer version\n", encoding="utf-8")
        upgrade = threading.Thread(target=product.up)
        upgrade.start()
        for number in range(1, 41):
            part = content[(number - 1) * PART_SIZE : number * PART_SIZE]

            async def is_sent(number: int = number, part: bytes = part) -> bool:
                # As the page does: what does not answer is asked again.
                with contextlib.suppress(OSError, aiohttp.ClientError, AssertionError):
                    return await admin.send_part(upload["id"], number, part) == 200
                return False

            await eventually(is_sent, what=f"part {number} is sent", limit_seconds=90)
        await asyncio.to_thread(upgrade.join)
        assert (await admin.complete(upload["id"])).status == 200
    after = {name: product.container(f"{name}_svc") for name in SERVICES}
    assert not set(before.values()) & set(after.values()), "not every service was replaced"
    assert await video.evaluate("video => !video.error && !video.paused && video.readyState >= 2")
    reached = await position()

    async def goes_on() -> bool:
        return await position() > reached + 1

    await eventually(goes_on, what="the film still plays")
    # Without an edge a port is away for a moment, or a service says that the next one is and when to come back; the
    # page asks again, but the browser says what it saw.
    away = [answer for answer in visit.responses if answer.status == HTTPStatus.SERVICE_UNAVAILABLE]
    assert all("retry-after" in answer.headers for answer in away)

    async def is_answered_again() -> bool:
        answered = {}
        for answer in visit.responses:
            answered[answer.request.method, answer.url] = answer.ok
        return all(answered[answer.request.method, answer.url] for answer in away)

    await eventually(is_answered_again, what="what was away answers", limit_seconds=30)
    passing = ("net::ERR_CONNECTION_", "net::ERR_SOCKET_NOT_CONNECTED", "status of 503")
    visit.complaints[:] = [words for words in visit.complaints if not any(one in words for one in passing)]
