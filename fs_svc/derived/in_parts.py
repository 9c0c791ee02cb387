"""Derived objects of one file that comes as the parts of a multipart upload, from any number of workers."""

from __future__ import annotations

import base64
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from common.clock import Clock
from common.errors import Conflict, NotFound, StorageUnavailable
from common.ids import new_id
from contracts.derived import AskDerivedPart, CreateInParts, DerivedPart, DerivedState
from contracts.media import Outputs, Put
from fs_svc.errors import FilesMissing, NotReserved
from fs_svc.objects import DERIVED_PREFIX, Derived, DerivedFile
from fs_svc.parts import Part
from fs_svc.s3 import Bucket, UploadGone
from fs_svc.s3.bucket import COMPLETE_SECONDS
from fs_svc.sigv4 import CHECKSUM_HEADER, Presigner
from fs_svc.store import Store

logger = logging.getLogger(__name__)

# A part is minutes of a film, and is sent by a worker on any line.
PART_URL_LIFETIME: Final = timedelta(hours=1)
# What nobody has asked a part of for so long is abandoned: its workers may be away for a few days.
LIFETIME: Final = timedelta(days=7)
# S3 may still be putting parts together when nobody waits for it any more.
_LATEST_COMPLETE: Final = timedelta(seconds=3 * COMPLETE_SECONDS)


class InParts:
    """For services: whoever calls decides what is whose, and which parts make the file.

    `internal` signs for the storage as services reach it. Ended like all derived objects, by `DerivedObjects`.
    """

    def __init__(
        self, store: Store, bucket: Bucket, presigner: Presigner, internal: Presigner, *, clock: Clock
    ) -> None:
        self._store = store
        self._bucket = bucket
        self._presigner = presigner
        self._internal = internal
        self._clock = clock

    async def part_url(self, derived_id: str, asked: AskDerivedPart) -> Outputs:
        """Reserves and opens it, unless that was done, and gives a URL that takes exactly this part.

        A part is replaced by another with its number: the caller gives each number once. Raises NotFound when the
        video is not stored, Conflict for another file under a known id, NotReserved once it is stored or deleted, and
        StorageUnavailable.
        """
        item = await self._opened(derived_id, asked.upload)
        now, part = self._clock(), asked.part
        until = now + PART_URL_LIFETIME
        if not await self._store.note_derived_signed(item, until=until, kept_until=now + LIFETIME):
            raise NotReserved((await self._get(derived_id)).state)
        presigner = self._internal if asked.is_internal else self._presigner
        checksum = base64.b64encode(bytes.fromhex(part.sha256)).decode()
        urls = presigner.presign_parts(
            _key(item),
            item.s3_upload_id or "",
            {part.part_number: part.size},
            now=now,
            lifetime=PART_URL_LIFETIME,
            checksums={part.part_number: checksum},
        )
        put = Put(url=urls[part.part_number], headers={CHECKSUM_HEADER: checksum})
        return Outputs(puts={item.files[0].name: put}, expires_at=now.replace(microsecond=0) + PART_URL_LIFETIME)

    async def complete(self, derived_id: str, parts: Sequence[DerivedPart]) -> Derived:
        """Stored, made of these parts in this order; idempotent.

        Raises NotFound, FilesMissing with the numbers of the parts that S3 does not hold in their size (it stays
        reserved), NotReserved once it is deleted or the storage has lost its parts, and StorageUnavailable.
        """
        item = await self._get(derived_id)
        if item.state is DerivedState.RESERVED and item.s3_upload_id is not None:
            await self._put_together(item, item.s3_upload_id, parts)
            item = await self._get(derived_id)
        if item.state is not DerivedState.STORED:
            raise NotReserved(item.state)
        return item

    async def _put_together(self, item: Derived, s3_upload_id: str, parts: Sequence[DerivedPart]) -> None:
        key, size = _key(item), sum(part.size for part in parts)
        try:
            listed = await self._bucket.list_parts(key, s3_upload_id)
        except UploadGone:
            # An earlier attempt may have been heard, whatever became of its answer.
            if not await self._finish(item, size):
                logger.warning("parts lost", extra={"derived_id": item.id})
                await self._store.begin_deleting_derived([item.id], at=self._clock())
            return
        chosen = _choose(listed, parts)
        # As long as that goes on, whoever deletes it comes back afterwards.
        now = self._clock()
        if not await self._store.note_derived_signed(item, until=now + _LATEST_COMPLETE, kept_until=now + LIFETIME):
            return
        try:
            await self._bucket.complete_upload(key, s3_upload_id, chosen)
        except (StorageUnavailable, UploadGone) as exc:
            logger.warning("complete not confirmed", extra={"derived_id": item.id, "reason": type(exc).__name__})
        if not await self._finish(item, size):
            raise StorageUnavailable

    async def _finish(self, item: Derived, size: int) -> bool:
        """Records it as stored; False where the object is not there, or is another one."""
        head = await self._bucket.head(_key(item))
        if head is None or head.size != size:
            return False
        [file] = item.files
        if await self._store.finish_derived(item, files=(file.model_copy(update={"size": size}),), size=size):
            logger.info("derived object stored", extra={"derived_id": item.id, "size": size})
        return True

    async def _opened(self, derived_id: str, asked: CreateInParts) -> Derived:
        item = await self._reserved(derived_id, asked)
        if item.s3_upload_id is None:
            s3_upload_id = await self._bucket.create_upload(_key(item), content_type=asked.content_type)
            if not await self._store.open_derived(item, s3_upload_id=s3_upload_id):
                # Another part came at the same time, or it was deleted meanwhile.
                await self._bucket.abort_upload(_key(item), s3_upload_id)
            item = await self._get(derived_id)
        if item.state is not DerivedState.RESERVED or item.s3_upload_id is None:
            raise NotReserved(item.state)
        return item

    async def _reserved(self, derived_id: str, asked: CreateInParts) -> Derived:
        now = self._clock()
        item = Derived(
            id=derived_id,
            object_id=asked.object_id,
            task=asked.task,
            state=DerivedState.RESERVED,
            key_prefix=f"{DERIVED_PREFIX}{new_id()}/",
            files=(DerivedFile(name=asked.name, content_type=asked.content_type),),
            size=0,
            created_at=now,
            leased_until=now + LIFETIME,
            signed_until=now,
        )
        if await self._store.reserve_derived(item):
            return item
        item = await self._get(derived_id)
        if item.state is not DerivedState.RESERVED:
            raise NotReserved(item.state)
        names = [file.name for file in item.files]
        if (item.object_id, item.task, names) != (asked.object_id, asked.task, [asked.name]):
            raise Conflict("A derived object with this ID already exists with another video, task or file.")
        return item

    async def _get(self, derived_id: str) -> Derived:
        item = await self._store.get_derived(derived_id)
        if item is None:
            raise NotFound
        return item


async def abort(bucket: Bucket, item: Derived) -> None:
    """Ends the multipart upload of a derived object that has one; succeeds if it is gone already."""
    if item.s3_upload_id is not None and item.files:
        await bucket.abort_upload(_key(item), item.s3_upload_id)


def _choose(listed: Sequence[Part], wanted: Sequence[DerivedPart]) -> list[Part]:
    """The parts as S3 has them. Raises FilesMissing."""
    # Copies of one number are the same bytes: one checksum is signed for it.
    held = {(part.part_number, part.size): part for part in listed}
    missing = [str(part.part_number) for part in wanted if (part.part_number, part.size) not in held]
    if missing:
        raise FilesMissing(missing)
    return [held[part.part_number, part.size] for part in wanted]


def _key(item: Derived) -> str:
    return item.object_key(item.files[0].name)
