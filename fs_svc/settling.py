"""Bringing objects to where their state says they are going; every step can be repeated by anybody, at any time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Final, assert_never

from common.clock import Clock
from common.errors import StorageUnavailable
from common.languages import N_
from contracts.objects import Kind, State
from fs_svc.dialects import Dialect
from fs_svc.objects import INCOMING_PREFIX, KEY_PREFIX, UPLOAD_LIFETIME, Object
from fs_svc.parts import Part, choose_parts, multipart_etag
from fs_svc.plan import MIB, MOST_PARTS
from fs_svc.s3 import Bucket, Head, UploadGone
from fs_svc.store import Store

logger = logging.getLogger(__name__)

STEP_SECONDS: Final = 25
# Longer than a step, so that one worker has a row at a time, and short, so that a killed one's rows are soon free.
LEASE: Final = timedelta(seconds=30)
# How long a row rests after S3 has failed it.
REST: Final = timedelta(seconds=2)
ROWS_A_ROUND: Final = 20
# How often it is looked whether a form has been sent.
FORM_INTERVAL: Final = timedelta(seconds=15)
# In a state in which a form has nothing to bring any more.
_FORM_IS_OVER: Final = (State.STORED, State.ABORTING, State.ABORTED, State.DELETING, State.DELETED)
# How often it is looked what open uploads hold. One that may hold much more than was announced is looked at less often:
# as often as a client could pour that much in, at so many bytes a second.
WATCH_INTERVAL: Final = timedelta(seconds=15)
LONGEST_WATCH_INTERVAL: Final = timedelta(minutes=10)
POURED_A_SECOND: Final = 64 * MIB
UPLOADS_A_PAGE: Final = 200
# A part that was on its way when its URL ran out comes later, but seldom by more than this.
LATEST_PART: Final = timedelta(minutes=15)
# A part is sent again when its answer got lost, and a short film lies there several times before that is half as much
# again. Beyond this, it must be half as much.
MOST_COPIES: Final = 8
LEAST_EXCESS: Final = 64 * MIB
# Nor may there be many more copies than parts, however small they are: a list of them takes its time.
LEAST_LISTED: Final = 500
# An upload is given up as lost when S3 has said so twice, this far apart. A restarting engine may answer before it has
# read all it knows; that takes seconds, so minutes are ample, and the person who waits still learns of it soon.
LOST_AFTER: Final = timedelta(minutes=5)


class Settling:
    """Works on the rows that are in the middle of something, each under a lease."""

    def __init__(self, store: Store, bucket: Bucket, dialect: Dialect, *, clock: Clock) -> None:
        self._store = store
        self._bucket = bucket
        self._dialect = dialect
        self._clock = clock
        self._watched_at: dict[str, datetime] = {}

    async def settle_due(self) -> int:
        """One round over the rows that nobody works on; returns how many it took."""
        taken = 0
        for item in await self._store.list_unsettled(now=self._clock(), limit=ROWS_A_ROUND):
            if await self.lease(item):
                taken += 1
                await self.settle(item)
        return taken

    async def abandon_due(self) -> int:
        """Gives up open uploads whose time is over; returns how many. What has arrived of them goes by `settle_due`.

        Raises StorageUnavailable.
        """
        now = self._clock()
        given_up = 0
        for item in await self._store.list_abandoned(before=now - UPLOAD_LIFETIME, limit=ROWS_A_ROUND):
            if not await self.find_stored(item) and await self._store.abandon(item, at=now):
                given_up += 1
                logger.info("upload abandoned", extra={"object_id": item.id, "size": item.size})
        return given_up

    async def watch_open(self) -> int:
        """Looks what the storage holds of the open uploads for which URLs live; returns how many it has aborted.

        Every copy of a part that was sent again is kept until the upload ends, and a URL may be used many times. Half
        of what is too much marks the upload: what the storage holds is not signed once more, what it lacks is, and
        nothing is lost. Beyond it the upload is aborted, since URLs that were signed before would go on taking bytes.
        """
        now = self._clock()
        aborted = 0
        watched_at = {}
        async for item in self._signed_since(now - LATEST_PART):
            last = self._watched_at.get(item.id)
            if last is None or now >= last + _watch_interval(item):
                try:
                    aborted += await self._watch(item)
                except StorageUnavailable:
                    continue
                watched_at[item.id] = now
            else:
                watched_at[item.id] = last
        self._watched_at = watched_at
        return aborted

    async def _signed_since(self, since: datetime) -> AsyncIterator[Object]:
        after = ""
        while items := await self._store.page_of_signed(since=since, after=after, limit=UPLOADS_A_PAGE):
            for item in items:
                yield item
            after = items[-1].id

    async def _watch(self, item: Object) -> bool:
        most_listed = 2 * (item.part_count or MOST_PARTS) + LEAST_LISTED
        try:
            listed = await self._bucket.list_parts(item.object_key, _opened(item), enough=most_listed)
        except UploadGone:
            return False
        held = sum(part.size for part in listed)
        wanted = sum(part.size for part in choose_parts(listed).parts) if item.size is None else item.size
        excess, allowed = held - wanted, most_excess(wanted)
        if excess > allowed or len(listed) >= most_listed or await self._is_past_quota(item, held):
            now = self._clock()
            is_aborted = await self._store.begin_aborting(item.id, was=State.OPEN, at=now)
            if is_aborted:
                logger.warning("upload aborted: overfull", extra={"object_id": item.id, "size": wanted, "held": held})
            return is_aborted
        if excess > allowed // 2 and item.overfull_at is None:
            await self._store.note_overfull(item.id, at=self._clock())
            logger.warning("upload overfull", extra={"object_id": item.id, "size": wanted, "held": held})
        return False

    async def _is_past_quota(self, item: Object, held: int) -> bool:
        """Counts what was not declared; whether there is far more than its owner's quota had room for."""
        if item.kind is not Kind.FREE:
            return False
        if held != item.arrived:
            await self._store.note_arrived(item, held)
        if item.quota_bytes is None or held <= (item.size or 0):
            return False
        # What is being given up goes by itself: it is no reason to give up another one.
        going = sum(other.taken for other in await self._store.list_aborting(item.owner_id))
        return sum(await self._store.get_usage(item.owner_id)) - going > item.quota_bytes + LEAST_EXCESS

    async def drop_late_forms(self) -> int:
        """Removes what forms have brought that nobody waits for any more; returns how many.

        A form may be sent while it lives, however often, also when what came by it was taken over or deleted; and what
        was on its way when it ran out comes later still.
        """
        dropped = 0
        async for listed in self._bucket.list_objects(prefix=INCOMING_PREFIX):
            row = await self._store.get_by_key(KEY_PREFIX + listed.object_key.removeprefix(INCOMING_PREFIX))
            if row is not None and row.state in _FORM_IS_OVER:
                await self._bucket.delete(listed.object_key)
                dropped += 1
                logger.info("late form dropped", extra={"object_id": row.id, "size": listed.size})
        return dropped

    async def find_stored(self, item: Object) -> bool:
        """Whether the object is there although its row is reserved or open; it is recorded as stored then.

        So it is where an older copy of the database was put back. Raises StorageUnavailable.
        """
        head = await self._bucket.head(item.object_key)
        if head is None:
            return False
        if await self._store.find_stored(item, size=head.size, etag=head.etag):
            logger.warning("object found stored", extra={"object_id": item.id, "size": head.size, "was": item.state})
        return True

    async def _find_opened(self, item: Object) -> bool:
        """Whether a reserved row's upload was opened and has parts, which a later copy of the row knew of."""
        for s3_upload_id in await self._bucket.list_uploads(item.object_key):
            try:
                has_parts = bool(await self._bucket.list_parts(item.object_key, s3_upload_id))
            except UploadGone:
                continue
            if has_parts and await self._store.open_upload(item.id, s3_upload_id=s3_upload_id, at=self._clock()):
                logger.warning("upload found open", extra={"object_id": item.id, "size": item.size})
                return True
        return False

    async def lease(self, item: Object) -> bool:
        """Takes the row; False when somebody else works on it or its state has changed."""
        now = self._clock()
        return await self._store.lease(item, now=now, until=now + LEASE)

    async def settle(self, item: Object, parts: Sequence[Part] | None = None) -> None:
        """Does what the state of `item` asks for; the caller holds its lease.

        `parts` are those chosen for an object that was just set to `completing`. When the storage fails, the row stays
        as it is and is taken up again later.
        """
        try:
            async with asyncio.timeout(STEP_SECONDS):
                await self._step(item, parts)
        except (StorageUnavailable, TimeoutError) as exc:
            logger.warning(
                "object not settled", extra={"object_id": item.id, "state": item.state, "reason": type(exc).__name__}
            )
            await self._store.release(item, until=self._clock() + REST)

    async def _step(self, item: Object, parts: Sequence[Part] | None) -> None:
        match item.state:
            case State.RESERVED if item.kind is Kind.FORM:
                await self._wait_for_form(item)
            case State.RESERVED:
                # Nobody came back for an upload that could not be opened, as far as this row knows.
                if not await self.find_stored(item) and not await self._find_opened(item):
                    await self._store.begin_aborting(item.id, was=State.RESERVED, at=self._clock())
            case State.COMPLETING if item.kind is Kind.FORM:
                await self._take_over(item)
            case State.COMPLETING:
                await self._complete(item, parts)
            case State.ABORTING:
                await self._abort(item)
            case State.DELETING:
                await self._delete(item)
            case State.OPEN | State.STORED | State.ABORTED | State.DELETED:
                return
            case _:
                assert_never(item.state)

    async def find_form(self, item: Object) -> Object:
        """Looks whether a form has been sent; returns the object as it is then. Raises StorageUnavailable."""
        if await self._bucket.head(item.incoming_key) is not None:
            await self._store.begin_taking_over(item.id, at=self._clock())
        return await self._store.get(item.id) or item

    async def _wait_for_form(self, item: Object) -> None:
        found = await self.find_form(item)
        now = self._clock()
        if found.state is not State.RESERVED or found.expires_at is None:
            return
        if now >= found.expires_at:
            if not await self.find_stored(item):
                await self._store.begin_aborting(item.id, was=State.RESERVED, at=now)
        else:
            await self._store.release(item, until=now + FORM_INTERVAL)

    async def _take_over(self, item: Object) -> None:
        """Puts what a form has sent where no client can write: a form may be sent again while it lives."""
        head = await self._bucket.head(item.object_key)
        if head is None:
            incoming = await self._bucket.head(item.incoming_key)
            if incoming is None:
                await self._give_up_lost(item)
                return
            if not await self._bucket.copy(
                item.incoming_key, item.object_key, etag=incoming.etag, content_type=item.content_type
            ):
                raise unexpected(item, "what was sent has been replaced meanwhile")
            head = await self._bucket.head(item.object_key)
            if head is None:
                raise unexpected(item, "the object is not there yet")
        await self._bucket.delete(item.incoming_key)
        await self._record_stored(item, head)

    def expected_etag(self, parts: Sequence[Part]) -> str | None:
        """The ETag that S3 will give the object made of these parts; None when that cannot be foretold."""
        return multipart_etag(parts) if self._dialect.has_md5_etags else None

    async def _complete(self, item: Object, parts: Sequence[Part] | None) -> None:
        s3_upload_id = _opened(item)
        etag = item.etag
        if parts is None:
            # An earlier attempt may have been heard, whatever became of its answer.
            if await self._finish_completing(item, etag):
                return
            try:
                listed = await self._bucket.list_parts(item.object_key, s3_upload_id)
            except UploadGone:
                await self._settle_gone(item, etag)
                return
            parts = self._chosen_again(item, listed)
            etag = self.expected_etag(parts)
            if not await self._store.expect_etag(item.id, etag):
                return
        try:
            await self._bucket.complete_upload(item.object_key, s3_upload_id, parts)
        except (StorageUnavailable, UploadGone) as exc:
            logger.warning("complete not confirmed", extra={"object_id": item.id, "reason": type(exc).__name__})
        if not await self._finish_completing(item, etag):
            raise unexpected(item, "the object is not there yet")

    async def _settle_gone(self, item: Object, etag: str | None) -> None:
        """There was no object, and then no upload: it was completed in between, or S3 has lost it."""
        if not await self._finish_completing(item, etag):
            await self._give_up_lost(item)

    async def _give_up_lost(self, item: Object) -> None:
        now = self._clock()
        if item.lost_at is None:
            await self._store.note_lost(item.id, at=now)
        elif now - item.lost_at >= LOST_AFTER:
            if await self._store.begin_aborting(item.id, was=State.COMPLETING, at=now):
                logger.error("upload lost by the storage", extra={"object_id": item.id, "size": item.size})
            return
        raise unexpected(item, "neither the upload nor the object is there")

    def _chosen_again(self, item: Object, listed: Sequence[Part]) -> Sequence[Part]:
        # A part can be sent again while its URL lives, so the list may differ from the one that began this.
        choice = choose_parts(listed).first(item.part_count or 0)
        is_whole = len(choice.parts) == item.part_count and sum(part.size for part in choice.parts) == item.size
        if choice.ambiguous or not is_whole or (item.plan is not None and choice.missing(item.plan)):
            raise unexpected(item, "the parts are no longer what they were")
        return choice.parts

    async def _finish_completing(self, item: Object, etag: str | None) -> bool:
        """Looks for the object, and records it as stored; False when it is not there."""
        head = await self._bucket.head(item.object_key)
        if head is None:
            return False
        if head.size != item.size or (etag is not None and head.etag != etag):
            raise unexpected(item, "the object is not the one that was completed")
        await self._record_stored(item, head)
        return True

    async def _record_stored(self, item: Object, head: Head) -> None:
        if await self._has_to_be_read(item):
            await self._store.want_reading(item, at=self._clock())
        elif await self._store.finish_completing(item, size=head.size, etag=head.etag):
            logger.info("object stored", extra={"object_id": item.id, "size": head.size})

    async def _has_to_be_read(self, item: Object) -> bool:
        """Whether a file was announced that nobody vouches for: S3 has compared no checksums, or parts of two files may
        be among those that it has.
        """
        if item.sha256 is None:
            return False
        return item.must_be_read or item.part_checksums is None or await self._store.is_contested(item.id)

    async def _abort(self, item: Object) -> None:
        await self._drop_uploads(item, set() if item.s3_upload_id is None else {item.s3_upload_id})
        await self._drop_objects(item)
        if not await self._waits_for_signed(item) and await self._store.finish_aborting(item):
            logger.info("upload aborted", extra={"object_id": item.id})

    async def _drop_uploads(self, item: Object, known: set[str]) -> None:
        """Aborts the multipart uploads of this row, and sees that they are gone."""
        # The key is this row's alone: whatever multipart upload has it was opened for this row, even when the answer
        # with its id was lost.
        s3_upload_ids = known | set(await self._bucket.list_uploads(item.object_key))
        for s3_upload_id in s3_upload_ids:
            await self._bucket.abort_upload(item.object_key, s3_upload_id)
        # Parts that were on their way may land after an abort and keep it alive
        # (https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html).
        for s3_upload_id in s3_upload_ids:
            if await self._bucket.has_upload(item.object_key, s3_upload_id):
                raise unexpected(item, "the upload is still there after its abort")

    async def _waits_for_signed(self, item: Object) -> bool:
        """Whether what was given out for it may still bring bytes: so long it counts, and then all is dropped again."""
        if item.kind is not Kind.FORM and self._dialect.ends_part_urls:
            return False
        if item.signed_until is None or self._clock() >= item.signed_until:
            return False
        await self._store.release(item, until=item.signed_until)
        return True

    async def _drop_objects(self, item: Object) -> None:
        await self._bucket.delete(item.object_key)
        if item.kind is Kind.FORM:
            await self._bucket.delete(item.incoming_key)

    async def _delete(self, item: Object) -> None:
        # Beside the one that became the object there is another where the answer to the first create was lost.
        await self._drop_uploads(item, set())
        await self._drop_objects(item)
        if await self._bucket.head(item.object_key) is not None:
            raise unexpected(item, "the object is still there after its deletion")
        if not await self._waits_for_signed(item) and await self._store.finish_deleting(item):
            logger.info("object deleted", extra={"object_id": item.id, "size": item.size})


def most_excess(wanted: int) -> int:
    """How many bytes more than the `wanted` ones an upload may hold, in copies of parts that were sent again."""
    return wanted // 2 + min(max(wanted * MOST_COPIES, MIB), LEAST_EXCESS)


def _watch_interval(item: Object) -> timedelta:
    seconds = timedelta(seconds=most_excess(item.taken) / POURED_A_SECOND)
    return min(max(seconds, WATCH_INTERVAL), LONGEST_WATCH_INTERVAL)


def _opened(item: Object) -> str:
    if item.s3_upload_id is None:
        raise AssertionError(f"object {item.id} is {item.state} without ever having been open")
    return item.s3_upload_id


def unexpected(item: Object, reason: str) -> StorageUnavailable:
    """The refusal for when the bucket and the row do not agree, logged as what somebody may have to look into."""
    logger.error("storage not as expected", extra={"object_id": item.id, "state": item.state, "reason": reason})
    return StorageUnavailable(N_("The storage is not certain yet. Nothing is lost; ask again in a few seconds."))
