"""`vss list` on a terminal: a header, and rows that fit."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.cells import cell_len, chop_cells

from common.durations import clock_time
from vss.remote.plan import human_size
from vss.speaking import printable

# Columns that a title needs beside the address; where there are fewer, the address has a line of its own.
TITLE_BESIDE = 30
_HEADER = f"{'CREATED':<10}  {'STATUS':<9}  {'SIZE':>8}  {'LENGTH':>7}  "
_INDENT = 12


class Table:
    """Titles come last, so that neither their width nor their direction can move another column."""

    def __init__(self) -> None:
        self._columns = shutil.get_terminal_size().columns
        self._has_header = False

    def lines(self, video: dict[str, Any]) -> Iterator[str]:
        """Those of one video; before the first one the header."""
        address = video["watch_url"]
        room = self._columns - len(_HEADER)
        is_beside = room - len(address) - 2 >= TITLE_BESIDE
        if is_beside:
            room -= len(address) + 2
        if not self._has_header:
            self._has_header = True
            yield (f"{'ADDRESS':<{len(address)}}  " if is_beside else "") + _HEADER + "TITLE"
        created = datetime.fromisoformat(video["created_at"]).astimezone()
        size = "" if video["size"] is None else human_size(video["size"])
        duration = (video["media"] or {}).get("duration")
        length = "" if duration is None else clock_time(duration)
        row = f"{created:%Y-%m-%d}  {_status(video):<9}  {size:>8}  {length:>7}  {_cut(_title(video), room)}"
        if is_beside:
            yield f"{address}  {row}"
        else:
            yield row
            yield " " * max(0, min(_INDENT, self._columns - len(address))) + address


def _title(video: dict[str, Any]) -> str:
    """Behind how far it is, while it is prepared for all devices."""
    made = (video["media"] or {}).get("renditions")
    title = _as_shown(video["title"])
    return f"({made['progress']}%) {title}" if made and made["state"] == "preparing" else title


def _status(video: dict[str, Any]) -> str:
    """Who can watch it, or why nobody can."""
    if video["state"] == "ready":
        return "hidden" if video["hidden"] else str(video["visibility"])
    return "trash" if video["state"] == "trashed" else str(video["state"])


def _as_shown(title: str) -> str:
    encoding = sys.stdout.encoding
    return printable(title).encode(encoding, "backslashreplace").decode(encoding)


def _cut(text: str, room: int) -> str:
    """The text in so many columns."""
    room = max(room, len("..."))
    return text if cell_len(text) <= room else f"{chop_cells(text, room - 3)[0].rstrip()}..."
