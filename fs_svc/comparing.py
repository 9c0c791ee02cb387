"""Reads objects back that somebody waits for, to decide whether each is the announced file when nothing else can.

A row whose `read_wanted_at` is set is read by whoever holds its lease, which is kept for as long as the reading gets
on: killed, it is begun anew by the next one.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Final

from common.clock import Clock
from common.errors import StorageUnavailable
from contracts.objects import State
from fs_svc.objects import Object
from fs_svc.plan import MIB
from fs_svc.reading_back import Outcome, Reading, read_whole
from fs_svc.s3 import Bucket, Head
from fs_svc.store import Store
from fs_svc.uploads.settling import LEASE, REST

logger = logging.getLogger(__name__)

# So much is read while the caller waits, which takes a second or two; more is read by the loop.
AT_ONCE: Final = 64 * MIB
AT_ONCE_SECONDS: Final = 10
RENEW_AFTER: Final = LEASE / 3
# What cannot be read as it was stored is tried again, in case it was the storage's bad day.
TRY_AGAIN_AFTER: Final = timedelta(minutes=1)
CANDIDATES: Final = 10


class _Over(Exception):
    """The object's fate was decided meanwhile."""


class Comparing:
    """Compares the objects that somebody waits for."""

    def __init__(self, store: Store, bucket: Bucket, *, clock: Clock) -> None:
        self._store = store
        self._bucket = bucket
        self._clock = clock

    async def compare_next(self) -> bool:
        """Reads the object waited for the longest; False if there is none."""
        for item in await self._store.list_read_wanted(now=self._clock(), limit=CANDIDATES):
            if await self._lease(item):
                await self._compare(item)
                return True
        return False

    async def compare_at_once(self, item: Object) -> Object:
        """Reads a waited-for object now if it is small and nobody else is reading it; returns its state afterwards."""
        if item.taken <= AT_ONCE and await self._lease(item):
            try:
                async with asyncio.timeout(AT_ONCE_SECONDS):
                    await self._compare(item)
            except TimeoutError:
                await self._store.release(item, until=self._clock())
        return await self._store.get(item.id) or item

    async def _lease(self, item: Object) -> bool:
        now = self._clock()
        return await self._store.lease(item, now=now, until=now + LEASE)

    async def _compare(self, item: Object) -> None:
        renew_at = self._clock() + RENEW_AFTER

        async def keep_lease(_: int) -> None:
            nonlocal renew_at
            now = self._clock()
            if now >= renew_at:
                renew_at = now + RENEW_AFTER
                if not await self._store.release(item, until=now + LEASE):
                    raise _Over

        try:
            head = await self._bucket.head(item.object_key)
            reading = await read_whole(self._bucket, item, keep_lease)
        except StorageUnavailable:
            await self._store.release(item, until=self._clock() + REST)
            return
        except _Over:
            return
        await self._settle(reading, head)

    async def _settle(self, reading: Reading, head: Head | None) -> None:
        item = reading.item
        if reading.outcome is not Outcome.READ:
            logger.error("object read back", extra={"object_id": item.id, "outcome": reading.outcome.value})
        now = self._clock()
        if item.state is State.STORED:
            await self._store.set_read_back(item.id, sha256=reading.sha256, at=now)
        elif reading.sha256 is None or head is None:
            await self._store.release(item, until=now + TRY_AGAIN_AFTER)
        elif reading.sha256 == item.sha256:
            if await self._store.finish_completing(item, size=head.size, etag=head.etag, read_at=now):
                logger.info("object stored", extra={"object_id": item.id, "size": head.size, "read_back": True})
        else:
            await self._store.refuse(item, read_sha256=reading.sha256, at=now)
