"""stream_svc's JSON handlers."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import hdrs, web

from catalogue.access import viewer_of
from catalogue.videos import Video
from common.web.keys import PRINCIPAL, SITE
from common.web.requests import id_in_path, read_json, read_query, require_principal
from common.web.responses import json_response
from stream_svc.app_keys import COLLECTIONS, HLS, LIBRARY, LINKS
from stream_svc.errors import FormatNotOffered
from stream_svc.hls import INDEX
from stream_svc.link_pages import send_playlist, send_to_file
from stream_svc.links import Visit
from stream_svc.metadata import present_embed, present_oembed, token_of, video_id_of
from stream_svc.models import (
    AskOEmbed,
    AskSource,
    KeepPosition,
    ListVideos,
    PlaybackHls,
    VideoPage,
    present,
    present_hls,
    present_playback,
)
from stream_svc.strangers import count_stranger, require_reader


async def list_videos(request: web.Request) -> web.Response:
    """Videos you can watch, or those of a collection; without an account what everyone may, where that is listed."""
    # A collection may be for strangers too, where nothing else is listed for them.
    principal = count_stranger(request) if "collection" in request.query else require_reader(request)
    asked = read_query(request, ListVideos)
    videos: Sequence[Video]
    if asked.collection is None:
        videos, next_cursor = await request.app[LIBRARY].list(
            principal, asked.wanted, cursor=asked.cursor, limit=asked.limit
        )
    else:
        videos, next_cursor = await request.app[COLLECTIONS].videos(
            principal, asked.collection, cursor=asked.cursor, limit=asked.limit
        )
    contents = await request.app[LIBRARY].contents(videos)
    items = [present(video, contents[video.id]) for video in videos]
    return json_response(VideoPage(items=items, next_cursor=next_cursor))


async def get_video(request: web.Request) -> web.Response:
    """One video."""
    video = await request.app[LIBRARY].get(request[PRINCIPAL], request.match_info["video_id"])
    contents = await request.app[LIBRARY].contents([video])
    return json_response(present(video, contents[video.id]))


async def play_video(request: web.Request) -> web.Response:
    """Presigned URLs for playback."""
    library = request.app[LIBRARY]
    playback = await library.play(request[PRINCIPAL], request.match_info["video_id"])
    video = playback.video
    contents = await library.contents([video], storyboard_of=video)
    return json_response(present_playback(playback, contents[video.id], await _hls(request, video)))


async def _hls(request: web.Request, video: Video) -> PlaybackHls | None:
    principal, hls, router = request[PRINCIPAL], request.app[HLS], request.app.router
    here = request.app[SITE].stream_url
    url = router["get-hls-playlist"].url_for(video_id=video.id, name=INDEX)
    open_url = None
    if principal is not None:
        token = hls.token(video.id, viewer_of(principal))
        open_url = here + str(router["get-open-hls-playlist"].url_for(video_id=video.id, token=token, name=INDEX))
    return present_hls(await hls.offered(video), f"{here}{url}", open_url=open_url)


async def get_hls_playlist(request: web.Request) -> web.Response:
    """A playlist of the video's renditions: `index` of all, or that of one by its name (RFC 8216)."""
    video = await request.app[LIBRARY].get(request[PRINCIPAL], request.match_info["video_id"])
    return await send_playlist(request, video)


async def get_open_hls_playlist(request: web.Request) -> web.Response:
    """The same, for whoever a player was given the address for."""
    return await send_playlist(request, await _opened(request))


async def get_hls_file(request: web.Request) -> web.Response:
    """Redirects to a fresh presigned URL of a rendition that a playlist has named."""
    video = await request.app[LIBRARY].get(request[PRINCIPAL], request.match_info["video_id"])
    return await send_to_file(request, video)


async def get_open_hls_file(request: web.Request) -> web.Response:
    """The same, for whoever a player was given the address for."""
    return await send_to_file(request, await _opened(request))


async def get_rendition(request: web.Request) -> web.Response:
    """Redirects to a fresh presigned URL of the file that a rendition has now, picture or sound alone."""
    asked = read_query(request, AskSource)
    video = await request.app[LIBRARY].get(request[PRINCIPAL], request.match_info["video_id"])
    url = await request.app[HLS].current_file(video, request.match_info["name"], is_download=asked.download)
    return web.Response(status=307, headers={hdrs.LOCATION: url})


async def _opened(request: web.Request) -> Video:
    """The video whose address has a token in it, for whom that stands. Raises NotFound."""
    video_id = request.match_info["video_id"]
    viewer = request.app[HLS].viewer_of(request.match_info["token"], video_id)
    return await request.app[LIBRARY].get_for(viewer, video_id)


async def keep_position(request: web.Request) -> web.Response:
    """Saves your position in a video."""
    principal = require_principal(request)
    asked = await read_json(request, KeepPosition)
    await request.app[LIBRARY].keep_position(
        principal, request.match_info["video_id"], seconds=asked.seconds, duration=asked.duration
    )
    return web.Response(status=204)


async def forget_position(request: web.Request) -> web.Response:
    """Forgets your position in a video."""
    await request.app[LIBRARY].forget_position(require_principal(request), id_in_path(request, "video_id"))
    return web.Response(status=204)


async def get_source(request: web.Request) -> web.Response:
    """Redirects to a fresh presigned URL."""
    asked = read_query(request, AskSource)
    source = await request.app[LIBRARY].source(
        request[PRINCIPAL],
        request.match_info["video_id"],
        method="HEAD" if request.method == hdrs.METH_HEAD else "GET",
        is_download=asked.download,
    )
    return web.Response(status=307, headers={hdrs.LOCATION: source.url})


async def get_picture(request: web.Request) -> web.Response:
    """Redirects to a picture of a video.

    `poster` is the largest one, `storyboard` the index of what is shown above the seek bar; or the name of a file, such
    as `poster-320.webp` or a sprite that the index names.
    """
    url = await request.app[LIBRARY].picture(
        request[PRINCIPAL], request.match_info["video_id"], request.match_info["name"]
    )
    return web.Response(status=307, headers={hdrs.LOCATION: url})


async def oembed(request: web.Request) -> web.Response:
    """What to show of a video that anybody can watch, or of a link (https://oembed.com); pages of any site may ask."""
    asked = read_query(request, AskOEmbed)
    if asked.format != "json":
        raise FormatNotOffered
    library, site = request.app[LIBRARY], request.app[SITE]
    bounds = {"max_width": asked.maxwidth, "max_height": asked.maxheight}
    if (token := token_of(asked.url, site)) is not None:
        _, video = await request.app[LINKS].open(token, Visit(), is_framed=True)
        content = (await library.contents([video]))[video.id]
        shown = present_embed(video, content, site, token, **bounds)
    else:
        video = await library.get_open(video_id_of(asked.url, site))
        content = (await library.contents([video]))[video.id]
        shown = present_oembed(video, content, site, **bounds)
    # No cookie counts here, so there is nothing that a foreign page could learn from its visitor's.
    return web.Response(
        # A member that says nothing is to be absent.
        body=shown.model_dump_json(exclude_none=True).encode(),
        content_type="application/json",
        headers={hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*"},
    )


async def head_source(request: web.Request) -> web.Response:
    """Redirects to a fresh presigned URL for HEAD."""
    return await get_source(request)
