"""What media_svc needs of upload_svc: jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from pydantic import BaseModel, ValidationError

from common.errors import Unavailable
from common.service_client import TIME_LIMIT_SECONDS, Relayed, ServiceClient
from contracts.media import (
    AskOutputs,
    AskParts,
    CompleteJob,
    Facts,
    FailJob,
    Job,
    NewFile,
    Outputs,
    Reason,
    ReleaseJob,
    Renewed,
    RenewJob,
    TakeJob,
    Task,
)
from contracts.renditions import NewPart, Renditions

# Somebody else has the job, or there is no such job any more.
_LOST: Final = ("conflict", "not-found")
# What was sent is not taken, and would not be the next time.
_RELAYED: Final = (*_LOST, "invalid", "malformed", "too-large", "parts-missing")
# There is little time when a worker is being stopped.
RELEASE_LIMIT_SECONDS: Final = 2.0


class JobLost(Exception):
    """The job is not this attempt's any more: whatever it has made is for nobody."""


class Refused(Exception):
    """upload_svc does not take what was made; the text is its code."""


class UploadClient:
    """upload_svc's jobs, for the worker `name`. Every call may raise Unavailable; those about a job, JobLost.

    `is_outside`: this worker reaches the storage as browsers do. `landlock`: which version its kernel has; 0: none;
    None: not known yet.
    """

    def __init__(
        self, client: ServiceClient, *, name: str, is_outside: bool, landlock: Callable[[], int | None]
    ) -> None:
        self._client = client
        self._name = name
        self._is_outside = is_outside
        self._landlock = landlock

    async def take(self, tasks: Sequence[Task]) -> Job | None:
        """A job that is this worker's from now on; None when there is nothing to do."""
        landlock = self._landlock()
        asked = TakeJob(
            tasks=list(tasks),
            worker=self._name,
            is_outside=self._is_outside,
            has_landlock=None if landlock is None else landlock > 0,
        ).model_dump(mode="json")
        # Asked again after a lost answer, it would be another job.
        found = await self._client.call("POST", "/internal/jobs/take", content=asked, is_idempotent=False)
        try:
            return None if found is None else Job.model_validate(found)
        except ValidationError as exc:
            raise Unavailable from exc

    async def renew(self, job: Job, *, progress: int) -> Renewed:
        """Keeps the job for longer; `progress` in per cent."""
        asked = RenewJob(attempt=job.attempt, progress=progress, is_outside=self._is_outside)
        with _refusals():
            return await self._client.ask(Renewed, "POST", _path(job, "renew"), content=asked, relays=_RELAYED)

    async def outputs(self, job: Job, files: Sequence[NewFile]) -> Outputs:
        """Where the files go. Raises Refused."""
        asked = AskOutputs(attempt=job.attempt, files=list(files), is_outside=self._is_outside)
        with _refusals():
            return await self._client.ask(Outputs, "POST", _path(job, "outputs"), content=asked, relays=_RELAYED)

    async def parts(self, job: Job, parts: Sequence[NewPart]) -> Outputs:
        """Where the parts of renditions go. Raises Refused."""
        asked = AskParts(attempt=job.attempt, parts=list(parts), is_outside=self._is_outside)
        with _refusals():
            return await self._client.ask(Outputs, "POST", _path(job, "parts"), content=asked, relays=_RELAYED)

    async def complete(
        self, job: Job, facts: Facts | None, poster_ms: int | None, renditions: Renditions | None
    ) -> None:
        """Hands in what was found; all files and parts are stored. Raises Refused."""
        told = CompleteJob(attempt=job.attempt, facts=facts, poster_ms=poster_ms, renditions=renditions)
        await self._say(job, "complete", told)

    async def fail(self, job: Job, reason: Reason, *, is_final: bool) -> None:
        """Says why nothing was made."""
        await self._say(job, "fail", FailJob(attempt=job.attempt, reason=reason, is_final=is_final))

    async def release(self, job: Job) -> None:
        """Gives the job back undone, so that the attempt does not count."""
        await self._say(job, "release", ReleaseJob(attempt=job.attempt), time_limit_seconds=RELEASE_LIMIT_SECONDS)

    async def _say(
        self, job: Job, verb: str, content: BaseModel, *, time_limit_seconds: float = TIME_LIMIT_SECONDS
    ) -> None:
        with _refusals():
            await self._client.call(
                "POST",
                _path(job, verb),
                content=content.model_dump(mode="json"),
                is_idempotent=True,
                relays=_RELAYED,
                time_limit_seconds=time_limit_seconds,
            )


def _path(job: Job, verb: str) -> str:
    return f"/internal/jobs/{job.id}/{verb}"


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except Relayed as refusal:
        raise (JobLost if refusal.code in _LOST else Refused)(refusal.code) from refusal
