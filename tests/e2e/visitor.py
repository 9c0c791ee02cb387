"""Somebody at a browser who is logged in, and what the API says of what they did."""

from __future__ import annotations

import hashlib
from typing import Any

import aiohttp
from playwright.async_api import Browser, BrowserContext, Page

from tests.api_client import Person
from tests.installation import Installation
from tests.product import Product


async def logged_in(browser: Browser, product: Product, **options: Any) -> BrowserContext:
    """A browser of one's own, logged in as admin."""
    context = await browser.new_context(**options)
    context.set_default_timeout(30_000)
    page = await context.new_page()
    await page.goto(f"{product.url('upload')}/login?next=/upload")
    await page.get_by_label("Username").fill("admin")
    await page.get_by_label("Password", exact=True).fill("admin")
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url("**/upload")
    await page.close()
    return context


async def person(session: aiohttp.ClientSession, product: Product | Installation) -> Person:
    """The same account, by the API."""
    form = {"grant_type": "password", "username": "admin", "password": "admin"}
    async with session.post(f"{product.url('auth')}/v1/token", data=form) as answer:
        assert answer.status == 200
        token = (await answer.json())["access_token"]
    return Person(session, token, upload_url=product.url("upload"), stream_url=product.url("stream"))


async def uploads(page: Page, product: Product, state: str) -> dict[str, dict[str, Any]]:
    """The account's uploads in that state, by their titles."""
    answer = await page.request.get(f"{product.url('upload')}/v1/uploads?limit=100&state={state}")
    assert answer.ok
    return {item["title"]: item for item in (await answer.json())["items"]}


async def stored_sha256(page: Page, product: Product, video_id: str) -> str:
    """Of what is watched, as 64 lower-case hex digits."""
    source = await page.request.get(f"{product.url('stream')}/v1/videos/{video_id}/source")
    return hashlib.sha256(await source.body()).hexdigest()
