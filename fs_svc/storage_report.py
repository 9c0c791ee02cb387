"""What comparing the bucket with the rows has found, as it is kept, and as a person reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Final

from common.clock import rfc3339
from contracts.reports import Holding

# Names of each kind; the counts are of all of them.
_NAMED_AT_MOST: Final = 100


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

    Orphans are what no row needs. `unknown` are those of them that have no row at all, and `removed` those that this
    run has removed. Foreign keys are not ours to judge. `is_database_older`: than the one that marked the bucket last.
    """

    is_dry_run: bool
    objects: int = 0
    size: int = 0
    orphan_objects: Finding = field(default_factory=Finding)
    orphan_uploads: Finding = field(default_factory=Finding)
    unknown: Finding = field(default_factory=Finding)
    removed: Finding = field(default_factory=Finding)
    missing: Finding = field(default_factory=Finding)
    damaged: Finding = field(default_factory=Finding)
    foreign: Finding = field(default_factory=Finding)
    holding: Holding | None = None
    others: list[str] = field(default_factory=list)
    is_database_older: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self))


# What a person does about each.
_HELD_IN_WORDS: Final = {
    Holding.SHARED: (
        "NOTHING IS REMOVED: another installation uses this bucket too ({others}). If that is a mistake, give this "
        "installation its own bucket. If the other one no longer exists, run: vss reconcile --claim"
    ),
    Holding.UNPROVEN: (
        "NOTHING IS REMOVED: the bucket holds many files that are not in this database. If the database is the wrong "
        "one or out of date, restore the right one. If it is the right one, run: vss reconcile --claim, then --adopt"
    ),
    Holding.TOO_MANY: (
        "FILES WITHOUT A RECORD ARE NOT REMOVED, because there are many. To recover them as videos: vss reconcile "
        "--adopt --owner NAME; to remove them: vss reconcile --remove {unknown}"
    ),
}
_OLDER_IN_WORDS: Final = (
    "THE DATABASE IS OLDER than the one last used with this bucket. To recover what was uploaded since as videos: "
    "vss reconcile --adopt --owner NAME"
)


def in_words(content: Mapping[str, object], at: datetime) -> str:
    """A report for a terminal."""
    lines = [f"{rfc3339(at)}{'  (dry run: nothing was removed)' if content['is_dry_run'] else ''}"]
    lines.append(f"{content['objects']} objects, {content['size']} bytes")
    for name, words in (
        ("orphan_objects", "leftover objects"),
        ("orphan_uploads", "leftover multipart uploads"),
        ("unknown", "of them without any record: set aside, removed after a week"),
        ("removed", "of them removed"),
        ("foreign", "other objects, left alone"),
        ("missing", "stored videos MISSING from the bucket"),
        ("damaged", "stored videos DAMAGED: another size, ETag or SHA-256"),
    ):
        finding = content[name]
        if isinstance(finding, dict):
            lines.append(f"{finding['count']:>8} {words}")
            lines += [f"         {one}" for one in finding["names"]]
    if content["holding"]:
        others, unknown = content["others"], content["unknown"]
        words = _HELD_IN_WORDS[Holding(str(content["holding"]))]
        lines.append(
            words.format(
                others=", ".join(others) if isinstance(others, list) else "",
                unknown=unknown["count"] if isinstance(unknown, dict) else 0,
            )
        )
    if content["is_database_older"]:
        lines.append(_OLDER_IN_WORDS)
    return "\n".join(lines) + "\n"
