"""The worker: takes a job, holds it while it works, and hands in what was made, or why there is nothing."""

from __future__ import annotations

import asyncio
import logging
import random
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from typing import Final, Protocol, TypeVar

from common.errors import Unavailable
from common.ids import new_id
from common.logs import REQUEST_ID
from contracts.media import Job, JobSource, Reason, Renewed, Task
from media_svc.made import Failed, Made, StorageAway
from media_svc.metrics import WorkMetrics
from media_svc.outputs import Bucket
from media_svc.upload_client import RELEASE_LIMIT_SECONDS, JobLost, Refused, UploadClient

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Between two questions, when there was nothing to do: growing, and begun anew by work.
LEAST_PAUSE_SECONDS: Final = 1.0
# An idle worker is one short query every so often; a picture is wanted within seconds.
MOST_PAUSE_SECONDS: Final = 4.0
# How long a job waits, while it is held, for a storage or an upload_svc that is away; then another attempt may try.
PATIENCE_SECONDS: Final = 600.0
# A job is renewed when so much of its lease has gone.
_RENEWED_AFTER: Final = 0.25
_SOON_SECONDS: Final = 2.0


class Maker(Protocol):
    """What does a task: reads the source, and returns what it has made of it."""

    async def __call__(
        self, job: Job, *, renew: Callable[[], Awaitable[JobSource]], on_progress: Callable[[int], None]
    ) -> Made:
        """`renew` gives the source with a fresh URL; `on_progress` is told per cent. Raises Failed."""


class Held:
    """A job as long as it is this worker's; `asked_at`: when it was asked for, by `time.monotonic`."""

    def __init__(self, job: Job, jobs: UploadClient, *, asked_at: float) -> None:
        self.job = job
        self._jobs = jobs
        self._leased_until = asked_at + job.lease_seconds
        self._progress = 0

    def advance(self, progress: int) -> None:
        """To be told with the next renewal; in per cent."""
        self._progress = min(max(progress, 0), 100)

    async def renew(self) -> JobSource:
        """Holds the job for longer. Raises JobLost and Unavailable."""
        asked_at = time.monotonic()
        renewed: Renewed = await self._jobs.renew(self.job, progress=self._progress)
        self._leased_until = asked_at + renewed.lease_seconds
        return renewed.source

    async def keep(self, work: asyncio.Task[str]) -> None:
        """Renews the lease until it is cancelled; ends `work` when the job is somebody else's."""
        pause = self._left_seconds() * _RENEWED_AFTER
        while True:
            await asyncio.sleep(pause)
            try:
                await self.renew()
            except Unavailable:
                is_lost, pause = self._left_seconds() <= 0, _SOON_SECONDS
            except (JobLost, Refused):
                is_lost = True
            else:
                is_lost, pause = False, self._left_seconds() * _RENEWED_AFTER
            if is_lost:
                work.cancel()
                return

    def _left_seconds(self) -> float:
        return max(0.0, self._leased_until - time.monotonic())


class Worker:
    """Does one job after the other. `check` says whether upload_svc answered when it was last asked for one."""

    def __init__(
        self, jobs: UploadClient, bucket: Bucket, metrics: WorkMetrics, *, makers: Mapping[Task, Maker]
    ) -> None:
        self._jobs = jobs
        self._bucket = bucket
        self._metrics = metrics
        self._makers = makers
        self._has_answer = False

    async def check(self) -> None:
        """Raises Unavailable."""
        if not self._has_answer:
            raise Unavailable("upload_svc has not said yet whether there is something to do.")

    async def run(self) -> None:
        """Until it is cancelled; then the job at hand is given back."""
        pauses = _pauses()
        while True:
            # One name in the logs of all services for all that is about a job.
            REQUEST_ID.set(new_id())
            if await self.step():
                pauses = _pauses()
            else:
                await asyncio.sleep(next(pauses))

    async def step(self) -> bool:
        """Takes a job and does it; False when there was none."""
        asked_at = time.monotonic()
        try:
            job = await self._take()
        except Unavailable:
            self._has_answer = False
            return False
        self._has_answer = True
        if job is None:
            return False
        about = {"job_id": job.id, "task": job.task.value, "attempt": job.attempt}
        logger.info("job begun", extra=about)
        began = time.perf_counter()
        outcome = "released"
        try:
            outcome = await self._do(Held(job, self._jobs, asked_at=asked_at))
        except asyncio.CancelledError:
            await self._give_back(job)
            raise
        finally:
            seconds = time.perf_counter() - began
            self._metrics.ended(job.task, outcome, seconds=seconds)
            logger.info("job ended", extra={**about, "outcome": outcome, "seconds": round(seconds, 3)})
        return True

    async def _take(self) -> Job | None:
        taking = asyncio.ensure_future(self._jobs.take(list(self._makers)))
        try:
            await asyncio.wait([taking])
        except asyncio.CancelledError:
            # upload_svc may be about to give us one.
            with suppress(Unavailable, TimeoutError):
                async with asyncio.timeout(RELEASE_LIMIT_SECONDS):
                    if (job := await taking) is not None:
                        await self._give_back(job)
            raise
        return taking.result()

    async def _give_back(self, job: Job) -> None:
        with suppress(Unavailable, JobLost, Refused):
            await self._jobs.release(job)

    async def _do(self, held: Held) -> str:
        async with asyncio.TaskGroup() as tasks:
            work = tasks.create_task(self._finish(held))
            keeping = tasks.create_task(held.keep(work))
            await asyncio.wait([work])
            keeping.cancel()
        return "lost" if work.cancelled() else work.result()

    async def _finish(self, held: Held) -> str:
        """Does the work and says how it has ended; the outcome."""
        try:
            failed = await self._try(held)
            if failed is None:
                return "done"
            logger.warning(
                "job failed", extra={"job_id": held.job.id, "reason": failed.reason.value, "why": str(failed)}
            )
            await _patiently(lambda: self._jobs.fail(held.job, failed.reason, is_final=failed.is_final))
        except JobLost:
            return "lost"
        except (Unavailable, Refused) as exc:
            # Nobody to tell it to. The lease ends by itself.
            logger.warning("job not reported", extra={"job_id": held.job.id, "why": str(exc)})
            return "away"
        return failed.reason.value

    async def _try(self, held: Held) -> Failed | None:
        """None when all is handed in. Raises JobLost and Unavailable."""
        made = None
        try:
            made = found = await _patiently(lambda: self._make(held))
            self._metrics.made(held.job.task, found)
            await self._store(held, found)
            await self._store_parts(held, found)
            await _patiently(lambda: self._jobs.complete(held.job, found.facts, found.poster_ms, found.renditions))
        except Failed as failed:
            return failed
        except Refused as refused:
            return Failed(Reason.CRASHED, f"upload_svc refuses the result: {refused}")
        except (JobLost, Unavailable):
            raise
        except Exception as exc:  # noqa: BLE001 - no file, whatever it holds, ends a worker
            # Where, but not what: messages may hold URLs.
            logger.error(  # noqa: TRY400
                "job crashed",
                extra={"reason": type(exc).__name__, "traceback": "".join(traceback.format_tb(exc.__traceback__))},
            )
            return Failed(Reason.CRASHED, type(exc).__name__)
        finally:
            for part in made.parts.values() if made is not None else ():
                part.close()
        return None

    async def _make(self, held: Held) -> Made:
        return await self._makers[held.job.task](held.job, renew=held.renew, on_progress=held.advance)

    async def _store(self, held: Held, made: Made) -> None:
        stored: set[str] = set()
        files = [file.announced() for file in made.files]

        async def store_rest() -> None:
            # Each time with fresh URLs.
            outputs = await self._jobs.outputs(held.job, files)
            for file in made.files:
                if file.name not in stored:
                    await self._bucket.put(outputs.puts[file.name], file)
                    stored.add(file.name)

        if files:
            await _patiently(store_rest)

    async def _store_parts(self, held: Held, made: Made) -> None:
        stored: set[str] = set()
        parts = [part.announced(name) for name, part in made.parts.items()]

        async def store_rest() -> None:
            # Each time with fresh URLs.
            outputs = await self._jobs.parts(held.job, parts)
            for name, part in made.parts.items():
                if name not in stored:
                    await self._bucket.put_part(outputs.puts[name], part)
                    stored.add(name)

        if parts:
            await _patiently(store_rest)


async def _patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Does the work again and again while what it needs is away, for a bounded time."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    for pause in _pauses():
        try:
            return await work()
        except (StorageAway, Unavailable) as exc:
            if time.monotonic() + pause > give_up_at:
                raise
            logger.warning("job waits", extra={"why": str(exc)})
        await asyncio.sleep(pause)
    raise AssertionError("pauses never end")


def _pauses() -> Iterator[float]:
    """In seconds; of random length, so that replicas do not ask all at once."""
    pause = LEAST_PAUSE_SECONDS
    while True:
        yield pause * random.uniform(0.5, 1)  # noqa: S311 - no secret
        pause = min(2 * pause, MOST_PAUSE_SECONDS)
