"""The child's only way out: a socket to the worker, and over it the file."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from typing import Final

from media_svc.wire import BLOCK_NUMBER, BLOCK_SIZE, HEAD, Kind

# The socket takes the place of standard input.
_SOCKET: Final = 0
# Of the blocks that were read last; FFmpeg goes back and forth between picture and sound.
_KEPT_BLOCKS: Final = 8


class Parent:
    """The worker."""

    def send(self, kind: Kind, payload: bytes) -> None:
        left = memoryview(HEAD.pack(kind, len(payload)) + payload)
        while left:
            left = left[os.write(_SOCKET, left) :]

    def say(self, kind: Kind, value: object) -> None:
        """`value` as JSON."""
        self.send(kind, json.dumps(value, ensure_ascii=False).encode(errors="replace"))

    def receive(self, size: int) -> bytes:
        """Exactly `size` bytes. Ends this process when nobody is there any more."""
        parts = []
        while size:
            part = os.read(_SOCKET, size)
            if not part:
                os._exit(1)
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def progress(self, percent: float) -> None:
        self.send(Kind.PROGRESS, bytes([min(100, max(0, int(percent)))]))

    def give(self, name: str, content: bytes) -> None:
        """A file that was made."""
        self.send(Kind.FILE, bytes([len(name)]) + name.encode() + content)

    def piece(self, number: int, content: bytes) -> None:
        """What follows in a file that is made bit by bit."""
        self.send(Kind.PIECE, bytes([number]) + content)


class EnoughRead(Exception):
    """What is asked for is not worth reading any more of the file."""


class SourceFile:
    """The video as the file object that PyAV wants.

    At most `allowance` bytes are read, in blocks; then EnoughRead is raised, once, and from there on the file is at its
    end: FFmpeg goes on behind an error, byte by byte and for ever, and behind the end of a file never.
    """

    def __init__(self, parent: Parent, *, size: int) -> None:
        self.size = size
        self.allowance = size + BLOCK_SIZE
        self._parent = parent
        self._position = 0
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self.spent = 0
        self._is_over = False

    def read(self, size: int) -> bytes:
        """What follows, up to `size` bytes and the end of a block."""
        number, offset = divmod(self._position, BLOCK_SIZE)
        if size <= 0 or self._position >= self.size or self._is_over:
            return b""
        found = self._block(number)[offset : offset + size]
        self._position += len(found)
        return found

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def at(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset`, fewer at the end of the file; the position stays."""
        before, parts = self._position, []
        self._position = offset
        while size and (part := self.read(size)):
            parts.append(part)
            size -= len(part)
        self._position = before
        return b"".join(parts)

    def _block(self, number: int) -> bytes:
        if number in self._kept:
            self._kept.move_to_end(number)
            return self._kept[number]
        if self.spent + BLOCK_SIZE > self.allowance:
            self._is_over = True
            raise EnoughRead
        self._parent.send(Kind.READ, BLOCK_NUMBER.pack(number))
        block = self._parent.receive(min(BLOCK_SIZE, self.size - number * BLOCK_SIZE))
        self.spent += len(block)
        self._kept[number] = block
        if len(self._kept) > _KEPT_BLOCKS:
            self._kept.popitem(last=False)
        return block
