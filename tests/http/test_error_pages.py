"""Errors as pages: what happened in plain words, where to go, and the request id to quote; whoever is asking."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from auth_svc.login.throttle import PER_NAME
from common.errors import Forbidden, Unavailable
from tests.auth_app import AuthApp, running_auth_app
from tests.html_pages import PAGE, Page, page_of

OWN = {"Sec-Fetch-Site": "same-origin"}


async def refuse(request: web.Request) -> web.Response:
    raise Forbidden("You may look at this and not change it.")


async def fail(request: web.Request) -> web.Response:
    raise LookupError("a secret of ours")


async def wait(request: web.Request) -> web.Response:
    raise Unavailable("The database does not answer.", retry_after_seconds=7)


@pytest.fixture
async def app(sqlite_url: str) -> AsyncIterator[AuthApp]:
    routes = [web.get("/refuse", refuse), web.get("/fail", fail), web.get("/wait", wait), web.post("/wait", wait)]
    async with running_auth_app(sqlite_url, routes=routes) as app:
        await app.add_account("alice")
        yield app


@pytest.mark.parametrize("is_logged_in", [True, False])
@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/refuse", 403, "You may look at this and not change it."),
        ("GET", "/no-such-page", 404, "This doesn’t exist, or it hasn’t been shared with you."),
        ("POST", "/", 405, "Nothing was changed."),
        ("POST", "/login", 413, "Shorten it and try again."),
        ("GET", "/fail", 500, "Your last change may not have been saved."),
        ("GET", "/wait", 503, "Your videos are safe."),
    ],
)
async def test_an_error_says_what_happened_and_where_to_go(
    app: AuthApp, method: str, path: str, status: int, words: str, *, is_logged_in: bool
) -> None:
    cookie = await app.log_in("alice") if is_logged_in else None
    too_much = {"username": "a" * 70_000} if status == 413 else None
    headers = {**PAGE, **OWN, "X-Request-ID": "quote-this"}
    answer = await app.send(method, path, cookie=cookie, headers=headers, data=too_much)
    page = await page_of(answer, status)
    assert words in page.text
    assert f"{app.settings.stream_public_url}/" in page.links
    assert "quote-this" in page.text
    assert "a secret of ours" not in page.text
    assert ("/logout" in page.links) is is_logged_in


async def test_a_page_that_failed_can_be_asked_for_again_and_a_form_cannot(app: AuthApp) -> None:
    answer = await app.send("GET", "/wait?page=2", headers=PAGE)
    page = await page_of(answer, 503)
    assert "Try again in 7 seconds." in page.text
    assert answer.headers["Retry-After"] == "7"
    assert "/wait?page=2" in page.links
    sent = await page_of(await app.send("POST", "/wait", headers={**PAGE, **OWN}), 503)
    assert "/wait" not in sent.links


async def test_nobody_is_asked_to_log_in_before_it_is_known_who_they_are(app: AuthApp) -> None:
    def offers_log_in(page: Page) -> bool:
        return any(link.startswith("/login") for link in page.links)

    assert offers_log_in(await page_of(await app.send("GET", "/no-such-page", headers=PAGE), 404))
    # Refused by where it came from, before anybody looked at the cookie.
    headers = {**PAGE, "Sec-Fetch-Site": "cross-site"}
    assert not offers_log_in(await page_of(await app.send("POST", "/", cookie="x", headers=headers), 403))


async def test_who_tried_too_often_is_told_how_long_to_wait(app: AuthApp) -> None:
    form = {"username": "alice", "password": "wrong"}
    for _ in range(PER_NAME.attempts):
        await page_of(await app.send("POST", "/login", data=form, headers={**PAGE, **OWN}), 401)
    answer = await app.send("POST", "/login", data=form, headers={**PAGE, **OWN})
    page = await page_of(answer, 429)
    assert f"Try again in {int(answer.headers['Retry-After'])} seconds." in page.text
    assert page.fields["username"]["value"] == "alice"
    assert "autofocus" in page.fields["password"]
    assert page.fields["password"]["aria-describedby"] == "login-error"
