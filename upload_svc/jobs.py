"""Jobs for workers: facts, posters and storyboards of videos, and posters of pictures that their owners sent.

A worker holds a job by the number of its attempt, under a lease. Files are fs_svc's derived objects: theirs are stored
first, and then the job is done and the video has them, in one transaction. What a killed process leaves in between is
taken again by the next attempt, whose files have another id, and deleted when the job has ended.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from common.clock import Clock
from common.errors import Invalid, NotFound
from common.service_client import Relayed
from contracts.derived import CreateDerived, Derivation
from contracts.media import (
    AskOutputs,
    AskParts,
    CompleteJob,
    Facts,
    FailJob,
    Job,
    JobSource,
    Outputs,
    ReleaseJob,
    Renewed,
    RenewJob,
    TakeJob,
    Task,
    Where,
)
from contracts.renditions import Rendering
from contracts.shape import MOST_AT_ONCE
from upload_svc.errors import JobLost, OutputsMissing
from upload_svc.fs_client import FsClient
from upload_svc.media.job_store import JobStore
from upload_svc.media.media import TRIES, JobState, MediaJob
from upload_svc.media.queue_store import QueueStore
from upload_svc.renditions import BACKFILL_AT_ONCE as RENDITIONS_AT_ONCE
from upload_svc.renditions import MakeRenditions, PlanRenditions

logger = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=2)
# How often it is recorded that workers ask: they do so every few seconds, and a pause is told from silence in minutes.
NOTED_EVERY: Final = timedelta(seconds=30)
# How long a job rests after its first and its second try: what failed it may pass.
RESTS: Final = (timedelta(minutes=1), timedelta(minutes=5))
# How long a job rests of whose video there are no bytes: it is about to be deleted.
BYTES_GONE_REST: Final = timedelta(minutes=10)
CANDIDATES: Final = 10
# Nobody else settles a job that somebody has taken, so long: a few calls to fs_svc.
SETTLE_LEASE: Final = timedelta(minutes=2)
SETTLE_AT_ONCE: Final = 20
# So many of the videos that were there already are in the queue at a time: it stays short for new ones.
BACKFILL_AT_ONCE: Final = 10
# How soon it is looked again whether there are any, after there were none.
BACKFILL_REST: Final = timedelta(hours=1)


class Jobs:
    """What a worker does raises JobLost once another attempt has begun or the job has ended, and NotFound."""

    def __init__(
        self,
        store: JobStore,
        queue: QueueStore,
        fs: FsClient,
        *,
        plans: PlanRenditions,
        renditions: MakeRenditions,
        clock: Clock,
    ) -> None:
        self._store = store
        self._plans = plans
        self._renditions = renditions
        self._queue = queue
        self._fs = fs
        self._clock = clock
        self._backfill_after: datetime | None = None
        # For workers with Landlock, and for those without.
        self._noted_at: dict[bool, datetime] = {}

    async def take(self, asked: TakeJob) -> Job | None:
        """The next job, held by the attempt that it names; None when there is nothing to do. Raises Unavailable."""
        await self._note_worker(lacks_landlock=asked.has_landlock is False)
        now = self._clock()
        candidates = await self._store.list_takeable(asked.tasks, now=now, limit=CANDIDATES)
        # Before any is taken: an attempt is not to be used up because fs_svc is away.
        sources = await self._sources(candidates, asked)
        for job in candidates:
            source = sources.get(job.id) or await self._sent_picture(job, asked)
            if source is None:
                await self._store.let_rest(job, until=now + BYTES_GONE_REST)
            elif await self._store.take_job(job, until=now + LEASE):
                return await self._taken(job, source, asked.worker, await self._renditions.rendering(job))
        return None

    async def _taken(self, job: MediaJob, source: JobSource, worker: str, rendering: Rendering | None) -> Job:
        attempt = job.attempt + 1
        logger.info(
            "job taken",
            extra={"job_id": job.id, "upload_id": job.video_id, "task": job.task, "attempt": attempt, "worker": worker},
        )
        facts = await self._store.get_facts(job.video_id)
        return Job(
            id=job.id,
            task=job.task,
            attempt=attempt,
            lease_seconds=LEASE.total_seconds(),
            source=source,
            poster_ms=job.poster_ms,
            facts=None if facts is None else Facts.model_validate_json(facts.facts),
            rendering=rendering,
        )

    async def renew(self, job_id: str, asked: RenewJob) -> Renewed:
        """Holds the job for longer, and has a fresh URL. Raises Unavailable."""
        await self._note_worker()
        job, until = await self._held(job_id, asked.attempt), self._clock() + LEASE
        if not await self._store.renew_job(job, progress=asked.progress, until=until):
            raise JobLost
        source = (await self._sources([job], asked)).get(job.id) or await self._sent_picture(job, asked)
        if source is None:
            raise JobLost
        return Renewed(lease_seconds=LEASE.total_seconds(), source=source)

    async def outputs(self, job_id: str, asked: AskOutputs) -> Outputs:
        """URLs for the files of this attempt; the same again for the same files. Raises Conflict for others."""
        job = await self._held(job_id, asked.attempt)
        if not await self._store.note_outputs(job):
            raise JobLost
        derived = CreateDerived(
            object_id=job.video_id,
            task=Derivation(job.task.value),
            files=asked.files,
            is_internal=not asked.is_outside,
        )
        try:
            return await self._fs.create_derived(job.derived_id(job.attempt), derived)
        except Relayed as refusal:
            raise _lost_or(refusal) from refusal

    async def parts(self, job_id: str, asked: AskParts) -> Outputs:
        """URLs for what this attempt has made of a piece. Raises Invalid for what it was not to make, Unavailable."""
        job = await self._held(job_id, asked.attempt)
        if job.set_id is None:
            raise JobLost
        return await self._renditions.parts(job, asked)

    async def complete(self, job_id: str, asked: CompleteJob) -> None:
        """The video has what was made; idempotent by attempt.

        Raises Invalid without the facts that a look is for, OutputsMissing for anything else without files, Conflict
        with the `missing` ones when not all are stored, Unavailable.
        """
        job = await self._store.get_job(job_id)
        if job is not None and (job.state, job.attempt) == (JobState.DONE, asked.attempt):
            return
        job = await self._held(job_id, asked.attempt)
        if not await (self._finish(job, asked) if job.set_id is None else self._renditions.finish(job, asked)):
            # The same call may have come twice; who has lost the job is told so.
            found = await self._store.get_job(job_id)
            if found is None or (found.state, found.attempt) != (JobState.DONE, asked.attempt):
                raise JobLost
            return
        logger.info("job done", extra={"job_id": job.id, "upload_id": job.video_id, "task": job.task})
        if asked.facts is not None:
            # If this process is killed here, it is found by those that look for what was never begun.
            await self._plans.begin(job.video_id, asked.facts, is_backfill=job.is_backfill)

    async def _finish(self, job: MediaJob, asked: CompleteJob) -> bool:
        derived_id = job.derived_id(job.attempt) if job.output_attempt == job.attempt else None
        if job.task is Task.LOOK and asked.facts is None:
            raise Invalid([{"pointer": "#/facts", "detail": "is required of a look"}])
        if job.task is not Task.LOOK and derived_id is None:
            raise OutputsMissing
        if derived_id is not None:
            try:
                await self._fs.complete_derived(derived_id)
            except Relayed as refusal:
                raise _lost_or(refusal) from refusal
        now = self._clock()
        if asked.facts is not None and job.task is Task.LOOK:
            return await self._store.finish_look(
                job, asked.facts, poster_id=derived_id, poster_ms=asked.poster_ms, at=now
            )
        if job.task is Task.PICTURE:
            return await self._store.finish_picture(job, poster_id=derived_id or "", at=now)
        return await self._store.finish_storyboard(job, storyboard_id=derived_id or "", at=now)

    async def fail(self, job_id: str, asked: FailJob) -> None:
        """This attempt has made nothing: there will be another one, unless it was the last, or would end alike."""
        job, now = await self._held(job_id, asked.attempt), self._clock()
        if asked.is_final or job.tries_left == 0:
            is_noted = await self._store.fail_job(job, asked.reason, at=now)
        else:
            rest = RESTS[TRIES - job.tries_left - 1]
            is_noted = await self._store.try_again_later(job, asked.reason, after=now + rest)
        if not is_noted:
            raise JobLost
        logger.warning(
            "job attempt failed",
            extra={"job_id": job.id, "upload_id": job.video_id, "task": job.task, "reason": asked.reason},
        )

    async def release(self, job_id: str, asked: ReleaseJob) -> None:
        """Given back undone, for anybody to take at once."""
        if not await self._store.release_job(await self._held(job_id, asked.attempt), at=self._clock()):
            raise JobLost

    async def settle(self) -> int:
        """One step of the loop: ends what was lost, and deletes what ended jobs have left; returns how many there were.

        Raises Unavailable.
        """
        now = self._clock()
        if lost := await self._store.fail_lost_jobs(now=now):
            logger.warning("jobs lost", extra={"jobs": lost})
        until = now + SETTLE_LEASE
        jobs = await self._store.take_unsettled_jobs(now=now, until=until, limit=SETTLE_AT_ONCE)
        for job in jobs:
            facts = await self._store.get_facts(job.video_id)
            in_use = set() if facts is None else {facts.poster_id, facts.storyboard_id}
            ended = set(range(1, job.attempt + 1)) - job.kept_attempts
            left = [derived_id for attempt in ended if (derived_id := job.derived_id(attempt)) not in in_use]
            for start in range(0, len(left), MOST_AT_ONCE):
                await self._fs.delete_derived(left[start : start + MOST_AT_ONCE])
            await self._store.finish_settling(job, taken_until=until)
        return lost + len(jobs)

    async def backfill(self) -> int:
        """One step of the loop: a few jobs for videos that nobody has looked at, or made renditions of; how many."""
        now = self._clock()
        if self._backfill_after is not None and now < self._backfill_after:
            return 0
        room = BACKFILL_AT_ONCE - await self._queue.count_waiting_backfill()
        if room <= 0:
            return 0
        videos = await self._queue.list_unlooked(limit=room)
        added = [await self._queue.add_look(video_id, is_backfill=True, at=now) for video_id in videos]
        unmade = [] if videos else await self._plans.list_unmade(RENDITIONS_AT_ONCE)
        for video_id in unmade:
            if (facts := await self._store.get_facts(video_id)) is not None:
                known = Facts.model_validate_json(facts.facts)
                added.append(await self._plans.begin(video_id, known, is_backfill=True))
        if not videos and len(unmade) < RENDITIONS_AT_ONCE:
            self._backfill_after = now + BACKFILL_REST
        return sum(added)

    async def _note_worker(self, *, lacks_landlock: bool = False) -> None:
        now, noted_at = self._clock(), self._noted_at.get(lacks_landlock)
        if noted_at is None or abs(now - noted_at) >= NOTED_EVERY:
            await self._store.note_worker(at=now, lacks_landlock=lacks_landlock)
            self._noted_at[lacks_landlock] = now

    async def _sources(self, jobs: Sequence[MediaJob], asked: Where) -> dict[str, JobSource]:
        """The videos, by the ids of the jobs that are about them."""
        jobs = [job for job in jobs if job.task is not Task.PICTURE]
        if not jobs:
            return {}
        sources = await self._fs.sources({job.video_id for job in jobs}, is_internal=not asked.is_outside)
        return {
            job.id: JobSource(url=source.url, size=job.video_size, expires_at=source.expires_at)
            for job in jobs
            if (source := sources.get(job.video_id)) is not None
        }

    async def _sent_picture(self, job: MediaJob, asked: Where) -> JobSource | None:
        if job.picture_attempt is None:
            return None
        return await self._fs.sent_picture(job.derived_id(job.picture_attempt), is_internal=not asked.is_outside)

    async def _held(self, job_id: str, attempt: int) -> MediaJob:
        job = await self._store.get_job(job_id)
        if job is None:
            raise NotFound
        if job.state is not JobState.RUNNING or job.attempt != attempt:
            raise JobLost
        return job


def _lost_or(refusal: Relayed) -> Exception:
    """Of a video that is being deleted fs_svc takes nothing any more; what else it says is about the files."""
    return JobLost() if refusal.code == NotFound.code else refusal
