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
from fs_svc.installation import Installation
from fs_svc.opening import opened
from fs_svc.reconciling import Reconciling
from fs_svc.settings import Settings
from fs_svc.storage_report import in_words

# What scripts can tell apart (docs/command-line.md): something is not what was stored.
LOSS: Final = 8


def main(arguments: Sequence[str]) -> int:
    """Runs; returns the exit code: 0, 1 when it could not be done, 8 when a stored video is missing or damaged."""
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
    content, at = json.loads(report.to_json()), utc_now()
    sys.stdout.write(f"{json.dumps({'at': rfc3339(at), **content})}\n" if arguments.json else in_words(content, at))
    return LOSS if report.missing.count or report.damaged.count else 0


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
