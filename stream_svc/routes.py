"""stream_svc's table of contents."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from common.errors import StorageUnavailable, Unauthenticated
from common.web.routes import Route
from stream_svc import api, pages, problem_pages
from stream_svc.models import AskSource, KeepPosition, ListVideos, Playback, Video, VideoPage

API: Final = (
    Route(
        method="GET",
        path="/v1/videos",
        handler=api.list_videos,
        name="list-videos",
        summary="What I may watch.",
        query=ListVideos,
        answers={200: VideoPage},
    ),
    Route(
        method="GET",
        path="/v1/videos/{video_id}",
        handler=api.get_video,
        name="get-video",
        summary="One video.",
        answers={200: Video},
        refusals=(Unauthenticated,),
        is_open=True,
    ),
    Route(
        method="GET",
        path="/v1/videos/{video_id}/playback",
        handler=api.play_video,
        name="play-video",
        summary="Presigned URLs to play from.",
        answers={200: Playback},
        refusals=(Unauthenticated, StorageUnavailable),
        is_open=True,
    ),
    Route(
        method="PUT",
        path="/v1/videos/{video_id}/position",
        handler=api.keep_position,
        name="keep-position",
        summary="Remembers where I am in a video.",
        body=KeepPosition,
        answers={204: None},
    ),
    Route(
        method="GET",
        path="/v1/videos/{video_id}/source",
        handler=api.get_source,
        name="get-source",
        summary="Leads to a fresh presigned URL.",
        query=AskSource,
        answers={307: None},
        refusals=(Unauthenticated, StorageUnavailable),
        is_open=True,
    ),
    Route(
        method="HEAD",
        path="/v1/videos/{video_id}/source",
        handler=api.get_source,
        name="head-source",
        summary="Leads to a fresh presigned URL for HEAD.",
        query=AskSource,
        answers={307: None},
        refusals=(Unauthenticated, StorageUnavailable),
        is_open=True,
    ),
)

PAGES: Final = (
    web.get("/", pages.library_page, name="library"),
    web.get("/problems", problem_pages.problems_page, name="problems"),
    web.get("/problems/{code}", problem_pages.problem_page, name="problem"),
    web.get("/watch/export", pages.export, name="export-positions"),
    web.get("/watch/{video_id}", pages.watch_page, name="watch"),
)
