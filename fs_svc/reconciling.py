"""Comparing the bucket with the rows, both ways: what nobody knows of is removed, what is missing or damaged is said.

Every object and every multipart upload in the bucket was made for one row, which was committed before (docs/
architecture.md). So what has a key of ours and no row, or a row that has ended, is left over from something that was
cut; and a stored row without its object is a loss that nobody but people can make good.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Final

from common.clock import Clock, rfc3339
from common.ids import new_id
from fs_svc.objects import INCOMING_PREFIX, KEY_PREFIX, Object, State
from fs_svc.s3 import Bucket, ListedObject, ListedUpload
from fs_svc.store import Store, StoredReport

logger = logging.getLogger(__name__)

# What is younger may belong to something that is going on, or to a clock that is ahead.
LEAST_AGE: Final = timedelta(hours=1)
PERIOD: Final = timedelta(days=1)
AT_ONCE: Final = 500
# Names in a report; the figures count all of them.
_NAMED_AT_MOST: Final = 100
_REPORTS_KEPT: Final = 30
# In these an object may be in the bucket; in the ended ones it may not.
_ENDED: Final = (State.ABORTED, State.DELETED)


@dataclass(slots=True)
class Finding:
    """How many there are of a kind, their bytes where they have any, and the first of their names."""

    count: int = 0
    size: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str, *, size: int = 0) -> None:
        self.count += 1
        self.size += size
        if len(self.names) < _NAMED_AT_MOST:
            self.names.append(name)


@dataclass(slots=True, kw_only=True)
class Report:
    """What was found: `orphan_objects` and `orphan_uploads` are keys in the bucket, `missing` and `damaged` row ids.

    Orphans have been removed unless it was a dry run. Foreign keys are not ours to judge.
    """

    is_dry_run: bool
    objects: int = 0
    size: int = 0
    orphan_objects: Finding = field(default_factory=Finding)
    orphan_uploads: Finding = field(default_factory=Finding)
    missing: Finding = field(default_factory=Finding)
    damaged: Finding = field(default_factory=Finding)
    foreign: Finding = field(default_factory=Finding)

    def to_json(self) -> str:
        return json.dumps(asdict(self))


class Reconciling:
    """Compares. Every step may be done again, by anybody, at any time."""

    def __init__(self, store: Store, bucket: Bucket, *, clock: Clock) -> None:
        self._store = store
        self._bucket = bucket
        self._clock = clock

    async def run_when_due(self) -> bool:
        """One step of the loop: a run when the last one was a day ago. Raises StorageUnavailable."""
        last = await self._store.last_report()
        if last is not None and self._clock() < last.at + PERIOD:
            return False
        await self.run(is_dry_run=False)
        return True

    async def last_report(self) -> tuple[datetime, dict[str, object]] | None:
        """When it was done last, and what it found."""
        last = await self._store.last_report()
        return None if last is None else (last.at, json.loads(last.content))

    async def run(self, *, is_dry_run: bool) -> Report:
        """Goes through bucket and rows, in the order of their keys; keeps the report, but for a dry run's.

        Memory is bounded whatever there is of either. Raises StorageUnavailable.
        """
        report = Report(is_dry_run=is_dry_run)
        await self._compare_objects(report)
        await self._look_at_uploads(report)
        if not is_dry_run:
            # A look is no run: the daily one would not be due for it.
            await self._store.add_report(
                StoredReport(id=new_id(), at=self._clock(), content=report.to_json()), kept=_REPORTS_KEPT
            )
        counts = {
            name: getattr(report, name).count
            for name in ("orphan_objects", "orphan_uploads", "missing", "damaged", "foreign")
        }
        level = logging.ERROR if report.missing.count or report.damaged.count else logging.INFO
        logger.log(level, "bucket and rows compared", extra={"objects": report.objects, **counts})
        return report

    async def _compare_objects(self, report: Report) -> None:
        """Both lists in the order of keys, side by side, as in a merge."""
        stored = self._stored()
        row = await anext(stored, None)
        async for listed in self._bucket.list_objects():
            if listed.object_key.startswith(INCOMING_PREFIX):
                await self._look_at_incoming(report, listed)
                continue
            if not listed.object_key.startswith(KEY_PREFIX):
                report.foreign.add(listed.object_key, size=listed.size)
                continue
            report.objects += 1
            report.size += listed.size
            while row is not None and row.object_key < listed.object_key:
                await self._look_at_missing(report, row)
                row = await anext(stored, None)
            if row is not None and row.object_key == listed.object_key:
                if (row.size, row.etag) != (listed.size, listed.etag) or row.is_another_file:
                    report.damaged.add(row.id, size=row.taken)
                row = await anext(stored, None)
            else:
                await self._look_at_orphan(report, listed)
        while row is not None:
            await self._look_at_missing(report, row)
            row = await anext(stored, None)

    async def _stored(self) -> AsyncIterator[Object]:
        after = ""
        while rows := await self._store.page_of_stored(after=after, limit=AT_ONCE):
            for row in rows:
                yield row
            after = rows[-1].object_key

    async def _look_at_missing(self, report: Report, row: Object) -> None:
        # Both lists were read over some time: what counts is what both say now.
        if await self._bucket.head(row.object_key) is None:
            now = await self._store.get(row.id)
            if now is not None and now.state is State.STORED:
                report.missing.add(row.id, size=row.taken)

    async def _look_at_incoming(self, report: Report, listed: ListedObject) -> None:
        # A form can be sent again after what came by it was taken over.
        key = KEY_PREFIX + listed.object_key.removeprefix(INCOMING_PREFIX)
        await self._look_at_orphan(report, listed, row_key=key, not_there=(*_ENDED, State.STORED))

    async def _look_at_orphan(
        self,
        report: Report,
        listed: ListedObject,
        *,
        row_key: str | None = None,
        not_there: Collection[State] = _ENDED,
    ) -> None:
        if self._is_young(listed.last_modified):
            return
        row = await self._store.get_by_key(row_key or listed.object_key)
        if row is not None and row.state not in not_there:
            return
        report.orphan_objects.add(listed.object_key, size=listed.size)
        if not report.is_dry_run:
            await self._bucket.delete(listed.object_key)
            logger.warning("orphan object removed", extra={"key": listed.object_key, "size": listed.size})

    async def _look_at_uploads(self, report: Report) -> None:
        async for listed in self._bucket.list_all_uploads():
            if not listed.object_key.startswith(KEY_PREFIX) or self._is_young(listed.initiated):
                continue
            row = await self._store.get_by_key(listed.object_key)
            if row is not None and not _is_left_over(row, listed):
                continue
            report.orphan_uploads.add(listed.object_key)
            if not report.is_dry_run:
                await self._bucket.abort_upload(listed.object_key, listed.s3_upload_id)
                logger.warning("orphan upload removed", extra={"key": listed.object_key})

    def _is_young(self, at: datetime) -> bool:
        return self._clock() < at + LEAST_AGE


def _is_left_over(row: Object, listed: ListedUpload) -> bool:
    """Whether nothing that the row is about to become needs this multipart upload."""
    if row.state is State.RESERVED:
        return False
    # The answer to a first create was lost, and another upload was made; or it has ended, one way or the other.
    return row.state in (*_ENDED, State.STORED) or listed.s3_upload_id != row.s3_upload_id


def in_words(content: Mapping[str, object], at: datetime) -> str:
    """A report for a terminal."""
    lines = [f"{rfc3339(at)}{'  (dry run: nothing was removed)' if content['is_dry_run'] else ''}"]
    lines.append(f"{content['objects']} objects, {content['size']} bytes")
    for name, words in (
        ("orphan_objects", "objects without a row"),
        ("orphan_uploads", "multipart uploads without a row"),
        ("foreign", "keys that are not ours, left alone"),
        ("missing", "stored videos whose object is MISSING"),
        ("damaged", "stored videos whose object has another size, ETag or SHA-256"),
    ):
        finding = content[name]
        if isinstance(finding, dict):
            lines.append(f"{finding['count']:>8} {words}")
            lines += [f"         {one}" for one in finding["names"]]
    return "\n".join(lines) + "\n"
