"""How far what is made of videos is: for their owners, for administrators, for metrics."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import and_, case, func, or_, select

from catalogue.facts import COLUMNS, to_facts
from catalogue.tables import MEDIA_FACTS, RENDITIONS, VIDEOS
from common.db import AnyRow, Queries, read_in_order
from contracts.media import Reason, Task
from upload_svc.media.media import FailedJob, JobCount, JobState, MadeRenditions, Media, MediaState, SentPicture
from upload_svc.media.rows import IS_OF_THE_VIDEO, IS_READY, UNFINISHED
from upload_svc.tables import MEDIA_JOBS, MEDIA_WORKERS

_SENT: Final = MEDIA_JOBS.alias("sent")
_STATES: Final = {JobState.DONE.value: MediaState.READY, JobState.FAILED.value: MediaState.FAILED}


class MediaStore(Queries):
    async def list_media(self, video_ids: Collection[str]) -> dict[str, Media]:
        """How far the videos are at which somebody was asked to look, and what is known of them."""
        looks, facts, sent = MEDIA_JOBS.c, MEDIA_FACTS.c, _SENT.c
        query = (
            select(
                looks.video_id.label("looked_at"),
                looks.state,
                looks.reason,
                looks.is_backfill,
                sent.state.label("sent_state"),
                sent.reason.label("sent_reason"),
                sent.is_backfill.label("sent_is_again"),
                *COLUMNS,
            )
            .select_from(MEDIA_JOBS)
            .outerjoin(MEDIA_FACTS, facts.video_id == looks.video_id)
            .outerjoin(_SENT, and_(sent.video_id == looks.video_id, sent.task == Task.PICTURE.value))
            .where(looks.video_id.in_(video_ids), looks.task == Task.LOOK.value)
        )
        rows = await self._database.rows(query)
        renditions = await self.list_renditions([row.looked_at for row in rows])
        return {row.looked_at: _media_of(row, renditions.get(row.looked_at)) for row in rows}

    async def list_renditions(self, video_ids: Collection[str]) -> dict[str, MadeRenditions]:
        """How far those are of which there is something, or is going to be."""
        jobs, made = MEDIA_JOBS.c, RENDITIONS.c
        # What waits says nothing yet, whatever an attempt before has reached; and the sound takes no time to speak of.
        is_picture = jobs.task == Task.CHUNK.value
        progress = case(
            (~is_picture, 0),
            (jobs.state == JobState.DONE.value, 100),
            (jobs.state == JobState.RUNNING.value, jobs.progress),
            else_=0,
        )
        reason = case((jobs.state == JobState.FAILED.value, jobs.reason))
        making = (
            select(jobs.video_id, func.sum(case((is_picture, 1), else_=0)), func.sum(progress), func.max(reason))
            .where(jobs.video_id.in_(video_ids), jobs.set_id.is_not(None))
            .group_by(jobs.video_id)
        )
        stored = select(made.video_id, made.names).where(made.video_id.in_(video_ids))
        async with self._database.read() as connection:
            names = {row.video_id: tuple(row.names.split()) for row in await connection.execute(stored)}
            found = {
                video_id: MadeRenditions(state=MediaState.READY, progress=100, names=some)
                for video_id, some in names.items()
            }
            for video_id, pieces, done, why in await connection.execute(making):
                found[video_id] = MadeRenditions(
                    state=MediaState.PREPARING if why is None else MediaState.FAILED,
                    progress=int(done) // max(1, int(pieces)),
                    reason=None if why is None else Reason(why),
                    names=names.get(video_id, ()),
                )
        return found

    async def count_jobs(self) -> list[JobCount]:
        """The counts of each task and state that any job is in."""
        jobs = MEDIA_JOBS.c
        query = select(jobs.task, jobs.state, func.count(), func.min(jobs.created_at)).group_by(jobs.task, jobs.state)
        return [
            JobCount(Task(task), JobState(state), count, oldest)
            for task, state, count, oldest in await self._database.rows(query)
        ]

    async def count_open_jobs(self) -> dict[JobState, tuple[int, datetime]]:
        """How many wait, are worked on, and have failed, of ready videos, but for pictures that were sent; since
        when the oldest has been asked for.
        """
        jobs, states = MEDIA_JOBS.c, [*UNFINISHED, JobState.FAILED.value]
        query = (
            select(jobs.state, func.count(), func.min(jobs.created_at))
            .select_from(MEDIA_JOBS)
            .join(VIDEOS, VIDEOS.c.id == jobs.video_id)
            .where(jobs.state.in_(states), IS_READY, IS_OF_THE_VIDEO)
        )
        rows = await self._database.rows(query.group_by(jobs.state))
        return {JobState(state): (count, oldest) for state, count, oldest in rows}

    async def list_failed_jobs(self, *, after: tuple[datetime, str] | None, limit: int) -> list[FailedJob]:
        """What has failed of ready videos, the latest first, behind the job that `after` names by time and id."""
        jobs = MEDIA_JOBS.c
        query = (
            select(
                jobs.id,
                jobs.video_id,
                VIDEOS.c.title,
                VIDEOS.c.owner_id,
                VIDEOS.c.owner_username,
                jobs.task,
                jobs.reason,
                jobs.attempt.label("attempts"),
                jobs.leased_until.label("at"),
            )
            .select_from(MEDIA_JOBS)
            .join(VIDEOS, VIDEOS.c.id == jobs.video_id)
            .where(jobs.state == JobState.FAILED.value, IS_READY)
            .order_by(jobs.leased_until.desc(), jobs.id.desc())
            .limit(limit)
        )
        if after is not None:
            at, job_id = after
            query = query.where(jobs.leased_until <= at, or_(jobs.leased_until < at, jobs.id < job_id))
        rows = await self._database.rows(read_in_order(query, MEDIA_JOBS, "media_jobs_due"))
        return [FailedJob(**{**row._asdict(), "task": Task(row.task), "reason": Reason(row.reason)}) for row in rows]

    async def worker_asked_at(self) -> datetime | None:
        """When a worker has asked last; None: never."""
        row = await self._database.row(select(MEDIA_WORKERS.c.asked_at))
        return None if row is None else row.asked_at

    async def worker_without_landlock_asked_at(self) -> datetime | None:
        """When one has asked last whose kernel has no Landlock; None: never."""
        row = await self._database.row(select(MEDIA_WORKERS.c.no_landlock_at))
        return None if row is None else row.no_landlock_at


def _media_of(row: AnyRow, renditions: MadeRenditions | None) -> Media:
    # What is made again although nobody has asked for another picture.
    is_again = row.is_backfill and row.video_id is not None
    return Media(
        renditions=renditions,
        state=_STATES.get(row.state, MediaState.READY if is_again else MediaState.PREPARING),
        reason=_reason_of(row.state, row.reason),
        sent_picture=None
        if row.sent_state is None
        else SentPicture(
            state=_STATES.get(row.sent_state, MediaState.READY if row.sent_is_again else MediaState.PREPARING),
            reason=_reason_of(row.sent_state, row.sent_reason),
        ),
        facts=None if row.video_id is None else to_facts(row),
    )


def _reason_of(state: str, reason: str | None) -> Reason | None:
    return None if state != JobState.FAILED.value or reason is None else Reason(reason)
