"""What comes of a job: files and facts, or why there are none."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from contracts.media import Facts, NewFile, Reason


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """`facts` and `poster_ms` of a LOOK; and what it has cost."""

    files: Sequence[MadeFile] = ()
    facts: Facts | None = None
    poster_ms: int | None = None
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
