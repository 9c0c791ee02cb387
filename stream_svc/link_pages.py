"""What stands behind a link: a page with the video or the collection and nothing else, its password, and URLs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Final

from aiohttp import hdrs, web
from pydantic import Field
from yarl import URL

from catalogue.collections import Collection
from catalogue.content import Content, card_picture, large_picture
from catalogue.links import Link
from catalogue.videos import Video
from common.clock import utc_now
from common.web.keys import SITE
from common.web.links import give_cookie, password_page, take_password
from common.web.pages import render
from common.web.requests import read_query
from common.web.responses import json_response
from stream_svc.app_keys import HLS, LIBRARY, LINKS
from stream_svc.errors import PasswordNeeded
from stream_svc.feed import Channel, Entry, feed
from stream_svc.hls import INDEX
from stream_svc.links import Listed, Shown, Visit
from stream_svc.metadata import embed_oembed_url
from stream_svc.models import AskLinkedHls, AskLinkedSource, OfALink, PlaybackHls, present_hls, present_linked
from stream_svc.playlists import CONTENT_TYPE
from stream_svc.strangers import NEWEST, count_stranger, send_feed

# Videos on a page.
_AT_ONCE: Final = 50
_PROOF, _SEEN = "vss_link_proof", "vss_link_seen"


class AskLinked(OfALink):
    """Which page of a collection, or which video of it."""

    cursor: Annotated[str, Field(max_length=2048)] | None = None


async def link_page(request: web.Request) -> web.Response:
    """GET /s/{token}."""
    token, asked = request.match_info["token"], read_query(request, AskLinked)
    try:
        link, shown = await request.app[LINKS].show(
            token, _visit(request), video_id=asked.v, cursor=asked.cursor, limit=_AT_ONCE
        )
    except PasswordNeeded:
        return password_page(request)
    if isinstance(shown, Listed):
        return await _list_page(request, shown, is_first=asked.cursor is None, is_open=link.password_hash is None)
    context = await player_context(request, link, shown.video) | {
        "oembed_url": embed_oembed_url(request.app[SITE], token) if link.frame_ancestors else None,
        "among": None if shown.collection is None else await _among(request, shown.collection, shown),
    }
    return kept_quiet(render(request, "linked.html", context))


async def _among(request: web.Request, collection: Collection, shown: Shown) -> dict[str, object]:
    """Where the video stands in its collection."""
    videos = [*shown.before, shown.video, *shown.behind]
    contents = await request.app[LIBRARY].contents(videos)
    behind = {video.id for video in shown.behind}
    return {
        "title": collection.title,
        "url": _address(request, "link"),
        "cards": [
            _card(request, contents, video)
            | {"id": video.id, "is_current": video is shown.video, "is_next": video.id in behind}
            for video in videos
        ],
        "previous_url": _address(request, "link", shown.before[-1]) if shown.before else None,
        "next_url": _address(request, "link", shown.behind[0]) if shown.behind else None,
    }


async def _list_page(request: web.Request, listed: Listed, *, is_first: bool, is_open: bool) -> web.Response:
    """`is_open`: without a password, which no feed reader types."""
    contents = await request.app[LIBRARY].contents(listed.videos)
    url = _address(request, "link")
    context = {
        "collection": listed.collection,
        "feed_url": f"{request.app[SITE].stream_url}{_address(request, 'linked-feed')}" if is_open else None,
        "cards": [_card(request, contents, video) for video in listed.videos],
        "first_url": None if is_first else url,
        "next_url": None if listed.next_cursor is None else str(URL(url).with_query(cursor=listed.next_cursor)),
    }
    return kept_quiet(render(request, "linked_list.html", context))


def _card(request: web.Request, contents: Mapping[str, Content], video: Video) -> dict[str, object]:
    return {
        "title": video.title,
        "url": _address(request, "link", video),
        "hue": (video.size or 0) % 12,
        "picture": card_picture(_below(request, contents[video.id], video)),
    }


async def player_context(request: web.Request, link: Link, video: Video) -> dict[str, object]:
    """What `player.html` needs behind a link."""
    one = video if link.collection_id is not None else None
    content = await linked_content(request, video, one)
    storyboard, source_page = content.storyboard, _address(request, "linked-source", one)
    return {
        # Whose it is, is not told.
        "video": {"id": video.id, "title": video.title, "content_type": video.content_type, "owner_username": ""},
        # It is asked for by the player: programs that look at a page for its preview are no visitors.
        "source_url": None,
        "expires_at": utc_now(),
        "resume_at": link.start_at or 0,
        "poster_url": large_picture(content),
        "storyboard": None if storyboard is None else {"index": storyboard[0], "sprites": dict(storyboard[1])},
        "codecs": content.facts.codecs if content.facts else (),
        "renditions": await request.app[HLS].names(video),
        "bit_rate": content.bit_rate(video.size),
        "origins": request.app[SITE].origins,
        "is_owner": False,
        "source_page": source_page,
        "download_url": str(URL(source_page).update_query(download=1)),
        "playback_api": _address(request, "play-linked", one),
        "position_api": None,
    }


async def type_password(request: web.Request) -> web.Response:
    """POST /s/{token}: whoever has typed the password need not do it again here."""
    token = request.match_info["token"]
    # Before anything is said of the form.
    await request.app[LINKS].require(token)
    return await take_password(
        request, partial(request.app[LINKS].prove, token), cookie=_PROOF, below=_address(request, "link")
    )


async def play_linked(request: web.Request) -> web.Response:
    """A presigned URL for whoever has the link."""
    asked = read_query(request, OfALink)
    video, source, seen = await request.app[LINKS].source(
        request.match_info["token"], _visit(request), video_id=asked.v
    )
    content = await linked_content(request, video, None if asked.v is None else video)
    hls = await linked_hls(request, video, None if asked.v is None else video)
    response = json_response(present_linked(source, content, hls))
    _give(request, response, _SEEN, seen)
    return response


async def linked_source(request: web.Request) -> web.Response:
    """Redirects whoever has the link to a fresh presigned URL."""
    asked = read_query(request, AskLinkedSource)
    _, source, seen = await request.app[LINKS].source(
        request.match_info["token"],
        _visit(request),
        video_id=asked.v,
        is_download=asked.download,
        is_head=request.method == hdrs.METH_HEAD,
    )
    response = web.Response(status=307, headers={hdrs.LOCATION: source.url})
    _give(request, response, _SEEN, seen)
    return response


async def linked_hls_playlist(request: web.Request) -> web.Response:
    """A playlist of the video's renditions for whoever has the link: `index` of all, or that of one by its name."""
    link, video, visit = await _open_hls(request)
    asked = read_query(request, AskLinkedHls)
    # First: a visitor whom nothing can be played to is not counted.
    one = {} if asked.v is None else {"v": asked.v}
    await request.app[HLS].playlist(video, request.match_info["name"])
    seen = await request.app[LINKS].count(link, video, visit)
    return await send_playlist(request, video, URL.build(query=one | {"seen": seen}).raw_query_string)


async def linked_hls_file(request: web.Request) -> web.Response:
    """Redirects whoever has the link to a fresh presigned URL of a rendition that a playlist has named."""
    link, video, visit = await _open_hls(request)
    response = await send_to_file(request, video, is_brief=True)
    await request.app[LINKS].count(link, video, visit)
    return response


async def _open_hls(request: web.Request) -> tuple[Link, Video, Visit]:
    """What the link opens, and the visitor: players that are no browser, or in another site's page, send no cookie."""
    asked, visit = read_query(request, AskLinkedHls), _visit(request)
    visit = visit if asked.seen is None else replace(visit, seen=asked.seen)
    link, video = await request.app[LINKS].open(request.match_info["token"], visit, video_id=asked.v)
    return link, video, visit


async def linked_hls(
    request: web.Request, video: Video, one: Video | None = None, *, seen: str | None = None
) -> PlaybackHls | None:
    """As /playback has it; `seen` for a visitor who is counted, and sends no cookie."""
    query = ({} if one is None else {"v": one.id}) | ({} if seen is None else {"seen": seen})
    path = request.app.router["linked-hls-playlist"].url_for(token=request.match_info["token"], name=INDEX)
    offered = await request.app[HLS].offered(video, is_brief=True)
    return present_hls(offered, f"{request.app[SITE].stream_url}{path.with_query(query)}")


async def send_playlist(request: web.Request, video: Video, query: str = "") -> web.Response:
    """The playlist that the path names, whose addresses have `query`. Raises NotFound."""
    said = await request.app[HLS].playlist(video, request.match_info["name"], query=query)
    return web.Response(body=said.encode(), content_type=CONTENT_TYPE)


async def send_to_file(request: web.Request, video: Video, *, is_brief: bool = False) -> web.Response:
    """To the file of a rendition that the path names. Raises NotFound and Unavailable."""
    name, set_id = request.match_info["name"], request.match_info["set_id"]
    url = await request.app[HLS].file(video, set_id, name, is_brief=is_brief)
    return web.Response(status=307, headers={hdrs.LOCATION: url})


async def linked_picture(request: web.Request) -> web.Response:
    """Redirects whoever has the link to one of a video's pictures."""
    token, name, asked = request.match_info["token"], request.match_info["name"], read_query(request, OfALink)
    url = await request.app[LINKS].picture(token, _visit(request), name, video_id=asked.v)
    return web.Response(status=307, headers={hdrs.LOCATION: url})


async def head_linked_source(request: web.Request) -> web.Response:
    """Redirects whoever has the link to a fresh presigned URL for HEAD."""
    return await linked_source(request)


async def linked_feed(request: web.Request) -> web.Response:
    """GET /s/{token}/feed.xml: the newest of the collection. Whoever fetches a file without a cookie is a visitor."""
    site = request.app[SITE]
    count_stranger(request)
    collection, videos = await request.app[LINKS].newest(request.match_info["token"], _visit(request), limit=NEWEST)
    contents = await request.app[LIBRARY].contents(videos)
    entries = [
        Entry(
            video=video,
            content=contents[video.id],
            page_url=site.stream_url + _address(request, "link", video),
            source_url=site.stream_url + _address(request, "linked-source", video),
            poster_url=f"{site.stream_url}{_address(request, 'link')}/pictures/poster?v={video.id}",
        )
        for video in videos
    ]
    channel = Channel(
        title=collection.title,
        description=collection.description,
        page_url=site.stream_url + _address(request, "link"),
        feed_url=site.stream_url + _address(request, "linked-feed"),
    )
    return kept_quiet(send_feed(request, feed(channel, entries, site)))


async def linked_content(request: web.Request, video: Video, one: Video | None = None) -> Content:
    """Its pictures are asked for below the link: who has their URLs has them for two minutes.

    `one`: the same video, where it is one of several that the link opens.
    """
    content = (await request.app[LIBRARY].contents([video], storyboard_of=video))[video.id]
    return _below(request, content, one)


def _below(request: web.Request, content: Content, one: Video | None) -> Content:
    url = f"{request.app[SITE].stream_url}{_address(request, 'link')}/pictures"
    return content.below(url, "" if one is None else f"?v={one.id}")


def kept_quiet(response: web.Response) -> web.Response:
    """Nobody else is told the address."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _address(request: web.Request, route: str, one: Video | None = None) -> str:
    url = request.app.router[route].url_for(token=request.match_info["token"])
    return str(url if one is None else url.with_query(v=one.id))


def _visit(request: web.Request) -> Visit:
    return Visit(proof=request.cookies.get(_PROOF), seen=request.cookies.get(_SEEN))


def _give(request: web.Request, response: web.Response, name: str, content: str) -> None:
    give_cookie(request, response, name, content, below=_address(request, "link"))
