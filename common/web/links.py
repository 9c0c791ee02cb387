"""What pages behind links have in common: a password that is typed once, and cookies for the link's address alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Final

from aiohttp import hdrs, web
from pydantic import Field

from common.errors import Invalid, RateLimited
from common.languages import gettext
from common.passwords import MAX_LENGTH
from common.web.pages import render
from common.web.requests import Query, read_form
from common.web.sessions import SESSION_COOKIE

# As long as a visitor need not type the password again, or is not counted again; and longer than an upload can be
# unfinished.
_LIFETIME: Final = timedelta(days=30)


class _TypePassword(Query):
    """The form of the password page."""

    password: Annotated[str, Field(max_length=MAX_LENGTH)] = ""


def password_page(request: web.Request, *, error: str | None = None, status: int = HTTPStatus.OK) -> web.Response:
    """What stands instead of all else until the password of the link was typed."""
    response = render(request, "link_password.html", {"error": error}, status=status)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


async def take_password(
    request: web.Request, prove: Callable[[str], Awaitable[str]], *, cookie: str, below: str
) -> web.Response:
    """Leads back to the page, with the cookie of whoever has typed the password, of which `prove` gives the content.

    `prove` raises Invalid and RateLimited: then the password page says so.
    """
    typed = await read_form(request, _TypePassword)
    try:
        proof = await prove(typed.password)
    except Invalid:
        return password_page(request, error=gettext("Wrong password."), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except RateLimited as refusal:
        page = password_page(request, error=gettext("Too many attempts. Try again later."), status=refusal.status)
        page.headers.update(refusal.headers)
        return page
    response = web.Response(status=HTTPStatus.SEE_OTHER, headers={hdrs.LOCATION: str(request.rel_url)})
    give_cookie(request, response, cookie, proof, below=below)
    return response


def give_cookie(request: web.Request, response: web.Response, name: str, content: str, *, below: str) -> None:
    """Has the browser show this from now on, below this address alone."""
    response.set_cookie(
        name,
        content,
        path=below,
        max_age=int(_LIFETIME.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=request.app[SESSION_COOKIE].is_secure,
    )
