"""stream_svc's table of contents."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from common.web.routes import delete, get, head, put
from stream_svc import api, collection_pages, embed_pages, link_pages, pages, problem_pages, strangers
from stream_svc.models import (
    AskLinkedHls,
    AskLinkedSource,
    AskOEmbed,
    AskPlayback,
    AskSource,
    EmbeddedPlayback,
    KeepPosition,
    ListVideos,
    OEmbed,
    OfALink,
    Playback,
    Video,
    VideoPage,
)

API: Final = (
    get("/v1/videos", api.list_videos, {200: VideoPage}, query=ListVideos, is_open=True, refusals=("not-found",)),
    get("/v1/videos/{video_id}", api.get_video, {200: Video}, is_open=True, refusals=("unauthenticated",)),
    get(
        "/v1/videos/{video_id}/playback",
        api.play_video,
        {200: Playback},
        is_open=True,
        refusals=("storage-unavailable", "unauthenticated"),
    ),
    get(
        "/v1/videos/{video_id}/pictures/{name}",
        api.get_picture,
        {307: None},
        is_open=True,
        refusals=("unauthenticated",),
    ),
    get(
        "/s/{token}/playback",
        link_pages.play_linked,
        {200: Playback},
        query=OfALink,
        is_open=True,
        refusals=("forbidden", "storage-unavailable"),
    ),
    get(
        "/s/{token}/source",
        link_pages.linked_source,
        {307: None},
        query=AskLinkedSource,
        is_open=True,
        refusals=("forbidden", "storage-unavailable"),
    ),
    get(
        "/s/{token}/pictures/{name}",
        link_pages.linked_picture,
        {307: None},
        query=OfALink,
        is_open=True,
        refusals=("forbidden",),
    ),
    get(
        "/s/{token}/hls/{name}.m3u8",
        link_pages.linked_hls_playlist,
        {200: None},
        query=AskLinkedHls,
        is_open=True,
        refusals=("forbidden",),
    ),
    get(
        "/s/{token}/hls/{set_id}/{name}.mp4",
        link_pages.linked_hls_file,
        {307: None},
        query=AskLinkedHls,
        is_open=True,
        refusals=("forbidden",),
    ),
    head(
        "/s/{token}/source",
        link_pages.head_linked_source,
        {307: None},
        query=AskLinkedSource,
        is_open=True,
        refusals=("forbidden", "storage-unavailable"),
    ),
    get(
        "/embed/{token}/playback",
        embed_pages.play_embedded,
        {200: EmbeddedPlayback},
        query=AskPlayback,
        is_open=True,
        refusals=("storage-unavailable",),
    ),
    get(
        "/v1/videos/{video_id}/hls/{name}.m3u8",
        api.get_hls_playlist,
        {200: None},
        is_open=True,
        refusals=("unauthenticated",),
    ),
    get(
        "/v1/videos/{video_id}/hls/{name}.mp4",
        api.get_rendition,
        {307: None},
        query=AskSource,
        is_open=True,
        refusals=("unauthenticated",),
    ),
    get(
        "/v1/videos/{video_id}/hls/{set_id}/{name}.mp4",
        api.get_hls_file,
        {307: None},
        is_open=True,
        refusals=("unauthenticated",),
    ),
    get("/v1/videos/{video_id}/hls/t/{token}/{name}.m3u8", api.get_open_hls_playlist, {200: None}, is_open=True),
    get("/v1/videos/{video_id}/hls/t/{token}/{set_id}/{name}.mp4", api.get_open_hls_file, {307: None}, is_open=True),
    put("/v1/videos/{video_id}/position", api.keep_position, {204: None}, body=KeepPosition),
    delete("/v1/videos/{video_id}/position", api.forget_position, {204: None}),
    get(
        "/v1/videos/{video_id}/source",
        api.get_source,
        {307: None},
        query=AskSource,
        is_open=True,
        refusals=("storage-unavailable", "unauthenticated"),
    ),
    get(
        "/oembed",
        api.oembed,
        {200: OEmbed},
        query=AskOEmbed,
        is_open=True,
        refusals=("not-found", "format-not-offered"),
    ),
    head(
        "/v1/videos/{video_id}/source",
        api.head_source,
        {307: None},
        query=AskSource,
        is_open=True,
        refusals=("storage-unavailable", "unauthenticated"),
    ),
)

PAGES: Final = (
    web.get("/", pages.library_page, name="library"),
    web.get(collection_pages.SHARED_PATH, collection_pages.shared_collections_page, name="shared-collections"),
    web.get(collection_pages.PATH, collection_pages.collection_page, name="collection"),
    web.get("/s/{token}", link_pages.link_page, name="link"),
    web.get("/s/{token}/feed.xml", link_pages.linked_feed, name="linked-feed"),
    web.post("/s/{token}", link_pages.type_password, name="link-password"),
    web.get("/embed/{token}", embed_pages.embed_page, name="embed"),
    web.get("/robots.txt", strangers.robots, name="robots"),
    web.get("/sitemap.xml", strangers.sitemap, name="sitemap"),
    web.get("/feed.xml", strangers.feed, name="feed"),
    web.get("/problems", problem_pages.problems_page, name="problems"),
    web.get("/problems/{code}", problem_pages.problem_page, name="problem"),
    web.post("/watch/forget", pages.forget, name="forget"),
    web.get("/watch/export", pages.export, name="export-positions"),
    web.get("/watch/{video_id}", pages.watch_page, name="watch"),
)
