"""Derived objects from the intent to store them to their end; every step can be repeated by anybody, at any time."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from common.clock import Clock
from common.errors import Conflict, NotFound, StorageUnavailable
from common.ids import new_id
from contracts.derived import CreateDerived, Derivation, DerivedState
from contracts.media import JobSource, Outputs, Put
from fs_svc.derived.in_parts import abort
from fs_svc.errors import FilesMissing, NotReserved
from fs_svc.objects import DERIVED_PREFIX, Derived, DerivedFile
from fs_svc.s3 import Bucket
from fs_svc.sigv4 import CHECKSUM_HEADER, Presigner
from fs_svc.store import Store

logger = logging.getLogger(__name__)

PUT_URL_LIFETIME: Final = timedelta(minutes=15)
# Of a picture that was sent, for whoever reads it.
SENT_PICTURE_URL_LIFETIME: Final = timedelta(minutes=15)
# What was on its way when its URL expired may come so much later; what comes later still, the daily comparison finds.
LATEST_PUT: Final = timedelta(minutes=1)
STEP_SECONDS: Final = 25
# Longer than a step, and short, so that a killed worker's rows are soon free.
LEASE: Final = timedelta(seconds=30)
# How long a row rests after S3 has failed it.
REST: Final = timedelta(seconds=2)
ROWS_A_ROUND: Final = 20


class DerivedObjects:
    """For services: whoever calls decides what is whose. `internal` signs for the storage as services reach it."""

    def __init__(
        self, store: Store, bucket: Bucket, presigner: Presigner, internal: Presigner, *, clock: Clock
    ) -> None:
        self._store = store
        self._bucket = bucket
        self._presigner = presigner
        self._internal = internal
        self._clock = clock

    async def create(self, derived_id: str, asked: CreateDerived) -> Outputs:
        """Reserves it, and gives a URL for each file that takes exactly these bytes; fresh ones for the same again.

        Nothing of it counts towards a quota. Raises NotFound when the video is not stored, Conflict for other files
        under a known id, NotReserved once it is stored or deleted.
        """
        now = self._clock()
        until = now + PUT_URL_LIFETIME + LATEST_PUT
        files = tuple(DerivedFile(**file.model_dump()) for file in asked.files)
        item = Derived(
            id=derived_id,
            object_id=asked.object_id,
            task=asked.task,
            state=DerivedState.RESERVED,
            key_prefix=f"{DERIVED_PREFIX}{new_id()}/",
            files=files,
            size=sum(file.size for file in asked.files),
            created_at=now,
            leased_until=until,
            signed_until=until,
        )
        if not await self._store.reserve_derived(item):
            item = await self._get(derived_id)
            if item.state is not DerivedState.RESERVED:
                raise NotReserved(item.state)
            if (item.object_id, item.task, item.files) != (asked.object_id, asked.task, files):
                raise Conflict("A derived object with this ID already exists with another video, task or other files.")
            if not await self._store.note_derived_signed(item, until=until, kept_until=until):
                raise NotReserved((await self._get(derived_id)).state)
        presigner = self._internal if asked.is_internal else self._presigner
        return Outputs(
            puts={file.name: _sign(presigner, item, file, now) for file in item.files},
            expires_at=now.replace(microsecond=0) + PUT_URL_LIFETIME,
        )

    async def complete(self, derived_id: str) -> Derived:
        """Stored, once S3 holds every file in its size; idempotent.

        Raises NotFound, FilesMissing (it stays reserved), NotReserved once it is deleted, StorageUnavailable.
        """
        item = await self._get(derived_id)
        if item.state is DerivedState.RESERVED:
            listed = {one.object_key: one.size async for one in self._bucket.list_objects(prefix=item.key_prefix)}
            missing = [file.name for file in item.files if listed.get(item.object_key(file.name)) != file.size]
            if missing:
                raise FilesMissing(missing)
            if await self._store.finish_derived(item):
                logger.info("derived object stored", extra={"derived_id": item.id, "size": item.size})
            item = await self._get(derived_id)
        if item.state is not DerivedState.STORED:
            raise NotReserved(item.state)
        return item

    async def sent_picture(self, derived_id: str, *, is_internal: bool) -> JobSource:
        """Where a stored picture is read that was sent: for media_svc alone. Raises NotFound for anything else."""
        item = await self._get(derived_id)
        if item.task is not Derivation.SENT_PICTURE or item.state is not DerivedState.STORED:
            raise NotFound
        [file], now = item.files, self._clock()
        url = (self._internal if is_internal else self._presigner).presign(
            "GET",
            item.object_key(file.name),
            now=now,
            lifetime=SENT_PICTURE_URL_LIFETIME,
            # Whatever it is, no browser shows it.
            query={
                "response-content-disposition": "attachment",
                "response-content-type": "application/octet-stream",
            },
        )
        expires_at = now.replace(microsecond=0) + SENT_PICTURE_URL_LIFETIME
        return JobSource(url=url, size=file.size, expires_at=expires_at)

    async def delete(self, derived_ids: Collection[str]) -> None:
        """Deletes those that are there; their bytes follow within seconds. Idempotent."""
        await self._store.begin_deleting_derived(derived_ids, at=self._clock())

    async def settle_due(self) -> int:
        """One round over what is being deleted or was abandoned; returns how many rows it took."""
        taken = 0
        for item in await self._store.list_unsettled_derived(now=self._clock(), limit=ROWS_A_ROUND):
            now = self._clock()
            if item.state is DerivedState.RESERVED:
                taken += await self._store.abandon_derived(item, at=now)
            elif await self._store.lease_derived(item, now=now, until=now + LEASE):
                taken += 1
                await self._settle(item)
        return taken

    async def _settle(self, item: Derived) -> None:
        try:
            async with asyncio.timeout(STEP_SECONDS):
                await abort(self._bucket, item)
                await self._bucket.delete_all(item.key_prefix)
        except (StorageUnavailable, TimeoutError) as exc:
            logger.warning("derived object not deleted", extra={"derived_id": item.id, "reason": type(exc).__name__})
            await self._store.release_derived(item, until=self._clock() + REST)
            return
        if self._clock() < item.signed_until:
            # Until then a URL may bring a file again; after that everything is deleted once more.
            await self._store.release_derived(item, until=item.signed_until)
        elif await self._store.finish_deleting_derived(item):
            logger.info("derived object deleted", extra={"derived_id": item.id, "size": item.size})

    async def _get(self, derived_id: str) -> Derived:
        item = await self._store.get_derived(derived_id)
        if item is None:
            raise NotFound
        return item


def _sign(presigner: Presigner, item: Derived, file: DerivedFile, now: datetime) -> Put:
    headers = {
        "Content-Type": file.content_type,
        CHECKSUM_HEADER: base64.b64encode(bytes.fromhex(file.sha256)).decode(),
    }
    url = presigner.presign(
        "PUT",
        item.object_key(file.name),
        now=now,
        lifetime=PUT_URL_LIFETIME,
        headers={"Content-Length": str(file.size), **headers},
    )
    # Whatever sends a body of the right size sends its length by itself.
    return Put(url=url, headers=headers)
