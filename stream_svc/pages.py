"""stream_svc's HTML pages: the library and the watch page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from aiohttp import web
from yarl import URL

from catalogue.collections import Collection
from catalogue.content import Content, card_picture, large_picture
from catalogue.pages import Sort
from catalogue.videos import Video
from common.errors import Invalid, Malformed, NotFound, Unauthenticated
from common.languages import gettext, ngettext
from common.tokens import Principal
from common.web.exports import every, send_export
from common.web.keys import PRINCIPAL, SITE
from common.web.pages import render
from common.web.requests import read_form, read_query, require_principal, require_whole_principal
from stream_svc.app_keys import COLLECTIONS, HLS, LIBRARY
from stream_svc.library import MOST_COUNTED, Begun, Library, Wanted
from stream_svc.metadata import preview
from stream_svc.models import ForgetPosition, KeptPosition, ListVideos, WhichVideos
from stream_svc.store import Length
from stream_svc.strangers import require_reader

# Collections beside the videos that are shared with somebody.
SHARED_AT_ONCE: Final = 12
_TO_CONTINUE: Final = 4
_MORE: Final = 12
_MOMENT: Final = re.compile(r"(?:(\d{1,3})h)?(?:(\d{1,5})m)?(?:(\d{1,7})s?)?", re.ASCII)


async def library_page(request: web.Request) -> web.Response:
    principal, library, site = require_reader(request), request.app[LIBRARY], request.app[SITE]
    asked = read_query(request, ListVideos)
    videos, next_cursor = await library.list(principal, asked.wanted, cursor=asked.cursor, limit=asked.limit)
    count = len(videos)
    if asked.q and asked.cursor is None and next_cursor is not None:
        count = await library.count(principal, asked.wanted)
    is_all = not (asked.q or asked.owner or asked.length or asked.shared or asked.cursor)
    to_continue = await library.to_continue(principal, limit=_TO_CONTINUE) if is_all and principal else ()
    shown = [*videos, *(begun.video for begun in to_continue)]
    contents, shares = await library.contents(shown), await library.shared_until(principal, shown)
    context = {
        "cards": [card_of(request, begun, contents, shares, asked) for begun in await library.begun(principal, videos)],
        "continued": [card_of(request, begun, contents, shares) for begun in to_continue],
        **await _shared_collections(request, asked),
        "q": asked.q,
        "heading": _heading(principal, asked, videos, count=count if asked.cursor is None else None),
        "is_mine": _is_mine(principal, asked),
        "is_shared": asked.shared,
        "is_one_owners": asked.owner is not None,
        "is_of_a_length": asked.length is not None,
        "is_first": asked.cursor is None,
        "filters": _filters(request, principal, asked, videos),
        "lengths": _lengths(request, asked),
        "sorts": _sorts(request, asked),
        "first_url": str(_narrowed(request, cursor=None)),
        "next_url": None if next_cursor is None else str(_narrowed(request, cursor=next_cursor)),
        # One page of the library is enough for search engines: they know all others by the sitemap.
        "is_found": library.is_public and is_all,
        "feed_url": f"{site.stream_url}{request.app.router['feed'].url_for()}" if library.is_public else None,
    }
    return render(request, "library.html", context)


async def _shared_collections(request: web.Request, asked: ListVideos) -> dict[str, object]:
    """Above the first page of what is shared with somebody: the first collections that are, and where all are."""
    principal = request[PRINCIPAL]
    if principal is None or not asked.shared or asked.q or asked.length or asked.owner or asked.cursor:
        return {"shared_collections": (), "collections_url": None}
    shared, next_cursor = await request.app[COLLECTIONS].shared_with(principal, cursor=None, limit=SHARED_AT_ONCE)
    return {
        "shared_collections": shared_collection_rows(request, shared),
        "collections_url": None if next_cursor is None else str(request.app.router["shared-collections"].url_for()),
    }


def shared_collection_rows(request: web.Request, shared: Sequence[tuple[Collection, str]]) -> list[dict[str, str]]:
    """Collections to choose, each with its owner's name."""
    router = request.app.router
    return [
        {
            "title": collection.title,
            "owner_username": username,
            "url": str(router["collection"].url_for(collection_id=collection.id)),
        }
        for collection, username in shared
    ]


async def watch_page(request: web.Request) -> web.Response:
    principal, library, router = request[PRINCIPAL], request.app[LIBRARY], request.app.router
    playback = await library.play(principal, request.match_info["video_id"])
    video, source, came_from = playback.video, playback.source, _came_from(request)
    is_listed, is_open = library.is_listed_for(principal), await library.is_open(video)
    collection = await _collection(request, came_from)
    if collection is not None:
        behind = await request.app[COLLECTIONS].following(principal, collection, video.id, limit=_MORE)
    else:
        came_from = came_from.model_copy(update={"collection": None})
        behind = await library.following(principal, video, came_from.wanted, limit=_MORE) if is_listed else ()
    following, others = await _more(library, principal, video, behind)
    # Its own pictures and those of the others at once.
    shown = [video, *(begun.video for begun in (*following, *others))]
    contents = await library.contents(shown, storyboard_of=video)
    shares = await library.shared_until(principal, shown)
    content = contents[video.id]
    facts, storyboard = content.facts, content.storyboard
    context = {
        "video": {
            "id": video.id,
            "title": video.title,
            "description": video.description,
            "owner_username": video.owner_username,
            "created_at": video.created_at,
            "size": video.size,
            "content_type": video.content_type,
            "visibility": video.chosen_visibility.value,
            "is_hidden": video.is_hidden,
            **_shared(video, shares),
        },
        "source_url": source.url,
        "dimensions": _dimensions(content),
        "poster_url": large_picture(content),
        "storyboard": None if storyboard is None else {"index": storyboard[0], "sprites": dict(storyboard[1])},
        "codecs": facts.codecs if facts else (),
        "renditions": await request.app[HLS].names(video),
        "bit_rate": content.bit_rate(video.size),
        "expires_at": source.expires_at,
        "resume_at": playback.resume_at if (moment := seconds_of(request.query.get("t", ""))) is None else moment,
        "more": [
            *(card_of(request, begun, contents, shares, came_from) | {"is_next": True} for begun in following),
            *(card_of(request, begun, contents, shares) for begun in others),
        ],
        "collection": None
        if collection is None
        else {
            "title": collection.title,
            "url": str(router["collection"].url_for(collection_id=collection.id)),
        },
        "origins": request.app[SITE].origins,
        "owner_url": str(router["library"].url_for().with_query(owner=video.owner_id)) if is_listed else None,
        "is_owner": principal is not None and principal.account_id == video.owner_id,
        "edit_url": _edit_url(request, video),
        "share_url": f"{request.app[SITE].stream_url}{router['watch'].url_for(video_id=video.id)}",
        "moderation_url": f"{request.app[SITE].upload_url}/videos/moderation?video={video.id}"
        if principal is not None and principal.role == "admin"
        else None,
        "download_url": str(router["get-source"].url_for(video_id=video.id).with_query(download=1)),
        "playback_api": str(router["play-video"].url_for(video_id=video.id)),
        # Of others not even the title is for programs.
        "is_open": is_open,
        "preview": preview(video, content, request.app[SITE]) if is_open else None,
        "is_found": library.is_found_by_strangers(video),
        # Nothing is kept for nobody.
        "position_api": None if principal is None else str(router["keep-position"].url_for(video_id=video.id)),
    }
    return render(request, "watch.html", context)


async def forget(request: web.Request) -> web.Response:
    """POST /watch/forget: takes one video out of "Continue watching", or all."""
    principal = require_principal(request)
    asked = await read_form(request, ForgetPosition)
    if asked.video is None:
        await request.app[LIBRARY].forget_begun(principal)
    else:
        await request.app[LIBRARY].forget_position(principal, asked.video)
    raise web.HTTPSeeOther(request.app.router["library"].url_for())


async def export(request: web.Request) -> web.StreamResponse:
    """GET /watch/export: what stream_svc keeps about a person."""
    principal, library = require_whole_principal(request), request.app[LIBRARY]
    positions = (
        KeptPosition.model_validate(kept)
        async for kept in every(lambda last: library.kept_positions(principal, after=last))
    )
    return await send_export(request, "vss-watched.json", {"positions": positions})


async def _more(
    library: Library, principal: Principal | None, watched: Video, following: Sequence[Video]
) -> tuple[Sequence[Begun], Sequence[Begun]]:
    """What follows in the list that the video was chosen in, and where that ends the newest of the others."""
    newest: Sequence[Video] = ()
    if len(following) < _MORE and library.is_listed_for(principal):
        newest, _ = await library.list(principal, Wanted(), limit=_MORE + 1)
    known = {watched.id, *(video.id for video in following)}
    others = [video for video in newest if video.id not in known]
    begun = await library.begun(principal, [*following, *others][:_MORE])
    return begun[: len(following)], begun[len(following) :]


def _came_from(request: web.Request) -> WhichVideos:
    """The list that the page's address names; the whole library if it names none that there can be."""
    try:
        return read_query(request, WhichVideos)
    except (Invalid, Malformed):
        return WhichVideos()


async def _collection(request: web.Request, came_from: WhichVideos) -> Collection | None:
    """The collection that the page's address names; None where there is none that this person may see."""
    if came_from.collection is None:
        return None
    try:
        return await request.app[COLLECTIONS].get(request[PRINCIPAL], came_from.collection)
    except (NotFound, Unauthenticated):
        return None


def seconds_of(text: str) -> int | None:
    """The seconds of `90`, `90s`, `1m30s` or `1h2m3s`, as links to a moment have it; None of anything else."""
    found = _MOMENT.fullmatch(text)
    if found is None or not text:
        return None
    hours, minutes, seconds = (int(number or 0) for number in found.groups())
    return 3600 * hours + 60 * minutes + seconds


def _dimensions(content: Content) -> str | None:
    """As displayed, on one line."""
    facts = content.facts
    if facts is None or facts.width is None or facts.height is None:
        return None
    return f"{facts.width}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{facts.height}"


def _edit_url(request: web.Request, video: Video) -> str:
    return f"{request.app[SITE].upload_url}/videos?edit={video.id}"


def _shared(video: Video, shares: Mapping[str, datetime | None]) -> dict[str, Any]:
    """Whether the video is shared with whoever sees this, and until when (None: for ever)."""
    return {"is_shared": video.id in shares, "shared_until": shares.get(video.id)}


def card_of(
    request: web.Request,
    begun: Begun,
    contents: Mapping[str, Content],
    shares: Mapping[str, datetime | None],
    among: WhichVideos | None = None,
) -> dict[str, Any]:
    """A video to choose `among` others: its page goes on in their order."""
    video, principal = begun.video, request[PRINCIPAL]
    order = among.model_dump(include=set(WhichVideos.model_fields), mode="json", exclude_defaults=True) if among else {}
    order |= {"shared": "true"} if among and among.shared else {}
    return {
        "id": video.id,
        "title": video.title,
        "owner_username": video.owner_username,
        "created_at": video.created_at,
        "hue": (video.size or 0) % 12,
        "picture": card_picture(contents[video.id]),
        "is_preparing": request.app[LIBRARY].is_preparing(video, contents[video.id]),
        "watch_url": str(request.app.router["watch"].url_for(video_id=video.id).with_query(order)),
        "position": begun.position,
        "is_mine": principal is not None and principal.account_id == video.owner_id,
        "visibility": video.chosen_visibility.value,
        "is_hidden": video.is_hidden,
        "edit_url": _edit_url(request, video),
        **_shared(video, shares),
        "watched_percent": None if begun.watched is None else round(100 * begun.watched),
    }


def _is_mine(principal: Principal | None, asked: ListVideos) -> bool:
    return principal is not None and asked.owner == principal.account_id


def _heading(principal: Principal | None, asked: ListVideos, videos: Sequence[Video], *, count: int | None) -> str:
    """`count`: how many were found, None on a later page."""
    if asked.q and not videos:
        return gettext("No results for “%(q)s”") % {"q": asked.q}
    if asked.q and count is not None:
        counted = ngettext("%(count)s result for “%(q)s”", "%(count)s results for “%(q)s”", count)
        return counted % {"count": f"{MOST_COUNTED}+" if count > MOST_COUNTED else count, "q": asked.q}
    if asked.q:
        return gettext("Results for “%(q)s”") % {"q": asked.q}
    if _is_mine(principal, asked):
        return gettext("My videos")
    if asked.owner is not None and videos:
        return gettext("Videos by %(username)s") % {"username": videos[0].owner_username}
    return gettext("Shared with me") if asked.shared else gettext("Library")


def _filters(
    request: web.Request, principal: Principal | None, asked: ListVideos, videos: Sequence[Video]
) -> list[tuple[str, str, bool]]:
    """Whose videos: label, address, whether it is the present one."""
    whose: list[tuple[str, str | None, str | None]] = [(gettext("Everyone"), None, None)]
    if principal is not None:
        whose += [(gettext("Mine"), principal.account_id, None), (gettext("Shared with me"), None, "true")]
    if asked.owner is not None and not _is_mine(principal, asked) and videos:
        whose.append((videos[0].owner_username, asked.owner, None))
    return [
        (
            label,
            str(_narrowed(request, owner=owner, shared=shared, cursor=None)),
            (owner, shared is not None) == (asked.owner, asked.shared),
        )
        for label, owner, shared in whose
    ]


def _lengths(request: web.Request, asked: ListVideos) -> list[tuple[str, str, bool]]:
    lengths = (
        (None, gettext("Any length")),
        (Length.SHORT, gettext("Under 4 min")),
        (Length.MEDIUM, gettext("4–20 min")),
        (Length.LONG, gettext("Over 20 min")),
    )
    return [
        (label, str(_narrowed(request, length=length, cursor=None)), length == asked.length)
        for length, label in lengths
    ]


def _sorts(request: web.Request, asked: ListVideos) -> list[tuple[str, str, bool]]:
    sorts = (
        (Sort.NEWEST, gettext("Newest")),
        (Sort.OLDEST, gettext("Oldest")),
        (Sort.TITLE, gettext("Title")),
        (Sort.LONGEST, gettext("Longest")),
        (Sort.SHORTEST, gettext("Shortest")),
    )
    return [
        (label, str(_narrowed(request, sort=sort.value, cursor=None)), sort.value == asked.sort)
        for sort, label in sorts
    ]


def _narrowed(request: web.Request, **changes: str | None) -> URL:
    """This page's address with other answers to some of its questions; None takes one away."""
    query = {name: value for name, value in request.query.items() if name in ListVideos.model_fields and value}
    query |= {name: value for name, value in changes.items() if value is not None}
    return request.rel_url.with_query({name: value for name, value in query.items() if changes.get(name, value)})
