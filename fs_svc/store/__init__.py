"""fs_svc's tables and queries."""

from __future__ import annotations

from fs_svc.store.checksums import ChecksumQueries, RecordedChecksum
from fs_svc.store.lists import ListQueries
from fs_svc.store.reports import Count, ReportQueries, StoredReport
from fs_svc.store.tables import METADATA
from fs_svc.store.transitions import TransitionQueries

__all__ = ["METADATA", "Count", "RecordedChecksum", "Store", "StoredReport"]


class Store(ChecksumQueries, ListQueries, ReportQueries, TransitionQueries):
    """Queries of fs_svc."""
