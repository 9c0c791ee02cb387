"""Bucket and database know each other: each installation has an id in its database and a marker in its bucket.

Nothing without a row is removed from a bucket that another installation has marked too, or that this one has not been
seen to belong to. The marker is written again and again, and counts: whoever finds a higher count in the bucket than
in the database has an older copy of the database before them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from common.clock import Clock, rfc3339
from common.ids import new_id
from fs_svc.objects import MARKER_PREFIX
from fs_svc.s3 import Bucket
from fs_svc.store import InstallationRow, Status, Store

logger = logging.getLogger(__name__)

# An older copy of the database that was made less than this before may pass as the newest.
MARK_INTERVAL: Final = timedelta(hours=1)
# How long nothing is destroyed because its time is over, after an older database was found.
HELD_AFTER_RESTORE: Final = timedelta(days=7)
# The same after a time in which nothing was checked: this machine was off, or its clock was put forward.
HELD_AFTER_GAP: Final = timedelta(days=1)
_MARKER_SIZE: Final = 2**16


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Whether bucket and database belong together; `others` are the ids of other installations in the bucket."""

    id: str
    status: Status
    others: Collection[str]


class Installation:
    """The marker and what it means. Every step may be repeated by anybody at any time."""

    def __init__(self, store: Store, bucket: Bucket, *, clock: Clock) -> None:
        self._store = store
        self._bucket = bucket
        self._clock = clock
        self._has_checked = False

    async def check(self) -> View:
        """Compares marker and row, and writes both when due. Raises StorageUnavailable."""
        now = self._clock()
        row = await self.row()
        # The marker first: it is written after the row, so it never counts more than the row of the same database.
        others = {name async for name in self._marked_by()} - {row.id}
        mark = await self._mark_of(row.id)
        row = await self.row()
        new = _after_check(row, mark, now)
        # A row that has never been written has no marker yet.
        is_known = mark is not None or not row.marked
        is_due = not self._has_checked or mark is None or now - row.looked_at >= MARK_INTERVAL or now < row.looked_at
        is_older = mark is not None and mark > row.marked
        if is_older or not is_known:
            logger.error("bucket and database differ", extra={"installation": row.id, "is_database_older": is_older})
        if is_due or is_older:
            if await self._store.mark(row, new, forgets=is_older or not is_known):
                await self._write_marker(new)
            row = new
        self._has_checked = True
        return View(id=row.id, status=row.status, others=others)

    async def is_held(self) -> bool:
        """Whether deleting by age is on hold. Raises StorageUnavailable.

        So it is for a week after an older database was put back, whose times are not true any more, and for a day after
        the clock has leapt, which is what a machine that was switched off looks like too.
        """
        if not self._has_checked:
            await self.check()
        row, now = await self.row(), self._clock()
        return _has_gap(row, now) or (row.held_until is not None and now < row.held_until)

    async def claim(self) -> Collection[str]:
        """Claims the bucket for this installation alone, on a person's word; returns the ids of the others that had it.

        One that still runs marks the bucket again. Raises StorageUnavailable.
        """
        view = await self.check()
        for other in view.others:
            await self._bucket.delete(_marker_key(other))
        await self._store.set_status(view.status, Status.AGREED)
        logger.warning("bucket claimed", extra={"installation": view.id, "others": sorted(view.others)})
        return view.others

    async def row(self) -> InstallationRow:
        """The installation's row, from the first time on."""
        row = await self._store.get_installation()
        if row is None:
            await self._store.add_installation(new_id(), at=self._clock())
            row = await self._store.get_installation()
        if row is None:
            raise AssertionError("an installation that was added is there")
        return row

    async def _marked_by(self) -> AsyncIterator[str]:
        async for listed in self._bucket.list_objects(prefix=MARKER_PREFIX):
            yield listed.object_key.removeprefix(MARKER_PREFIX).removesuffix(".json")

    async def _mark_of(self, installation_id: str) -> int | None:
        blocks = [block async for block in self._bucket.read(_marker_key(installation_id), block_size=_MARKER_SIZE)]
        if not blocks:
            return None
        try:
            count = json.loads(blocks[0])["count"]
        except (ValueError, TypeError, KeyError):
            # Somebody has written over it: as good as none.
            return None
        return count if isinstance(count, int) else None

    async def _write_marker(self, row: InstallationRow) -> None:
        content = {"installation": row.id, "count": row.marked, "at": rfc3339(row.looked_at)}
        await self._bucket.put(_marker_key(row.id), json.dumps(content).encode())


def _marker_key(installation_id: str) -> str:
    return f"{MARKER_PREFIX}{installation_id}.json"


def _has_gap(row: InstallationRow, now: datetime) -> bool:
    return not -MARK_INTERVAL <= now - row.looked_at <= HELD_AFTER_GAP


def _after_check(row: InstallationRow, mark: int | None, now: datetime) -> InstallationRow:
    """The row as it is after a check that has found this count in the bucket (None: no marker)."""
    status, held_until = row.status, row.held_until
    if _has_gap(row, now):
        held_until = now + HELD_AFTER_GAP
    if mark is None and row.marked and status is not Status.UNPROVEN:
        # Another bucket than the last time, or one that was emptied.
        status = Status.NEW
    elif mark is not None and mark > row.marked:
        held_until = now + HELD_AFTER_RESTORE
        status = Status.OLDER if status is Status.AGREED else status
    return replace(row, status=status, marked=max(row.marked, mark or 0) + 1, looked_at=now, held_until=held_until)
