"""upload_svc's HTML pages: upload, and my videos."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict
from yarl import URL

from catalogue.content import Content, card_picture
from catalogue.pages import Sort
from catalogue.videos import DESCRIPTION_MAX, TITLE_MAX, Video, VideoState, Visibility
from common.clock import utc_now
from common.errors import Invalid, NotFound, Refusal
from common.ids import is_id
from common.languages import gettext
from common.media_types import BY_ENDING, CLAIMED
from common.tokens import Principal
from common.web.forms import as_shown, changed_fields
from common.web.keys import SITE
from common.web.pages import render
from common.web.requests import (
    Query,
    checked,
    id_in_path,
    read_form,
    read_form_fields,
    read_form_list,
    read_query,
    require_principal,
    validated,
)
from upload_svc.app_keys import UPLOADS
from upload_svc.models import (
    BATCH_MAX,
    Batch,
    BatchAction,
    Description,
    ListedState,
    ListUploads,
    Title,
    watch_url,
)
from upload_svc.uploads import MOST_COUNTED, Edit, Upload

_MINE: Final = (VideoState.READY, VideoState.UPLOADING)
_COUNT: Final = re.compile(r"\d{1,5}", re.ASCII)


class EditForm(BaseModel):
    """The form on "my videos"."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    title: Title
    description: Description
    visibility: Visibility


class ReviewForm(Query):
    """What the owner has meant by “public”."""

    action: Literal["unlist", "keep"]


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
            # A guest's are the guest's to go on with.
            "unfinished": [upload.video for upload in unfinished if upload.guest is None],
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
    """GET /videos: searched, filtered and sorted as the query says, which all that is done there keeps."""
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


async def batch_videos(request: web.Request) -> web.Response:
    """POST /videos/batch: what is done with all that are selected."""
    principal = require_principal(request)
    fields = await read_form_list(request)
    ids, action = [value for name, value in fields if name == "ids"], dict(fields).get("action", "")
    if not ids:
        return back(request)
    if action == "collect":
        # A page on which they are put into collections, and which leads back here.
        return web.Response(status=303, headers={"Location": str(collecting_url(request, ids[:BATCH_MAX]))})
    visibility = dict(fields).get("visibility") if action == BatchAction.VISIBILITY else None
    asked = checked(Batch, {"ids": ids, "action": action, "visibility": visibility})
    refusals = await request.app[UPLOADS].batch(principal, asked.ids, asked.act, address=request.remote or "")
    if any(refusals.values()):
        return await _videos(request, principal, editing=None, refusals=refusals)
    if asked.action is BatchAction.TRASH:
        # The page that follows offers to undo it.
        return back(request, trashed=asked.ids)
    return back(request, changed=str(len(ids)))


async def review_public(request: web.Request) -> web.Response:
    """POST /videos/public-review: what was public before there was `unlisted` becomes that, or stays."""
    principal, uploads = require_principal(request), request.app[UPLOADS]
    if (await read_form(request, ReviewForm)).action == "keep":
        await uploads.keep_reviewed(principal)
        return back(request)
    return back(request, changed=str(await uploads.unlist_reviewed(principal)))


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
    if is_from_watch:
        return web.Response(status=303, headers={"Location": watch_url(request.app[SITE].stream_url, upload_id)})
    return back(request)


async def trash_video(request: web.Request) -> web.Response:
    """POST /videos/{upload_id}/trash."""
    principal = require_principal(request)
    upload_id = id_in_path(request, "upload_id")
    await request.app[UPLOADS].trash(principal, upload_id, address=request.remote or "")
    return back(request, trashed=upload_id)


async def restore_video(request: web.Request) -> web.Response:
    """POST /videos/{upload_id}/restore."""
    principal = require_principal(request)
    await request.app[UPLOADS].restore(principal, id_in_path(request, "upload_id"), address=request.remote or "")
    return back(request)


async def retry_preview(request: web.Request) -> web.Response:
    """POST /videos/{upload_id}/retry-preview."""
    principal = require_principal(request)
    await request.app[UPLOADS].retry_media(principal, id_in_path(request, "upload_id"))
    return back(request)


async def delete_video(request: web.Request) -> web.Response:
    """POST /videos/{upload_id}/delete."""
    principal = require_principal(request)
    await request.app[UPLOADS].delete(principal, id_in_path(request, "upload_id"), address=request.remote or "")
    if (await read_form_fields(request)).get("page") == "upload":
        return web.Response(status=303, headers={"Location": "/upload"})
    return back(request)


def back(request: web.Request, **said: str | list[str]) -> web.Response:
    """To the list from which the form came, as it was searched, filtered and sorted there."""
    return web.Response(status=303, headers={"Location": str(_list_url(request, **said))})


def collecting_url(request: web.Request, video_ids: Sequence[str]) -> URL:
    """Where these videos are put into collections; the list that one comes from is kept."""
    return _list_url(request).with_path("/videos/collections/choose", keep_query=True).update_query(ids=video_ids)


def _list_url(request: web.Request, **changes: str | list[str] | None) -> URL:
    """This list's address with other answers to some of its questions; None takes one away."""
    kept = {name: value for name, value in request.query.items() if name in ListUploads.model_fields and value}
    query = {**kept, **changes}
    return URL("/videos").with_query({name: value for name, value in query.items() if value is not None})


async def _videos(
    request: web.Request,
    principal: Principal,
    *,
    editing: Upload | None,
    sharing: Upload | None = None,
    errors: dict[str, str] | None = None,
    form: dict[str, str] | None = None,
    refusals: Mapping[str, Refusal | None] | None = None,
) -> web.Response:
    asked = read_query(request, ListUploads)
    states = _MINE if asked.state is None else (VideoState(asked.state),)
    uploads, next_cursor = await request.app[UPLOADS].list(
        principal, states, asked.wanted, cursor=asked.cursor, limit=asked.limit
    )
    refused = {video_id: refusal for video_id, refusal in (refusals or {}).items() if refusal is not None}
    changed = request.query.get("changed", "")
    is_from_watch = (form or request.query).get("page") == "watch"
    context = {
        "videos": [_shown(request, upload) for upload in uploads],
        "is_trash": states == (VideoState.TRASHED,),
        "next_url": None if next_cursor is None else _list_url(request, cursor=next_cursor),
        "first_url": None if asked.cursor is None else _list_url(request, cursor=None),
        "asked": asked,
        "is_narrowed": bool(asked.q or asked.visibility or asked.state is ListedState.UPLOADING),
        "filters": _filters(request, asked),
        "sorts": _sorts(request, asked),
        # What the forms and links of this list keep.
        "place": f"?{query}" if (query := _list_url(request).raw_query_string) else "",
        "whole_url": "/videos" if asked.state is not ListedState.TRASHED else "/videos?state=trashed",
        "close_url": watch_url(request.app[SITE].stream_url, editing.video.id)
        if editing is not None and is_from_watch
        else _list_url(request),
        "is_from_watch": is_from_watch,
        "usage": await request.app[UPLOADS].usage(principal),
        "trashed": await _just_trashed(request, principal),
        "is_collected": "collected" in request.query,
        "changed": int(changed) if _COUNT.fullmatch(changed) else 0,
        "to_review": 0 if asked.state is ListedState.TRASHED else await request.app[UPLOADS].to_review(principal),
        "most_counted": MOST_COUNTED,
        "refused": refused,
        "refusals": _in_words(refused, uploads),
        "tried": len(refusals or {}),
        "sharing": None if sharing is None else _shown(request, sharing),
        "editing": None if editing is None else _shown(request, editing),
        "title_max": TITLE_MAX,
        "description_max": DESCRIPTION_MAX,
        "errors": errors or {},
        "form": form,
    }
    return render(request, "videos.html", context, status=422 if errors else 409 if refused else 200)


async def _just_trashed(request: web.Request, principal: Principal) -> Sequence[Video]:
    """What the person has thrown away a moment ago, as far as it still lies there."""
    named = [video_id for video_id in request.query.getall("trashed", []) if is_id(video_id)]
    return await request.app[UPLOADS].trashed(principal, named[:BATCH_MAX])


def _in_words(refused: Mapping[str, Refusal], uploads: Sequence[Upload]) -> dict[str, list[str]]:
    """Why some could not be changed, and the titles of those, as far as they are on the page."""
    titles = {upload.video.id: upload.video.title for upload in uploads}
    reasons: dict[str, list[str]] = {}
    for video_id, refusal in refused.items():
        reasons.setdefault(gettext(refusal.detail), []).extend([titles[video_id]] if video_id in titles else [])
    return reasons


def _filters(request: web.Request, asked: ListUploads) -> list[tuple[str, str, bool]]:
    """Which of them: label, address, whether it is the present one. The trash is one list."""
    if asked.state is ListedState.TRASHED:
        return []
    kinds: list[tuple[str, ListedState | None, Visibility | None]] = [
        (gettext("All"), None, None),
        (gettext("Private"), None, Visibility.PRIVATE),
        (gettext("Members"), None, Visibility.MEMBERS),
        (gettext("Unlisted"), None, Visibility.UNLISTED),
        (gettext("Public"), None, Visibility.PUBLIC),
        (gettext("Unfinished"), ListedState.UPLOADING, None),
    ]
    return [
        (
            label,
            str(_list_url(request, state=state, visibility=visibility, cursor=None)),
            (state, visibility) == (asked.state, asked.visibility),
        )
        for label, state, visibility in kinds
    ]


def _sorts(request: web.Request, asked: ListUploads) -> list[tuple[str, str, bool]]:
    sorts = {
        Sort.NEWEST: gettext("Newest"),
        Sort.OLDEST: gettext("Oldest"),
        Sort.TITLE: gettext("Title"),
        Sort.LARGEST: gettext("Largest"),
        Sort.LONGEST: gettext("Longest"),
        Sort.SHORTEST: gettext("Shortest"),
    }
    return [
        (label, str(_list_url(request, sort=sort.value, cursor=None)), sort is asked.sort)
        for sort, label in sorts.items()
    ]


def _shown(request: web.Request, upload: Upload) -> dict[str, object]:
    video = upload.video
    return {
        "id": video.id,
        "title": video.title,
        "description": video.description,
        "filename": video.filename,
        "guest": upload.guest,
        "size": video.size,
        "hue": (video.size or 0) % 12,
        "picture": card_picture(Content() if upload.media is None else upload.media.content),
        "media": None if upload.media is None else upload.media.state.value,
        "media_detail": None if upload.media is None or upload.media.detail is None else gettext(upload.media.detail),
        "renditions": None if upload.media is None else upload.media.renditions,
        "state": video.state.value,
        "visibility": video.chosen_visibility.value,
        **as_shown({"title": video.title, "description": video.description, "visibility": video.chosen_visibility}),
        "is_hidden": video.is_hidden,
        "created_at": video.created_at,
        "days_left": _days_left(video),
        "watch_url": watch_url(request.app[SITE].stream_url, video.id),
        "edit_url": _list_url(request, edit=video.id),
        "collect_url": collecting_url(request, [video.id]),
        "share_url": _list_url(request, share=video.id),
    }


def _days_left(video: Video) -> int | None:
    """How many days are left to take it out of the trash."""
    if video.state is not VideoState.TRASHED or video.settle_after is None:
        return None
    return max(1, math.ceil((video.settle_after - utc_now()) / timedelta(days=1)))
