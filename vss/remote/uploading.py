"""One file to the server: found again or begun, its parts sent to S3 side by side, then completed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from yarl import URL

from common.checksums import composite_sha256
from vss.errors import Refusal
from vss.remote.client import COMPLETE_SECONDS, NETWORK_ERRORS, Client, reason_of
from vss.remote.errors import AnotherFile, NoAnswer, NotThere, Refused
from vss.remote.pacing import Pace
from vss.remote.patience import seconds_of
from vss.remote.plan import Part, PartPlan, differing, title_of, wire_name
from vss.remote.progress import Progress
from vss.remote.proxies import proxy_for
from vss.remote.source import SourceFile

# URLs that are asked for in one call: with them the server's calls a minute suffice for a fast network.
BATCH = 8
# S3 takes a block now and then, or the part is begun anew.
STALLED_SECONDS = 60.0
# A URL lives 15 minutes from when it was asked for; on a slow line a part may wait longer than that for its turn.
FRESH_SECONDS = 300.0
# Parts that were there and are missing at the end: more often than this is no accident.
MOST_COMPLETIONS = 5
# Each was found out to be another file's: more often than this is no accident.
MOST_UPLOADS = 3
NEWER_SECONDS = 1.1
# S3's own no to one part, each time with a fresh URL: a clock or a rule is wrong, and waiting does not mend it.
MOST_REFUSALS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadOptions:
    """What the command line asks for; None: not said."""

    title: str | None
    description: str | None
    visibility: str | None
    anew: bool
    sha256: bool
    parallel: int
    # Shared by all files of a command.
    pace: Pace | None = None
    fresh_seconds: float = FRESH_SECONDS


@dataclass(slots=True, kw_only=True)
class Sent:
    """The video, as its owner sees it, and how much of it went over the network this time, in bytes."""

    video: dict[str, Any]
    sent_bytes: int


@dataclass(frozen=True, slots=True)
class _Job:
    number: int
    url: str
    headers: Mapping[str, str]
    # By the loop's clock, in seconds.
    signed_at: float


class Uploading:
    """The upload of one file."""

    def __init__(self, client: Client, source: SourceFile, options: UploadOptions, progress: Progress) -> None:
        self._client = client
        self._source = source
        self._options = options
        self._progress = progress
        self._uploads = f"{client.server.upload}/v1/uploads"
        self._url = ""
        self._plan = PartPlan(source.size, source.size, 1)
        self._sent_bytes = 0
        # Of the parts of this file, as they were last read.
        self._checksums: dict[Part, str] = {}
        # As far as the bar shows it, of the upload that is being sent into.
        self._moved = 0

    async def run(self) -> Sent:
        """Sends what is missing; returns when this very file is a video. Raises a Refusal of vss.remote.errors.

        Nobody has asked for another file's upload to be resumed: what turns out to be one is left as it is.
        """
        found = None if self._options.anew else await self._find()
        tries = 0
        while True:
            tries += 1
            try:
                return await self._send_into(*(found or (await self._create(), [])))
            except AnotherFile as another:
                if tries == MOST_UPLOADS:
                    raise
                self._moved_on(-self._moved)
                self._progress.note(f"{another}; uploading this one separately")
            found = None

    async def _send_into(self, video: dict[str, Any], held: Sequence[int]) -> Sent:
        self._url = f"{self._uploads}/{video['id']}"
        self._plan = _plan(video)
        if held:
            self._progress.note(f"resuming: {len(held)} of {self._plan.part_count} parts are uploaded")
            self._moved_on(sum(self._plan.part(number).size for number in held))
            await self._edit(video)
        try:
            return await self._finish(self._plan.missing(held))
        except Refused as refused:
            # Another command, or a browser, may have completed it meanwhile, with this file or with another one.
            if refused.code != "upload-not-open":
                raise
            ready, _ = await self._complete()
            if ready is None:
                raise
            return Sent(video=ready, sent_bytes=self._sent_bytes)

    def _moved_on(self, count: int) -> None:
        self._moved += count
        self._progress.moved(count)

    async def _finish(self, missing: Sequence[int]) -> Sent:
        """Sends these parts, and what the server then misses, until the video is ready."""
        for _ in range(MOST_COMPLETIONS):
            if missing:
                await self._send(missing)
            self._source.refuse_changed()
            ready, missing = await self._complete()
            if ready is not None:
                return Sent(video=ready, sent_bytes=self._sent_bytes)
            await self._refuse_another(missing)
            self._moved_on(-sum(self._plan.part(number).size for number in missing))
            self._progress.note(f"{len(missing)} parts have to be sent again")
            # S3 tells in whole seconds which of two copies is the newer one.
            await asyncio.sleep(NEWER_SECONDS)
        raise NoAnswer("the storage keeps losing parts; nothing else is lost: try again later")

    async def _refuse_another(self, numbers: Sequence[int]) -> None:
        """Raises AnotherFile when the storage holds another content for one of these parts.

        Of which it does not say whose it is, is sent again: by now the server knows the SHA-256 of this file, has told
        everybody else no, and compares before anything is ready.
        """
        video = (await self._client.call("GET", self._url)).content
        received = {part["part_number"]: part["checksum"] for part in video.get("received", []) if part.get("checksum")}
        if await self._differ(self._plan, {number: received[number] for number in numbers if number in received}):
            raise AnotherFile(self._other_file())

    async def _find(self) -> tuple[dict[str, Any], list[int]] | None:
        """Our unfinished upload of this very file, and the parts that S3 holds; None when there is none."""
        name = wire_name(self._source.path)
        others = 0
        async for item in self._client.items(self._uploads, state="uploading"):
            is_named_so = wire_name(Path(item["filename"])) == name
            if not is_named_so or item["size"] != self._source.size or item["part_size"] is None:
                continue
            try:
                video = (await self._client.call("GET", f"{self._uploads}/{item['id']}")).content
            except NotThere:
                continue
            if video.get("received") is None:
                continue
            if video.get("part_checksums") != "sha256":
                # Nobody can say whose content its parts have.
                others += 1
                continue
            # A part of which that is not certain is sent once more.
            received = {part["part_number"]: part["checksum"] for part in video["received"] if part.get("checksum")}
            if not await self._differ(_plan(video), received):
                return video, sorted(received)
            others += 1
        if others:
            self._progress.note(f"{self._other_file()}; uploading this one separately")
        return None

    def _other_file(self) -> str:
        return f"{self._source.path}: an unfinished upload has the same name and size, but is another file"

    async def _differ(self, plan: PartPlan, received: Mapping[int, str]) -> list[int]:
        ours = {number: await self._checksum(plan.part(number)) for number in received}
        return differing(ours, received)

    async def _checksum(self, part: Part) -> str:
        checksum = self._checksums[part] = await self._source.checksum(part)
        return checksum

    async def _create(self) -> dict[str, Any]:
        self._source.refuse_changed()
        options, path = self._options, self._source.path
        asked = {
            "title": title_of(path) if options.title is None else options.title,
            "description": options.description or "",
            "filename": wire_name(path),
            "size": self._source.size,
            # The server knows the type by the name's ending.
            "content_type": "",
            "visibility": options.visibility or "private",
            "part_checksums": "sha256",
        }
        if options.sha256:
            asked["sha256"] = await self._source.sha256()
        key = {"Idempotency-Key": uuid4().hex}
        video: dict[str, Any] = (await self._client.call("POST", self._uploads, content=asked, headers=key)).content
        return video

    async def _edit(self, video: Mapping[str, Any]) -> None:
        """What was said this time about an upload that was begun before."""
        options = self._options
        said = {"title": options.title, "description": options.description, "visibility": options.visibility}
        if changes := {name: value for name, value in said.items() if value is not None and value != video[name]}:
            await self._client.call("PATCH", self._url, content=changes)

    async def _send(self, numbers: Sequence[int]) -> None:
        # Bounded, so that no URL gets old before it is used.
        jobs: asyncio.Queue[_Job | None] = asyncio.Queue(self._options.parallel)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._feed(jobs, numbers))
                for _ in range(self._options.parallel):
                    tasks.create_task(self._work(jobs))
        except* (Refusal, OSError) as group:
            reason: BaseException = group
            while isinstance(reason, BaseExceptionGroup):
                reason = reason.exceptions[0]
        else:
            return
        raise reason

    async def _feed(self, jobs: asyncio.Queue[_Job | None], numbers: Sequence[int]) -> None:
        for first in range(0, len(numbers), BATCH):
            for job in await self._sign(numbers[first : first + BATCH]):
                await jobs.put(job)
        for _ in range(self._options.parallel):
            await jobs.put(None)

    async def _work(self, jobs: asyncio.Queue[_Job | None]) -> None:
        while (job := await jobs.get()) is not None:
            await self._put(job)

    async def _sign(self, numbers: Sequence[int]) -> list[_Job]:
        """A fresh URL for each of the parts, with the checksum of what the file holds now."""
        checksums = {str(number): await self._checksum(self._plan.part(number)) for number in numbers}
        self._source.refuse_changed()
        asked = {"part_numbers": list(numbers), "checksums": checksums}
        try:
            signed = (await self._client.call("POST", f"{self._url}/part-urls", content=asked)).content
        except Refused as refused:
            if refused.code == "part-differs":
                raise AnotherFile(self._other_file()) from refused
            raise
        except NotThere as gone:
            raise NotThere(f"{self._source.path}: the upload was discarded meanwhile; upload it again") from gone
        return [
            _Job(
                number,
                signed["urls"][str(number)],
                {**signed["headers"], **signed["part_headers"][str(number)]},
                asyncio.get_running_loop().time(),
            )
            for number in numbers
        ]

    async def _put(self, job: _Job) -> None:
        part = self._plan.part(job.number)
        if asyncio.get_running_loop().time() - job.signed_at >= self._options.fresh_seconds:
            (job,) = await self._sign([part.number])
        attempts = self._client.patience.attempts()
        refusals = 0
        while True:
            gone_out = 0

            def moved(count: int) -> None:
                nonlocal gone_out
                gone_out += count
                self._moved_on(count)

            retry_after: float | None = None
            try:
                status, retry_after = await self._put_once(job, part, moved)
            except NETWORK_ERRORS as exc:
                trouble = reason_of(exc)
            else:
                if status == HTTPStatus.OK:
                    self._sent_bytes += part.size
                    return
                trouble = f"it answers {status}"
                refusals += HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
            self._moved_on(-gone_out)
            self._source.refuse_changed()
            said = f"the storage rejected part {part.number} ({trouble})"
            if refusals == MOST_REFUSALS:
                raise NoAnswer(f"{said}; nothing is lost: run the same command to resume")
            await attempts.pause(said, retry_after_seconds=retry_after)
            # An URL that has ended, a part that was damaged on its way: read again, and asked for anew.
            (job,) = await self._sign([part.number])

    async def _put_once(self, job: _Job, part: Part, moved: Callable[[int], None]) -> tuple[int, float | None]:
        """S3's status, and how long it asks us to wait, in seconds. Raises NETWORK_ERRORS."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(STALLED_SECONDS) as deadline:

            def sent(count: int) -> None:
                moved(count)
                if not deadline.expired():
                    deadline.reschedule(loop.time() + STALLED_SECONDS)

            url = URL(job.url, encoded=True)
            async with self._client.session.put(
                url,
                data=self._source.stream(part, sent, self._options.pace),
                headers={**job.headers, "Content-Length": str(part.size)},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=15),
                proxy=proxy_for(url),
            ) as answer:
                return answer.status, seconds_of(answer.headers.get("Retry-After"))

    async def _complete(self) -> tuple[dict[str, Any] | None, list[int]]:
        """The video, which then is this file, or the parts that have to be sent (again). Raises AnotherFile."""
        parts = [self._plan.part(number) for number in range(1, self._plan.part_count + 1)]
        known = {part.number: self._checksums[part] for part in parts if part in self._checksums}
        asked = {
            "sha256": await self._source.sha256(),
            "checksum_sha256": composite_sha256(known, self._plan.part_count),
        }
        attempts = self._client.patience.attempts()
        while True:
            try:
                answer = await self._client.call(
                    "POST", f"{self._url}/complete", content=asked, limit_seconds=COMPLETE_SECONDS
                )
            except NotThere as gone:
                raise NotThere(f"{self._source.path}: the upload was discarded meanwhile; upload it again") from gone
            except Refused as refused:
                if refused.code in ("parts-missing", "part-ambiguous"):
                    return None, list(refused.members["missing"])
                if refused.code == "file-differs":
                    raise AnotherFile(self._other_file()) from refused
                raise
            if answer.status == HTTPStatus.OK:
                return answer.content, []
            await attempts.pause(
                "the server has not confirmed it yet", retry_after_seconds=seconds_of(answer.headers.get("Retry-After"))
            )


def _plan(video: Mapping[str, Any]) -> PartPlan:
    return PartPlan(video["size"], video["part_size"], video["part_count"])
