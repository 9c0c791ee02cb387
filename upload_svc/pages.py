"""upload_svc's HTML pages: upload, and my videos."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict
from yarl import URL

from catalogue.videos import DESCRIPTION_MAX, TITLE_MAX, Video, VideoState, Visibility
from common.clock import utc_now
from common.errors import Invalid, NotFound
from common.ids import is_id
from common.media_types import BY_ENDING, CLAIMED
from common.tokens import Principal
from common.web.exports import every, send_export
from common.web.forms import as_shown, changed_fields
from common.web.keys import SITE
from common.web.pages import render
from common.web.requests import (
    id_in_path,
    read_form_fields,
    read_query,
    require_principal,
    require_whole_principal,
    validated,
)
from upload_svc.app_keys import UPLOADS
from upload_svc.models import Description, ListUploads, Title, present, watch_url
from upload_svc.uploads import Edit, Upload

_MINE: Final = (VideoState.READY, VideoState.UPLOADING)
_LIVE: Final = (VideoState.READY, VideoState.UPLOADING, VideoState.TRASHED)
_PAGES: Final = {"upload": "/upload", "trash": "/videos?state=trashed"}


class EditForm(BaseModel):
    """The form on "my videos"."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    title: Title
    description: Description
    visibility: Visibility


async def home(request: web.Request) -> web.Response:
    """GET /."""
    return web.Response(status=303, headers={"Location": "/upload"})


async def upload_page(request: web.Request) -> web.Response:
    """GET /upload."""
    principal = require_principal(request)
    unfinished, _ = await request.app[UPLOADS].list(principal, [VideoState.UPLOADING], cursor=None, limit=20)
    response = render(
        request,
        "upload.html",
        {
            "types": sorted(CLAIMED),
            "endings": list(BY_ENDING),
            "unfinished": [upload.video for upload in unfinished],
            "usage": await request.app[UPLOADS].usage(principal),
            "title_max": TITLE_MAX,
            "description_max": DESCRIPTION_MAX,
        },
    )
    if "dropped" in request.query and request.headers.get("Sec-Fetch-Site") in ("same-origin", "same-site"):
        # The page of ours that opened it hands it the files that were dropped there. For other sites it stays apart.
        response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    return response


async def videos_page(request: web.Request) -> web.Response:
    """GET /videos."""
    principal = require_principal(request)
    editing, sharing = await _named(request, principal, "edit"), await _named(request, principal, "share")
    if sharing is not None and sharing.video.state is not VideoState.READY:
        raise NotFound
    return await _videos(request, principal, editing=editing, sharing=sharing)


async def _named(request: web.Request, principal: Principal, name: str) -> Upload | None:
    """The video that the query names for that, if any. Raises NotFound."""
    video_id = request.query.get(name)
    if not video_id:
        return None
    if not is_id(video_id):
        raise NotFound
    return await request.app[UPLOADS].get(principal, video_id)


async def edit_video(request: web.Request) -> web.Response:
    """POST /videos/{upload_id}."""
    principal = require_principal(request)
    upload_id = id_in_path(request, "upload_id")
    fields = await read_form_fields(request)
    uploads = request.app[UPLOADS]
    try:
        form = validated(EditForm, fields)
    except Invalid as invalid:
        errors = {fault["pointer"].removeprefix("#/"): fault["detail"] for fault in invalid.errors}
        editing = await uploads.get(principal, upload_id)
        return await _videos(request, principal, editing=editing, errors=errors, form=fields)
    changed = changed_fields(fields, EditForm.model_fields)
    await uploads.edit(principal, upload_id, Edit(**{name: getattr(form, name) for name in changed}))
    # Who came from the watch page, as without scripts one does to change something, goes back there.
    is_from_watch = fields.get("page") == "watch"
    location = watch_url(request.app[SITE].stream_url, upload_id) if is_from_watch else "/videos"
    return web.Response(status=303, headers={"Location": location})


async def trash_video(request: web.Request) -> web.Response:
    """POST /videos/{upload_id}/trash."""
    principal = require_principal(request)
    upload_id = id_in_path(request, "upload_id")
    await request.app[UPLOADS].trash(principal, upload_id, address=request.remote or "")
    # The page that follows offers to undo it.
    return web.Response(status=303, headers={"Location": f"/videos?trashed={upload_id}"})


async def restore_video(request: web.Request) -> web.Response:
    """POST /videos/{upload_id}/restore."""
    principal = require_principal(request)
    await request.app[UPLOADS].restore(principal, id_in_path(request, "upload_id"), address=request.remote or "")
    return await _back(request)


async def delete_video(request: web.Request) -> web.Response:
    """POST /videos/{upload_id}/delete."""
    principal = require_principal(request)
    await request.app[UPLOADS].delete(principal, id_in_path(request, "upload_id"), address=request.remote or "")
    return await _back(request)


async def export(request: web.Request) -> web.StreamResponse:
    """GET /videos/export: what upload_svc keeps about a person."""
    principal = require_whole_principal(request)
    uploads, stream_url = request.app[UPLOADS], request.app[SITE].stream_url
    found = every(lambda cursor: uploads.list(principal, _LIVE, cursor=cursor, limit=100))
    videos = (present(upload, stream_url=stream_url) async for upload in found)
    return await send_export(request, "vss-videos.json", {"videos": videos})


async def _back(request: web.Request) -> web.Response:
    """To the page whose form this was."""
    page = (await read_form_fields(request)).get("page", "")
    return web.Response(status=303, headers={"Location": _PAGES.get(page, "/videos")})


async def _videos(
    request: web.Request,
    principal: Principal,
    *,
    editing: Upload | None,
    sharing: Upload | None = None,
    errors: dict[str, str] | None = None,
    form: dict[str, str] | None = None,
) -> web.Response:
    asked = read_query(request, ListUploads)
    states = _MINE if asked.state is None else (VideoState(asked.state),)
    uploads, next_cursor = await request.app[UPLOADS].list(principal, states, cursor=asked.cursor, limit=asked.limit)
    trashed = await _just_trashed(request, principal)
    here = {name: value for name, value in request.query.items() if name in ("state", "limit")}
    is_from_watch = (form or request.query).get("page") == "watch"
    context = {
        "videos": [_shown(request, upload) for upload in uploads],
        "is_trash": states == (VideoState.TRASHED,),
        "next_url": None if next_cursor is None else URL("/videos").with_query({**here, "cursor": next_cursor}),
        "close_url": watch_url(request.app[SITE].stream_url, editing.video.id)
        if editing is not None and is_from_watch
        else URL("/videos").with_query(here),
        "is_from_watch": is_from_watch,
        "usage": await request.app[UPLOADS].usage(principal),
        "trashed": None if trashed is None else _shown(request, trashed),
        "sharing": None if sharing is None else _shown(request, sharing),
        "editing": None if editing is None else _shown(request, editing),
        "title_max": TITLE_MAX,
        "description_max": DESCRIPTION_MAX,
        "errors": errors or {},
        "form": form,
    }
    return render(request, "videos.html", context, status=422 if errors else 200)


async def _just_trashed(request: web.Request, principal: Principal) -> Upload | None:
    """What the person has thrown away a moment ago, if it still lies there."""
    video_id = request.query.get("trashed", "")
    if not is_id(video_id):
        return None
    try:
        upload = await request.app[UPLOADS].get(principal, video_id)
    except NotFound:
        return None
    return upload if upload.video.state is VideoState.TRASHED else None


def _shown(request: web.Request, upload: Upload) -> dict[str, object]:
    video = upload.video
    return {
        "id": video.id,
        "title": video.title,
        "description": video.description,
        "filename": video.filename,
        "size": video.size,
        "state": video.state.value,
        "visibility": video.chosen_visibility.value,
        **as_shown({"title": video.title, "description": video.description, "visibility": video.chosen_visibility}),
        "is_hidden": video.is_hidden,
        "created_at": video.created_at,
        "days_left": _days_left(video),
        "watch_url": watch_url(request.app[SITE].stream_url, video.id),
    }


def _days_left(video: Video) -> int | None:
    """How many days are left to take it out of the trash."""
    if video.state is not VideoState.TRASHED or video.settle_after is None:
        return None
    return max(1, math.ceil((video.settle_after - utc_now()) / timedelta(days=1)))
