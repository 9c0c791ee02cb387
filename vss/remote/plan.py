"""What is to be sent: which files, what they are called, and where their parts lie. Nothing here asks anybody."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from common.characters import BIDI, title_from_filename

TITLE_MAX = 200
FILENAME_MAX = 255
LONGEST_ENDING = 15


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file, in bytes; numbers begin at 1."""

    number: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class PartPlan:
    """How the server cuts a file of `size` bytes: equal parts but the last."""

    size: int
    part_size: int
    part_count: int

    def part(self, number: int) -> Part:
        offset = (number - 1) * self.part_size
        return Part(number, offset, min(self.part_size, self.size - offset))

    def missing(self, held: Iterable[int]) -> list[int]:
        """The parts that are still to be sent, ascending."""
        there = set(held)
        return [number for number in range(1, self.part_count + 1) if number not in there]


def differing(ours: Mapping[int, str], theirs: Mapping[int, str | None]) -> list[int]:
    """The parts of which the server holds another content than this file has, ascending."""
    return sorted(number for number, checksum in theirs.items() if ours[number] != checksum)


def wire_name(path: Path) -> str:
    """The file's name as the server takes it; the same file has the same one on every machine."""
    return shortened(clean_name(path.name), FILENAME_MAX) or "video"


def title_of(path: Path) -> str:
    """The title that the file's name suggests."""
    name = wire_name(path)
    return title_from_filename(name, longest=TITLE_MAX) or name[:TITLE_MAX]


def clean_name(name: str) -> str:
    """A file name as text: in NFC, without control and direction characters, and slashes of both kinds replaced."""
    # Names are bytes to the system; what is not UTF-8 has a stand-in.
    text = unicodedata.normalize("NFC", name.encode(errors="surrogateescape").decode(errors="replace"))
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Zl", "Zp") and c not in BIDI)
    return text.replace("\\", "_").replace("/", "_").strip()


def shortened(name: str, most: int, *, in_bytes: bool = False) -> str:
    """The name cut to so many characters, or bytes of a file system; a short ending stays whole."""
    ending = Path(name).suffix
    if len(ending) > LONGEST_ENDING:
        ending = ""
    stem = name.removesuffix(ending)
    if not in_bytes:
        return stem[: most - len(ending)] + ending
    room = most - len(os.fsencode(ending))
    return os.fsencode(stem)[:room].decode(errors="ignore") + ending


def human_size(size: float) -> str:
    """Bytes for people: `36.6 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.2f} TB"
