"""What the worker and its child say to one another; the child imports nothing else of ours.

Each message is a head (kind, size of the payload) and a payload. The child's are a stranger's: it may have been taken
over by the file that it reads.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final

BLOCK_SIZE: Final = 256 * 2**10

HEAD: Final = struct.Struct(">BI")
BLOCK_NUMBER: Final = struct.Struct(">Q")


class Kind(IntEnum):
    """What a message of the child is."""

    # Locked; JSON: {"landlock": the ABI, or 0}.
    READY = 1
    # BLOCK_NUMBER of the file. The answer is the block, without a head: both know how long it is.
    READ = 2
    # One byte: per cent.
    PROGRESS = 3
    # JSON: the members of Facts.
    FACTS = 4
    # One byte: how long the name is, the name, the content.
    FILE = 5
    # JSON: what else there is to say. The last message.
    DONE = 6
    # The value of a Reason. The last message, too.
    FAILED = 7
    # One byte: the number of a file that is made bit by bit; what follows in it.
    PIECE = 8


MOST_BYTES: Final = {
    Kind.READY: 64,
    Kind.READ: BLOCK_NUMBER.size,
    Kind.PROGRESS: 1,
    Kind.FACTS: 256 * 2**10,
    Kind.FILE: 8 * 2**20,
    # Where the segments of ten hours of sound lie.
    Kind.DONE: 512 * 2**10,
    Kind.FAILED: 32,
    Kind.PIECE: 2**20,
}
