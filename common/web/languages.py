"""The language of a request: what the person chose here, else what the browser asks for."""

from __future__ import annotations

from collections.abc import Collection
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
    return await keep_choice(request, "language", LANGUAGES, cookie=COOKIE)


async def keep_choice(request: web.Request, name: str, choices: Collection[str], *, cookie: str) -> web.Response:
    """Keeps what a form chose of something in the browser, and leads to its `return_to`. Raises Invalid."""
    fields = await read_form_fields(request)
    chosen = fields.get(name, "")
    if chosen not in choices:
        raise Invalid([{"pointer": f"#/{name}", "detail": f"must be one of {', '.join(choices)}"}])
    response = web.Response(status=303, headers={hdrs.LOCATION: local_path(fields.get("return_to", "/"))})
    response.set_cookie(
        cookie,
        chosen,
        path="/",
        max_age=_COOKIE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.app[SESSION_COOKIE].is_secure,
    )
    return response
