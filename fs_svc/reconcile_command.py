"""`python -m fs_svc.reconcile_command`, which is `vss reconcile`: bucket and rows compared, with fs_svc's settings."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Final

from common.clock import rfc3339, utc_now
from common.errors import Unavailable
from common.settings import load
from fs_svc.opening import opened
from fs_svc.reconciling import Reconciling, in_words
from fs_svc.settings import Settings

# What scripts can tell apart (docs/command-line.md): something is not what was stored.
LOSS: Final = 8


def main(arguments: Sequence[str]) -> int:
    """Runs; returns the exit code: 0, 1 when it could not be done, 8 when a stored video is missing or damaged."""
    parsed = _parser().parse_args(arguments)
    try:
        return asyncio.run(_run(parsed, load(Settings)))
    except Unavailable as exc:
        sys.stderr.write(f"vss reconcile: {exc.detail}\n")
        return 1


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    async with opened(settings) as (store, bucket):
        report = await Reconciling(store, bucket, clock=utc_now).run(is_dry_run=arguments.dry_run)
    content, at = json.loads(report.to_json()), utc_now()
    sys.stdout.write(f"{json.dumps({'at': rfc3339(at), **content})}\n" if arguments.json else in_words(content, at))
    return LOSS if report.missing.count or report.damaged.count else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vss reconcile",
        description="Compares the bucket with the rows: removes what nobody knows of, says what is missing or damaged.",
    )
    parser.add_argument("--dry-run", action="store_true", help="remove nothing")
    parser.add_argument("--json", action="store_true", help="the report as one line of JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
