"""Every answer of a service with pages: its headers, its policy, its errors, its files, and input that is no text."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from tests.auth_app import COOKIE, PASSWORD, AuthApp, running_auth_app
from tests.html_pages import PAGE, Page, page_of
from tests.problems import assert_problem


async def fail(_: web.Request) -> web.Response:
    raise RuntimeError("the inside of the service")


@pytest.fixture
async def app(sqlite_url: str) -> AsyncIterator[AuthApp]:
    async with running_auth_app(sqlite_url, routes=[web.get("/v1/fail", fail), web.get("/fail", fail)]) as app:
        await app.add_account("alice")
        yield app


async def test_a_page_takes_only_what_it_needs_from_where_it_is(app: AuthApp) -> None:
    s3, stream = app.settings.s3_public_url, app.settings.stream_public_url
    ours = f"{app.settings.auth_public_url} {app.settings.upload_public_url} {stream}"
    for path in ("/login", "/logout", "/no-such-page"):
        answer = await app.send("GET", path, headers=PAGE)
        page = Page(await answer.text())
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
        assert policy == {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": f"'self' {s3}",
            "media-src": f"'self' blob: {s3}",
            "connect-src": f"'self' {ours} {s3}",
            "form-action": f"'self' {stream}",
            "base-uri": "'none'",
            "frame-ancestors": "'none'",
        }
        assert page.inline == []
        for link in page.links:
            assert link.startswith(("/", "#", stream)), link


async def test_built_files_are_kept_for_ever_under_an_address_of_their_content(app: AuthApp) -> None:
    links = (await page_of(await app.send("GET", "/login"))).links
    files = [link for link in links if link.startswith("/static/")]
    assert files
    for link in files:
        answer = await app.send("GET", link)
        assert re.match("/static/auth/[0-9a-f]{16}/[^/]+$", link)
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    folder = files[0].rpartition("/")[0]
    for other in (
        f"{folder}/",
        f"{folder}/..%2f..%2fapp.py",
        f"{folder}/%2e%2e/app.css",
        f"{folder}x/app.css",
        "/static/",
    ):
        await assert_problem(await app.send("GET", other), 404, "not-found")


@pytest.mark.parametrize(
    ("path", "asked", "is_packed"),
    [
        ("/login", {}, True),
        ("/login", {"Sec-Fetch-Site": "none"}, True),
        # The page of another site could put words beside private ones, and learn them from lengths (BREACH).
        ("/login", {"Sec-Fetch-Site": "cross-site"}, False),
        ("/login", {"Accept-Encoding": "identity"}, False),
        # These hold tokens and signatures.
        ("/.well-known/jwks.json", {}, False),
        ("a built file", {}, True),
    ],
)
async def test_pages_and_built_files_travel_compressed(
    app: AuthApp, path: str, asked: dict[str, str], *, is_packed: bool
) -> None:
    if path == "a built file":
        path = next(link for link in (await page_of(await app.send("GET", "/login"))).links if link.endswith(".css"))
    answer = await app.send("GET", path, headers={"Accept-Encoding": "gzip", **asked})
    assert answer.headers.get("Content-Encoding") == ("gzip" if is_packed else None)
    assert (int(answer.headers["Content-Length"]) < len((await answer.text()).encode())) == is_packed


async def test_failures_tell_nothing_of_the_inside(app: AuthApp, caplog: pytest.LogCaptureFixture) -> None:
    for path, headers in (("/v1/fail", PAGE), ("/fail", {})):
        answer = await app.send("GET", path, headers=headers)
        assert not re.search("inside|Runtime", await answer.text())
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (500, "internal")
    assert "the inside of the service" in caplog.text


async def test_a_refusal_is_a_page_for_a_person_and_a_problem_for_a_program(app: AuthApp) -> None:
    page = await page_of(await app.send("GET", "/no-such-page", headers=PAGE), 404)
    assert "Not found" in page.text
    await assert_problem(await app.send("GET", "/no-such-page"), 404, "not-found")
    await assert_problem(await app.send("GET", "/v1/no-such-call", headers=PAGE), 404, "not-found")
    answer = await app.send("DELETE", "/login")
    assert (answer.status, (await answer.json(content_type=None))["type"]) == (405, "about:blank")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(","))


async def raw(app: AuthApp, head: bytes, content: bytes = b"") -> bytes:
    """What comes back for bytes that no client library would send."""
    host = urlsplit(app.url).netloc.encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", app.settings.port)
    writer.write(head + b"\r\nHost: " + host + b"\r\nConnection: close\r\n")
    writer.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)
    try:
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_bytes_that_are_no_text_are_no_failure_of_ours(app: AuthApp) -> None:
    form = f"username=alice&password={PASSWORD}".encode()
    head = b"POST /login HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nUser-Agent: \xff\xfe \xc3\xa9"
    assert b" 303 " in (await raw(app, head, form)).splitlines()[0]
    cookie = f"{COOKIE}={await app.log_in('alice')}".encode()
    for target in (b"/login?next=/\xff", b"/login?next=/%ff", b"/login?next=/%ed%a0%80", b"/\xff?\xff", b"/v1/me?\xff"):
        for more in (b"", b"\r\nCookie: " + cookie, b"\r\nCookie: vss_session=\xff", b"\r\nX-Request-ID: \xff"):
            for accept in (b"text/html", b"*/*"):
                answer = await raw(app, b"GET " + target + b" HTTP/1.1\r\nAccept: " + accept + more)
                assert re.match(rb"HTTP/1\.[01] (200|303|400|401|404) ", answer), (target, more, answer[:300])
