"""stream_svc's HTML pages: the library and the watch page."""

from __future__ import annotations

from gettext import gettext

from aiohttp import web

from common.web.keys import PRINCIPAL, SITE
from common.web.pages import render
from common.web.requests import read_query, require_principal
from stream_svc.app_keys import LIBRARY
from stream_svc.models import ListVideos
from stream_svc.store import Sort


async def library_page(request: web.Request) -> web.Response:
    """GET /."""
    principal = require_principal(request)
    asked = read_query(request, ListVideos)
    videos, next_cursor = await request.app[LIBRARY].list(
        principal, q=asked.q, owner_id=asked.owner, sort=asked.sort, cursor=asked.cursor, limit=asked.limit
    )
    sorts = ((Sort.NEWEST, gettext("Newest")), (Sort.OLDEST, gettext("Oldest")), (Sort.TITLE, gettext("Title")))
    context = {
        "videos": [
            {
                "title": video.title,
                "description": video.description,
                "id": video.id,
                "owner_username": video.owner_username,
                "created_at": video.created_at,
                "size": video.size,
                "watch_url": str(request.app.router["watch"].url_for(video_id=video.id)),
            }
            for video in videos
        ],
        "q": asked.q,
        "sort": asked.sort.value,
        "sorts": [(sort.value, label) for sort, label in sorts],
        "next_url": None if next_cursor is None else str(request.rel_url.update_query(cursor=next_cursor)),
    }
    return render(request, "library.html", context)


async def watch_page(request: web.Request) -> web.Response:
    """GET /watch/{video_id}."""
    principal = request[PRINCIPAL]
    playback = await request.app[LIBRARY].play(principal, request.match_info["video_id"])
    video, source = playback.video, playback.source
    router = request.app.router
    context = {
        "video": {
            "id": video.id,
            "title": video.title,
            "description": video.description,
            "owner_username": video.owner_username,
            "created_at": video.created_at,
            "size": video.size,
            "content_type": video.content_type,
            "visibility": video.visibility.value,
        },
        "source": {"url": source.url, "type": source.media_type, "expires_at": source.expires_at},
        "position": playback.position,
        "is_owner": principal is not None and principal.account_id == video.owner_id,
        "edit_url": f"{request.app[SITE].upload_url}/videos?edit={video.id}",
        "download_url": str(router["get-source"].url_for(video_id=video.id).with_query(download=1)),
        "playback_api": str(router["play-video"].url_for(video_id=video.id)),
    }
    return render(request, "watch.html", context)
