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
        "one its own bucket. If the other one is no more: vss reconcile --claim"
    ),
    Holding.UNPROVEN: (
        "NOTHING IS REMOVED: the bucket holds much that this database does not know of. If it is the wrong database, "
        "or an older one, put the right one back. If it is the right one: vss reconcile --claim, and then --adopt"
    ),
    Holding.TOO_MANY: (
        "NOTHING WITHOUT A ROW IS REMOVED, because it is much. To bring it back as videos: vss reconcile --adopt "
        "--owner NAME; to remove it: vss reconcile --remove {unknown}"
    ),
}
_OLDER_IN_WORDS: Final = (
    "THE DATABASE IS OLDER than what was used with this bucket last. What was uploaded since has no row: to bring it "
    "back as videos: vss reconcile --adopt --owner NAME"
)


def in_words(content: Mapping[str, object], at: datetime) -> str:
    """A report for a terminal."""
    lines = [f"{rfc3339(at)}{'  (dry run: nothing was removed)' if content['is_dry_run'] else ''}"]
    lines.append(f"{content['objects']} objects, {content['size']} bytes")
    for name, words in (
        ("orphan_objects", "objects that no row needs"),
        ("orphan_uploads", "multipart uploads that no row needs"),
        ("unknown", "of both have no row at all: set aside, and removed after a week"),
        ("removed", "of both were removed"),
        ("foreign", "keys that are not ours, left alone"),
        ("missing", "stored videos whose object is MISSING"),
        ("damaged", "stored videos whose object has another size, ETag or SHA-256"),
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
