"""What each kind of upload decides for itself, and what is the same for all of them."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from common.clock import Clock
from common.errors import NotFound, StorageUnavailable
from common.languages import N_
from common.tokens import Principal
from contracts.objects import Kind, State
from fs_svc.dialects import Dialect
from fs_svc.errors import UploadNotOpen
from fs_svc.objects import Object
from fs_svc.parts import Part
from fs_svc.plan import Plan
from fs_svc.s3 import Bucket, Head
from fs_svc.sigv4 import Presigner
from fs_svc.store import Store

logger = logging.getLogger(__name__)

# How far ahead it is recorded until when signatures live, so that signing writes only once in that time.
SIGNED_AHEAD: Final = timedelta(minutes=1)
# An upload is given up as lost when S3 has said so twice, this far apart. A restarting engine may answer before it has
# read all it knows; that takes seconds, so minutes are ample, and the person who waits still learns of it soon.
LOST_AFTER: Final = timedelta(minutes=5)


class UploadKind(ABC):
    """Whatever awaits may raise StorageUnavailable and be repeated by anybody, at any time."""

    # The bytes to reserve, as far as there is room, where the client does not say how large the file is.
    assumed_size: int | None = None
    # How long a reserved upload rests before it is settled.
    reserved_for: timedelta

    def __init__(self, store: Store, bucket: Bucket, presigner: Presigner, dialect: Dialect, *, clock: Clock) -> None:
        self._store = store
        self._bucket = bucket
        self._presigner = presigner
        self._dialect = dialect
        self._clock = clock

    def plan(self, size: int | None) -> Plan | None:
        """How a file of that size is cut; None where that is for the client to say."""
        return None

    @abstractmethod
    async def open(self, item: Object) -> None:
        """Prepares a reserved upload for what the client will send."""

    async def list_waiting(self, owner_id: str) -> list[Object]:
        """The person's reserved uploads whose file may be there without anybody having said so."""
        return []

    async def find_arrived(self, item: Object) -> Object:
        """Checks whether the file of a reserved upload is there; returns the object as it is then."""
        return item

    @abstractmethod
    async def settle_reserved(self, item: Object) -> None:
        """Takes a reserved upload that has rested to its next state, or leaves it to rest again."""

    @abstractmethod
    async def complete(self, item: Object, parts: Sequence[Part] | None) -> None:
        """Makes the object of a completing row; `parts` where they have just been chosen."""

    def object_keys(self, item: Object) -> Sequence[str]:
        """Where the bucket may hold its bytes, multipart uploads apart."""
        return [item.object_key]

    @property
    def outlives_its_end(self) -> bool:
        """Whether what was signed for an upload can still store bytes after the upload has ended."""
        return not self._dialect.ends_part_urls

    async def find_stored(self, item: Object) -> bool:
        """Whether the object is there although its row is reserved or open; it is recorded as stored then.

        So it is where an older copy of the database was put back.
        """
        head = await self._bucket.head(item.object_key)
        if head is None:
            return False
        if await self._store.find_stored(item, size=head.size, etag=head.etag):
            logger.warning("object found stored", extra={"object_id": item.id, "size": head.size, "was": item.state})
        return True

    async def _record_stored(self, item: Object, head: Head) -> None:
        if await self._has_to_be_read(item):
            await self._store.want_reading(item, at=self._clock())
        elif await self._store.finish_completing(item, size=head.size, etag=head.etag):
            logger.info("object stored", extra={"object_id": item.id, "size": head.size})

    async def _has_to_be_read(self, item: Object) -> bool:
        """Whether a file was announced and nothing proves that the object is this file."""
        if item.sha256 is None:
            return False
        return item.must_be_read or item.part_checksums is None or await self._store.is_contested(item.id)

    async def _give_up_lost(self, item: Object) -> None:
        """For a completing row of which S3 knows neither upload nor object."""
        now = self._clock()
        if item.lost_at is None:
            await self._store.note_lost(item.id, at=now)
        elif now - item.lost_at >= LOST_AFTER:
            if await self._store.begin_aborting(item.id, was=State.COMPLETING, at=now):
                logger.error("upload lost by the storage", extra={"object_id": item.id, "size": item.size})
            return
        raise unexpected(item, "neither the upload nor the object is there")

    async def _note_signed(self, item: Object, *, now: datetime, lifetime: timedelta, subject: Principal) -> None:
        """Before anything is given out: what is signed counts until it expires. Raises UploadNotOpen."""
        until = now + lifetime
        if item.signed_until is not None and until <= item.signed_until and item.quota_bytes == subject.quota_bytes:
            return
        if not await self._store.note_signed(item, at=now, until=until + SIGNED_AHEAD, quota=subject.quota_bytes):
            raise UploadNotOpen((await owned(self._store, item.id, subject)).state)


UploadKinds = Mapping[Kind, UploadKind]


async def owned(store: Store, object_id: str, subject: Principal | None) -> Object:
    """The object, for its owner or, without a subject, for a service. Raises NotFound."""
    item = await store.get(object_id)
    if item is None or (subject is not None and item.owner_id != subject.account_id):
        raise NotFound
    return item


def unexpected(item: Object, reason: str) -> StorageUnavailable:
    """The refusal for when the bucket and the row do not agree, logged as what somebody may have to look into."""
    logger.error("storage not as expected", extra={"object_id": item.id, "state": item.state, "reason": reason})
    return StorageUnavailable(N_("The storage hasn’t confirmed this yet. Nothing is lost. Try again in a few seconds."))
