"""What fs_svc says of the whole bucket, compared with its rows."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from pydantic import BaseModel

from contracts.shape import Instant

# Names of each kind; the counts are of all of them.
_NAMED_AT_MOST: Final = 100


class Holding(StrEnum):
    """Why nothing without a row is removed."""

    # Another installation has marked the bucket too.
    SHARED = "shared"
    # Bucket and database have not been seen to belong together.
    UNPROVEN = "unproven"
    TOO_MANY = "too-many"


class Finding(BaseModel):
    """How many there are of a kind, their bytes where they have any, and the first of their names."""

    count: int = 0
    size: int = 0
    names: list[str] = []

    def add(self, name: str, *, size: int = 0) -> None:
        self.count += 1
        self.size += size
        if len(self.names) < _NAMED_AT_MOST:
            self.names.append(name)


class StorageReport(BaseModel):
    """What comparing the bucket with the rows has found; `at` null: it has not been done yet.

    `orphan_objects` and `orphan_uploads` are keys in the bucket that no row needs: `unknown` are those of them that
    have no row at all, and `removed` those that this run has removed; of what was derived of a video, its key prefix
    counts as one. `missing` and `damaged` are ids of videos, and `missing_derived` those whose pictures are not whole.
    `objects` and `size` are of videos, `derived` and `derived_size` of what was derived of them. Foreign keys are not
    ours to judge. `is_database_older`: than the one that marked the bucket last.
    """

    at: Instant | None = None
    is_dry_run: bool = False
    objects: int = 0
    size: int = 0
    derived: int = 0
    derived_size: int = 0
    orphan_objects: Finding = Finding()
    orphan_uploads: Finding = Finding()
    unknown: Finding = Finding()
    removed: Finding = Finding()
    missing: Finding = Finding()
    damaged: Finding = Finding()
    missing_derived: Finding = Finding()
    foreign: Finding = Finding()
    holding: Holding | None = None
    others: list[str] = []
    is_database_older: bool = False


class StorageStatus(BaseModel):
    """What is stored now, by the rows, with the last report; `is_checking`: another one is waited for.

    `size` is of `files`, which are videos, and of what was derived of them: that is `derived_size`. `reserved` are the
    bytes promised to `unfinished` uploads.
    """

    files: int
    size: int
    derived_size: int = 0
    unfinished: int
    reserved: int
    is_checking: bool
    report: StorageReport
