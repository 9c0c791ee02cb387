"""Jobs as workers hold them: each change is one compare-and-set on the attempt that asks for it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Update, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from catalogue.facts import COLUMNS, VideoFacts, to_facts
from catalogue.tables import AUDIENCE, MEDIA_FACTS, VIDEOS
from catalogue.videos import VideoState
from common.db import Queries, read_in_order, rows_changed
from contracts.media import Facts, Reason, Task
from upload_svc.media.media import JobState, MediaJob
from upload_svc.media.queue_store import add_job
from upload_svc.media.rows import IS_READY, JOB, anew, changed, jobs_of, locked, to_job
from upload_svc.tables import MEDIA_JOBS, MEDIA_WORKERS

# The index that has each owner's queue in order.
_NEXT: Final = "media_jobs_next"
_RANK: Final = {task.value: rank for rank, task in enumerate(Task)}


class JobStore(Queries):
    """Each change returns whether it happened: False means that the job is another attempt's by now, or has ended."""

    async def list_takeable(self, tasks: Collection[Task], *, now: datetime, limit: int) -> list[MediaJob]:
        """Jobs that may be taken, in the order in which they should be.

        New videos go before those that were there already, quick tasks before slow ones, and then the owner of whom the
        fewest are being worked on, then the oldest. Of videos that are not ready there are none. However many wait, few
        rows are read: of each owner's queue its oldest entry in the index, then as many jobs as are listed.
        """
        jobs, names = MEDIA_JOBS.c, {task.value for task in tasks}
        running = (
            select(jobs.owner_id, func.count().label("jobs"))
            .where(jobs.state == JobState.RUNNING.value, jobs.leased_until > now)
            .group_by(jobs.owner_id)
        )
        queue = (jobs.is_backfill, jobs.task, jobs.owner_id)
        waiting = (
            select(*queue, func.min(jobs.leased_until).label("since"))
            .where(jobs.state == JobState.WAITING.value)
            # By the state as well, which is always the same: grouped by an index from its first column on, MySQL and
            # MariaDB read one entry of each queue. SQLite passes over all entries, which is 1 ms for some 4,000.
            .group_by(jobs.state, *queue)
        )
        takeable = (
            JOB.where(jobs.leased_until <= now, jobs.tries_left > 0, jobs.task.in_(names), IS_READY)
            .order_by(jobs.leased_until, jobs.id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            busy = {row.owner_id: row.jobs for row in await connection.execute(running)}
            lost = takeable.where(jobs.state == JobState.RUNNING.value)
            found = [to_job(row) for row in await connection.execute(lost)]
            queues = await connection.execute(read_in_order(waiting, MEDIA_JOBS, _NEXT))
            due = [row for row in queues if row.since <= now and row.task in names]
            due.sort(key=lambda row: (row.is_backfill, _RANK[row.task], busy.get(row.owner_id, 0), row.since))
            more = limit
            for row in due:
                query = takeable.limit(more).where(
                    jobs.state == JobState.WAITING.value,
                    *(column == value for column, value in zip(queue, row[:3], strict=True)),
                )
                some = (await connection.execute(read_in_order(query, MEDIA_JOBS, _NEXT))).all()
                found += [to_job(one) for one in some]
                more -= len(some)
                if more <= 0:
                    break
        # What a worker has lost goes before what waits, among its like.
        return sorted(found, key=lambda job: (job.is_backfill, _RANK[job.task]))[:limit]

    async def take_job(self, job: MediaJob, *, until: datetime) -> bool:
        """Begins the next attempt, which is counted by that."""
        change = (
            update(MEDIA_JOBS)
            .where(
                MEDIA_JOBS.c.id == job.id,
                MEDIA_JOBS.c.state == job.state.value,
                MEDIA_JOBS.c.attempt == job.attempt,
                MEDIA_JOBS.c.leased_until == job.leased_until,
            )
            .values(
                state=JobState.RUNNING.value,
                attempt=job.attempt + 1,
                tries_left=job.tries_left - 1,
                leased_until=until,
                progress=0,
            )
        )
        return await self._database.change(change) == 1

    async def let_rest(self, job: MediaJob, *, until: datetime) -> None:
        """Not to be taken before, unless somebody has done so already."""
        change = update(MEDIA_JOBS).where(MEDIA_JOBS.c.id == job.id, MEDIA_JOBS.c.leased_until == job.leased_until)
        await self._database.change(change.values(leased_until=until))

    async def get_job(self, job_id: str) -> MediaJob | None:
        """The job, unless its video was deleted."""
        is_there = VIDEOS.c.state != VideoState.DELETED.value
        row = await self._database.row(JOB.where(MEDIA_JOBS.c.id == job_id, is_there))
        return None if row is None else to_job(row)

    async def renew_job(self, job: MediaJob, *, progress: int, until: datetime) -> bool:
        return await self._change_job(job, progress=progress, leased_until=until)

    async def note_outputs(self, job: MediaJob) -> bool:
        """Records that this attempt is about to store files."""
        return await self._change_job(job, output_attempt=job.attempt)

    async def release_job(self, job: MediaJob, *, at: datetime) -> bool:
        """Back to waiting; the attempt does not count as one of the tries."""
        return await self._change_job(job, state=JobState.WAITING.value, tries_left=job.tries_left + 1, leased_until=at)

    async def try_again_later(self, job: MediaJob, reason: Reason, *, after: datetime) -> bool:
        return await self._change_job(job, state=JobState.WAITING.value, reason=reason.value, leased_until=after)

    async def fail_job(self, job: MediaJob, reason: Reason, *, at: datetime) -> bool:
        return await self._change_job(
            job, state=JobState.FAILED.value, reason=reason.value, leased_until=at, settle_after=at
        )

    async def fail_lost_jobs(self, *, now: datetime) -> int:
        """Those have failed whose last attempt has ended without a word; how many."""
        change = (
            update(MEDIA_JOBS)
            .where(
                MEDIA_JOBS.c.state == JobState.RUNNING.value,
                MEDIA_JOBS.c.leased_until <= now,
                MEDIA_JOBS.c.tries_left == 0,
            )
            .values(state=JobState.FAILED.value, reason=Reason.CRASHED.value, settle_after=now)
        )
        return await self._database.change(change)

    async def finish_look(
        self, job: MediaJob, facts: Facts, *, poster_id: str | None, poster_ms: int | None, at: datetime
    ) -> bool:
        """The video has these facts and this poster, and a storyboard is to be made where there is something to show.

        All in one transaction. A picture that the owner has sent stays, unless they have chosen a moment after it.
        """
        values = {
            "duration_ms": facts.duration_ms,
            "width": facts.width,
            "height": facts.height,
            "frame_rate": facts.frame_rate,
            "codecs": " ".join(facts.codecs),
            "has_video": facts.has_video,
            "has_audio": facts.has_audio,
            "facts": facts.model_dump_json(),
            "poster_id": poster_id,
            "poster_ms": poster_ms,
        }
        async with self._database.write() as connection:
            if not await _finish(connection, job, at):
                return False
            if job.poster_ms is None and await _has_own_picture(connection, job.video_id):
                del values["poster_id"], values["poster_ms"]
            else:
                await _settle_again(connection, job.video_id, Task.PICTURE, at)
                # What was sent for the poster before is not needed any more; what waits to be one is.
                sent = update(MEDIA_JOBS).where(
                    *jobs_of(job.video_id, Task.PICTURE), MEDIA_JOBS.c.state == JobState.DONE.value
                )
                await connection.execute(sent.values(picture_attempt=None))
            # Nobody else makes the other job: that takes the job that has just been finished.
            change = update(MEDIA_FACTS).where(MEDIA_FACTS.c.video_id == job.video_id).values(**values)
            if rows_changed(await connection.execute(change)) == 0:
                await connection.execute(insert(MEDIA_FACTS).values(video_id=job.video_id, **values))
            known = update(VIDEOS).where(VIDEOS.c.id == job.video_id).values(duration_ms=facts.duration_ms)
            await connection.execute(known)
            length = update(AUDIENCE).where(AUDIENCE.c.video_id == job.video_id).values(duration_ms=facts.duration_ms)
            await connection.execute(length)
            # Of pictures that nobody here can decode there is no poster either.
            if facts.has_video and facts.duration_ms and poster_id is not None:
                query = select(MEDIA_JOBS.c.id).where(
                    MEDIA_JOBS.c.video_id == job.video_id, MEDIA_JOBS.c.task == Task.STORYBOARD.value
                )
                if (await connection.execute(query)).one_or_none() is None:
                    await add_job(connection, job.video_id, Task.STORYBOARD, is_backfill=job.is_backfill, at=at)
            return True

    async def finish_storyboard(self, job: MediaJob, *, storyboard_id: str, at: datetime) -> bool:
        async with self._database.write() as connection:
            if not await _finish(connection, job, at):
                return False
            change = update(MEDIA_FACTS).where(MEDIA_FACTS.c.video_id == job.video_id)
            await connection.execute(change.values(storyboard_id=storyboard_id))
            return True

    async def begin_picture(self, video_id: str, *, until: datetime, at: datetime) -> MediaJob | None:
        """The attempt that is to bring a picture of the owner's; None where the video is not ready.

        Whatever was done for another picture has lost the job. If this attempt ends without a word, the job has failed.
        """
        begun = update(MEDIA_JOBS).where(*jobs_of(video_id, Task.PICTURE))
        begun = begun.values(
            state=JobState.RUNNING.value,
            attempt=MEDIA_JOBS.c.attempt + 1,
            tries_left=0,
            progress=0,
            reason=None,
            leased_until=until,
            picture_attempt=None,
        )
        async with self._database.write() as connection:
            # Locked, so that there is one job, and none of a video that is being deleted.
            if (await connection.execute(locked(video_id).where(IS_READY))).one_or_none() is None:
                return None
            if rows_changed(await connection.execute(begun)) == 0:
                await add_job(connection, video_id, Task.PICTURE, is_backfill=False, at=at)
                await connection.execute(begun)
            row = (await connection.execute(JOB.where(*jobs_of(video_id, Task.PICTURE)))).one()
        return to_job(row)

    async def give_picture(self, job: MediaJob, *, at: datetime) -> bool:
        """What this attempt has brought may be made a poster; a moment that was chosen before counts no more."""
        given = changed(job).values(**anew(at), picture_attempt=job.attempt)
        async with self._database.write() as connection:
            if rows_changed(await connection.execute(given)) == 0:
                return False
            change = update(MEDIA_JOBS).where(*jobs_of(job.video_id, Task.LOOK))
            await connection.execute(change.values(poster_ms=None))
            return True

    async def finish_picture(self, job: MediaJob, *, poster_id: str, at: datetime) -> bool:
        """The video has this poster, in place of the one before; nothing else of its facts is changed."""
        async with self._database.write() as connection:
            if not await _finish(connection, job, at):
                return False
            change = update(MEDIA_FACTS).where(MEDIA_FACTS.c.video_id == job.video_id)
            values = {"poster_id": poster_id, "poster_ms": None}
            if rows_changed(await connection.execute(change.values(**values))) == 0:
                # Nobody has looked at the video yet, or nobody can.
                none = {"codecs": "", "has_video": False, "has_audio": False, "facts": Facts().model_dump_json()}
                await connection.execute(insert(MEDIA_FACTS).values(video_id=job.video_id, **none, **values))
            await _settle_again(connection, job.video_id, Task.LOOK, at)
            return True

    async def take_unsettled_jobs(self, *, now: datetime, until: datetime, limit: int) -> list[MediaJob]:
        """Ended jobs whose attempts may have left something, leased until `until`: nobody else gets them before."""
        query = JOB.where(MEDIA_JOBS.c.settle_after <= now).order_by(MEDIA_JOBS.c.settle_after).limit(limit)
        due = [to_job(row) for row in await self._database.rows(query)]
        return [job for job in due if await self._database.change(_settling(job).values(settle_after=until)) == 1]

    async def finish_settling(self, job: MediaJob, *, taken_until: datetime) -> None:
        """Nothing is left of its attempts but what is in use; unless it has ended anew meanwhile."""
        change = update(MEDIA_JOBS).where(MEDIA_JOBS.c.id == job.id, MEDIA_JOBS.c.settle_after == taken_until)
        await self._database.change(change.values(settle_after=None))

    async def get_facts(self, video_id: str) -> VideoFacts | None:
        row = await self._database.row(select(*COLUMNS).where(MEDIA_FACTS.c.video_id == video_id))
        return None if row is None else to_facts(row)

    async def note_worker(self, *, at: datetime, lacks_landlock: bool) -> None:
        """Records that a worker has asked."""
        values = {"asked_at": at, "no_landlock_at": at} if lacks_landlock else {"asked_at": at}
        if await self._database.change(update(MEDIA_WORKERS).values(values)) == 0:
            # Unless another process has just done so.
            await self._database.add(insert(MEDIA_WORKERS).values(id=1, **values))

    async def _change_job(self, job: MediaJob, **values: Any) -> bool:
        return await self._database.change(changed(job).values(**values)) == 1


async def _finish(connection: AsyncConnection, job: MediaJob, at: datetime) -> bool:
    # Locked, so that a poster of another job comes before all of this or after it; the video's row first, as whoever
    # changes both has it: two that wait for each other would both fail on MySQL.
    await connection.execute(locked(job.video_id))
    values = {"state": JobState.DONE.value, "progress": 100, "reason": None, "settle_after": at}
    return rows_changed(await connection.execute(changed(job).values(**values))) == 1


async def _has_own_picture(connection: AsyncConnection, video_id: str) -> bool:
    """Whether the video's poster was made of a picture that its owner sent."""
    facts = select(MEDIA_FACTS.c.poster_id).where(MEDIA_FACTS.c.video_id == video_id)
    poster_id = (await connection.execute(facts)).scalar_one_or_none()
    row = (await connection.execute(JOB.where(*jobs_of(video_id, Task.PICTURE)))).one_or_none()
    if poster_id is None or row is None:
        return False
    job = to_job(row)
    return poster_id in {job.derived_id(attempt) for attempt in range(1, job.attempt + 1)}


async def _settle_again(connection: AsyncConnection, video_id: str, task: Task, at: datetime) -> None:
    """What that job has made may be of no use any more."""
    await connection.execute(update(MEDIA_JOBS).where(*jobs_of(video_id, task)).values(settle_after=at))


def _settling(job: MediaJob) -> Update:
    return update(MEDIA_JOBS).where(MEDIA_JOBS.c.id == job.id, MEDIA_JOBS.c.settle_after == job.settle_after)
