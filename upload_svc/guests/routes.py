"""The routes of this room."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from common.tokens import READ, UPLOAD
from common.web.routes import IDEMPOTENCY, delete, get, post
from contracts.objects import AskPartUrls, PartUrls
from upload_svc.errors import COMPLETING, SIGNING
from upload_svc.guests import api, pages
from upload_svc.guests.models import CreateGuestUpload, GuestUpload
from upload_svc.models import CompleteUpload

# Of each: the link has a password, or too much was asked.
_ASKED: Final = ("forbidden", "rate-limited")

API: Final = (
    post(
        "/u/{token}/uploads",
        api.create_guest_upload,
        {201: GuestUpload},
        is_open=True,
        body=CreateGuestUpload,
        headers=IDEMPOTENCY,
        refusals=(*_ASKED, "conflict", "quota-exceeded", "storage-unavailable"),
    ),
    get(
        "/u/{token}/uploads/{upload_id}",
        api.get_guest_upload,
        {200: GuestUpload},
        is_open=True,
        scopes=(READ, UPLOAD),
        refusals=(*_ASKED, "storage-unavailable"),
    ),
    post(
        "/u/{token}/uploads/{upload_id}/part-urls",
        api.create_guest_part_urls,
        {200: PartUrls},
        is_open=True,
        body=AskPartUrls,
        refusals=(*_ASKED, *SIGNING, "part-differs"),
    ),
    post(
        "/u/{token}/uploads/{upload_id}/complete",
        api.complete_guest_upload,
        {200: GuestUpload, 202: GuestUpload},
        is_open=True,
        body=CompleteUpload,
        is_body_optional=True,
        time_limit_seconds=60,
        refusals=(*_ASKED, *COMPLETING),
    ),
    delete(
        "/u/{token}/uploads/{upload_id}",
        api.delete_guest_upload,
        {204: None},
        is_open=True,
        refusals=(*_ASKED, "upload-not-open"),
    ),
)

# Before those below /videos/{upload_id}.
PAGES: Final = (
    web.get("/videos/collections/{collection_id}/links", pages.upload_links_page, name="upload-links-page"),
    web.post("/videos/collections/{collection_id}/links", pages.add_upload_link, name="add-upload-link"),
    web.post(
        "/videos/collections/{collection_id}/links/{link_id}/revoke",
        pages.revoke_upload_link,
        name="revoke-upload-link",
    ),
    web.get("/u/{token}", pages.guest_page, name="guest-page"),
    web.post("/u/{token}", pages.guest_password, name="guest-password"),
    web.post("/u/{token}/uploads/{upload_id}/discard", pages.discard_guest_upload, name="discard-guest-upload"),
)
