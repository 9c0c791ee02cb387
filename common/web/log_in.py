"""The pages /login and /logout and the choices of language and theme, alike on every service that has pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import hdrs, web

from common.errors import Invalid, RateLimited, Refusal
from common.languages import gettext
from common.web import languages, themes
from common.web.keys import PRINCIPAL
from common.web.pages import render
from common.web.requests import local_path, read_form_fields
from common.web.sessions import SESSIONS, clear_session_cookie, known_device, session_cookie, set_session_cookie

IS_DEMO: Final = web.AppKey("is_demo", bool)


async def log_in_page(request: web.Request) -> web.StreamResponse:
    target = local_path(request.query.get("next", "/"))
    if request[PRINCIPAL] is not None:
        return web.Response(status=303, headers={"Location": target})
    return _form(request, target)


async def log_in(request: web.Request) -> web.StreamResponse:
    """POST /login: sets the cookie and leads to where the person wanted to go."""
    fields = await read_form_fields(request)
    target = local_path(fields.get("next", "/"))
    username, password = fields.get("username", ""), fields.get("password", "")
    try:
        session = await request.app[SESSIONS].start(
            username,
            password,
            user_agent=_user_agent(request),
            address=request.remote or "",
            known_device=known_device(request),
        )
    except Refusal as refusal:
        if refusal.status >= 500:
            raise
        error = gettext(refusal.detail)
        if refusal.status == Invalid.status:
            error = gettext("Enter your username and password.")
        elif refusal.status == RateLimited.status:
            # The page says for how long.
            error = gettext("Too many attempts.")
        seconds = int(refusal.headers.get(hdrs.RETRY_AFTER, 0))
        context = {"username": username, "error": error, "retry_after_seconds": seconds}
        response = _form(request, target, context, status=refusal.status)
        if refusal.status == RateLimited.status:
            response.headers.update(refusal.headers)
        return response
    response = web.Response(status=303, headers={"Location": target})
    set_session_cookie(request, response, session)
    return response


async def log_out_page(request: web.Request) -> web.StreamResponse:
    """GET /logout: a button, because a link must not change anything."""
    return render(request, "logout.html")


async def log_out(request: web.Request) -> web.StreamResponse:
    """POST /logout: the session is over on the server, then in the browser."""
    if secret := session_cookie(request):
        await request.app[SESSIONS].end(secret)
    response = web.Response(status=303, headers={"Location": "/login"})
    clear_session_cookie(request, response)
    return response


def _user_agent(request: web.Request) -> str:
    # A header may hold any bytes; those that are no text come as surrogates, which no database keeps.
    raw = request.headers.get("User-Agent", "").encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "replace")[:255]


def _form(
    request: web.Request, target: str, context: Mapping[str, object] | None = None, *, status: int = 200
) -> web.Response:
    nothing_yet = {"username": "", "error": None, "retry_after_seconds": 0}
    given = {**nothing_yet, **(context or {}), "next": target, "is_demo": request.app[IS_DEMO]}
    return render(request, "login.html", given, status=status)


ROUTES: Final = (
    web.get("/login", log_in_page, name="login-page"),
    web.post("/login", log_in, name="login"),
    web.post("/login/language", languages.choose, name="language"),
    web.post("/login/theme", themes.choose, name="theme"),
    web.get("/logout", log_out_page, name="logout-page"),
    web.post("/logout", log_out, name="logout"),
)
