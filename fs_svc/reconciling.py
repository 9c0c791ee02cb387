"""Compares bucket and rows, both ways: what has no row is set aside, what is missing or damaged is reported.

Every object and every multipart upload in the bucket was made for one row, which was committed before (docs/
architecture.md). So what has a key of ours and a row that does not need it is left over from something that was cut:
the row says so, and it is removed. What has no row at all may be that, or the database may not be the bucket's, or an
older copy of it: that is set aside, and removed when it was still there on seven days, and only where it is little. And
a stored row without its object is a loss that nobody but people can make good. What was derived of videos is compared
alike, a key prefix at a time; where that is missing it can be made again.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from common.clock import Clock
from common.errors import StorageUnavailable
from contracts.derived import DerivedState
from contracts.objects import State
from contracts.reports import Holding, StorageReport, StorageStatus
from fs_svc.derived.walk import Found, is_whole, walk
from fs_svc.errors import OrphansDiffer, RemovalHeld
from fs_svc.installation import Installation, View
from fs_svc.objects import DERIVED_PREFIX, INCOMING_PREFIX, KEY_PREFIX, MARKER_PREFIX, Derived, Object, prefix_of
from fs_svc.s3 import Bucket, ListedObject, ListedUpload
from fs_svc.store import SetAside, Status, Store

logger = logging.getLogger(__name__)

# What is younger may belong to something that its row is in the middle of, or to a clock that is ahead. (What has no
# row is never in the middle of anything: the row is there first.)
LEAST_AGE: Final = timedelta(hours=1)
PERIOD: Final = timedelta(days=1)
AT_ONCE: Final = 500
# Longer than any single step takes.
LEASE: Final = timedelta(minutes=1)
# Who has asked is told after this time if the storage doesn't answer; it is given so many seconds to do so.
PATIENCE: Final = timedelta(seconds=10)
_ANSWER_SECONDS: Final = 1.0
# What has no row is removed after this time, and when it was seen on so many days, the first and the last among them. A
# clock that was put forward brings none of them: days that were not lived through are not counted.
SET_ASIDE_FOR: Final = timedelta(days=7)
SIGHTINGS: Final = 8
SIGHTINGS_APART: Final = timedelta(hours=20)
_LEAP: Final = timedelta(days=2)
# Where more of the bucket than this has no row, nothing of it is removed without a person's word: 1 %, within bounds.
_SHARE: Final = 100
_AT_LEAST: Final = 10
_AT_MOST: Final = 100
_REPORTS_KEPT: Final = 30
# In these an object may be in the bucket; in the ended ones it may not.
_ENDED: Final = (State.ABORTED, State.DELETED)
# The first name behind all that was derived: `0` follows `/`.
_AFTER_DERIVED: Final = f"{DERIVED_PREFIX[:-1]}0"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Orphan:
    """Something in the bucket that no row needs; `s3_upload_id` of a multipart upload. What was derived is one, with
    its key prefix.
    """

    object_key: str
    size: int = 0
    s3_upload_id: str | None = None

    @property
    def id(self) -> str:
        name = self.object_key if self.s3_upload_id is None else f"{self.object_key}\0{self.s3_upload_id}"
        return hashlib.sha256(name.encode()).hexdigest()


@dataclass(slots=True, kw_only=True)
class _Run:
    """The options of a run: it remembers at most `most` orphans without a row."""

    report: StorageReport
    view: View
    most: int
    lease: _Lease | None
    unknown: list[_Orphan] = field(default_factory=list)
    unknown_objects: int = 0

    async def go_on(self) -> None:
        """Raises _TakenOver when another process has begun anew, as after a standstill."""
        if self.lease is not None:
            await self.lease.keep()


class _TakenOver(Exception):
    """Another process compares by now."""


class _Lease:
    """The right of one process to compare because it is time, or somebody has asked."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._until = clock()

    async def take(self) -> bool:
        now = self._clock()
        self._until = now + LEASE
        return await self._store.lease_check(now=now, until=self._until)

    async def keep(self) -> None:
        now = self._clock()
        if now >= self._until - LEASE / 2:
            was, self._until = self._until, now + LEASE
            if not await self._store.renew_check(was, until=self._until):
                raise _TakenOver

    async def end(self) -> None:
        await self._store.renew_check(self._until, until=None)


class Reconciling:
    """The comparison. Every step may be repeated by anybody at any time."""

    def __init__(
        self, store: Store, bucket: Bucket, installation: Installation, *, clock: Clock, at_once: int = AT_ONCE
    ) -> None:
        self._store = store
        self._bucket = bucket
        self._installation = installation
        self._clock = clock
        self._at_once = at_once

    async def run_when_due(self) -> bool:
        """One step of the loop: a run when the last one was a day ago, or when bucket and database stand to each other
        in another way than then. Raises StorageUnavailable.
        """
        view, last = await self._installation.check(), await self._store.last_report()
        if last.at is not None and last.at - LEAST_AGE <= self._clock() < last.at + PERIOD:
            is_as_then = (last.others, last.is_database_older) == (sorted(view.others), view.status is Status.OLDER)
            if is_as_then and view.status is not Status.NEW:
                return False
        return await self._run_alone()

    async def ask(self) -> None:
        """Has a run begin within seconds, by whichever process is there."""
        # So that there is a row to note it in.
        await self._installation.row()
        await self._store.ask_for_check(at=self._clock())

    async def run_when_asked(self) -> bool:
        """One step of the loop: a run when somebody has asked for one. Raises StorageUnavailable."""
        asked_at, _ = await self._store.get_check()
        return asked_at is not None and await self._run_alone()

    async def status(self) -> StorageStatus:
        """What is stored now, by the rows, and the latest report."""
        totals = await self._store.count_totals()
        _, derived_size = (await self._store.count_derived()).get(DerivedState.STORED, (0, 0))
        asked_at, leased_until = await self._store.get_check()
        now = self._clock()
        return StorageStatus(
            files=totals.files,
            size=totals.size + derived_size,
            derived_size=derived_size,
            unfinished=totals.unfinished,
            reserved=totals.reserved,
            is_checking=asked_at is not None or (leased_until is not None and now < leased_until),
            is_stalled=asked_at is not None and now >= asked_at + PATIENCE and not await self._is_answered(),
            report=await self._store.last_report(),
        )

    async def _is_answered(self) -> bool:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._bucket.ping()
        except (StorageUnavailable, TimeoutError):
            return False
        return True

    async def _run_alone(self) -> bool:
        """A run, unless one is under way; a process that is killed leaves it to the next after LEASE."""
        begun_at, lease = self._clock(), _Lease(self._store, self._clock)
        if not await lease.take():
            return False
        try:
            await self.run(is_dry_run=False, lease=lease)
            await self._store.answer_check(asked_until=begun_at)
        except _TakenOver:
            return False
        finally:
            await lease.end()
        return True

    async def run(self, *, is_dry_run: bool, removes: int | None = None, lease: _Lease | None = None) -> StorageReport:
        """Goes through bucket and rows, in the order of their keys; keeps the report, but for a dry run's.

        `removes`: a person's word to remove all that has no row at once, which are so many. Memory is bounded whatever
        there is of anything else. Raises StorageUnavailable, OrphansDiffer when they are not so many, and RemovalHeld
        where bucket and database do not belong together; nothing without a row is removed then.
        """
        view = await self._installation.check()
        report = StorageReport(
            is_dry_run=is_dry_run, others=sorted(view.others), is_database_older=view.status is Status.OLDER
        )
        run = _Run(report=report, view=view, most=max(_AT_MOST, removes or 0), lease=lease)
        await self._compare_derived(run)
        await self._compare_objects(run)
        await self._check_uploads(run)
        report.holding = await self._judge(run)
        report.at = self._clock()
        if not is_dry_run:
            if removes is None:
                await self._remove(run, await self._due(run))
            elif report.holding in (Holding.SHARED, Holding.UNPROVEN):
                raise RemovalHeld
            elif removes != report.unknown.count:
                raise OrphansDiffer(report.unknown.count)
            else:
                await self._remove(run, run.unknown)
            # A dry run is no run: the daily one would not be due for it.
            await self._store.add_report(report, at=report.at, kept=_REPORTS_KEPT)
        self._log(report)
        return report

    def _log(self, report: StorageReport) -> None:
        counts = {
            name: getattr(report, name).count
            for name in (
                "orphan_objects",
                "orphan_uploads",
                "unknown",
                "removed",
                "missing",
                "damaged",
                "missing_derived",
                "foreign",
            )
        }
        is_bad = report.missing.count or report.damaged.count or report.holding or report.is_database_older
        known = {"holding": report.holding, "others": report.others, "is_database_older": report.is_database_older}
        level = logging.ERROR if is_bad else logging.INFO
        logger.log(level, "bucket and rows compared", extra={"objects": report.objects, **counts, **known})

    async def _judge(self, run: _Run) -> Holding | None:
        """Why nothing without a row may be removed, if so; records what this run showed of bucket and database."""
        report, status = run.report, run.view.status
        unknown, is_little = report.unknown.count, report.unknown.count <= _bound(report.objects)
        if run.view.others:
            return Holding.SHARED
        if status is not Status.AGREED and not report.is_dry_run:
            known = report.objects - run.unknown_objects
            if unknown == 0 or (status is Status.NEW and is_little and known >= run.unknown_objects and known):
                new = Status.AGREED
            else:
                new = Status.UNPROVEN if status is Status.NEW else status
            if new is not status:
                await self._store.set_status(status, new)
                status = new
                # Nothing is there that it does not know of: that it is older makes no difference.
                report.is_database_older = status is Status.OLDER
        if status in (Status.NEW, Status.UNPROVEN):
            return Holding.UNPROVEN if unknown else None
        return None if is_little else Holding.TOO_MANY

    async def _due(self, run: _Run) -> Sequence[_Orphan]:
        """Sets aside what has no row and may be removed later; returns what is due for removal now."""
        now = self._clock()
        found = [] if run.report.holding else run.unknown
        before = {item.id: item for item in await self._store.list_set_aside()}
        seen = {orphan.id: _seen(before.get(orphan.id), orphan.id, now) for orphan in found}
        await self._store.replace_set_aside(seen.values())
        return [orphan for orphan in found if _is_due(seen[orphan.id], now)]

    async def _remove(self, run: _Run, orphans: Sequence[_Orphan]) -> None:
        for orphan in orphans:
            # Somebody may have adopted it meanwhile; what was derived nobody adopts.
            if await self._store.get_by_key(_row_key(orphan.object_key)) is None:
                await self._remove_one(run.report, orphan)

    async def _remove_one(self, report: StorageReport, orphan: _Orphan) -> None:
        if orphan.s3_upload_id is not None:
            await self._bucket.abort_upload(orphan.object_key, orphan.s3_upload_id)
        elif orphan.object_key.startswith(DERIVED_PREFIX):
            await self._bucket.delete_all(orphan.object_key)
        else:
            await self._bucket.delete(orphan.object_key)
        report.removed.add(orphan.object_key, size=orphan.size)
        is_upload = orphan.s3_upload_id is not None
        logger.warning(
            "orphan removed", extra={"key": orphan.object_key, "size": orphan.size, "is_multipart_upload": is_upload}
        )

    async def _compare_derived(self, run: _Run) -> None:
        async for found in walk(self._store, self._bucket, at_once=self._at_once):
            await run.go_on()
            if prefix_of(found.prefix) is None:
                run.report.foreign.add(found.prefix, size=found.size)
            elif found.row is not None and found.row.state is DerivedState.STORED:
                run.report.derived += 1
                run.report.derived_size += found.size
                if not found.is_whole and not await is_whole(self._store, self._bucket, found.row.id):
                    run.report.missing_derived.add(found.row.object_id, size=found.row.size)
            elif self._is_left(found):
                run.report.orphan_objects.add(found.prefix, size=found.size)
                await self._take(run, _Orphan(object_key=found.prefix, size=found.size), has_row=found.row is not None)

    def _is_left(self, found: Found) -> bool:
        """Whether it has no row, or one that has ended and does not account for it."""
        if found.row is None:
            return True
        is_young = found.newest is not None and self._is_young(found.newest)
        return found.row.state is DerivedState.DELETED and not is_young

    async def _listed(self) -> AsyncIterator[ListedObject]:
        """Everything in the bucket but what was derived."""
        async for listed in self._bucket.list_objects():
            if listed.object_key.startswith(DERIVED_PREFIX):
                break
            yield listed
        else:
            return
        async for listed in self._bucket.list_objects(after=_AFTER_DERIVED):
            yield listed

    async def _compare_objects(self, run: _Run) -> None:
        """Walks both lists in order of their keys, as in a merge."""
        report = run.report
        stored = self._stored()
        row = await anext(stored, None)
        async for listed in self._listed():
            await run.go_on()
            if listed.object_key.startswith(INCOMING_PREFIX):
                # A form can be sent again after what came by it was taken over.
                await self._check_orphan(run, listed, not_there=(*_ENDED, State.STORED))
                continue
            if listed.object_key.startswith(MARKER_PREFIX):
                continue
            if not listed.object_key.startswith(KEY_PREFIX):
                report.foreign.add(listed.object_key, size=listed.size)
                continue
            report.objects += 1
            report.size += listed.size
            while row is not None and row.object_key < listed.object_key:
                await self._check_missing(run, row)
                row = await anext(stored, None)
            if row is not None and row.object_key == listed.object_key:
                if (row.size, row.etag) != (listed.size, listed.etag) or row.is_another_file:
                    report.damaged.add(row.id, size=row.taken)
                row = await anext(stored, None)
            else:
                await self._check_orphan(run, listed, not_there=_ENDED)
        while row is not None:
            await self._check_missing(run, row)
            row = await anext(stored, None)

    async def _stored(self) -> AsyncIterator[Object]:
        after = ""
        while rows := await self._store.page_of_stored(after=after, limit=self._at_once):
            for row in rows:
                yield row
            after = rows[-1].object_key

    async def _check_missing(self, run: _Run, row: Object) -> None:
        await run.go_on()
        # Both lists were read over some time: what counts is what both say now.
        if await self._bucket.head(row.object_key) is None:
            now = await self._store.get(row.id)
            if now is not None and now.state is State.STORED:
                run.report.missing.add(row.id, size=row.taken)

    async def _check_orphan(self, run: _Run, listed: ListedObject, *, not_there: Collection[State]) -> None:
        row = await self._store.get_by_key(_row_key(listed.object_key))
        if row is not None and (row.state not in not_there or self._is_young(listed.last_modified)):
            return
        run.report.orphan_objects.add(listed.object_key, size=listed.size)
        run.unknown_objects += row is None and listed.object_key.startswith(KEY_PREFIX)
        await self._take(run, _Orphan(object_key=listed.object_key, size=listed.size), has_row=row is not None)

    async def _check_uploads(self, run: _Run) -> None:
        async for listed in self._bucket.list_all_uploads():
            await run.go_on()
            row: Object | Derived | None
            if (prefix := prefix_of(listed.object_key)) is not None:
                row = await self._store.get_derived_by_prefix(prefix)
            elif listed.object_key.startswith(KEY_PREFIX):
                row = await self._store.get_by_key(listed.object_key)
            else:
                continue
            if row is not None and (not _is_left_over(row, listed) or self._is_young(listed.initiated)):
                continue
            run.report.orphan_uploads.add(listed.object_key)
            orphan = _Orphan(object_key=listed.object_key, s3_upload_id=listed.s3_upload_id)
            await self._take(run, orphan, has_row=row is not None)

    async def _take(self, run: _Run, orphan: _Orphan, *, has_row: bool) -> None:
        """Removes what its row does not need; remembers what has no row."""
        if not has_row:
            run.report.unknown.add(orphan.object_key, size=orphan.size)
            if len(run.unknown) < run.most:
                run.unknown.append(orphan)
        elif not run.report.is_dry_run and not run.view.others:
            await self._remove_one(run.report, orphan)

    def _is_young(self, at: datetime) -> bool:
        return self._clock() < at + LEAST_AGE


def _is_left_over(row: Object | Derived, listed: ListedUpload) -> bool:
    """Whether the row, in any state it can still reach, does not need this multipart upload."""
    if isinstance(row, Derived):
        is_open = row.state is DerivedState.RESERVED and row.s3_upload_id in (None, listed.s3_upload_id)
        return not is_open and row.state is not DerivedState.DELETING
    if row.state is State.RESERVED:
        return False
    # The answer to a first create was lost, and another upload was made; or it has ended, one way or the other.
    return row.state in (*_ENDED, State.STORED) or listed.s3_upload_id != row.s3_upload_id


def _row_key(object_key: str) -> str:
    """The key by which the row of something in the bucket is found: of what a form has sent, that of its object."""
    if object_key.startswith(INCOMING_PREFIX):
        return KEY_PREFIX + object_key.removeprefix(INCOMING_PREFIX)
    return object_key


def _bound(objects: int) -> int:
    return min(max(objects // _SHARE, _AT_LEAST), _AT_MOST)


def _seen(before: SetAside | None, orphan_id: str, now: datetime) -> SetAside:
    if before is None or now < before.last_seen_at - LEAST_AGE:
        # Never before; or by a clock that was ahead, which proves nothing.
        return SetAside(id=orphan_id, first_seen_at=now, last_seen_at=now, sightings=1)
    if now - before.last_seen_at < SIGHTINGS_APART:
        return before
    is_leap = now - before.last_seen_at > _LEAP
    return replace(before, last_seen_at=now, sightings=before.sightings + (not is_leap))


def _is_due(item: SetAside, now: datetime) -> bool:
    return item.sightings >= SIGHTINGS and now - item.first_seen_at >= SET_ASIDE_FOR
