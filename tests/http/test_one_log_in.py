"""One log-in serves the pages of all three services: the same cookie, given and taken by any of them."""

from __future__ import annotations

import itertools

from tests.browser import Browser
from tests.http.conftest import Services


def _attributes(set_cookie: str) -> tuple[str, frozenset[str]]:
    """The cookie's name, and all that is said of it but its value."""
    pair, *attributes = set_cookie.split("; ")
    return pair.partition("=")[0], frozenset(attributes)


async def test_every_service_gives_and_takes_the_same_cookie(services: Services, browser: Browser) -> None:
    pages = {
        services.auth.url: "/account",
        services.addresses.upload_url: "/videos",
        services.addresses.stream_url: "/",
    }
    given, taken = set(), set()
    for first, last in itertools.product(pages, repeat=2):
        given.add(_attributes((await browser.log_in(first)).headers["Set-Cookie"]))
        assert [(await browser.open(url + path)).status for url, path in pages.items()] == [200, 200, 200]
        left = await browser.post_form(f"{last}/logout", {})
        taken.add(_attributes(left.headers["Set-Cookie"]))
        assert [(await browser.open(url + path)).status for url, path in pages.items()] == [303, 303, 303]
    assert (len(given), len(taken)) == (1, 1)
    ((name, said),) = given
    ((also, said_at_the_end),) = taken
    assert name == also
    assert said - said_at_the_end == {next(text for text in said if text.startswith("Max-Age="))}
    assert "Max-Age=0" in said_at_the_end
