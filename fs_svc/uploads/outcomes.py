"""Recording what the bucket says has become of an upload."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from common.clock import Clock
from common.errors import StorageUnavailable
from common.languages import N_
from contracts.objects import State
from fs_svc.objects import Object
from fs_svc.s3 import Bucket, Head
from fs_svc.store import Store

logger = logging.getLogger(__name__)

# An upload is given up as lost when S3 has said so twice, this far apart. A restarting engine may answer before it has
# read all it knows; that takes seconds, so minutes are ample, and the person who waits still learns of it soon.
LOST_AFTER: Final = timedelta(minutes=5)


class Outcomes:
    """Each method may be called again by anybody, at any time."""

    def __init__(self, store: Store, bucket: Bucket, *, clock: Clock) -> None:
        self._store = store
        self._bucket = bucket
        self._clock = clock

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

    async def record_stored(self, item: Object, head: Head) -> None:
        """Makes a completing row stored, or has the object read first."""
        if await self._must_be_read(item):
            await self._store.want_reading(item, at=self._clock())
        elif await self._store.finish_completing(item, size=head.size, etag=head.etag):
            logger.info("object stored", extra={"object_id": item.id, "size": head.size})

    async def _must_be_read(self, item: Object) -> bool:
        """Whether a file was announced that nobody vouches for: S3 has compared no checksums, or parts of two files may
        be among those that it has.
        """
        if item.sha256 is None:
            return False
        return item.must_be_read or item.part_checksums is None or await self._store.is_contested(item.id)

    async def give_up_lost(self, item: Object) -> None:
        """Aborts a completing row when the storage has known neither upload nor object for a while.

        Raises StorageUnavailable before that.
        """
        now = self._clock()
        if item.lost_at is None:
            await self._store.note_lost(item.id, at=now)
        elif now - item.lost_at >= LOST_AFTER:
            if await self._store.begin_aborting(item.id, was=State.COMPLETING, at=now):
                logger.error("upload lost by the storage", extra={"object_id": item.id, "size": item.size})
            return
        raise unexpected(item, "neither the upload nor the object is there")


def unexpected(item: Object, reason: str) -> StorageUnavailable:
    """The refusal for when the bucket and the row do not agree, logged as what somebody may have to look into."""
    logger.error("storage not as expected", extra={"object_id": item.id, "state": item.state, "reason": reason})
    return StorageUnavailable(N_("The storage is not certain yet. Nothing is lost; ask again in a few seconds."))
