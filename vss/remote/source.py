"""A file that is being sent: read in blocks, never whole, and seen when it changes meanwhile."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import stat
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from vss.remote.errors import FileUnusable
from vss.remote.pacing import Pace
from vss.remote.plan import Part

BLOCK = 256 * 1024
# What is hashed in a thread at once: a thread cannot be interrupted, and Ctrl-C waits for it.
_STRETCH = 64 * 2**20


class SourceFile:
    """An open file; `size` in bytes."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        status = os.fstat(descriptor)
        self.size = status.st_size
        self._seen = (status.st_size, status.st_mtime_ns)
        # Of the whole file, as far as it was read from its beginning on without a gap, in bytes.
        self._whole, self._whole_to = hashlib.sha256(), 0
        self._hashing = threading.Lock()
        if not stat.S_ISREG(status.st_mode):
            raise FileUnusable(f"{path} is not a regular file")
        if not self.size:
            raise FileUnusable(f"{path} is empty")

    def refuse_changed(self) -> None:
        """Raises FileUnusable when the file is no longer what it was when it was opened."""
        try:
            now, named = os.fstat(self._descriptor), self.path.stat()
        except OSError as exc:
            raise FileUnusable(f"{self.path} was removed while being uploaded ({exc.strerror})") from exc
        if (now.st_size, now.st_mtime_ns) != self._seen or (now.st_dev, now.st_ino) != (named.st_dev, named.st_ino):
            raise FileUnusable(
                f"{self.path} changed while it was being uploaded (is something still writing it?): "
                "wait until it is finished, then upload it again"
            )

    async def checksum(self, part: Part) -> str:
        """The part's SHA-256 in base64. Raises FileUnusable."""
        return await asyncio.to_thread(self._checksum, part)

    def _checksum(self, part: Part) -> str:
        digest = hashlib.sha256()
        with self._hashing:
            is_next = part.offset == self._whole_to
            for block in self._blocks(part):
                digest.update(block)
                if is_next:
                    self._add_to_whole(block)
        return base64.b64encode(digest.digest()).decode()

    def _add_to_whole(self, block: bytes) -> None:
        self._whole.update(block)
        self._whole_to += len(block)

    async def sha256(self) -> str:
        """The whole file's SHA-256 in hexadecimal; what was hashed in parts, in order, is not read again.

        Raises FileUnusable.
        """

        def read_on() -> None:
            with self._hashing:
                for block in self._blocks(Part(1, self._whole_to, min(_STRETCH, self.size - self._whole_to))):
                    self._add_to_whole(block)

        while self._whole_to < self.size:
            await asyncio.to_thread(read_on)
        return self._whole.hexdigest()

    async def stream(self, part: Part, sent: Callable[[int], None], pace: Pace | None) -> AsyncIterator[bytes]:
        """The part's bytes in blocks, no faster than `pace`; tells `sent` of each once the network has taken it.

        Raises FileUnusable.
        """
        # It has just been hashed, so this reads the system's own copy in memory.
        for block in self._blocks(part, BLOCK if pace is None else min(BLOCK, pace.most)):
            if pace is not None:
                await pace.take(len(block))
            yield block
            sent(len(block))

    def _blocks(self, part: Part, most: int = BLOCK) -> Iterator[bytes]:
        offset, end = part.offset, part.offset + part.size
        while offset < end:
            try:
                block = os.pread(self._descriptor, min(most, end - offset), offset)
            except OSError as exc:
                raise FileUnusable(f"{self.path} cannot be read: {exc.strerror}") from exc
            if not block:
                self.refuse_changed()
                raise FileUnusable(f"{self.path} ends before its {self.size} bytes")
            yield block
            offset += len(block)


async def sha256_of(path: Path) -> str:
    """A file's SHA-256 in hexadecimal. Raises OSError."""
    digest = hashlib.sha256()

    def read(file: BinaryIO) -> int:
        block = file.read(16 * BLOCK)
        digest.update(block)
        return len(block)

    with path.open("rb", buffering=0) as file:
        while await asyncio.to_thread(read, file):
            pass
    return digest.hexdigest()


@contextmanager
def open_source(path: Path) -> Iterator[SourceFile]:
    """Opens the file. Raises FileUnusable."""
    try:
        # A pipe would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as exc:
        raise FileUnusable(f"{path} cannot be read: {exc.strerror}") from exc
    try:
        yield SourceFile(path, descriptor)
    finally:
        os.close(descriptor)
