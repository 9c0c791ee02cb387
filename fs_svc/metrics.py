"""Metrics of what is in the bucket, by its rows."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from common.clock import Clock
from contracts.derived import DerivedState
from contracts.objects import State
from contracts.reports import Holding
from fs_svc.store import Store

_UNFINISHED: Final = (State.RESERVED, State.OPEN, State.COMPLETING)


class StorageMetrics:
    """Uploads, derived objects and their bytes by state, the age of the oldest unfinished upload, and what is in the
    bucket without a row.
    """

    def __init__(self, store: Store, registry: CollectorRegistry, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._uploads = Gauge("uploads", "Uploads", ("state",), registry=registry)
        self._bytes = Gauge("upload_bytes", "Declared bytes of uploads by state", ("state",), registry=registry)
        self._derived = Gauge("derived_objects", "Sets of files derived from videos", ("state",), registry=registry)
        self._derived_bytes = Gauge(
            "derived_bytes", "Bytes of files derived from videos by state", ("state",), registry=registry
        )
        self._unknown = Gauge("bucket_unknown", "Objects and multipart uploads without a row", registry=registry)
        self._held = Gauge(
            "bucket_removal_held", "1 while nothing without a row is removed", ("reason",), registry=registry
        )
        self._oldest = Gauge(
            "oldest_unfinished_upload_age_seconds", "Age of the oldest unfinished upload", registry=registry
        )

    async def count(self) -> None:
        """Sets all of them to what the rows say now. Raises Unavailable."""
        report = await self._store.last_report()
        self._unknown.set(report.unknown.count)
        for holding in Holding:
            self._held.labels(holding.value).set(report.holding is holding)
        counts = {count.state: count for count in await self._store.count_by_state()}
        for state in State:
            count = counts.get(state)
            self._uploads.labels(state.value).set(count.uploads if count else 0)
            self._bytes.labels(state.value).set(count.size if count else 0)
        derived = await self._store.count_derived()
        for derived_state in DerivedState:
            number, size = derived.get(derived_state, (0, 0))
            self._derived.labels(derived_state.value).set(number)
            self._derived_bytes.labels(derived_state.value).set(size)
        begun = [counts[state].oldest for state in _UNFINISHED if state in counts]
        self._oldest.set((self._clock() - min(begun)).total_seconds() if begun else 0)
