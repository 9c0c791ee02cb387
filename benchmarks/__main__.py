"""`make bench`: runs every row, or those whose line holds an argument; fails when one fails or is past its bound."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable, Sequence

from benchmarks import authenticated, browser, command_line, control_plane, log_in_storm, long_tasks, memory, sigv4
from benchmarks.pairs import Row

MODULES: Sequence[Callable[[], Iterable[Row]]] = (
    sigv4.rows,
    authenticated.rows,
    log_in_storm.rows,
    memory.rows,
    control_plane.rows,
    command_line.rows,
    browser.rows,
    long_tasks.rows,
)


def main(wanted: Sequence[str]) -> int:
    """Prints a line a row; returns the exit code."""
    past = 0
    for rows in MODULES:
        for row in rows():
            if wanted and not any(word.lower() in f"{row.name} {row.what}".lower() for word in wanted):
                continue
            try:
                result = row.run()
            except Exception:  # noqa: BLE001 a row that fails does not end the others
                traceback.print_exc()
                past += 1
                continue
            print(result, flush=True)
            past += result.is_past_bound
    return 1 if past else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
