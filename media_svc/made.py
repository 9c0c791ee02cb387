"""What comes of a job: files and facts, or why there are none."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO, Literal

from contracts.media import Facts, NewFile, Reason
from contracts.renditions import NewPart, Renditions


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFile:
    name: str
    content_type: Literal["image/webp", "image/jpeg", "application/json"]
    content: bytes = field(repr=False)

    def announced(self) -> NewFile:
        """What is said of it before it is stored."""
        return NewFile(
            name=self.name,
            content_type=self.content_type,
            size=len(self.content),
            sha256=hashlib.sha256(self.content).hexdigest(),
        )


class Spool:
    """A part of a rendition on its way, in a file without a name; `size` in bytes."""

    def __init__(self) -> None:
        self.size = 0
        self._sha256 = hashlib.sha256()
        try:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever is given it closes it
        except OSError as exc:
            raise StorageAway("no file can be made on this disk") from exc

    def write(self, content: bytes) -> None:
        """Raises StorageAway where the disk is full."""
        try:
            self._file.write(content)
        except OSError as exc:
            raise StorageAway("this disk takes no more") from exc
        self._sha256.update(content)
        self.size += len(content)

    def fill(self, size: int) -> None:
        """Makes it at least so long, with a box that players pass over (ISO/IEC 14496-12, section 8.1.2)."""
        if (missing := size - self.size) > 0:
            box = max(8, missing)
            self.write(box.to_bytes(4) + b"free" + bytes(box - 8))

    def announced(self, name: str) -> NewPart:
        """What is said of it before it is stored."""
        return NewPart(name=name, size=self.size, sha256=self._sha256.hexdigest())

    def reader(self) -> BinaryIO:
        """Its bytes from the beginning; to be closed."""
        try:
            self._file.flush()
        except OSError as exc:
            raise StorageAway("this disk takes no more") from exc
        self._file.seek(0)
        return os.fdopen(os.dup(self._file.fileno()), "rb")

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """`facts` and `poster_ms` of a LOOK, `renditions` and their `parts` of a piece; and what it has cost."""

    files: Sequence[MadeFile] = ()
    facts: Facts | None = None
    poster_ms: int | None = None
    renditions: Renditions | None = None
    parts: Mapping[str, Spool] = field(default_factory=dict)
    bytes_read: int = 0
    peak_memory_bytes: int = 0


class Failed(Exception):
    """Nothing was made. `is_final`: another attempt would end in the same way."""

    def __init__(self, reason: Reason, detail: str = "", *, is_final: bool = False) -> None:
        super().__init__(detail or reason.value)
        self.reason = reason
        self.is_final = is_final


class StorageAway(Failed):
    """The storage does not answer, or not now."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(Reason.STORAGE, detail)
