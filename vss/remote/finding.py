"""Which files a command line stands for: those that are named, and the videos in folders that are."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from common.media_types import BY_ENDING
from vss.remote.errors import FileUnusable
from vss.remote.plan import clean_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A file as it was named, or found in a folder; `trouble`: why it cannot be sent."""

    name: str
    trouble: FileUnusable | None


@dataclass(slots=True)
class Found:
    """Files in the order they were named, and how many others in folders are no videos."""

    files: list[Named] = field(default_factory=list)
    passed_over: int = 0

    def add(self, name: str, trouble: str | None = None) -> None:
        self.files.append(Named(name=name, trouble=None if trouble is None else FileUnusable(trouble)))


def find_files(names: Sequence[str], *, recursive: bool) -> Found:
    """The files that were named and, with `recursive`, the videos in folders and theirs, linked ones too, by name.

    Each is there once; what cannot be sent is there with its trouble.
    """
    found = Found()
    seen: set[Path] = set()
    for name in names:
        path = Path(name)
        status = _status(path) if name else "an empty name is not a file"
        if isinstance(status, int) and stat.S_ISDIR(status):
            if recursive:
                _search(Path(name), found, seen)
            else:
                found.add(str(Path(name)), "is a folder: use --recursive to upload the videos in it")
        elif (place := _place(path)) not in seen:
            seen.add(place)
            found.add(str(Path(name)) if name else "''", _trouble(status))
    return found


def _place(path: Path) -> Path:
    """Where a file is, by whichever folders it was named; a link to a file is one of its own."""
    return Path(os.path.realpath(path.parent), path.name)


def _status(path: Path) -> int | str:
    """The mode of what is there, links followed; in words why there is nothing."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return "is a broken link" if path.is_symlink() else "does not exist"
    except OSError as exc:
        return f"cannot be read: {exc.strerror}"


def _trouble(status: int | str) -> str | None:
    if isinstance(status, str):
        return status
    # A device or a pipe has no size, and what is read once cannot be sent again.
    return None if stat.S_ISREG(status) else "is not a regular file"


def _search(folder: Path, found: Found, seen: set[Path]) -> None:
    """Adds the videos below the folder; what is hidden is passed over without a word."""
    has_any = False
    for path, status in _below(folder, found):
        if Path(clean_name(path.name)).suffix.lower() not in BY_ENDING:
            found.passed_over += 1
            continue
        has_any = True
        if (place := _place(path)) not in seen:
            seen.add(place)
            found.add(str(path), _trouble(status))
    if not has_any:
        found.add(str(folder), f"holds no videos (known endings: {' '.join(BY_ENDING)})")


def _below(folder: Path, found: Found) -> Iterator[tuple[Path, int | str]]:
    # A folder is looked through once, however many links lead to it, and to whichever of them.
    searched: set[tuple[int, int]] = set()
    pending = [folder]
    while pending:
        here = pending.pop()
        try:
            status = here.stat()
            paths = sorted(here.iterdir())
        except OSError as exc:
            found.add(str(here), f"cannot be read: {exc.strerror}")
            continue
        if (status.st_dev, status.st_ino) in searched:
            continue
        searched.add((status.st_dev, status.st_ino))
        folders = []
        for path in paths:
            if path.name.startswith("."):
                continue
            mode = _status(path)
            if isinstance(mode, int) and stat.S_ISDIR(mode):
                folders.append(path)
            else:
                yield path, mode
        pending += reversed(folders)
