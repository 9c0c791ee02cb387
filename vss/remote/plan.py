"""What is to be sent: which files, what they are called, and where their parts lie. Nothing here asks anybody."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vss.remote.errors import FileUnusable

TITLE_MAX = 200
FILENAME_MAX = 255
# What a folder is searched for; the server decides what it takes.
VIDEO_ENDINGS = frozenset(
    {".mp4", ".m4v", ".webm", ".ogv", ".mov", ".mkv", ".avi", ".mpg", ".mpeg", ".ts", ".3gp", ".wmv", ".flv"}
)
# The server takes neither control characters nor those that turn the writing direction.
_REFUSED = re.compile("[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


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


def find_files(names: Sequence[str], *, recursive: bool) -> list[Path]:
    """The files that were named and, with `recursive`, the videos in folders and theirs, each once, by name.

    Raises FileUnusable for what is not there, for a folder without `recursive`, and when nothing is left.
    """
    found: dict[Path, None] = {}
    for name in names:
        path = Path(name)
        if path.is_dir():
            if not recursive:
                raise FileUnusable(f"{name} is a folder: --recursive sends the videos in it")
            found.update(dict.fromkeys(sorted(_videos_in(path))))
        elif path.is_file():
            found[path] = None
        elif path.exists():
            raise FileUnusable(f"{name} is not a file")
        else:
            raise FileUnusable(f"{name} is not there")
    if not found:
        raise FileUnusable(f"no videos in {', '.join(names)} (known endings: {' '.join(sorted(VIDEO_ENDINGS))})")
    return list(found)


def _videos_in(folder: Path) -> Iterable[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.suffix.lower() in VIDEO_ENDINGS and path.is_file():
            yield path


def wire_name(path: Path) -> str:
    """The file's name as the server takes it; the same file has the same one on every machine."""
    name = _readable(path.name).replace("\\", "_")
    if len(name) > FILENAME_MAX:
        ending = path.suffix if len(path.suffix) < 16 else ""
        name = name[: FILENAME_MAX - len(ending)] + ending
    return name or "video"


def title_of(path: Path) -> str:
    """A title to begin with: `My_Holiday.2026-final.MP4` → `My Holiday 2026-final`."""
    stem = re.sub(r"(?<=.)\.[a-zA-Z0-9]{1,5}$", "", _readable(path.name))
    # Dots between words are spaces; between figures they are part of what is said.
    words = re.sub(r"\.(?!\d)|(?<!\d)\.", " ", stem.replace("_", " "))
    return " ".join(words.split())[:TITLE_MAX].strip() or wire_name(path)[:TITLE_MAX]


def _readable(name: str) -> str:
    # Names are bytes to the system; what is not UTF-8 has a stand-in.
    text = unicodedata.normalize("NFC", name.encode(errors="surrogateescape").decode(errors="replace"))
    return "".join(c for c in _REFUSED.sub("", text) if unicodedata.category(c) != "Cc").strip()


def human_size(size: float) -> str:
    """Bytes for people: `36.6 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.2f} TB"
