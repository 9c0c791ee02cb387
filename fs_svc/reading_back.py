"""Reads stored objects back, slowly and one by one, to see that the storage still returns what was stored."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from common.clock import Clock
from fs_svc.objects import Object
from fs_svc.s3 import Bucket
from fs_svc.store import Store

logger = logging.getLogger(__name__)

BLOCK_SIZE: Final = 2**20


class Outcome(StrEnum):
    """What reading an object showed."""

    READ = "read"
    # Unlike what was read the time before.
    CHANGED = "changed"
    # Unlike the file that was announced.
    DIFFERS = "differs"
    # Not as many bytes as were stored.
    SHORT = "short"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An object that was read; `sha256` is None where it could not be read to its end."""

    item: Object
    outcome: Outcome
    sha256: str | None


async def read_whole(bucket: Bucket, item: Object, heed: Callable[[int], Awaitable[None]]) -> Reading:
    """Reads an object and compares it with what is known of it; `heed` is told after each block how many bytes there
    were. Raises StorageUnavailable.
    """
    digest, size = hashlib.sha256(), 0
    async for block in bucket.read(item.object_key, block_size=BLOCK_SIZE):
        # Beside the event loop, which would stand still for a millisecond or two each time.
        await asyncio.to_thread(digest.update, block)
        size += len(block)
        await heed(size)
    if size == 0:
        return Reading(item=item, outcome=Outcome.MISSING, sha256=None)
    if size != item.size:
        return Reading(item=item, outcome=Outcome.SHORT, sha256=None)
    sha256 = digest.hexdigest()
    outcome = Outcome.READ
    if item.read_back_sha256 not in (None, sha256):
        outcome = Outcome.CHANGED
    elif item.sha256 not in (None, sha256):
        outcome = Outcome.DIFFERS
    return Reading(item=item, outcome=outcome, sha256=sha256)


class ReadingBack:
    """Reads objects, those not read for the longest time first, at most `bytes_per_second`."""

    def __init__(self, store: Store, bucket: Bucket, *, bytes_per_second: int, clock: Clock) -> None:
        self._store = store
        self._bucket = bucket
        self._bytes_per_second = bytes_per_second
        self._clock = clock

    async def read_next(self, *, before: datetime) -> Reading | None:
        """Reads an object last read before that instant, or never, and records the result; None if there is none.

        Each is recorded by itself: what is cut goes on where it was. Raises StorageUnavailable.
        """
        item = await self._store.longest_unread(before=before)
        if item is None:
            return None
        started = time.monotonic()

        async def keep_pace(size: int) -> None:
            await asyncio.sleep(max(0, started + size / self._bytes_per_second - time.monotonic()))

        reading = await read_whole(self._bucket, item, keep_pace)
        # Also of what is missing, so that the others have their turn; the row says it by having no hash.
        await self._store.set_read_back(item.id, sha256=reading.sha256, at=self._clock())
        if reading.outcome is not Outcome.READ:
            logger.error("stored object is not right", extra={"object_id": item.id, "outcome": reading.outcome.value})
        return reading
