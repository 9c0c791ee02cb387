"""Rows of jobs, as the stores of this room read and change them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Update, select, update

from catalogue.tables import VIDEOS
from catalogue.videos import VideoState
from common.db import AnyRow
from contracts.media import Task
from upload_svc.media.media import TRIES, JobState, MediaJob
from upload_svc.tables import MEDIA_JOBS

IS_READY: Final = VIDEOS.c.state == VideoState.READY.value
# What a job is that may be taken again, with all tries.
ANEW: Final = {"state": JobState.WAITING.value, "tries_left": TRIES, "progress": 0, "reason": None}
UNFINISHED: Final = [JobState.WAITING.value, JobState.RUNNING.value]
JOB: Final = (
    select(
        *(
            MEDIA_JOBS.c[name]
            for name in (
                "id",
                "video_id",
                "task",
                "state",
                "attempt",
                "tries_left",
                "leased_until",
                "poster_ms",
                "is_backfill",
                "output_attempt",
                "settle_after",
                "picture_attempt",
                "chunk",
                "set_id",
            )
        ),
        VIDEOS.c.size.label("video_size"),
    )
    .select_from(MEDIA_JOBS)
    .join(VIDEOS, VIDEOS.c.id == MEDIA_JOBS.c.video_id)
)

# What can be made again as long as the video is there; a picture that could not be made a poster is not kept.
IS_OF_THE_VIDEO: Final = MEDIA_JOBS.c.task != Task.PICTURE.value


def jobs_of(video_id: str, task: Task) -> tuple[ColumnElement[bool], ...]:
    return MEDIA_JOBS.c.video_id == video_id, MEDIA_JOBS.c.task == task.value


def changed(job: MediaJob) -> Update:
    """A change by the attempt that works on the job."""
    return update(MEDIA_JOBS).where(
        MEDIA_JOBS.c.id == job.id,
        MEDIA_JOBS.c.state == JobState.RUNNING.value,
        MEDIA_JOBS.c.attempt == job.attempt,
    )


def locked(video_id: str) -> Select[str]:
    return select(VIDEOS.c.id).where(VIDEOS.c.id == video_id).with_for_update()


def anew(at: datetime) -> dict[str, Any]:
    """What a job is that may be taken again at once, with all tries, and is asked for now."""
    return {**ANEW, "leased_until": at, "created_at": at}


def to_job(row: AnyRow) -> MediaJob:
    return MediaJob(**{**row._asdict(), "task": Task(row.task), "state": JobState(row.state)})
