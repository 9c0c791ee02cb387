"""The page behind a link by which guests send, and what the owner of a collection does with such links, or who manages
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from aiohttp import hdrs, web
from pydantic import Field

from catalogue.videos import MAX_SIZE, TITLE_MAX
from common.clock import utc_now
from common.errors import Conflict, Invalid
from common.languages import gettext
from common.media_types import BY_ENDING, CLAIMED
from common.web.links import password_page, take_password
from common.web.pages import render
from common.web.requests import Query, id_in_path, read_form_fields, require_principal, validated
from upload_svc.guests.api import PROOF, enter, give_secret, guest_of, guest_url
from upload_svc.guests.app_keys import GUESTS, UPLOAD_LINKS
from upload_svc.guests.errors import PasswordNeeded
from upload_svc.guests.links import NewUploadLink
from upload_svc.guests.models import FILES_MAX, MESSAGE_MAX, NOTE_MAX, SENDER_MAX, LinkPassword, MostFiles, Note
from upload_svc.guests.store import MOST_LINKS


class UploadLinkForm(Query):
    """A new link as its maker's page asks for it: `days` until it ends, `max_gigabytes` of each file."""

    note: Note = ""
    max_files: MostFiles | None = None
    max_gigabytes: Annotated[float, Field(ge=0.001, le=MAX_SIZE / 10**9, allow_inf_nan=False)] | None = None
    days: Annotated[int, Field(ge=1, le=3650)] | None = None
    password: LinkPassword | None = None

    def to_domain(self, now: datetime) -> NewUploadLink:
        return NewUploadLink(
            expires_at=None if self.days is None else now + timedelta(days=self.days),
            password=self.password,
            max_size=None if self.max_gigabytes is None else round(self.max_gigabytes * 10**9),
            max_files=self.max_files,
            note=self.note,
        )


async def guest_page(request: web.Request) -> web.Response:
    """GET /u/{token}."""
    guests = request.app[GUESTS]
    try:
        visit = await enter(request)
    except PasswordNeeded:
        return password_page(request)
    invitation, link = await guests.open(visit), visit.link
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
        # As they were sent: what their owner calls them, or does with them, is not the guest's to know.
        "received": [video.filename for video in invitation.received],
        "title_max": TITLE_MAX,
        "sender_max": SENDER_MAX,
        "message_max": MESSAGE_MAX,
    }
    response = render(request, "guest.html", context)
    # Nobody else is told the address.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    if visit.guest.secret is None:
        # Before anything is begun: two files at once are of one guest.
        give_secret(request, response, guests.new_secret())
    return response


async def guest_password(request: web.Request) -> web.Response:
    """POST /u/{token}: whoever has typed the password need not do it again here."""
    token, guests = request.match_info["token"], request.app[GUESTS]
    # Before anything is said of the form.
    visit = await guests.enter(token, guest_of(request), is_typing_password=True)
    return await take_password(request, partial(guests.prove, visit), cookie=PROOF, below=f"/u/{token}")


async def discard_guest_upload(request: web.Request) -> web.Response:
    """POST /u/{token}/uploads/{upload_id}/discard: from the page, which it leads back to."""
    token, upload_id = request.match_info["token"], id_in_path(request, "upload_id")
    await request.app[GUESTS].delete(await enter(request), upload_id)
    return web.Response(status=303, headers={hdrs.LOCATION: f"/u/{token}"})


async def upload_links_page(request: web.Request) -> web.Response:
    """GET /videos/collections/{collection_id}/links: by which guests send, and what has come by each."""
    return await _links(request)


async def add_upload_link(request: web.Request) -> web.Response:
    """POST …/links: the page tells the new link once."""
    principal, collection_id = require_principal(request), id_in_path(request, "collection_id")
    fields = await read_form_fields(request)
    try:
        # What was left empty is no limit; of a password a space is no less than what else is typed.
        given = {name: value for name, value in fields.items() if (value if name == "password" else value.strip())}
        form = validated(UploadLinkForm, given)
        _, token = await request.app[UPLOAD_LINKS].create(
            principal, collection_id, form.to_domain(utc_now()), address=request.remote or ""
        )
    except (Conflict, Invalid) as refusal:
        return await _links(request, form=fields, refusal=refusal)
    return await _links(request, url=guest_url(request, token))


async def revoke_upload_link(request: web.Request) -> web.Response:
    """POST …/links/{link_id}/revoke."""
    principal, collection_id = require_principal(request), id_in_path(request, "collection_id")
    link_id = id_in_path(request, "link_id")
    await request.app[UPLOAD_LINKS].revoke(principal, collection_id, link_id, address=request.remote or "")
    return web.Response(status=303, headers={hdrs.LOCATION: f"/videos/collections/{collection_id}/links"})


async def _links(
    request: web.Request,
    *,
    url: str | None = None,
    form: Mapping[str, str] | None = None,
    refusal: Conflict | Invalid | None = None,
) -> web.Response:
    principal, collection_id = require_principal(request), id_in_path(request, "collection_id")
    links = request.app[UPLOAD_LINKS]
    collection = await links.collection(principal, collection_id)
    # All of them are on one page.
    listed, _ = await links.list(principal, collection_id, cursor=None, limit=MOST_LINKS)
    faults = {} if refusal is None else {"": gettext(refusal.detail)}
    if isinstance(refusal, Invalid):
        faults = {fault["pointer"].removeprefix("#/"): fault["detail"] for fault in refusal.errors}
    context = {
        "collection": {
            "id": collection.id,
            "title": collection.title,
            "is_mine": collection.owner_id == principal.account_id,
        },
        "links": [
            {
                "id": one.link.id,
                "created_at": one.link.created_at,
                "ends_at": one.link.expires_at,
                "has_ended": one.link.expires_at is not None and one.link.expires_at <= utc_now(),
                "has_password": one.link.password_hash is not None,
                "max_size": one.link.max_size,
                "max_files": one.link.max_files,
                "name": one.link.link_name,
                "note": one.link.note,
                "received": one.received,
            }
            for one in listed
        ],
        "new_url": url,
        "form": form or {},
        "errors": faults,
        "note_max": NOTE_MAX,
        "files_max": FILES_MAX,
    }
    return render(request, "upload_links.html", context, status=200 if refusal is None else refusal.status)
