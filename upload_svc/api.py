"""upload_svc's JSON handlers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, cast, get_args

from aiohttp import web

from catalogue.access import Right
from catalogue.embeds import embed_html
from catalogue.videos import VideoState
from common.errors import Malformed, TooLarge, UnsupportedMediaType
from common.idempotency import Claim
from common.ids import new_id
from common.languages import N_
from common.tokens import Principal
from common.web.idempotency import IDEMPOTENCY_KEYS, create_once
from common.web.keys import SITE
from common.web.requests import id_in_path, read_content, read_json, read_query, require_principal
from common.web.responses import json_response
from contracts.accounts import GranteeList
from contracts.media import PictureType
from contracts.objects import AskPartUrls
from upload_svc.app_keys import GRANTS, OWN_PICTURES, UPLOADS
from upload_svc.errors import PictureTooLarge
from upload_svc.grant_store import Grant as StoredGrant
from upload_svc.grant_store import ListedLink, Target
from upload_svc.models import (
    AskGrantees,
    Batch,
    ChoosePoster,
    CompleteUpload,
    CreateGrant,
    CreateShare,
    CreateUpload,
    EditUpload,
    Grant,
    GrantPage,
    ListGrants,
    ListUploads,
    SharedCollection,
    Upload,
    UploadPage,
    present,
    present_batch,
    present_grant,
    present_integrity,
    present_link,
    present_listed,
)
from upload_svc.own_pictures import MOST_BYTES
from upload_svc.uploads import Edit
from upload_svc.uploads import Upload as UploadInDomain

# The header of changes that somebody makes to what they have seen.
IF_MATCH: Final = {
    "If-Match": "The ETag of a GET, or of a change: the change is made only while it is the present one."
}
PICTURE_TYPES: Final[tuple[str, ...]] = get_args(PictureType)
# For 10 MiB on a slow line.
_PICTURE_SECONDS: Final = 40.0
_ETAG: Final = re.compile(r'(W/)?"([^"]*)"')
_LISTED = (VideoState.UPLOADING, VideoState.READY)


async def create_upload(request: web.Request) -> web.Response:
    """Creates an upload: plans its parts and reserves storage."""
    principal = require_principal(request)
    asked = await read_json(request, CreateUpload)

    async def create(claim: Claim | None) -> Upload:
        upload_id = new_id() if claim is None else claim.resource_id
        made = await request.app[UPLOADS].create(principal, asked.to_domain(), upload_id=upload_id)
        shown = present(made, stream_url=request.app[SITE].stream_url)
        if claim is not None:
            await request.app[IDEMPOTENCY_KEYS].answer(claim, shown.model_dump_json())
        return shown

    upload = await create_once(request, asked, Upload, create)
    location = request.app.router["get-upload"].url_for(upload_id=upload.id)
    return json_response(upload, status=201, headers={"Location": str(location)})


async def list_uploads(request: web.Request) -> web.Response:
    """Your uploads; searched, filtered and sorted as asked, the newest first by default."""
    principal = require_principal(request)
    asked = read_query(request, ListUploads)
    states = _LISTED if asked.state is None else (VideoState(asked.state),)
    uploads, next_cursor = await request.app[UPLOADS].list(
        principal, states, asked.wanted, cursor=asked.cursor, limit=asked.limit
    )
    stream_url = request.app[SITE].stream_url
    return json_response(
        UploadPage(items=[present(upload, stream_url=stream_url) for upload in uploads], next_cursor=next_cursor)
    )


async def get_upload(request: web.Request) -> web.Response:
    """One upload; while it is open, with the parts received so far."""
    principal = require_principal(request)
    return _one(request, await request.app[UPLOADS].get(principal, id_in_path(request, "upload_id")))


async def create_part_urls(request: web.Request) -> web.Response:
    """Presigned URLs for parts; each accepts exactly that part's size."""
    principal = require_principal(request)
    asked = await read_json(request, AskPartUrls)
    return json_response(await request.app[UPLOADS].part_urls(principal, id_in_path(request, "upload_id"), asked))


async def complete_upload(request: web.Request) -> web.Response:
    """Completes an upload; idempotent, the content is optional. 202: not confirmed yet, ask again."""
    principal, upload_id = require_principal(request), id_in_path(request, "upload_id")
    asked = await read_json(request, CompleteUpload) if request.can_read_body else CompleteUpload()
    upload = await request.app[UPLOADS].complete(principal, upload_id, asked.to_domain())
    shown = present(upload, stream_url=request.app[SITE].stream_url)
    if upload.stored_object is not None:
        return json_response(shown, status=202, headers={"Retry-After": "1"})
    return json_response(shown)


async def get_integrity(request: web.Request) -> web.Response:
    """The evidence that the stored file is the one that was sent."""
    principal = require_principal(request)
    integrity = await request.app[UPLOADS].integrity(principal, id_in_path(request, "upload_id"))
    return json_response(present_integrity(integrity))


async def edit_upload(request: web.Request) -> web.Response:
    """Changes title, description or visibility, only the fields sent; the response has an ETag."""
    principal = require_principal(request)
    asked = await read_json(request, EditUpload)
    edit = Edit(title=asked.title, description=asked.description, visibility=asked.visibility)
    upload_id = id_in_path(request, "upload_id")
    return _one(request, await request.app[UPLOADS].edit(principal, upload_id, edit, if_match=if_match(request)))


async def trash_upload(request: web.Request) -> web.Response:
    """Moves a video to the trash: only you can see it, and it is deleted after seven days. Idempotent."""
    principal, upload_id = require_principal(request), id_in_path(request, "upload_id")
    await request.app[UPLOADS].trash(principal, upload_id, address=request.remote or "", if_match=if_match(request))
    return web.Response(status=204)


async def restore_upload(request: web.Request) -> web.Response:
    """Restores a video from the trash. Idempotent."""
    principal = require_principal(request)
    await request.app[UPLOADS].restore(principal, id_in_path(request, "upload_id"), address=request.remote or "")
    return web.Response(status=204)


async def batch_uploads(request: web.Request) -> web.Response:
    """Changes up to 100 videos with one call, each on its own: one result per video. Idempotent."""
    principal, asked = require_principal(request), await read_json(request, Batch)
    refusals = await request.app[UPLOADS].batch(principal, asked.ids, asked.act, address=request.remote or "")
    return json_response(present_batch(refusals))


async def list_grants(request: web.Request) -> web.Response:
    """Who else may watch a video: accounts, groups and links, the newest first.

    What has ended is listed too: a link always, an account or a group for about a minute.
    """
    return await list_grants_of(request, _video(request))


async def list_shares(request: web.Request) -> web.Response:
    """The links to a video, the newest first, also those that have ended."""
    return await list_grants_of(request, _video(request), is_links=True)


def _video(request: web.Request) -> Target:
    return Target(id_in_path(request, "upload_id"))


async def list_grants_of(request: web.Request, target: Target, *, is_links: bool = False) -> web.Response:
    """A page of the grants of a video or a collection."""
    asked = read_query(request, ListGrants)
    listed, next_cursor = await request.app[GRANTS].list(
        require_principal(request),
        target,
        is_links=is_links,
        cursor=asked.cursor,
        limit=asked.limit,
    )
    return json_response(await page_of_grants(request, target, listed, next_cursor))


async def page_of_grants(
    request: web.Request, target: Target, listed: Sequence[StoredGrant | ListedLink], next_cursor: str | None
) -> GrantPage:
    """With the collections by which others may watch it too."""
    shared = await request.app[GRANTS].shared_collections(target)
    collections = [SharedCollection(id=one.id, title=one.title) for one in shared]
    return GrantPage(items=[*map(present_listed, listed)], next_cursor=next_cursor, collections=collections)


async def create_grant(request: web.Request) -> web.Response:
    """Lets an account, a group, or whoever has the link that is made watch a video, whatever its visibility.

    Of an account or a group that may watch already, the end changes. A link's `url` is told once: what is sent again
    with its `Idempotency-Key` is answered without it.
    """
    return await create_grant_of(request, _video(request), CreateGrant)


async def create_share(request: web.Request) -> web.Response:
    """Creates a link by which whoever has it may watch a video, whatever its visibility; its `url` is told once."""
    return await create_grant_of(request, _video(request), CreateShare)


async def create_grant_of(request: web.Request, target: Target, model: type[CreateGrant]) -> web.Response:
    """A new grant of a video or a collection, as the model asks for it."""
    principal, asked = require_principal(request), await read_json(request, model)
    grants, address = request.app[GRANTS], request.remote or ""

    async def create(claim: Claim | None) -> Grant:
        if asked.subject == "link":
            link, thing, token = await grants.create(
                principal,
                target,
                asked.new_link,
                address=address,
                link_id=None if claim is None else claim.resource_id,
                remember=None
                if claim is None
                else lambda link: claim.keep(present_link(link, name=asked.name, views=0).model_dump_json()),
            )
            stream_url = request.app[SITE].stream_url
            embed_url = f"{stream_url}/embed/{token}" if link.frame_ancestors else None
            html = None if embed_url is None else embed_html(embed_url, thing.title)
            return present_link(
                link, name=asked.name, views=0, url=f"{stream_url}/s/{token}", embed_url=embed_url, embed_html=html
            )
        grant = await grants.share(
            principal,
            target,
            asked.subject,
            right=Right(asked.right),
            expires_at=asked.expires_at,
            address=address,
            remember=None if claim is None else lambda grant: claim.keep(present_grant(grant).model_dump_json()),
        )
        return present_grant(grant)

    return json_response(await create_once(request, asked, Grant, create), status=201)


async def list_grantees(request: web.Request) -> web.Response:
    """With whom you can share: the account with this username, or your groups (for administrators 100 of them all)."""
    principal, asked = require_principal(request), read_query(request, AskGrantees)
    return json_response(GranteeList(items=list(await request.app[GRANTS].grantees(principal, asked.username))))


async def delete_grant(request: web.Request) -> web.Response:
    """Revokes a grant: it opens nothing from now on. What it has opened plays on until its URL ends. Idempotent."""
    return await delete_grant_of(request, _video(request))


async def delete_grant_of(request: web.Request, target: Target) -> web.Response:
    """Revokes a grant or a link of a video or a collection."""
    principal, grant_id = require_principal(request), id_in_path(request, "grant_id")
    await request.app[GRANTS].unshare(principal, target, grant_id, address=request.remote or "")
    await request.app[GRANTS].revoke(principal, target, grant_id, address=request.remote or "")
    return web.Response(status=204)


async def delete_share(request: web.Request) -> web.Response:
    """Revokes a link: it opens nothing from now on. What it has opened plays for two more minutes. Idempotent."""
    principal, link_id = require_principal(request), id_in_path(request, "grant_id")
    await request.app[GRANTS].revoke(principal, _video(request), link_id, address=request.remote or "")
    return web.Response(status=204)


async def retry_media(request: web.Request) -> web.Response:
    """Makes what failed of a video's facts, poster and storyboard anew. Idempotent."""
    principal = require_principal(request)
    await request.app[UPLOADS].retry_media(principal, id_in_path(request, "upload_id"))
    return web.Response(status=204)


async def choose_poster(request: web.Request) -> web.Response:
    """Makes another moment of a video its picture, or a picture that is sent.

    `media.state` is `ready` again once the moment is there, `media.sent_picture.state` once the picture is. Idempotent.
    """
    principal = require_principal(request)
    if request.content_type in PICTURE_TYPES:
        return await _send_picture(request, principal)
    if request.content_type.startswith("image/"):
        raise UnsupportedMediaType(N_("Choose a JPEG, PNG or WebP picture."))
    asked = await read_json(request, ChoosePoster)
    await request.app[UPLOADS].choose_poster(
        principal, id_in_path(request, "upload_id"), at_ms=round(asked.seconds * 1000)
    )
    return web.Response(status=204)


async def _send_picture(request: web.Request, principal: Principal) -> web.Response:
    pictures, upload_id = request.app[OWN_PICTURES], id_in_path(request, "upload_id")
    # Before anything of it is read.
    await pictures.check(principal, upload_id)
    with pictures.place():
        try:
            picture = await read_content(request, most_bytes=MOST_BYTES, seconds=_PICTURE_SECONDS)
        except (TooLarge, web.HTTPRequestEntityTooLarge) as exc:
            raise PictureTooLarge from exc
        if not picture:
            raise Malformed(N_("The picture is empty. Choose another JPEG, PNG or WebP."))
        await pictures.choose(principal, upload_id, picture, content_type=cast("PictureType", request.content_type))
    return web.Response(status=204)


async def delete_upload(request: web.Request) -> web.Response:
    """Permanently deletes a video, or aborts an unfinished upload."""
    principal, upload_id = require_principal(request), id_in_path(request, "upload_id")
    await request.app[UPLOADS].delete(principal, upload_id, address=request.remote or "", if_match=if_match(request))
    return web.Response(status=204)


def _one(request: web.Request, upload: UploadInDomain) -> web.Response:
    shown = present(upload, stream_url=request.app[SITE].stream_url)
    return json_response(shown, headers={"ETag": f'"{upload.video.etag}"'})


def if_match(request: web.Request) -> frozenset[str] | None:
    """The ETags of which one must be the present one; None: it may be any (RFC 9110, section 13.1.1)."""
    asked = ", ".join(request.headers.getall("If-Match", []))
    if not asked or asked.strip() == "*":
        return None
    # A weak one never matches.
    return frozenset(tag for weak, tag in _ETAG.findall(asked) if not weak)
