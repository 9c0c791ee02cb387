"""What S3 holds of open uploads beyond the file: copies of parts that were sent again, and parts that nobody declared.

Every copy is kept until the upload ends, and a URL may be used many times.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

from common.clock import Clock
from common.errors import StorageUnavailable
from contracts.objects import State
from fs_svc.objects import Object
from fs_svc.parts import choose_parts
from fs_svc.plan import MIB, MOST_PARTS
from fs_svc.s3 import Bucket, UploadGone
from fs_svc.store import Store
from fs_svc.uploads.in_parts import in_parts, opened
from fs_svc.uploads.kinds import UploadKinds

logger = logging.getLogger(__name__)

# An upload that may hold much more than was announced is checked less often: as often as a client could send that much
# at so many bytes a second.
CHECK_INTERVAL: Final = timedelta(seconds=15)
LONGEST_CHECK_INTERVAL: Final = timedelta(minutes=10)
SENT_PER_SECOND: Final = 64 * MIB
UPLOADS_A_PAGE: Final = 200
# A part that was on its way when its URL expired comes later, but seldom by more than this.
LATEST_PART: Final = timedelta(minutes=15)
# A part is sent again when its answer got lost, and a short video is there several times before that is half as much
# again. Beyond this, it must be half as much.
MOST_COPIES: Final = 8
LEAST_EXCESS: Final = 64 * MIB
# Nor may there be many more copies than parts, however small they are: a list of them takes its time.
LEAST_LISTED: Final = 500


class ExcessCheck:
    """Checks the uploads for which URLs live, each when it is due."""

    def __init__(
        self,
        store: Store,
        bucket: Bucket,
        kinds: UploadKinds,
        *,
        clock: Clock,
        least_excess: int = LEAST_EXCESS,
        least_listed: int = LEAST_LISTED,
    ) -> None:
        self._store = store
        self._bucket = bucket
        self._kinds = kinds
        self._clock = clock
        self._least_excess = least_excess
        self._least_listed = least_listed
        self._checked_at: dict[str, datetime] = {}

    async def check_open(self) -> int:
        """One round; returns how many uploads it has aborted.

        Half of the allowed excess marks an upload: what S3 holds of it is not signed once more, what is missing is, and
        nothing is lost. Beyond all of it the upload is aborted, since URLs that were signed before would go on storing.
        """
        now = self._clock()
        aborted = 0
        checked_at = {}
        async for item in self._signed_since(now - LATEST_PART):
            last = self._checked_at.get(item.id)
            if last is None or now >= last + self._interval(item):
                try:
                    aborted += await self._check(item)
                except StorageUnavailable:
                    continue
                checked_at[item.id] = now
            else:
                checked_at[item.id] = last
        self._checked_at = checked_at
        return aborted

    async def _signed_since(self, since: datetime) -> AsyncIterator[Object]:
        after = ""
        while items := await self._store.page_of_signed(since=since, after=after, limit=UPLOADS_A_PAGE):
            for item in items:
                yield item
            after = items[-1].id

    async def _check(self, item: Object) -> bool:
        most_listed = 2 * (item.part_count or MOST_PARTS) + self._least_listed
        try:
            listed = await self._bucket.list_parts(item.object_key, opened(item), enough=most_listed)
        except UploadGone:
            return False
        held = sum(part.size for part in listed)
        wanted = sum(part.size for part in choose_parts(listed).parts) if item.size is None else item.size
        excess, allowed = held - wanted, self._allowed(wanted)
        past_quota = await in_parts(self._kinds, item).past_quota(item, held)
        if excess > allowed or len(listed) >= most_listed or past_quota > self._least_excess:
            is_aborted = await self._store.begin_aborting(item.id, was=State.OPEN, at=self._clock())
            if is_aborted:
                logger.warning(
                    "upload aborted: excess copies", extra={"object_id": item.id, "size": wanted, "held": held}
                )
            return is_aborted
        if excess > allowed // 2 and item.excess_at is None:
            await self._store.note_excess(item.id, at=self._clock())
            logger.warning("excess copies", extra={"object_id": item.id, "size": wanted, "held": held})
        return False

    def _allowed(self, wanted: int) -> int:
        """How many bytes more than the `wanted` ones an upload may hold."""
        return wanted // 2 + min(max(wanted * MOST_COPIES, MIB), self._least_excess)

    def _interval(self, item: Object) -> timedelta:
        seconds = timedelta(seconds=self._allowed(item.taken) / SENT_PER_SECOND)
        return min(max(seconds, CHECK_INTERVAL), LONGEST_CHECK_INTERVAL)
