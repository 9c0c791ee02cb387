"""The page behind a link by which guests send, and what the owner of a collection does with such links."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aiohttp import hdrs, web
from pydantic import Field

from catalogue.videos import TITLE_MAX
from common.errors import Invalid, RateLimited
from common.languages import gettext
from common.media_types import BY_ENDING, CLAIMED
from common.passwords import MAX_LENGTH
from common.web.pages import render
from common.web.requests import Query, id_in_path, read_form
from upload_svc.guests.api import PROOF, SECRET, give, guest_of
from upload_svc.guests.app_keys import GUESTS
from upload_svc.guests.errors import PasswordNeeded
from upload_svc.guests.models import MESSAGE_MAX, SENDER_MAX


class TypePassword(Query):
    """The form of the password page."""

    password: Annotated[str, Field(max_length=MAX_LENGTH)] = ""


async def guest_page(request: web.Request) -> web.Response:
    """GET /u/{token}."""
    token, guests, guest = request.match_info["token"], request.app[GUESTS], guest_of(request)
    try:
        invitation = await guests.open(token, guest)
    except PasswordNeeded:
        return _password_page(request)
    link = invitation.link
    context = {
        "is_guest": True,
        "api": f"{request.path}/uploads",
        "types": sorted(CLAIMED),
        "endings": list(BY_ENDING),
        "note": link.note,
        "max_size": link.max_size,
        "max_files": link.max_files,
        "files_left": invitation.files_left,
        "ends_at": link.expires_at,
        "unfinished": invitation.unfinished,
        "title_max": TITLE_MAX,
        "sender_max": SENDER_MAX,
        "message_max": MESSAGE_MAX,
    }
    response = render(request, "guest.html", context)
    # Nobody else is told the address.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    if guest.secret is None:
        # Before anything is begun: two files at once are of one guest.
        give(request, response, SECRET, guests.new_secret())
    return response


async def guest_password(request: web.Request) -> web.Response:
    """POST /u/{token}: whoever has typed the password need not do it again here."""
    token, guests = request.match_info["token"], request.app[GUESTS]
    # Before anything is said of the form.
    await guests.require(token)
    typed = await read_form(request, TypePassword)
    try:
        proof = await guests.prove(token, typed.password)
    except Invalid:
        return _password_page(request, error=gettext("Wrong password."), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except RateLimited as refusal:
        page = _password_page(request, error=gettext("Too many attempts. Try again later."), status=refusal.status)
        page.headers.update(refusal.headers)
        return page
    response = web.Response(status=303, headers={hdrs.LOCATION: request.path})
    give(request, response, PROOF, proof)
    return response


async def discard_guest_upload(request: web.Request) -> web.Response:
    """POST /u/{token}/uploads/{upload_id}/discard: from the page, which it leads back to."""
    token, upload_id = request.match_info["token"], id_in_path(request, "upload_id")
    await request.app[GUESTS].delete(token, guest_of(request), upload_id)
    return web.Response(status=303, headers={hdrs.LOCATION: f"/u/{token}"})


def _password_page(request: web.Request, *, error: str | None = None, status: int = 200) -> web.Response:
    response = render(request, "link_password.html", {"error": error}, status=status)
    response.headers["X-Robots-Tag"] = "noindex"
    return response
