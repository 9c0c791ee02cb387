"""Jobs of workers: each change is one compare-and-set on the attempt that asks for it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Update, and_, delete, func, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from catalogue.facts import COLUMNS, VideoFacts, to_facts
from catalogue.tables import AUDIENCE, MEDIA_FACTS, VIDEOS
from catalogue.videos import VideoState
from common.db import AnyRow, Queries, read_in_order, rows_changed
from common.ids import new_id
from contracts.media import Facts, Reason, Task
from upload_svc.media import TRIES, FailedJob, JobCount, JobState, Media, MediaJob, MediaState, SentPicture
from upload_svc.tables import MEDIA_JOBS, MEDIA_WORKERS

_IS_READY: Final = VIDEOS.c.state == VideoState.READY.value
# The index that has each owner's queue in order.
_NEXT: Final = "media_jobs_next"
_RANK: Final = {task.value: rank for rank, task in enumerate(Task)}
# What a job is that may be taken again, with all tries.
_ANEW: Final = {"state": JobState.WAITING.value, "tries_left": TRIES, "progress": 0, "reason": None}
_UNFINISHED: Final = [JobState.WAITING.value, JobState.RUNNING.value]
_JOB: Final = (
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
            )
        ),
        VIDEOS.c.size.label("video_size"),
    )
    .select_from(MEDIA_JOBS)
    .join(VIDEOS, VIDEOS.c.id == MEDIA_JOBS.c.video_id)
)


_SENT: Final = MEDIA_JOBS.alias("sent")
# What can be made again as long as the video is there; a picture that could not be made a poster is not kept.
_IS_OF_THE_VIDEO: Final = MEDIA_JOBS.c.task != Task.PICTURE.value
_STATES: Final = {JobState.DONE.value: MediaState.READY, JobState.FAILED.value: MediaState.FAILED}


class JobQueries(Queries):
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
            _JOB.where(jobs.leased_until <= now, jobs.tries_left > 0, jobs.task.in_(names), _IS_READY)
            .order_by(jobs.leased_until, jobs.id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            busy = {row.owner_id: row.jobs for row in await connection.execute(running)}
            lost = takeable.where(jobs.state == JobState.RUNNING.value)
            found = [_job_of(row) for row in await connection.execute(lost)]
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
                found += [_job_of(one) for one in some]
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
        row = await self._database.row(_JOB.where(MEDIA_JOBS.c.id == job_id, is_there))
        return None if row is None else _job_of(row)

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
                    *_theirs(job.video_id, Task.PICTURE), MEDIA_JOBS.c.state == JobState.DONE.value
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
        begun = update(MEDIA_JOBS).where(*_theirs(video_id, Task.PICTURE))
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
            if (await connection.execute(_locked(video_id).where(_IS_READY))).one_or_none() is None:
                return None
            if rows_changed(await connection.execute(begun)) == 0:
                await add_job(connection, video_id, Task.PICTURE, is_backfill=False, at=at)
                await connection.execute(begun)
            row = (await connection.execute(_JOB.where(*_theirs(video_id, Task.PICTURE)))).one()
        return _job_of(row)

    async def give_picture(self, job: MediaJob, *, at: datetime) -> bool:
        """What this attempt has brought may be made a poster; a moment that was chosen before counts no more."""
        given = _changed(job).values(**_anew(at), picture_attempt=job.attempt)
        async with self._database.write() as connection:
            if rows_changed(await connection.execute(given)) == 0:
                return False
            change = update(MEDIA_JOBS).where(*_theirs(job.video_id, Task.LOOK))
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

    async def retry_jobs(self, video_id: str, *, at: datetime) -> int:
        """What has failed of a ready or trashed video may be tried again, and what was never begun is begun.

        Returns how many jobs that are.
        """
        change = update(MEDIA_JOBS).where(
            MEDIA_JOBS.c.video_id == video_id, MEDIA_JOBS.c.state == JobState.FAILED.value, _IS_OF_THE_VIDEO
        )
        count = await self._database.change(change.values(**_anew(at), is_backfill=False))
        return count + await self.add_look(video_id, is_backfill=False, at=at)

    async def retry_failed_jobs(self, *, at: datetime) -> int:
        """Whatever has failed may be tried again, behind all that is new; returns how many."""
        change = update(MEDIA_JOBS).where(MEDIA_JOBS.c.state == JobState.FAILED.value, _IS_OF_THE_VIDEO)
        return await self._database.change(change.values(**_anew(at), is_backfill=True))

    async def list_ended_jobs(self, *, is_all: bool, after: str, limit: int) -> list[str]:
        """Ended jobs of ready videos, by id and behind that of `after`: all, or those that have left something to make.

        That is what has failed, and a look that has found no facts, or no poster where there is a picture.
        """
        jobs, ended = MEDIA_JOBS.c, [JobState.DONE.value, JobState.FAILED.value]
        is_lacking = or_(
            jobs.state == JobState.FAILED.value,
            and_(
                jobs.task == Task.LOOK.value,
                or_(MEDIA_FACTS.c.video_id.is_(None), and_(MEDIA_FACTS.c.has_video, MEDIA_FACTS.c.poster_id.is_(None))),
            ),
        )
        query = (
            select(jobs.id)
            .select_from(MEDIA_JOBS)
            .join(VIDEOS, VIDEOS.c.id == jobs.video_id)
            .outerjoin(MEDIA_FACTS, MEDIA_FACTS.c.video_id == jobs.video_id)
            .where(
                jobs.id > after, jobs.state.in_(ended), _IS_OF_THE_VIDEO, _IS_READY, true() if is_all else is_lacking
            )
            .order_by(jobs.id)
            .limit(limit)
        )
        return [row.id for row in await self._database.rows(query)]

    async def restart_jobs(self, job_ids: Collection[str], *, at: datetime) -> int:
        """These may be taken again unless they are in the queue already, behind all that is new; returns how many."""
        ended = [JobState.DONE.value, JobState.FAILED.value]
        change = update(MEDIA_JOBS).where(MEDIA_JOBS.c.id.in_(job_ids), MEDIA_JOBS.c.state.in_(ended))
        return await self._database.change(change.values(**_anew(at), is_backfill=True))

    async def choose_poster(self, video_id: str, *, at_ms: int, at: datetime) -> None:
        """Has the video looked at for this moment; an attempt that is at another one has lost the job by that.

        So has whatever was done for a picture.
        """
        await self.add_look(video_id, is_backfill=False, at=at)
        drop = update(MEDIA_JOBS).where(*_theirs(video_id, Task.PICTURE), MEDIA_JOBS.c.state.in_(_UNFINISHED))
        look = update(MEDIA_JOBS).where(*_theirs(video_id, Task.LOOK))
        async with self._database.write() as connection:
            await connection.execute(drop.values(state=JobState.DONE.value, settle_after=at, picture_attempt=None))
            await connection.execute(look.values(**_anew(at), is_backfill=False, poster_ms=at_ms))

    async def count_open_jobs(self) -> dict[JobState, tuple[int, datetime]]:
        """How many wait, are worked on, and have failed, of ready videos, but for pictures that were sent; since
        when the oldest has been asked for.
        """
        jobs, states = MEDIA_JOBS.c, [*_UNFINISHED, JobState.FAILED.value]
        query = (
            select(jobs.state, func.count(), func.min(jobs.created_at))
            .select_from(MEDIA_JOBS)
            .join(VIDEOS, VIDEOS.c.id == jobs.video_id)
            .where(jobs.state.in_(states), _IS_READY, _IS_OF_THE_VIDEO)
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
            .where(jobs.state == JobState.FAILED.value, _IS_READY)
            .order_by(jobs.leased_until.desc(), jobs.id.desc())
            .limit(limit)
        )
        if after is not None:
            at, job_id = after
            query = query.where(jobs.leased_until <= at, or_(jobs.leased_until < at, jobs.id < job_id))
        rows = await self._database.rows(read_in_order(query, MEDIA_JOBS, "media_jobs_due"))
        return [FailedJob(**{**row._asdict(), "task": Task(row.task), "reason": Reason(row.reason)}) for row in rows]

    async def list_unlooked(self, *, limit: int) -> list[str]:
        """Ready videos at which nobody has been asked to look, the newest first."""
        is_theirs = and_(MEDIA_JOBS.c.video_id == VIDEOS.c.id, MEDIA_JOBS.c.task == Task.LOOK.value)
        query = (
            select(VIDEOS.c.id)
            .select_from(VIDEOS)
            .outerjoin(MEDIA_JOBS, is_theirs)
            .where(_IS_READY, MEDIA_JOBS.c.id.is_(None))
            .order_by(VIDEOS.c.created_at.desc())
            .limit(limit)
        )
        return [row.id for row in await self._database.rows(query)]

    async def count_waiting_backfill(self) -> int:
        """How many jobs of videos that were there already wait to be taken, or are being worked on."""
        query = select(func.count()).where(MEDIA_JOBS.c.state.in_(_UNFINISHED), MEDIA_JOBS.c.is_backfill)
        row = await self._database.row(query)
        return 0 if row is None else int(row[0])

    async def add_look(self, video_id: str, *, is_backfill: bool, at: datetime) -> bool:
        """Asks for a look at a ready or trashed video; False where that was done, or the video is not there."""
        states = [VideoState.READY.value, VideoState.TRASHED.value]
        query = select(VIDEOS.c.id).where(VIDEOS.c.id == video_id, VIDEOS.c.state.in_(states)).with_for_update()
        try:
            async with self._database.write() as connection:
                # Locked, so that whoever deletes the video meanwhile deletes its jobs after this.
                if (await connection.execute(query)).one_or_none() is None:
                    return False
                await add_job(connection, video_id, Task.LOOK, is_backfill=is_backfill, at=at)
        except IntegrityError:
            return False
        return True

    async def take_unsettled_jobs(self, *, now: datetime, until: datetime, limit: int) -> list[MediaJob]:
        """Ended jobs whose attempts may have left something, leased until `until`: nobody else gets them before."""
        query = _JOB.where(MEDIA_JOBS.c.settle_after <= now).order_by(MEDIA_JOBS.c.settle_after).limit(limit)
        due = [_job_of(row) for row in await self._database.rows(query)]
        return [job for job in due if await self._database.change(_settling(job).values(settle_after=until)) == 1]

    async def finish_settling(self, job: MediaJob, *, taken_until: datetime) -> None:
        """Nothing is left of its attempts but what is in use; unless it has ended anew meanwhile."""
        change = update(MEDIA_JOBS).where(MEDIA_JOBS.c.id == job.id, MEDIA_JOBS.c.settle_after == taken_until)
        await self._database.change(change.values(settle_after=None))

    async def get_facts(self, video_id: str) -> VideoFacts | None:
        row = await self._database.row(select(*COLUMNS).where(MEDIA_FACTS.c.video_id == video_id))
        return None if row is None else to_facts(row)

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
        return {row.looked_at: _media_of(row) for row in await self._database.rows(query)}

    async def count_jobs(self) -> list[JobCount]:
        """The counts of each task and state that any job is in."""
        jobs = MEDIA_JOBS.c
        query = select(jobs.task, jobs.state, func.count(), func.min(jobs.created_at)).group_by(jobs.task, jobs.state)
        return [
            JobCount(Task(task), JobState(state), count, oldest)
            for task, state, count, oldest in await self._database.rows(query)
        ]

    async def note_worker(self, *, at: datetime, lacks_landlock: bool) -> None:
        """Records that a worker has asked."""
        values = {"asked_at": at, "no_landlock_at": at} if lacks_landlock else {"asked_at": at}
        if await self._database.change(update(MEDIA_WORKERS).values(values)) == 0:
            # Unless another process has just done so.
            await self._database.add(insert(MEDIA_WORKERS).values(id=1, **values))

    async def worker_asked_at(self) -> datetime | None:
        """When a worker has asked last; None: never."""
        row = await self._database.row(select(MEDIA_WORKERS.c.asked_at))
        return None if row is None else row.asked_at

    async def worker_without_landlock_asked_at(self) -> datetime | None:
        """When one has asked last whose kernel has no Landlock; None: never."""
        row = await self._database.row(select(MEDIA_WORKERS.c.no_landlock_at))
        return None if row is None else row.no_landlock_at

    async def _change_job(self, job: MediaJob, **values: Any) -> bool:
        return await self._database.change(_changed(job).values(**values)) == 1


async def add_job(connection: AsyncConnection, video_id: str, task: Task, *, is_backfill: bool, at: datetime) -> None:
    """Adds a job that may be taken at once, in the transaction of what makes it possible."""
    await connection.execute(
        insert(MEDIA_JOBS).values(
            id=new_id(),
            video_id=video_id,
            task=task.value,
            state=JobState.WAITING.value,
            attempt=0,
            tries_left=TRIES,
            leased_until=at,
            progress=0,
            reason=None,
            poster_ms=None,
            is_backfill=is_backfill,
            output_attempt=None,
            created_at=at,
            settle_after=None,
            owner_id=select(VIDEOS.c.owner_id).where(VIDEOS.c.id == video_id).scalar_subquery(),
            picture_attempt=None,
        )
    )


async def renew_pictures(connection: AsyncConnection, video_ids: Collection[str]) -> None:
    """Has the pictures made again that the videos have, in the transaction after which fewer people may see them.

    By their URLs whoever could see them before still can for up to a week, but only until the new ones are there: the
    old ones are deleted then. Behind all that is new, and not before the last lease ends: of a video that goes back and
    forth an attempt is begun every two minutes at most. What is not done yet becomes pictures that nobody has seen.
    """
    ended = [JobState.DONE.value, JobState.FAILED.value]
    for task, picture, is_again in (
        (Task.LOOK, MEDIA_FACTS.c.poster_id, MEDIA_JOBS.c.state.in_(ended)),
        (Task.STORYBOARD, MEDIA_FACTS.c.storyboard_id, MEDIA_JOBS.c.state.in_(ended)),
        # Made of what is kept for that.
        (
            Task.PICTURE,
            MEDIA_FACTS.c.poster_id,
            and_(MEDIA_JOBS.c.state == JobState.DONE.value, MEDIA_JOBS.c.picture_attempt.is_not(None)),
        ),
    ):
        has_one = select(MEDIA_FACTS.c.video_id).where(MEDIA_FACTS.c.video_id.in_(video_ids), picture.is_not(None))
        change = update(MEDIA_JOBS).where(
            MEDIA_JOBS.c.video_id.in_(video_ids),
            MEDIA_JOBS.c.task == task.value,
            is_again,
            MEDIA_JOBS.c.video_id.in_(has_one),
        )
        await connection.execute(change.values(**_ANEW, is_backfill=True))


async def forget_media(connection: AsyncConnection, video_id: str) -> None:
    """Nothing is known of a deleted video's content, and nothing is to be made of it."""
    await connection.execute(delete(MEDIA_JOBS).where(MEDIA_JOBS.c.video_id == video_id))
    await connection.execute(delete(MEDIA_FACTS).where(MEDIA_FACTS.c.video_id == video_id))


async def _finish(connection: AsyncConnection, job: MediaJob, at: datetime) -> bool:
    # Locked, so that a poster of another job comes before all of this or after it; the video's row first, as whoever
    # changes both has it: two that wait for each other would both fail on MySQL.
    await connection.execute(_locked(job.video_id))
    values = {"state": JobState.DONE.value, "progress": 100, "reason": None, "settle_after": at}
    return rows_changed(await connection.execute(_changed(job).values(**values))) == 1


async def _has_own_picture(connection: AsyncConnection, video_id: str) -> bool:
    """Whether the video's poster was made of a picture that its owner sent."""
    facts = select(MEDIA_FACTS.c.poster_id).where(MEDIA_FACTS.c.video_id == video_id)
    poster_id = (await connection.execute(facts)).scalar_one_or_none()
    row = (await connection.execute(_JOB.where(*_theirs(video_id, Task.PICTURE)))).one_or_none()
    if poster_id is None or row is None:
        return False
    job = _job_of(row)
    return poster_id in {job.derived_id(attempt) for attempt in range(1, job.attempt + 1)}


async def _settle_again(connection: AsyncConnection, video_id: str, task: Task, at: datetime) -> None:
    """What that job has made may be of no use any more."""
    await connection.execute(update(MEDIA_JOBS).where(*_theirs(video_id, task)).values(settle_after=at))


def _theirs(video_id: str, task: Task) -> tuple[ColumnElement[bool], ...]:
    return MEDIA_JOBS.c.video_id == video_id, MEDIA_JOBS.c.task == task.value


def _locked(video_id: str) -> Select[str]:
    return select(VIDEOS.c.id).where(VIDEOS.c.id == video_id).with_for_update()


def _anew(at: datetime) -> dict[str, Any]:
    """What a job is that may be taken again at once, with all tries, and is asked for now."""
    return {**_ANEW, "leased_until": at, "created_at": at}


def _changed(job: MediaJob) -> Update:
    """A change by the attempt that works on the job."""
    return update(MEDIA_JOBS).where(
        MEDIA_JOBS.c.id == job.id,
        MEDIA_JOBS.c.state == JobState.RUNNING.value,
        MEDIA_JOBS.c.attempt == job.attempt,
    )


def _settling(job: MediaJob) -> Update:
    return update(MEDIA_JOBS).where(MEDIA_JOBS.c.id == job.id, MEDIA_JOBS.c.settle_after == job.settle_after)


def _job_of(row: AnyRow) -> MediaJob:
    return MediaJob(**{**row._asdict(), "task": Task(row.task), "state": JobState(row.state)})


def _media_of(row: AnyRow) -> Media:
    # What is made again although nobody has asked for another picture.
    is_again = row.is_backfill and row.video_id is not None
    return Media(
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
