"""A fragmented MP4 (ISO/IEC 14496-12) as it is written: sent on at once, and where its fragments lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from media_svc.child.parent import Parent

_HEAD: Final = 8
# In 1/90000 s: segments begin in another one of these each, as far as there are fragments for that.
TIMESCALE: Final = 90_000
SEGMENT: Final = 4 * TIMESCALE


@dataclass(slots=True)
class _Fragment:
    """`begin` in the track's own time scale."""

    begin: int
    size: int


class FragmentedFile:
    """What PyAV's muxer writes to: it has no way back."""

    def __init__(self, parent: Parent, number: int) -> None:
        self.init_size = 0
        self._parent = parent
        self._number = number
        self._fragments: list[_Fragment] = []
        self._head = bytearray()
        # Of the box that is being written: what is still to come of it, and its bytes where they are looked at.
        self._left = 0
        self._kept: bytearray | None = None

    def write(self, data: bytes) -> int:
        piece = bytes(data)
        self._parent.piece(self._number, piece)
        self._follow(piece)
        return len(piece)

    def segments(self, *, scale: int, start: int, end: int) -> list[tuple[int, int]]:
        """Sizes and durations (1/90000 s), one behind the other: from `start` to `end`, which are in `scale`.

        What is before the first picture of a piece is the first segment's: the lengths of all pieces add up.
        """
        grouped: list[_Fragment] = []
        for fragment in self._fragments:
            begin = fragment.begin * TIMESCALE // scale
            if grouped and begin // SEGMENT == grouped[-1].begin // SEGMENT:
                grouped[-1].size += fragment.size
            else:
                grouped.append(_Fragment(begin, fragment.size))
        if grouped:
            grouped[0].begin = start * TIMESCALE // scale
        ends = [*(one.begin for one in grouped[1:]), end * TIMESCALE // scale]
        return [(one.size, max(1, to - one.begin)) for one, to in zip(grouped, ends, strict=True)]

    def _follow(self, piece: bytes) -> None:
        at = 0
        while at < len(piece):
            if not self._left:
                missing = _HEAD - len(self._head)
                self._head += piece[at : at + missing]
                at += missing
                if len(self._head) == _HEAD:
                    self._begin_box(int.from_bytes(self._head[:4]), bytes(self._head[4:]))
                    self._head.clear()
                continue
            some = piece[at : at + self._left]
            if self._kept is not None:
                self._kept += some
            self._left -= len(some)
            at += len(some)
            if not self._left and self._kept is not None:
                self._fragments[-1].begin = _decode_time(bytes(self._kept))
                self._kept = None

    def _begin_box(self, size: int, kind: bytes) -> None:
        self._left = size - _HEAD
        if kind == b"moof":
            self._fragments.append(_Fragment(0, 0))
            self._kept = bytearray()
        if self._fragments:
            self._fragments[-1].size += size
        else:
            self.init_size += size


def _decode_time(moof: bytes) -> int:
    """The base media decode time of its only track (tfdt, version 1)."""
    at = moof.index(b"tfdt") + 4
    return int.from_bytes(moof[at + 4 : at + 12])
