"""auth_svc's HTML pages (log-in and log-out come from common)."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from auth_svc.app_keys import ADMINISTRATION
from common.errors import Invalid
from common.languages import gettext
from common.web.keys import SITE
from common.web.pages import render
from common.web.requests import read_form_fields

SET_PASSWORD_PATH: Final = "/account/set-password"


async def home(request: web.Request) -> web.Response:
    """GET /: there is nothing to see here; the library is the home of the site."""
    return web.Response(status=303, headers={"Location": request.app[SITE].stream_url + "/"})


async def set_password_page(request: web.Request) -> web.Response:
    """GET /account/set-password: where a link leads by which somebody chooses their password."""
    token = request.query.get("token", "")
    account = await request.app[ADMINISTRATION].owner_of_link(token)
    return render(request, "set_password.html", {"token": token, "username": account.username, "errors": {}})


async def set_password(request: web.Request) -> web.Response:
    """POST /account/set-password: sets it, and leads to the log-in."""
    fields = await read_form_fields(request)
    token = fields.get("token", "")
    administration = request.app[ADMINISTRATION]
    try:
        await administration.choose_password(token, fields.get("password", ""), address=request.remote or "")
    except Invalid as refusal:
        account = await administration.owner_of_link(token)
        error = gettext("The password %(fault)s.") % {"fault": refusal.errors[0]["detail"]}
        context = {"token": token, "username": account.username, "errors": {"password": error}}
        return render(request, "set_password.html", context, status=refusal.status)
    return web.Response(status=303, headers={"Location": "/login"})
