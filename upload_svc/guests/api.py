"""What guests send by a link, for programs: as `/v1/uploads`, below the link's address; and the links."""

from __future__ import annotations

import hashlib

from aiohttp import web
from pydantic import BaseModel

from common.idempotency import Claim
from common.ids import new_id
from common.web.idempotency import IDEMPOTENCY_KEYS, create_once
from common.web.keys import SITE
from common.web.links import give_cookie
from common.web.requests import id_in_path, read_json, require_principal
from common.web.responses import json_response
from contracts.objects import AskPartUrls
from upload_svc.guests import models
from upload_svc.guests.app_keys import GUESTS, UPLOAD_LINKS
from upload_svc.guests.guests import Guest, Visit
from upload_svc.guests.links import NewUploadLink
from upload_svc.models import CompleteUpload, Grant, GrantPage, ListGrants

PROOF, SECRET = "vss_guest_proof", "vss_guest"


async def create_guest_upload(request: web.Request) -> web.Response:
    """Creates an upload for whoever has the link; the cookie that is set with it is needed for all that follows."""
    token, guests = request.match_info["token"], request.app[GUESTS]
    guest = guest_of(request)
    # Before anything is said of the content.
    visit = await guests.enter(token, guest)
    asked = await read_json(request, models.CreateGuestUpload)
    secret = guest.secret or guests.new_secret()

    async def create(claim: Claim | None) -> models.GuestUpload:
        upload_id = new_id() if claim is None else claim.resource_id
        made = await guests.create(visit, secret, asked.new_upload, asked.said, upload_id=upload_id)
        shown = models.present_guest_upload(made)
        if claim is not None:
            await request.app[IDEMPOTENCY_KEYS].answer(claim, shown.model_dump_json())
        return shown

    whose = visit.link.id, hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
    upload = await create_once(request, asked, models.GuestUpload, create, whose=whose)
    location = request.app.router["get-guest-upload"].url_for(token=token, upload_id=upload.id)
    response = json_response(upload, status=201, headers={"Location": str(location)})
    if guest.secret is None:
        give_secret(request, response, secret)
    return response


async def get_guest_upload(request: web.Request) -> web.Response:
    """One upload of this guest's; while it is open, with the parts received so far."""
    upload_id, guests = id_in_path(request, "upload_id"), request.app[GUESTS]
    return json_response(models.present_guest_upload(await guests.get(await enter(request), upload_id)))


async def create_guest_part_urls(request: web.Request) -> web.Response:
    """Presigned URLs for parts of this guest's upload; each accepts exactly that part's size."""
    upload_id, visit = id_in_path(request, "upload_id"), await enter(request)
    asked = await read_json(request, AskPartUrls)
    return json_response(await request.app[GUESTS].part_urls(visit, upload_id, asked))


async def complete_guest_upload(request: web.Request) -> web.Response:
    """Completes this guest's upload; idempotent, the content is optional. 202: not confirmed yet, ask again."""
    upload_id, visit = id_in_path(request, "upload_id"), await enter(request)
    asked = await read_json(request, CompleteUpload) if request.can_read_body else CompleteUpload()
    upload = await request.app[GUESTS].complete(visit, upload_id, asked.to_domain())
    shown = models.present_guest_upload(upload)
    if upload.stored_object is not None:
        return json_response(shown, status=202, headers={"Retry-After": "1"})
    return json_response(shown)


async def delete_guest_upload(request: web.Request) -> web.Response:
    """Gives up this guest's upload, as long as it is not complete."""
    upload_id = id_in_path(request, "upload_id")
    await request.app[GUESTS].delete(await enter(request), upload_id)
    return web.Response(status=204)


async def create_upload_link(
    request: web.Request, collection_id: str, asked: BaseModel, new: NewUploadLink
) -> web.Response:
    """A new link by which whoever has it sends videos into the collection; its `url` is told once."""
    principal = require_principal(request)

    async def create(claim: Claim | None) -> Grant:
        link, token = await request.app[UPLOAD_LINKS].create(
            principal,
            collection_id,
            new,
            address=request.remote or "",
            link_id=None if claim is None else claim.resource_id,
            remember=None
            if claim is None
            else lambda link: claim.keep(models.present_upload_link(link, received=0).model_dump_json()),
        )
        return models.present_upload_link(link, received=0, url=guest_url(request, token))

    return json_response(await create_once(request, asked, Grant, create), status=201)


async def list_upload_links(request: web.Request, collection_id: str, asked: ListGrants) -> web.Response:
    """The links by which guests send into the collection, the newest first, also those that have ended."""
    listed, next_cursor = await request.app[UPLOAD_LINKS].list(
        require_principal(request), collection_id, cursor=asked.cursor, limit=asked.limit
    )
    items = [models.present_upload_link(one.link, received=one.received) for one in listed]
    return json_response(GrantPage(items=items, next_cursor=next_cursor, collections=[]))


def guest_url(request: web.Request, token: str) -> str:
    """What the maker of a link sends to guests."""
    return f"{request.app[SITE].upload_url}{request.app.router['guest-page'].url_for(token=token)}"


async def enter(request: web.Request) -> Visit:
    """Whoever may send by the link; before anything is said of the content."""
    return await request.app[GUESTS].enter(request.match_info["token"], guest_of(request))


def guest_of(request: web.Request) -> Guest:
    return Guest(
        proof=request.cookies.get(PROOF), secret=request.cookies.get(SECRET) or None, address=request.remote or ""
    )


def give_secret(request: web.Request, response: web.Response, secret: str) -> None:
    """Has the browser show this from now on, below this link alone."""
    give_cookie(request, response, SECRET, secret, below=f"/u/{request.match_info['token']}")
