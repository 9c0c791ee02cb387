"""What is being made of videos for HLS, and what has been made."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from catalogue.tables import MEDIA_FACTS, RENDITIONS, VIDEOS
from common.db import Queries, rows_changed
from contracts.derived import DerivedPart
from contracts.media import Reason, Task
from contracts.renditions import Renditions, file_id
from upload_svc.media.media import JobState, MediaJob
from upload_svc.media.plan import Plan
from upload_svc.media.queue_store import add_job
from upload_svc.media.rows import IS_READY, anew, changed, locked
from upload_svc.tables import DISCARDED_FILES, MEDIA_JOBS, RENDITION_SETS

_TASKS = [Task.SOUND.value, Task.CHUNK.value]


class Made(BaseModel):
    """What an attempt has stored, and once it is done what is in it."""

    parts: dict[str, DerivedPart]
    renditions: Renditions = Renditions()


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionSet:
    """All that is made of a video at one time; `stored_at` None: it is not whole."""

    video_id: str
    id: str
    plan: Plan
    stored_at: datetime | None

    def file_id(self, name: str) -> str:
        return file_id(self.video_id, self.id, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A job of a set; `made` is there once it is done."""

    job_id: str
    task: Task
    chunk: int
    state: JobState
    made: Made | None


class RenditionStore(Queries):
    """Each change returns whether it happened."""

    async def begin_set(self, new: RenditionSet, *, is_backfill: bool, is_again: bool, at: datetime) -> bool:
        """Jobs for all of it, in place of those for another one; with `is_again` also where there is one already.

        What videos are played from stays until this is whole.
        """
        async with self._database.write() as connection:
            # Locked, so that there is one set, and none of a video that is being deleted.
            if (await connection.execute(locked(new.video_id).where(IS_READY))).one_or_none() is None:
                return False
            before = await _set_of(connection, new.video_id)
            if before is not None:
                if not is_again:
                    return False
                if before.stored_at is None:
                    await _discard(connection, before, due=at)
                await connection.execute(delete(RENDITION_SETS).where(RENDITION_SETS.c.video_id == new.video_id))
            await connection.execute(delete(MEDIA_JOBS).where(*_jobs_of(new.video_id)))
            await connection.execute(
                insert(RENDITION_SETS).values(
                    video_id=new.video_id, id=new.id, plan=new.plan.model_dump_json(), stored_at=None, settle_after=None
                )
            )
            pieces = [(Task.CHUNK, chunk) for chunk in range(new.plan.chunks)]
            for task, chunk in [*([(Task.SOUND, 0)] if new.plan.has_sound else []), *pieces]:
                await add_job(
                    connection, new.video_id, task, chunk=chunk, set_id=new.id, is_backfill=is_backfill, at=at
                )
        return True

    async def get_set(self, video_id: str) -> RenditionSet | None:
        async with self._database.read() as connection:
            return await _set_of(connection, video_id)

    async def note_parts(self, job: MediaJob, parts: dict[str, DerivedPart]) -> bool:
        """Records what this attempt is about to store."""
        change = changed(job).values(output_attempt=job.attempt, result=Made(parts=parts).model_dump_json())
        return await self._database.change(change) == 1

    async def get_parts(self, job: MediaJob) -> dict[str, DerivedPart]:
        """What this attempt was about to store."""
        row = await self._database.row(select(MEDIA_JOBS.c.result).where(MEDIA_JOBS.c.id == job.id))
        is_told = row is not None and row.result is not None and job.output_attempt == job.attempt
        return Made.model_validate_json(row.result).parts if is_told and row is not None else {}

    async def finish_piece(self, job: MediaJob, made: Made, *, at: datetime) -> bool:
        """The job is done, and its set is looked at."""
        values = {
            "state": JobState.DONE.value,
            "progress": 100,
            "reason": None,
            "result": made.model_dump_json(),
        }
        async with self._database.write() as connection:
            if rows_changed(await connection.execute(changed(job).values(**values))) == 0:
                return False
            change = update(RENDITION_SETS).where(
                RENDITION_SETS.c.video_id == job.video_id, RENDITION_SETS.c.id == job.set_id
            )
            await connection.execute(change.values(settle_after=at))
        return True

    async def take_due_sets(self, *, now: datetime, until: datetime, limit: int) -> list[RenditionSet]:
        """Sets of which a job has ended, of ready videos; nobody else gets them before `until`."""
        sets = RENDITION_SETS.c
        query = (
            select(sets.video_id, sets.settle_after)
            .join(VIDEOS, VIDEOS.c.id == sets.video_id)
            .where(sets.settle_after <= now, sets.stored_at.is_(None), IS_READY)
            .order_by(sets.settle_after)
            .limit(limit)
        )
        taken = []
        for row in await self._database.rows(query):
            lease = update(RENDITION_SETS).where(sets.video_id == row.video_id, sets.settle_after == row.settle_after)
            if await self._database.change(lease.values(settle_after=until)) == 1:
                taken.append(row.video_id)
        return [found for video_id in taken if (found := await self.get_set(video_id)) is not None]

    async def rest_set(self, made: RenditionSet, *, taken_until: datetime) -> None:
        """There is nothing to do for it until another job ends."""
        change = update(RENDITION_SETS).where(
            RENDITION_SETS.c.video_id == made.video_id, RENDITION_SETS.c.settle_after == taken_until
        )
        await self._database.change(change.values(settle_after=None))

    async def has_open_pieces(self, made: RenditionSet) -> bool:
        """Whether any job of it is not done."""
        query = (
            select(MEDIA_JOBS.c.id)
            .where(*_jobs_of(made.video_id), MEDIA_JOBS.c.set_id == made.id, MEDIA_JOBS.c.state != JobState.DONE.value)
            .limit(1)
        )
        return await self._database.row(query) is not None

    async def list_pieces(self, made: RenditionSet) -> list[Piece]:
        """All jobs of it, in the order of the film."""
        jobs = MEDIA_JOBS.c
        query = (
            select(jobs.id, jobs.task, jobs.chunk, jobs.state, jobs.result)
            .where(*_jobs_of(made.video_id), jobs.set_id == made.id)
            .order_by(jobs.task, jobs.chunk)
        )
        return [
            Piece(
                job_id=row.id,
                task=Task(row.task),
                chunk=row.chunk,
                state=JobState(row.state),
                made=Made.model_validate_json(row.result) if row.result and row.state == JobState.DONE.value else None,
            )
            for row in await self._database.rows(query)
        ]

    async def restart_pieces(self, job_ids: Collection[str], *, at: datetime) -> None:
        """What these have made is not there: they are done again."""
        change = update(MEDIA_JOBS).where(MEDIA_JOBS.c.id.in_(job_ids), MEDIA_JOBS.c.state == JobState.DONE.value)
        await self._database.change(change.values(**anew(at), result=None))

    async def fail_piece(self, piece: Piece, reason: Reason, *, at: datetime) -> None:
        """What was made of it does not fit the others: it may be tried again, by hand."""
        change = update(MEDIA_JOBS).where(MEDIA_JOBS.c.id == piece.job_id, MEDIA_JOBS.c.state == JobState.DONE.value)
        values = {"state": JobState.FAILED.value, "reason": reason.value, "leased_until": at}
        await self._database.change(change.values(**values))

    async def store_set(self, made: RenditionSet, content: Renditions, *, at: datetime, keep_until: datetime) -> bool:
        """The video is played from this from now on; what it was played from before is kept until then, for players."""
        names = " ".join(item.name for item in content.files)
        values = {"set_id": made.id, "content": content.model_dump_json(), "names": names}
        async with self._database.write() as connection:
            if (await connection.execute(locked(made.video_id).where(IS_READY))).one_or_none() is None:
                return False
            stored = update(RENDITION_SETS).where(
                RENDITION_SETS.c.video_id == made.video_id,
                RENDITION_SETS.c.id == made.id,
                RENDITION_SETS.c.stored_at.is_(None),
            )
            if rows_changed(await connection.execute(stored.values(stored_at=at, settle_after=None))) == 0:
                return False
            query = select(RENDITIONS.c.set_id, RENDITIONS.c.names).where(RENDITIONS.c.video_id == made.video_id)
            before = (await connection.execute(query)).one_or_none()
            if before is None:
                await connection.execute(insert(RENDITIONS).values(video_id=made.video_id, **values))
            else:
                old = [file_id(made.video_id, before.set_id, name) for name in before.names.split()]
                await _discard_files(connection, old, due=keep_until)
                change = update(RENDITIONS).where(RENDITIONS.c.video_id == made.video_id)
                await connection.execute(change.values(**values))
            await connection.execute(delete(MEDIA_JOBS).where(*_jobs_of(made.video_id)))
            # Names that might have been, and are not: nothing of them was stored, but for what failed attempts began.
            unused = [made.file_id(name) for name in made.plan.file_names if name not in names.split()]
            await _discard_files(connection, unused, due=at)
        return True

    async def take_discarded(self, *, now: datetime, limit: int) -> list[str]:
        """Files that nobody needs any more, by their ids."""
        files = DISCARDED_FILES.c
        query = select(files.id).where(files.due <= now).order_by(files.due).limit(limit)
        return [row.id for row in await self._database.rows(query)]

    async def forget_discarded(self, file_ids: Collection[str]) -> None:
        """They are deleted."""
        await self._database.change(delete(DISCARDED_FILES).where(DISCARDED_FILES.c.id.in_(file_ids)))

    async def list_with_pictures(self, *, after: str, limit: int) -> list[str]:
        """Ready videos with pictures, by id and behind that of `after`."""
        query = (
            select(VIDEOS.c.id)
            .join(MEDIA_FACTS, MEDIA_FACTS.c.video_id == VIDEOS.c.id)
            .where(VIDEOS.c.id > after, IS_READY, MEDIA_FACTS.c.has_video)
            .order_by(VIDEOS.c.id)
            .limit(limit)
        )
        return [row.id for row in await self._database.rows(query)]

    async def list_unmade(self, *, after: str, limit: int) -> list[str]:
        """Ready videos with pictures of which nothing was ever begun, by id and behind that of `after`."""
        query = (
            select(VIDEOS.c.id)
            .join(MEDIA_FACTS, MEDIA_FACTS.c.video_id == VIDEOS.c.id)
            .where(
                VIDEOS.c.id > after,
                IS_READY,
                MEDIA_FACTS.c.has_video,
                ~exists().where(RENDITION_SETS.c.video_id == VIDEOS.c.id),
            )
            .order_by(VIDEOS.c.id)
            .limit(limit)
        )
        return [row.id for row in await self._database.rows(query)]


def _jobs_of(video_id: str) -> tuple[Any, ...]:
    return MEDIA_JOBS.c.video_id == video_id, MEDIA_JOBS.c.task.in_(_TASKS)


async def _set_of(connection: AsyncConnection, video_id: str) -> RenditionSet | None:
    sets = RENDITION_SETS.c
    query = select(sets.video_id, sets.id, sets.plan, sets.stored_at).where(sets.video_id == video_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return RenditionSet(
        video_id=row.video_id, id=row.id, plan=Plan.model_validate_json(row.plan), stored_at=row.stored_at
    )


async def _discard(connection: AsyncConnection, made: RenditionSet, *, due: datetime) -> None:
    await _discard_files(connection, [made.file_id(name) for name in made.plan.file_names], due=due)


async def _discard_files(connection: AsyncConnection, file_ids: Sequence[str], *, due: datetime) -> None:
    if file_ids:
        rows = [{"id": one, "due": due} for one in file_ids]
        await connection.execute(insert(DISCARDED_FILES), rows)
