"""auth_svc's HTML pages (log-in and log-out come from common)."""

from __future__ import annotations

from aiohttp import web

from common.web.keys import SITE


async def home(request: web.Request) -> web.Response:
    """GET /: there is nothing to see here; the library is the home of the site."""
    return web.Response(status=303, headers={"Location": request.app[SITE].stream_url + "/"})
