"""What administrators see of everybody's videos, and do with them."""

from __future__ import annotations

from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import AfterValidator, Field
from yarl import URL

from catalogue.access import may_watch, viewer_of
from catalogue.content import Content, card_picture
from catalogue.videos import Video
from common.clock import utc_now
from common.ids import is_id
from common.languages import N_
from common.tokens import Principal
from common.web.keys import SITE
from common.web.pages import render
from common.web.requests import Query, id_in_path, read_query, require_whole_principal
from upload_svc.grant_store import Grant, ListedLink
from upload_svc.models import Grant as ShownGrant
from upload_svc.models import present_listed, watch_url
from upload_svc.moderation.app_keys import MODERATION
from upload_svc.moderation.models import present_moderated_link

PATH: Final = "/videos/moderation"


def _id(value: str) -> str:
    if not is_id(value):
        raise ValueError(N_("must be an ID"))
    return value


Id = Annotated[str, AfterValidator(_id)]


class ListModerated(Query):
    """One video with its grants, or the videos of one owner, or all; which page of them."""

    video: Id | None = None
    owner: Id | None = None
    q: Annotated[str, Field(max_length=200)] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=1024)] | None = None


async def videos_page(request: web.Request) -> web.Response:
    """GET /videos/moderation."""
    principal = require_whole_principal(request)
    asked = read_query(request, ListModerated)
    moderation = request.app[MODERATION]
    shared: list[dict[str, object]] = []
    collections: list[dict[str, object]] = []
    upload_links: list[dict[str, object]] = []
    if asked.video is not None:
        video, listed, next_cursor = await moderation.access(
            principal, asked.video, cursor=asked.cursor, limit=asked.limit
        )
        videos, shared = [video], [_shared(one) for one in listed]
        collections = [
            {"title": one.title, "shared": [_shared(grant) for grant in grants]}
            for one, grants in await moderation.collections(principal, video)
        ]
        upload_links = [
            _with_end(present_moderated_link(one, title, owner=video.owner_username))
            for one, title in await moderation.upload_links(principal, video)
        ]
    else:
        videos, next_cursor = await moderation.list(
            principal, asked.owner, q=asked.q, cursor=asked.cursor, limit=asked.limit
        )
    context = {
        "videos": [_shown(request, principal, video) for video in videos],
        "is_all": asked.video is None and asked.owner is None,
        "is_one": asked.video is not None,
        "shared": shared,
        "collections": collections,
        "upload_links": upload_links,
        "owner_id": asked.owner,
        "owner": videos[0].owner_username if asked.owner is not None and videos else None,
        "searched": asked.q,
        "is_first_page": asked.cursor is None,
        "first_url": request.rel_url.without_query_params("cursor"),
        "next_url": None if next_cursor is None else request.rel_url.update_query(cursor=next_cursor),
    }
    return render(request, "moderation.html", context)


async def hide_video(request: web.Request) -> web.Response:
    """POST /videos/moderation/{upload_id}/hide."""
    principal, video_id = require_whole_principal(request), id_in_path(request, "upload_id")
    await request.app[MODERATION].hide(principal, video_id, address=request.remote or "")
    return _to(video_id)


async def show_video(request: web.Request) -> web.Response:
    """POST /videos/moderation/{upload_id}/show."""
    principal, video_id = require_whole_principal(request), id_in_path(request, "upload_id")
    await request.app[MODERATION].show(principal, video_id, address=request.remote or "")
    return _to(video_id)


async def revoke_grant(request: web.Request) -> web.Response:
    """POST /videos/moderation/{upload_id}/grants/{grant_id}/revoke."""
    principal, video_id = require_whole_principal(request), id_in_path(request, "upload_id")
    grant_id = id_in_path(request, "grant_id")
    await request.app[MODERATION].revoke(principal, video_id, grant_id, address=request.remote or "")
    return _to(video_id)


async def delete_video(request: web.Request) -> web.Response:
    """POST /videos/moderation/{upload_id}/delete."""
    principal, video_id = require_whole_principal(request), id_in_path(request, "upload_id")
    await request.app[MODERATION].delete(principal, video_id, address=request.remote or "")
    return web.Response(status=303, headers={"Location": PATH})


def _to(video_id: str) -> web.Response:
    return web.Response(status=303, headers={"Location": str(URL(PATH).with_query(video=video_id))})


def _shared(listed: Grant | ListedLink) -> dict[str, object]:
    shown = _with_end(present_listed(listed))
    is_used_up = shown["view_limit"] is not None and (shown["views"] or 0) >= shown["view_limit"]
    return {**shown, "is_over": shown["has_ended"] or is_used_up}


def _with_end(shown: ShownGrant) -> dict[str, Any]:
    return {**dict(shown), "has_ended": shown.expires_at is not None and shown.expires_at <= utc_now()}


def _shown(request: web.Request, principal: Principal, video: Video) -> dict[str, object]:
    return {
        "id": video.id,
        "hue": (video.size or 0) % 12,
        # As below: what is private shows nothing of itself.
        "picture": card_picture(Content()),
        "title": video.title,
        "description": video.description,
        "owner_username": video.owner_username,
        "owner_url": URL(PATH).with_query(owner=video.owner_id),
        "state": video.state.value,
        "visibility": video.chosen_visibility.value,
        "is_hidden": video.is_hidden,
        "size": video.size,
        "created_at": video.created_at,
        # An administrator watches as everybody does: what is private is listed, and not played.
        "watch_url": watch_url(request.app[SITE].stream_url, video.id)
        if may_watch(video, viewer_of(principal), is_granted=False, disabled_owner_ids=())
        else None,
    }
