"""Bringing objects to where their state says they are going; every step can be repeated by anybody, at any time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, assert_never

from common.clock import Clock
from common.errors import StorageUnavailable
from contracts.objects import State
from fs_svc.objects import UPLOAD_LIFETIME, Object
from fs_svc.parts import Part
from fs_svc.s3 import Bucket
from fs_svc.store import Store
from fs_svc.uploads.kinds import UploadKinds, unexpected

logger = logging.getLogger(__name__)

STEP_SECONDS: Final = 25
# Longer than a step, so that one worker has a row at a time, and short, so that a killed one's rows are soon free.
LEASE: Final = timedelta(seconds=30)
# How long a row rests after S3 has failed it.
REST: Final = timedelta(seconds=2)
ROWS_A_ROUND: Final = 20


class Settling:
    """Works on the rows that are in the middle of something, each under a lease."""

    def __init__(self, store: Store, bucket: Bucket, kinds: UploadKinds, *, clock: Clock) -> None:
        self._store = store
        self._bucket = bucket
        self._kinds = kinds
        self._clock = clock

    async def settle_due(self) -> int:
        """One round over the rows that nobody works on; returns how many it took."""
        taken = 0
        for item in await self._store.list_unsettled(now=self._clock(), limit=ROWS_A_ROUND):
            if await self._lease(item):
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
            if not await self._kinds[item.kind].find_stored(item) and await self._store.abandon(item, at=now):
                given_up += 1
                logger.info("upload abandoned", extra={"object_id": item.id, "size": item.size})
        return given_up

    async def push(self, item: Object) -> Object:
        """Takes the object's next step if nobody else is taking it; returns it as it is then."""
        if item.state not in (State.COMPLETING, State.ABORTING, State.DELETING) or item.read_wanted_at is not None:
            return item
        if not await self._lease(item):
            return item
        await self.settle(item)
        return await self._store.get(item.id) or item

    async def _lease(self, item: Object) -> bool:
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
            case State.RESERVED:
                await self._kinds[item.kind].settle_reserved(item)
            case State.COMPLETING:
                await self._kinds[item.kind].complete(item, parts)
            case State.ABORTING:
                await self._abort(item)
            case State.DELETING:
                await self._delete(item)
            case State.OPEN | State.STORED | State.ABORTED | State.DELETED:
                return
            case _:
                assert_never(item.state)

    async def _abort(self, item: Object) -> None:
        await self._drop(item, set() if item.s3_upload_id is None else {item.s3_upload_id})
        if not await self._waits_for_signed(item) and await self._store.finish_aborting(item):
            logger.info("upload aborted", extra={"object_id": item.id})

    async def _delete(self, item: Object) -> None:
        # Beside the one that became the object there is another where the answer to the first create was lost.
        await self._drop(item, set())
        if await self._bucket.head(item.object_key) is not None:
            raise unexpected(item, "the object is still there after its deletion")
        if not await self._waits_for_signed(item) and await self._store.finish_deleting(item):
            logger.info("object deleted", extra={"object_id": item.id, "size": item.size})

    async def _drop(self, item: Object, known: set[str]) -> None:
        """Takes out of the bucket what it holds for this row, and sees that the multipart uploads are gone."""
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
        for object_key in self._kinds[item.kind].object_keys(item):
            await self._bucket.delete(object_key)

    async def _waits_for_signed(self, item: Object) -> bool:
        """Whether what was signed for it may still store bytes: until then it counts, and then all is dropped again."""
        if not self._kinds[item.kind].outlives_its_end:
            return False
        if item.signed_until is None or self._clock() >= item.signed_until:
            return False
        await self._store.release(item, until=item.signed_until)
        return True
