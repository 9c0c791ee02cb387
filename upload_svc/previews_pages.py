"""The page where administrators see which jobs for workers wait or have failed, and have them tried again."""

from __future__ import annotations

from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from common.languages import gettext
from common.web.pages import render
from common.web.requests import Query, id_in_path, read_query, require_whole_principal
from upload_svc.app_keys import PREVIEWS
from upload_svc.media.media import FailedJob, JobState

PATH: Final = "/videos/moderation/previews"


class ListFailed(Query):
    """Which page of them."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=1024)] | None = None


async def previews_page(request: web.Request) -> web.Response:
    """GET /videos/moderation/previews."""
    principal = require_whole_principal(request)
    asked, previews = read_query(request, ListFailed), request.app[PREVIEWS]
    counts = await previews.count(principal)
    failed, next_cursor = await previews.list_failed(principal, cursor=asked.cursor, limit=asked.limit)
    is_off, asked_at = await previews.no_worker_since(principal)
    waiting = counts.get(JobState.WAITING)
    context = {
        "counts": {state.value: counts[state][0] if state in counts else 0 for state in JobState},
        "oldest": None if waiting is None else waiting[1],
        "is_off": is_off,
        "asked_at": asked_at,
        "is_landlock_missing": await previews.is_landlock_missing(principal),
        "failed": [_shown(job) for job in failed],
        "is_first_page": asked.cursor is None,
        "first_url": request.rel_url.without_query_params("cursor"),
        "next_url": None if next_cursor is None else request.rel_url.update_query(cursor=next_cursor),
    }
    return render(request, "previews.html", context)


async def retry_previews(request: web.Request) -> web.Response:
    """POST /videos/moderation/previews."""
    await request.app[PREVIEWS].retry_all(require_whole_principal(request))
    return _back()


async def retry_preview(request: web.Request) -> web.Response:
    """POST /videos/moderation/{upload_id}/retry-preview."""
    await request.app[PREVIEWS].retry(require_whole_principal(request), id_in_path(request, "upload_id"))
    return _back()


def _back() -> web.Response:
    return web.Response(status=303, headers={"Location": PATH})


def _shown(job: FailedJob) -> dict[str, object]:
    return {
        "video_id": job.video_id,
        "title": job.title,
        "owner_id": job.owner_id,
        "owner_username": job.owner_username,
        "task": job.task.value,
        "reason": gettext(job.detail),
        "attempts": job.attempts,
        "at": job.at,
    }
