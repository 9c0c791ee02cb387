"""What fs_svc says of the whole bucket, compared with its rows."""

from __future__ import annotations

from enum import StrEnum

from contracts.shape import Instant, Shape


class Holding(StrEnum):
    """Why nothing without a row is removed."""

    # Another installation has marked the bucket too.
    SHARED = "shared"
    # Bucket and database have not been seen to belong together.
    UNPROVEN = "unproven"
    TOO_MANY = "too-many"


class Finding(Shape):
    """How many, their bytes, and the first of their names."""

    count: int = 0
    size: int = 0
    names: tuple[str, ...] = ()


class StorageReport(Shape):
    """What comparing the bucket with the rows has found last; `at` null: it has not been done yet.

    `unknown` are without a row, `missing` and `damaged` ids of videos, and `is_database_older` says that a later copy
    of the database has used the bucket.
    """

    at: Instant | None
    objects: int = 0
    size: int = 0
    orphan_objects: Finding = Finding()
    orphan_uploads: Finding = Finding()
    unknown: Finding = Finding()
    removed: Finding = Finding()
    missing: Finding = Finding()
    damaged: Finding = Finding()
    foreign: Finding = Finding()
    holding: Holding | None = None
    others: tuple[str, ...] = ()
    is_database_older: bool = False
