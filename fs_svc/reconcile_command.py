"""`python -m fs_svc.reconcile_command`, which is `vss reconcile`: bucket and rows compared, with fs_svc's settings.

Its `--adopt` is upload_svc's: videos are made of what is found.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Final

from common.clock import rfc3339, utc_now
from common.errors import Conflict, Unavailable
from common.settings import load
from contracts.reports import Holding, StorageReport
from fs_svc.installation import Installation
from fs_svc.opening import opened
from fs_svc.reconciling import Reconciling
from fs_svc.settings import Settings

# What scripts can tell apart (docs/command-line.md): something is not what was stored.
LOSS: Final = 8
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


def main(arguments: Sequence[str]) -> int:
    """Runs; returns the exit code: 0, 1 if it failed, 8 if a stored video is missing or damaged."""
    parsed = _parser().parse_args(arguments)
    try:
        return asyncio.run(_run(parsed, load(Settings)))
    except (Unavailable, Conflict) as exc:
        sys.stderr.write(f"vss reconcile: {exc.detail}\n")
        return 1


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    async with opened(settings) as (store, bucket):
        installation = Installation(store, bucket, clock=utc_now)
        if arguments.claim:
            for other in await installation.claim():
                sys.stderr.write(f"vss reconcile: removed the marker of installation {other}\n")
        report = await Reconciling(store, bucket, installation, clock=utc_now).run(
            is_dry_run=arguments.dry_run, removes=arguments.remove
        )
    sys.stdout.write(f"{json.dumps(report.model_dump(mode='json'))}\n" if arguments.json else in_words(report))
    return LOSS if report.missing.count or report.damaged.count else 0


def in_words(report: StorageReport) -> str:
    """A report for a terminal."""
    at = "" if report.at is None else rfc3339(report.at)
    lines = [f"{at}{'  (dry run: nothing was removed)' if report.is_dry_run else ''}"]
    lines.append(f"{report.objects} objects, {report.size} bytes")
    lines.append(f"{report.derived} sets of pictures of videos, {report.derived_size} bytes")
    for finding, words in (
        (report.orphan_objects, "leftover objects"),
        (report.orphan_uploads, "leftover multipart uploads"),
        (report.unknown, "of them without any record: set aside, removed after a week"),
        (report.removed, "of them removed"),
        (report.foreign, "other objects, left alone"),
        (report.missing, "stored videos MISSING from the bucket"),
        (report.damaged, "stored videos DAMAGED: another size, ETag or SHA-256"),
        (report.missing_derived, "videos whose pictures are missing from the bucket"),
    ):
        lines.append(f"{finding.count:>8} {words}")
        lines += [f"         {name}" for name in finding.names]
    if report.holding:
        held = _HELD_IN_WORDS[report.holding]
        lines.append(held.format(others=", ".join(report.others), unknown=report.unknown.count))
    if report.is_database_older:
        lines.append(_OLDER_IN_WORDS)
    return "\n".join(lines) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vss reconcile",
        description="Compare the bucket with the database: report missing and damaged videos, and remove files that "
        "have no record after a week. With --adopt --owner NAME: recover those files as videos.",
    )
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--dry-run", action="store_true", help="only report; remove nothing")
    ways.add_argument(
        "--remove", metavar="N", type=_count, help="remove files without a record now, if there are exactly N"
    )
    ways.add_argument("--claim", action="store_true", help="confirm that only this installation uses the bucket")
    parser.add_argument("--json", action="store_true", help="print the report as one line of JSON")
    return parser


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
