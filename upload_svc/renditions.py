"""Renditions of videos: planned, made in pieces by workers, and put together when all pieces are there.

Each rendition is one object whose parts are the pieces. Until a set of them is whole nobody sees anything of it; then
the video has all of it in one transaction, in place of what it had before, whose files stay for those who watch.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from common.clock import Clock
from common.errors import Invalid
from common.ids import new_id
from common.service_client import Relayed
from contracts.derived import AskDerivedPart, CreateInParts, Derivation, DerivedPart
from contracts.media import AskParts, CompleteJob, Facts, Outputs, Reason, Task
from contracts.renditions import AudioRendition, Rendering, Renditions, Segment, VideoRendition
from contracts.shape import MOST_AT_ONCE
from upload_svc.errors import JobLost, OutputsMissing
from upload_svc.fs_client import FsClient
from upload_svc.media.media import JobState, MediaJob
from upload_svc.media.plan import PARTS_OF_A_CHUNK, part_number, plan_of
from upload_svc.media.rendition_store import Made, Piece, RenditionSet, RenditionStore
from upload_svc.settings import Policy

logger = logging.getLogger(__name__)

# Nobody else puts together what somebody has taken, so long: S3 takes its time for each file.
SETTLE_LEASE: Final = timedelta(minutes=5)
SETTLE_AT_ONCE: Final = 10
# Who has begun with one set of files ends with it.
KEPT_FOR_PLAYERS: Final = timedelta(days=1)
# So many videos that were there already are begun with at a time.
BACKFILL_AT_ONCE: Final = 3

Rendition = VideoRendition | AudioRendition


class _Disagree(Exception):
    """The pieces are not pieces of one film; `piece` is one that does not fit."""

    def __init__(self, why: str, piece: Piece) -> None:
        super().__init__(why)
        self.piece = piece


class PlanRenditions:
    """Which videos have renditions made, by the settings of this process."""

    def __init__(
        self, store: RenditionStore, *, policy: Policy, heights: Sequence[int], preset: str, clock: Clock
    ) -> None:
        self._store = store
        self._policy = policy
        self._heights = heights
        self._preset = preset
        self._clock = clock
        self._looked_after = ""

    async def begin(self, video_id: str, facts: Facts, *, is_backfill: bool, is_again: bool = False) -> bool:
        """Has made what there is to make of a ready video; False where that is nothing, or was begun before."""
        plan = plan_of(facts, self._policy, heights=self._heights, preset=self._preset)
        if plan is None:
            return False
        new = RenditionSet(video_id=video_id, id=new_id(), plan=plan, stored_at=None)
        return await self._store.begin_set(new, is_backfill=is_backfill, is_again=is_again, at=self._clock())

    async def list_unmade(self, limit: int) -> list[str]:
        """Ready videos of which nothing was begun, some at a time, all of them in turn."""
        if self._policy is Policy.OFF:
            return []
        found = await self._store.list_unmade(after=self._looked_after, limit=limit)
        self._looked_after = found[-1] if len(found) == limit else ""
        return found


class MakeRenditions:
    """What a worker does raises JobLost once its job is another attempt's."""

    def __init__(self, store: RenditionStore, fs: FsClient, *, clock: Clock) -> None:
        self._store = store
        self._fs = fs
        self._clock = clock

    async def rendering(self, job: MediaJob) -> Rendering | None:
        """What a job for a piece makes; None for any other. Raises JobLost when there is no such set any more."""
        return None if job.set_id is None else (await self._set_of(job)).plan.rendering(job.task, job.chunk)

    async def parts(self, job: MediaJob, asked: AskParts) -> Outputs:
        """URLs for what this attempt has made; the same again for the same parts. Raises Invalid, Unavailable."""
        made, number = await self._set_of(job), part_number(job.chunk, job.attempt)
        names = made.plan.names_of(job.task)
        if unknown := [index for index, part in enumerate(asked.parts) if part.name not in names]:
            raise Invalid([{"pointer": f"#/parts/{index}/name", "detail": "isn’t asked for"} for index in unknown])
        if number is None:
            raise JobLost
        parts = {part.name: DerivedPart(part_number=number, size=part.size, sha256=part.sha256) for part in asked.parts}
        if not await self._store.note_parts(job, parts):
            raise JobLost
        puts, expires_at = {}, None
        for name, part in parts.items():
            upload = CreateInParts(object_id=job.video_id, task=Derivation.RENDITION, name=f"{name}.mp4")
            signed = AskDerivedPart(upload=upload, part=part, is_internal=not asked.is_outside)
            try:
                answer = await self._fs.part_url(made.file_id(name), signed)
            except Relayed as refusal:
                await self._begin_again_unless_open(made, refusal)
                raise JobLost from refusal
            [puts[name]] = answer.puts.values()
            expires_at = answer.expires_at if expires_at is None else min(expires_at, answer.expires_at)
        if expires_at is None:
            raise OutputsMissing
        return Outputs(puts=puts, expires_at=expires_at)

    async def finish(self, job: MediaJob, asked: CompleteJob) -> bool:
        """The piece is done; False where the job is another attempt's. Raises Invalid."""
        content = asked.renditions or Renditions()
        parts = await self._store.get_parts(job)
        found = {item.name: item for item in content.files}
        if found.keys() != parts.keys() or len(found) < len(content.files):
            raise Invalid([{"pointer": "#/renditions", "detail": "must have each part that was asked for, once"}])
        for name, item in found.items():
            ends = [item.init_size, *(segment.offset + segment.size for segment in item.segments)]
            starts = [segment.offset for segment in item.segments]
            if ends != sorted(ends) or ends[-1] > parts[name].size or any(map(int.__lt__, starts, ends)):
                raise Invalid([{"pointer": "#/renditions", "detail": "must have its segments within its part"}])
        return await self._store.finish_piece(job, Made(parts=parts, renditions=content), at=self._clock())

    async def settle(self) -> int:
        """One step of the loop: puts together what is whole, deletes what nobody needs; returns how much that was.

        Raises Unavailable.
        """
        now = self._clock()
        until = now + SETTLE_LEASE
        sets = await self._store.take_due_sets(now=now, until=until, limit=SETTLE_AT_ONCE)
        for made in sets:
            if await self._store.has_open_pieces(made) or not await self._put_together(made):
                await self._store.rest_set(made, taken_until=until)
        discarded = await self._store.take_discarded(now=now, limit=MOST_AT_ONCE)
        if discarded:
            await self._fs.delete_derived(discarded)
            await self._store.forget_discarded(discarded)
        return len(sets) + len(discarded)

    async def _put_together(self, made: RenditionSet) -> bool:
        """True when the video has it; False where there is more to do for workers, or nothing can be done."""
        pieces = await self._store.list_pieces(made)
        try:
            content, parts = _together(made, pieces)
        except _Disagree as exc:
            logger.warning("renditions disagree", extra={"upload_id": made.video_id, "why": str(exc)})
            await self._store.fail_piece(exc.piece, Reason.DAMAGED, at=self._clock())
            return False
        for name, some in parts.items():
            try:
                await self._fs.complete_parts(made.file_id(name), some)
            except Relayed as refusal:
                await self._make_again(made, pieces, refusal)
                return False
        now = self._clock()
        if not await self._store.store_set(made, content, at=now, keep_until=now + KEPT_FOR_PLAYERS):
            return False
        logger.info("renditions stored", extra={"upload_id": made.video_id, "names": list(parts)})
        return True

    async def _make_again(self, made: RenditionSet, pieces: Sequence[Piece], refusal: Relayed) -> None:
        """What the storage does not have any more."""
        missing = refusal.members.get("missing")
        lost = {(int(number) - 1) // PARTS_OF_A_CHUNK for number in (missing if isinstance(missing, list) else ())}
        logger.warning("parts of renditions lost", extra={"upload_id": made.video_id, "chunks": sorted(lost)})
        if not lost:
            await self._begin_again_unless_open(made, refusal)
            return
        ids = [piece.job_id for piece in pieces if piece.chunk in lost]
        await self._store.restart_pieces(ids, at=self._clock())

    async def _begin_again_unless_open(self, made: RenditionSet, refusal: Relayed) -> None:
        """A file that takes no parts any more, because the storage has lost it or it was abandoned, begins anew."""
        if refusal.code == "conflict" and made.stored_at is None:
            logger.warning("renditions begun again", extra={"upload_id": made.video_id})
            new = RenditionSet(video_id=made.video_id, id=new_id(), plan=made.plan, stored_at=None)
            await self._store.begin_set(new, is_backfill=True, is_again=True, at=self._clock())

    async def _set_of(self, job: MediaJob) -> RenditionSet:
        made = await self._store.get_set(job.video_id)
        if made is None or made.id != job.set_id:
            raise JobLost
        return made


def _together(made: RenditionSet, pieces: Sequence[Piece]) -> tuple[Renditions, dict[str, list[DerivedPart]]]:
    """What the files are when their parts follow each other, and those parts. Raises _Disagree."""
    if any(piece.state is not JobState.DONE or piece.made is None for piece in pieces):
        raise AssertionError(f"set {made.id} is not done")
    whole: dict[str, Rendition] = {}
    parts: dict[str, list[DerivedPart]] = {}
    for task in (Task.CHUNK, Task.SOUND):
        of_task = sorted((piece for piece in pieces if piece.task is task), key=lambda piece: piece.chunk)
        for name in made.plan.names_of(task):
            found = [(piece, _piece_of(piece, name)) for piece in of_task]
            while found and found[-1][1] is None:
                # The pictures end before the film does.
                found.pop()
            if found:
                whole[name], parts[name] = _one_of(found)
    video = tuple(item for item in whole.values() if isinstance(item, VideoRendition))
    if not video or len({len(parts[item.name]) for item in video}) > 1:
        raise _Disagree("there are no pictures, or some are shorter than others", pieces[0])
    audio = tuple(item for item in whole.values() if isinstance(item, AudioRendition))
    return Renditions(video=video, audio=audio), parts


def _piece_of(piece: Piece, name: str) -> tuple[DerivedPart, Rendition] | None:
    if piece.made is None or name not in piece.made.parts:
        return None
    [found] = [item for item in piece.made.renditions.files if item.name == name]
    return piece.made.parts[name], found


def _one_of(
    pieces: Sequence[tuple[Piece, tuple[DerivedPart, Rendition] | None]],
) -> tuple[Rendition, list[DerivedPart]]:
    """The rendition that is made of these parts, one after the other. Raises _Disagree."""
    [(usual, _)] = Counter(_nature(found[1]) for _, found in pieces if found is not None).most_common(1)
    segments: list[Segment] = []
    parts: list[DerivedPart] = []
    first: Rendition | None = None
    begin = 0
    for piece, found in pieces:
        if found is None:
            raise _Disagree("there are no pictures in the middle", piece)
        part, item = found
        # An initialization segment is good for all of a file.
        if _nature(item) != usual:
            raise _Disagree("the pictures change their size or codec", piece)
        first = first or item
        segments += [one.model_copy(update={"offset": begin + one.offset}) for one in item.segments]
        parts.append(part)
        begin += part.size
    assert first is not None  # noqa: S101
    return first.model_copy(update={"segments": tuple(segments)}), parts


def _nature(item: Rendition) -> tuple[object, ...]:
    if isinstance(item, VideoRendition):
        return item.kind, item.codec, item.width, item.height
    return item.kind, item.codec, item.channels
