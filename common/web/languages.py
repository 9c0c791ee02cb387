"""The language of a request: what the person chose here, else what the browser asks for."""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from common.errors import Invalid
from common.languages import LANGUAGE, LANGUAGES, preferred
from common.web.requests import local_path, read_form_fields
from common.web.sessions import SESSION_COOKIE

COOKIE: Final = "vss_language"
_COOKIE_SECONDS: Final = 365 * 24 * 3600


@web.middleware
async def language(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Sets the language that everything of this request speaks; a cookie that is none of ours counts as none."""
    chosen = request.cookies.get(COOKIE, "")
    LANGUAGE.set(chosen if chosen in LANGUAGES else preferred(request.headers.get(hdrs.ACCEPT_LANGUAGE, "")))
    return await handler(request)


async def choose(request: web.Request) -> web.Response:
    """POST /login/language: keeps the choice in the browser, and leads back to the page it was made on."""
    fields = await read_form_fields(request)
    tag = fields.get("language", "")
    if tag not in LANGUAGES:
        raise Invalid([{"pointer": "#/language", "detail": f"must be one of {', '.join(LANGUAGES)}"}])
    response = web.Response(status=303, headers={hdrs.LOCATION: local_path(fields.get("return_to", "/"))})
    response.set_cookie(
        COOKIE,
        tag,
        path="/",
        max_age=_COOKIE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.app[SESSION_COOKIE].is_secure,
    )
    return response
