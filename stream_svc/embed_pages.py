"""The player of a link in the pages of other sites, and URLs to play from. It sets no cookie and reads none."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

from common.errors import Refusal
from common.languages import LANGUAGE, LANGUAGES, N_, gettext, preferred
from common.web.keys import SITE
from common.web.pages import render, wants_page
from common.web.requests import read_query
from common.web.responses import json_response
from stream_svc.app_keys import LINKS
from stream_svc.link_pages import kept_quiet, linked_content, linked_hls, player_context
from stream_svc.links import Visit
from stream_svc.metadata import embed_oembed_url
from stream_svc.models import AskPlayback, present_embedded
from stream_svc.pages import seconds_of

# The same for all ends, as on the link's own page.
_ENDED: Final = N_("This video isn’t available. Its link may have ended or been revoked: ask whoever runs this page.")
_YES: Final = ("1", "true")


async def embed_page(request: web.Request) -> web.Response:
    """GET /embed/{token}."""
    query, token = request.query, request.match_info["token"]
    asked = query.get("lang", "")
    LANGUAGE.set(asked if asked in LANGUAGES else preferred(request.headers.get(hdrs.ACCEPT_LANGUAGE, "")))
    try:
        link, video = await request.app[LINKS].open(token, Visit(), is_framed=True)
    except Refusal as refusal:
        if not wants_page(request):
            raise
        is_gone = refusal.status == HTTPStatus.NOT_FOUND
        context = {"words": gettext(_ENDED if is_gone else refusal.detail), "is_gone": is_gone}
        # Whoever had it in a page is told in that page, and nothing is known of which one that is.
        page = render(request, "embed_ended.html", context, status=refusal.status, frame_ancestors=["*"])
        page.headers.update(refusal.headers)
        return kept_quiet(page)
    start_at = seconds_of(query.get("t", ""))
    context = await player_context(request, link, video) | {
        "resume_at": (link.start_at or 0) if start_at is None else start_at,
        "playback_api": str(request.app.router["play-embedded"].url_for(token=token)),
        # Who comes by it is another visitor, of whom there may be too many.
        "page_url": str(request.app.router["link"].url_for(token=token)) if link.view_limit is None else None,
        "oembed_url": embed_oembed_url(request.app[SITE], token),
        "framed": {
            "sites": link.frame_ancestors,
            "is_autoplay": query.get("autoplay") in _YES,
            "is_muted": query.get("muted") in _YES,
            "is_loop": query.get("loop") in _YES,
        },
    }
    return kept_quiet(render(request, "embed.html", context, frame_ancestors=link.frame_ancestors))


async def play_embedded(request: web.Request) -> web.Response:
    """A presigned URL for a player that another site frames.

    Each page load counts as a visitor, since browsers keep no cookies for a frame of another site; who asks again at
    `renewal_url` is not counted again.
    """
    token, asked = request.match_info["token"], read_query(request, AskPlayback)
    video, source, seen = await request.app[LINKS].source(token, Visit(seen=asked.seen), is_framed=True)
    content = await linked_content(request, video)
    renewal_url = request.app.router["play-embedded"].url_for(token=token).with_query(seen=seen)
    hls = await linked_hls(request, video, seen=seen)
    return json_response(present_embedded(source, content, hls, renewal_url=str(renewal_url)))
