"""`python -m fs_svc.verify_command`, which is `vss verify`: stored videos read back, hashed, recorded."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from common.clock import utc_now
from common.errors import Unavailable
from common.settings import load
from fs_svc.opening import opened
from fs_svc.reading_back import Outcome, ReadingBack
from fs_svc.settings import Settings

# What scripts can tell apart (docs/command-line.md): something is not what was stored.
LOSS: Final = 8
_MB: Final = 1_000_000
_WORDS: Final = {
    Outcome.READ: "intact",
    Outcome.CHANGED: "changed since the last check",
    Outcome.DIFFERS: "not the file that was uploaded",
    Outcome.SHORT: "incomplete",
    Outcome.MISSING: "missing",
}


def main(arguments: Sequence[str]) -> int:
    """Runs; returns the exit code: 0, 1 if it failed, 8 if something is not what was stored."""
    parsed = _parser().parse_args(arguments)
    try:
        return asyncio.run(_run(parsed, load(Settings)))
    except Unavailable as exc:
        sys.stderr.write(f"vss verify: {exc.detail}\n")
        return 1


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    counts = dict.fromkeys(Outcome, 0)
    async with opened(settings) as (store, bucket):
        reading_back = ReadingBack(store, bucket, bytes_per_second=arguments.rate * _MB, clock=utc_now)
        # What was read just now is not read again.
        before = utc_now() - timedelta(days=arguments.days)
        while arguments.limit is None or sum(counts.values()) < arguments.limit:
            reading = await reading_back.read_next(before=before)
            if reading is None:
                break
            counts[reading.outcome] += 1
            if arguments.json:
                line = {"id": reading.item.id, "outcome": reading.outcome.value, "sha256": reading.sha256}
                sys.stdout.write(f"{json.dumps(line)}\n")
            else:
                sys.stdout.write(f"{reading.item.id}  {reading.outcome.value:<8}{reading.sha256 or ''}\n")
            sys.stdout.flush()
    if not arguments.json and (total := sum(counts.values())):
        sys.stdout.write(f"{total} video{'' if total == 1 else 's'} read: {_in_words(counts)}\n")
    return 0 if sum(counts.values()) == counts[Outcome.READ] else LOSS


def _in_words(counts: Mapping[Outcome, int]) -> str:
    return ", ".join(f"{count} {_WORDS[outcome]}" for outcome, count in counts.items() if count)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vss verify",
        description=(
            "Read stored videos back, starting with those not checked for the longest time, record their SHA-256, and "
            "compare it with the last check and with the checksum the uploader sent."
        ),
    )
    parser.add_argument("--rate", metavar="MB", type=_positive, default=50, help="MB per second (default %(default)s)")
    parser.add_argument("--limit", metavar="N", type=_positive, help="check at most N videos (default: all due)")
    parser.add_argument(
        "--days", metavar="N", type=_days, default=30, help="check videos not read for N days (default %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    return parser


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number above 0")
    return int(text)


def _days(text: str) -> int:
    return 0 if text == "0" else _positive(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
