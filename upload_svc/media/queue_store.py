"""The queue of jobs: what is put into it, by new videos, owners, administrators, and for older videos."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from catalogue.tables import MEDIA_FACTS, RENDITIONS, VIDEOS
from catalogue.videos import VideoState
from common.db import Queries
from common.ids import new_id
from contracts.media import Task
from upload_svc.media.media import TRIES, JobState
from upload_svc.media.rows import ANEW, IS_OF_THE_VIDEO, IS_READY, UNFINISHED, anew, jobs_of
from upload_svc.tables import MEDIA_JOBS, RENDITION_SETS


class QueueStore(Queries):
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

    async def choose_poster(self, video_id: str, *, at_ms: int, at: datetime) -> None:
        """Has the video looked at for this moment; an attempt that is at another one has lost the job by that.

        So has whatever was done for a picture.
        """
        await self.add_look(video_id, is_backfill=False, at=at)
        drop = update(MEDIA_JOBS).where(*jobs_of(video_id, Task.PICTURE), MEDIA_JOBS.c.state.in_(UNFINISHED))
        look = update(MEDIA_JOBS).where(*jobs_of(video_id, Task.LOOK))
        async with self._database.write() as connection:
            await connection.execute(drop.values(state=JobState.DONE.value, settle_after=at, picture_attempt=None))
            await connection.execute(look.values(**anew(at), is_backfill=False, poster_ms=at_ms))

    async def retry_jobs(self, video_id: str, *, at: datetime) -> int:
        """What has failed of a ready or trashed video may be tried again, and what was never begun is begun.

        Returns how many jobs that are.
        """
        change = update(MEDIA_JOBS).where(
            MEDIA_JOBS.c.video_id == video_id, MEDIA_JOBS.c.state == JobState.FAILED.value, IS_OF_THE_VIDEO
        )
        count = await self._database.change(change.values(**anew(at), is_backfill=False))
        return count + await self.add_look(video_id, is_backfill=False, at=at)

    async def retry_failed_jobs(self, *, at: datetime) -> int:
        """Whatever has failed may be tried again, behind all that is new; returns how many."""
        change = update(MEDIA_JOBS).where(MEDIA_JOBS.c.state == JobState.FAILED.value, IS_OF_THE_VIDEO)
        return await self._database.change(change.values(**anew(at), is_backfill=True))

    async def list_ended_jobs(self, *, is_all: bool, after: str, limit: int) -> list[str]:
        """Ended jobs of ready videos, by id and behind that of `after`: all, or those that have left something to make.

        That is what has failed, and a look that has found no facts, or no poster where there is a picture.
        """
        jobs, ended = MEDIA_JOBS.c, [JobState.DONE.value, JobState.FAILED.value]
        # A piece of a set that is being made is done again where it has failed, and not where it is done.
        is_whole = or_(jobs.state == JobState.FAILED.value, jobs.set_id.is_(None))
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
                jobs.id > after, jobs.state.in_(ended), IS_OF_THE_VIDEO, IS_READY, is_whole if is_all else is_lacking
            )
            .order_by(jobs.id)
            .limit(limit)
        )
        return [row.id for row in await self._database.rows(query)]

    async def restart_jobs(self, job_ids: Collection[str], *, at: datetime) -> int:
        """These may be taken again unless they are in the queue already, behind all that is new; returns how many."""
        ended = [JobState.DONE.value, JobState.FAILED.value]
        change = update(MEDIA_JOBS).where(MEDIA_JOBS.c.id.in_(job_ids), MEDIA_JOBS.c.state.in_(ended))
        return await self._database.change(change.values(**anew(at), is_backfill=True))

    async def list_unlooked(self, *, limit: int) -> list[str]:
        """Ready videos at which nobody has been asked to look, the newest first."""
        is_theirs = and_(MEDIA_JOBS.c.video_id == VIDEOS.c.id, MEDIA_JOBS.c.task == Task.LOOK.value)
        query = (
            select(VIDEOS.c.id)
            .select_from(VIDEOS)
            .outerjoin(MEDIA_JOBS, is_theirs)
            .where(IS_READY, MEDIA_JOBS.c.id.is_(None))
            .order_by(VIDEOS.c.created_at.desc())
            .limit(limit)
        )
        return [row.id for row in await self._database.rows(query)]

    async def count_waiting_backfill(self) -> int:
        """How many jobs of videos that were there already wait to be taken, or are being worked on."""
        query = select(func.count()).where(MEDIA_JOBS.c.state.in_(UNFINISHED), MEDIA_JOBS.c.is_backfill)
        row = await self._database.row(query)
        return 0 if row is None else int(row[0])


async def add_job(
    connection: AsyncConnection,
    video_id: str,
    task: Task,
    *,
    is_backfill: bool,
    at: datetime,
    chunk: int = 0,
    set_id: str | None = None,
) -> None:
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
            chunk=chunk,
            set_id=set_id,
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
        await connection.execute(change.values(**ANEW, is_backfill=True))


async def forget_media(connection: AsyncConnection, video_id: str) -> None:
    """Nothing is known of a deleted video's content, and nothing is to be made of it."""
    await connection.execute(delete(MEDIA_JOBS).where(MEDIA_JOBS.c.video_id == video_id))
    await connection.execute(delete(MEDIA_FACTS).where(MEDIA_FACTS.c.video_id == video_id))
    await connection.execute(delete(RENDITION_SETS).where(RENDITION_SETS.c.video_id == video_id))
    await connection.execute(delete(RENDITIONS).where(RENDITIONS.c.video_id == video_id))
