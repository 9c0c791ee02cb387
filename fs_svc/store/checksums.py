"""The checksums that parts are signed with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from common.db import Queries
from fs_svc.store.tables import PART_CHECKSUMS


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedChecksum:
    """What a part was last signed with; until `other_until` a URL signed with another checksum may be valid."""

    sha256: str
    other_until: datetime | None


class ChecksumQueries(Queries):
    """Recorded before a URL goes out."""

    async def record_checksums(self, object_id: str, checksums: Mapping[int, str]) -> list[int]:
        """Records what parts are about to be signed with; returns those that have another checksum on record."""
        recorded = await self.list_checksums(object_id, checksums)
        new = [
            {"object_id": object_id, "part_number": part_number, "sha256": sha256}
            for part_number, sha256 in checksums.items()
            if part_number not in recorded
        ]
        if new:
            try:
                async with self._database.write() as connection:
                    await connection.execute(insert(PART_CHECKSUMS), new)
            except IntegrityError:
                # The same parts were asked for twice at once, and the other call was faster.
                return await self.record_checksums(object_id, checksums)
        return [number for number, known in recorded.items() if known.sha256 != checksums[number]]

    async def replace_checksums(self, object_id: str, checksums: Mapping[int, str], *, other_until: datetime) -> None:
        """Replaces the checksums of parts; URLs with the previous ones are valid until `other_until`."""
        table = PART_CHECKSUMS.c
        async with self._database.write() as connection:
            for part_number, sha256 in checksums.items():
                await connection.execute(
                    update(PART_CHECKSUMS)
                    .where(table.object_id == object_id, table.part_number == part_number)
                    .values(sha256=sha256, other_until=other_until)
                )

    async def is_contested(self, object_id: str) -> bool:
        """Whether different checksums were recorded for one of its parts: the stored copy may match either."""
        table = PART_CHECKSUMS.c
        query = select(table.part_number).where(table.object_id == object_id, table.other_until.is_not(None)).limit(1)
        return await self._database.row(query) is not None

    async def list_checksums(
        self, object_id: str, part_numbers: Collection[int] | None = None
    ) -> dict[int, RecordedChecksum]:
        """The recorded checksums by part number, of these parts or of all."""
        table = PART_CHECKSUMS.c
        query = select(table.part_number, table.sha256, table.other_until).where(table.object_id == object_id)
        if part_numbers is not None:
            query = query.where(table.part_number.in_(part_numbers))
        return {
            row.part_number: RecordedChecksum(sha256=row.sha256, other_until=row.other_until)
            for row in await self._database.rows(query)
        }
