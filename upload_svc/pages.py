"""upload_svc's HTML pages: upload, and my videos."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from common.errors import Invalid, NotFound
from common.ids import is_id
from common.tokens import Principal
from common.web.keys import SITE
from common.web.pages import render
from common.web.requests import id_in_path, read_form_fields, read_query, require_principal, validated
from upload_svc.app_keys import UPLOADS
from upload_svc.media_types import BY_ENDING
from upload_svc.models import Description, ListUploads, Title, watch_url
from upload_svc.uploads import Edit, Upload
from upload_svc.videos import DESCRIPTION_MAX, TITLE_MAX, VideoState, Visibility

_MINE: Final = (VideoState.READY, VideoState.UPLOADING)


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
    return render(
        request,
        "upload.html",
        {
            "accept": ",".join(["video/*", *BY_ENDING]),
            "unfinished": [upload.video for upload in unfinished],
            "title_max": TITLE_MAX,
            "description_max": DESCRIPTION_MAX,
        },
    )


async def videos_page(request: web.Request) -> web.Response:
    """GET /videos."""
    principal = require_principal(request)
    editing = None
    if video_id := request.query.get("edit"):
        if not is_id(video_id):
            raise NotFound
        editing = await request.app[UPLOADS].get(principal, video_id)
    return await _videos(request, principal, editing=editing)


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
    edit = Edit(title=form.title, description=form.description, visibility=form.visibility)
    await uploads.edit(principal, upload_id, edit)
    return web.Response(status=303, headers={"Location": "/videos"})


async def delete_video(request: web.Request) -> web.Response:
    """POST /videos/{upload_id}/delete."""
    principal = require_principal(request)
    await request.app[UPLOADS].delete(principal, id_in_path(request, "upload_id"))
    return web.Response(status=303, headers={"Location": "/videos"})


async def _videos(
    request: web.Request,
    principal: Principal,
    *,
    editing: Upload | None,
    errors: dict[str, str] | None = None,
    form: dict[str, str] | None = None,
) -> web.Response:
    asked = read_query(request, ListUploads)
    uploads, next_cursor = await request.app[UPLOADS].list(principal, _MINE, cursor=asked.cursor, limit=asked.limit)
    context = {
        "videos": [_shown(request, upload) for upload in uploads],
        "next_url": None if next_cursor is None else request.rel_url.with_query(cursor=next_cursor),
        "editing": None if editing is None else _shown(request, editing),
        "errors": errors or {},
        "form": form,
    }
    return render(request, "videos.html", context, status=422 if errors else 200)


def _shown(request: web.Request, upload: Upload) -> dict[str, object]:
    video = upload.video
    return {
        "id": video.id,
        "title": video.title,
        "description": video.description,
        "filename": video.filename,
        "size": video.size,
        "state": video.state.value,
        "visibility": video.visibility.value,
        "created_at": video.created_at,
        "watch_url": watch_url(request.app[SITE].stream_url, video.id),
    }
