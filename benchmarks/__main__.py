"""`make bench`: runs every row, or those that the arguments name (P8); fails when one fails or is past its bound."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence

from benchmarks import (
    authenticated,
    browser,
    command_line,
    control_plane,
    felt,
    log_in_storm,
    long_tasks,
    media,
    memory,
    sigv4,
)
from benchmarks.pairs import Row

# By the names of the rows: what is not asked for is not set up.
ROWS: Mapping[str, Callable[[], Iterable[Row]]] = {
    "P1 P2": sigv4.rows,
    "P3": authenticated.rows,
    "I9": log_in_storm.rows,
    "P12": memory.rows,
    "P8": control_plane.rows,
    "P9": command_line.rows,
    "P10": browser.rows,
    "P15": long_tasks.rows,
    "P16 P17 P18": felt.rows,
    "P19 P20": media.of_files,
    "P21 P22": media.of_a_library,
}


def main(wanted: Sequence[str]) -> int:
    """Prints a line a row; returns the exit code."""
    past = 0
    for names, rows in ROWS.items():
        for row in rows() if not wanted or set(names.split()) & set(wanted) else ():
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
