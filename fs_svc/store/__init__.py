"""fs_svc's tables and queries."""

from __future__ import annotations

from fs_svc.store.checksums import ChecksumQueries, RecordedChecksum
from fs_svc.store.derived import DerivedQueries
from fs_svc.store.installation import InstallationQueries, InstallationRow, SetAside, Status
from fs_svc.store.lists import ListQueries
from fs_svc.store.reports import Count, ReportQueries
from fs_svc.store.tables import METADATA
from fs_svc.store.transitions import TransitionQueries

__all__ = [
    "METADATA",
    "Count",
    "InstallationRow",
    "RecordedChecksum",
    "SetAside",
    "Status",
    "Store",
]


class Store(ChecksumQueries, DerivedQueries, InstallationQueries, ListQueries, ReportQueries, TransitionQueries):
    """Queries of fs_svc."""
