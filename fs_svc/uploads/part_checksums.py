"""The SHA-256 that each part is signed with, and what it proves about the parts that S3 holds."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from common.clock import Clock
from common.errors import Fault
from fs_svc.objects import Object
from fs_svc.parts import Part
from fs_svc.store import RecordedChecksum, Store

# S3 says by its own clock when a part came, in whole seconds.
CLOCKS_APART_AT_MOST: Final = timedelta(minutes=5)


class PartChecksums:
    """Of uploads that were created with `part_checksums`; of all others nothing is recorded."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of_parts(self, item: Object, parts: Sequence[Part]) -> dict[int, str]:
        """The checksums of these parts as S3 holds them, by part number, where they are certain."""
        if item.part_checksums is None:
            return {}
        recorded = await self._store.list_checksums(item.id)
        return {
            part.part_number: known.sha256
            for part in parts
            if (known := recorded.get(part.part_number)) and _is_certain(part, known)
        }

    async def of_whole_file(self, item: Object) -> str | None:
        """The file's SHA-256 in hexadecimal digits, where its one part says it."""
        if item.part_count != 1 or item.part_checksums is None:
            return None
        recorded = (await self._store.list_checksums(item.id)).get(1)
        if recorded is None or recorded.other_until is not None:
            return None
        return base64.b64decode(recorded.sha256).hex()

    async def replace(self, item: Object, checksums: Mapping[int, str], *, lifetime: timedelta) -> None:
        """Records others for parts that have one; URLs with the ones before live for another `lifetime`."""
        await self._store.replace_checksums(item.id, checksums, other_until=self._clock() + lifetime)

    async def distrust(self, item: Object) -> None:
        """To be called when somebody learns which parts have arrived: they may send the rest of another file. Each part
        then has the checksum that it was signed with, and together they are no file.
        """
        if item.part_checksums is not None and not item.must_be_read:
            await self._store.distrust(item)


def _is_certain(part: Part, recorded: RecordedChecksum) -> bool:
    """Not where the part came while URLs with different checksums lived."""
    other_until = recorded.other_until
    return other_until is None or part.last_modified > other_until + CLOCKS_APART_AT_MOST


def checksum_faults(item: Object, part_numbers: Sequence[int], checksums: Mapping[int, str] | None) -> list[Fault]:
    """What is wrong with the checksums that came with a request for part URLs."""
    if item.part_checksums is None:
        if checksums is None:
            return []
        return [{"pointer": "#/checksums", "detail": "must be left out: the upload was created without part_checksums"}]
    given = {} if checksums is None else checksums
    faults: list[Fault] = [
        {"pointer": f"#/checksums/{number}", "detail": "must be given: the part's SHA-256 in base64"}
        for number in part_numbers
        if number not in given
    ]
    faults += [
        {"pointer": f"#/checksums/{number}", "detail": "must be left out: the part is not among part_numbers"}
        for number in given
        if number not in part_numbers
    ]
    return faults
