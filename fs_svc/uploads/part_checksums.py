"""The SHA-256 that each part is signed with, and what it proves about the parts that S3 holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from common.errors import Fault
from fs_svc.objects import Object
from fs_svc.parts import Part
from fs_svc.store import RecordedChecksum

# S3 says by its own clock when a part came, in whole seconds.
CLOCKS_APART_AT_MOST: Final = timedelta(minutes=5)


def certain_checksum(part: Part, recorded: RecordedChecksum | None) -> str | None:
    """The checksum of what S3 holds; None where the part came while URLs with different ones lived, or had none."""
    if recorded is None:
        return None
    other_until = recorded.other_until
    is_certain = other_until is None or part.last_modified > other_until + CLOCKS_APART_AT_MOST
    return recorded.sha256 if is_certain else None


def checksum_faults(item: Object, part_numbers: Sequence[int], checksums: Mapping[int, str] | None) -> list[Fault]:
    """What is wrong with the checksums that came with a request for part URLs."""
    if item.part_checksums is None:
        if checksums is None:
            return []
        return [{"pointer": "#/checksums", "detail": "must be left out: the upload was created without part_checksums"}]
    given = {} if checksums is None else checksums
    faults: list[Fault] = [
        {"pointer": f"#/checksums/{number}", "detail": "is required: the part's SHA-256 in base64"}
        for number in part_numbers
        if number not in given
    ]
    faults += [
        {"pointer": f"#/checksums/{number}", "detail": "must be left out: the part is not among part_numbers"}
        for number in given
        if number not in part_numbers
    ]
    return faults
