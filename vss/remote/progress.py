"""How far it is: a bar on a terminal, a plain line now and then elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from vss.remote.plan import human_size
from vss.speaking import printable, warn

# A log of a night's upload should stay readable.
LINE_EVERY_SECONDS = 60.0
# Columns of a terminal that has room for more than a name and how far it is.
WIDE = 90


class Progress(Protocol):
    """Of one file; all counts in bytes."""

    def moved(self, count: int) -> None:
        """So many bytes more; negative when some have to be sent again."""

    def note(self, text: str) -> None:
        """Something to know, in a line of its own."""


class _Lines:
    def __init__(self, name: str, total: int) -> None:
        self._name, self._total = name, total
        self._done = 0
        self._next_line = time.monotonic() + LINE_EVERY_SECONDS

    def moved(self, count: int) -> None:
        self._done += count
        if (now := time.monotonic()) >= self._next_line:
            self._next_line = now + LINE_EVERY_SECONDS
            percent = 100 * self._done // self._total
            self.note(f"{percent} % ({human_size(self._done)} of {human_size(self._total)})")

    def note(self, text: str) -> None:
        warn(f"{self._name}: {text}")


class _Silence:
    def moved(self, count: int) -> None:
        pass

    def note(self, text: str) -> None:
        pass


@contextmanager
def shown(name: str, total: int, *, quiet: bool) -> Iterator[Progress]:
    """The progress of one file of `total` bytes."""
    if quiet:
        yield _Silence()
    elif sys.stderr is None or not sys.stderr.isatty():
        yield _Lines(name, total)
    else:
        with _bar(name, total) as progress:
            yield progress


@contextmanager
def _bar(name: str, total: int) -> Iterator[Progress]:
    # Takes a tenth of a second to import, and is for those who look.
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        DownloadColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as RichProgress  # noqa: PLC0415
    from rich.table import Column  # noqa: PLC0415

    console = Console(stderr=True)
    # A long name is cut: a bar that needs a second line on a narrow terminal would be drawn anew below itself.
    is_wide = console.width >= WIDE
    room = Column(
        no_wrap=True, overflow="ellipsis", max_width=max(8, console.width // 3 if is_wide else console.width - 8)
    )
    details = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()) if is_wide else ()
    columns = (
        TextColumn("{task.description}", table_column=room),
        TextColumn("{task.percentage:>3.0f} %", table_column=Column(no_wrap=True)),
        *details,
    )
    with RichProgress(*columns, console=console) as rich:
        task = rich.add_task(escape(printable(name)), total=total)

        class _Bar:
            def moved(self, count: int) -> None:
                rich.advance(task, count)

            def note(self, text: str) -> None:
                rich.console.print(printable(f"{name}: {text}"), markup=False, highlight=False)

        yield _Bar()
