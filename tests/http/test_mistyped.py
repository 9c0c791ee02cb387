"""Addresses as people mistype, paste and share them, and browsers that bring much along: a page, never a raw error."""

from __future__ import annotations

import pytest

from common.ids import new_id
from tests.browser import Browser
from tests.http.conftest import Services
from tests.http.test_names import ask
from tests.service_apps import Parts, running

PAGE = "Accept: text/html\r\n"


@pytest.mark.parametrize("name", ["auth", "upload", "stream"])
async def test_a_mistyped_address_leads_to_the_page_that_is_meant(parts: Parts, name: str) -> None:
    page = {"auth": "/account", "upload": "/upload", "stream": f"/watch/{new_id()}"}[name]
    token = f"Authorization: Bearer {parts.auth.token('alice')}\r\n"
    async with running(parts, name) as url:
        host = [url.partition("://")[2]]
        mistyped = (
            f"{page}/",
            f"/{page}",
            f"{page}.",
            f"{page})",
            f"{page}%29,",
            page.replace("/", "//"),
            "/login/",
            "//",
        )
        for path in mistyped:
            meant = {"/login/": "/login", "//": "/"}.get(path, page)
            for method in ("GET", "HEAD"):
                status, answer = await ask(url, f"{path}?a=1&a=2", host, method=method, more=PAGE)
                assert (status, f"\r\nLocation: {meant}?a=1&a=2\r\n" in answer) == (308, True), path
        for path in ("//evil.example/", "/nothing/", "/v1/nothing/", "/%5Cevil.example/"):
            assert (await ask(url, path, host, more=PAGE))[0] == 404, path
        # What does not belong in a query is taken out of it: no page is refused for that.
        shared = f"{page}?fbclid=a&fbclid=b&utm_source=x&utm_source="
        assert (await ask(url, shared, host, more=PAGE + token))[0] in (200, 303, 404)
        lists = {"auth": "/account", "upload": "/videos", "stream": "/"}[name]
        for query in ("cursor=%00", "cursor=x&cursor=y"):
            status, answer = await ask(url, f"{lists}?a=b&{query}", host, more=PAGE + token)
            assert status in (200, 303), answer
            assert status == 200 or "\r\nLocation: /" in answer
        for size, status in ((20_000, 200), (30_000, 431)):
            got, answer = await ask(url, "/login", host, more=f"{PAGE}Cookie: other={'x' * size}\r\n")
            assert got == status
            assert "text/html" in answer


async def test_a_page_goes_on_without_a_cursor_that_is_none(services: Services, browser: Browser) -> None:
    for url, path in (
        (services.addresses.stream_url, "/?q=a"),
        (services.addresses.upload_url, "/videos?state=trashed"),
    ):
        await browser.log_in(url)
        for query in ("cursor=rubbish", "limit=many", "cursor=x&cursor=y"):
            page = await browser.open(f"{url}{path}&{query}")
            if query.count("&"):
                # First what is repeated goes, then what is wrong: one by one, never round and round.
                page = await browser.open(url + page.headers["Location"])
            assert (page.status, page.headers.get("Location")) == (303, path), query
