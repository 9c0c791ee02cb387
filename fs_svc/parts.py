"""Which of the parts that S3 lists make up the object, and the ETag it will have."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Final

from fs_svc.plan import Plan

_MD5: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part in S3; `size` in bytes, `etag` without quotes."""

    part_number: int
    size: int
    etag: str
    last_modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One copy of each part, ascending, and the numbers whose newest copy cannot be determined."""

    parts: Sequence[Part]
    ambiguous: Sequence[int]

    def first(self, part_count: int) -> Choice:
        """The same of the parts 1 … `part_count` alone."""
        return Choice(
            parts=[part for part in self.parts if part.part_number <= part_count],
            ambiguous=[number for number in self.ambiguous if number <= part_count],
        )

    def missing(self, plan: Plan) -> list[int]:
        """The part numbers of the plan that are missing or not of the exact size."""
        return plan.missing((part.part_number, part.size) for part in self.parts)

    def whole(self, plan: Plan | None) -> set[int]:
        """The numbers of the parts that need not be sent again: of the exact size, if there is a plan."""
        numbers = {part.part_number for part in self.parts}
        return numbers.difference(self.ambiguous, () if plan is None else self.missing(plan))


def choose_parts(listed: Iterable[Part]) -> Choice:
    """The newest copy of each part.

    SeaweedFS lists every copy of a part that was sent more than once, in no fixed order and with whole seconds, so the
    newest may be a tie. Copies with equal ETags are the same; different ones in one second are ambiguous.
    """
    parts: list[Part] = []
    ambiguous: list[int] = []
    by_number = attrgetter("part_number")
    for part_number, copies in groupby(sorted(listed, key=by_number), key=by_number):
        newest_first = sorted(copies, key=attrgetter("last_modified"), reverse=True)
        newest = newest_first[0]
        if any(copy.etag != newest.etag for copy in newest_first if copy.last_modified == newest.last_modified):
            ambiguous.append(part_number)
        parts.append(newest)
    return Choice(parts=parts, ambiguous=ambiguous)


def multipart_etag(parts: Sequence[Part]) -> str | None:
    """The ETag of the object made of these parts: the MD5 of their MD5s, and how many.

    None when the parts' ETags are not MD5s (S3 does not promise that they are).
    """
    if not all(_MD5.fullmatch(part.etag) for part in parts):
        return None
    digest = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts), usedforsecurity=False)
    return f"{digest.hexdigest()}-{len(parts)}"
