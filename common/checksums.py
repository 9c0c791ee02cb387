"""The SHA-256 of an object that comes in parts, as S3 computes it (composite `ChecksumSHA256`)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping


def composite_sha256(checksums: Mapping[int, str], part_count: int) -> str | None:
    """From the SHA-256 of each part, in base64 by number from 1 on; None where not all of them are known."""
    if len(checksums) != part_count:
        return None
    digests = b"".join(base64.b64decode(checksums[number]) for number in range(1, part_count + 1))
    return f"{base64.b64encode(hashlib.sha256(digests).digest()).decode()}-{part_count}"
