"""Light or dark: what the reader has chosen on this device, else what the device itself is set to."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from common.web.languages import keep_choice

SYSTEM: Final = "system"
THEMES: Final = (SYSTEM, "light", "dark")
COOKIE: Final = "vss_theme"


def theme_of(request: web.Request) -> str:
    """One of THEMES; a cookie that is none of ours counts as none."""
    chosen = request.cookies.get(COOKIE, SYSTEM)
    return chosen if chosen in THEMES else SYSTEM


async def choose(request: web.Request) -> web.Response:
    """POST /login/theme: keeps the choice in the browser, and leads back to the page it was made on."""
    return await keep_choice(request, "theme", THEMES, cookie=COOKIE)
