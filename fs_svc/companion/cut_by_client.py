"""Uploads whose parts the client cuts as it likes: the storage has to be asked what has arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from common.errors import Fault, Invalid
from common.tokens import Principal
from fs_svc.errors import PartsMissing, QuotaExceeded
from fs_svc.objects import Object
from fs_svc.parts import Choice
from fs_svc.plan import LEAST_PART_SIZE
from fs_svc.uploads.in_parts import PART_URL_LIFETIME, InParts


class CutByClient(InParts):
    def _presign(
        self, item: Object, s3_upload_id: str, part_numbers: Sequence[int], checksums: Mapping[int, str], now: datetime
    ) -> dict[int, str]:
        return {
            part_number: self._presigner.presign(
                "PUT",
                item.object_key,
                now=now,
                lifetime=PART_URL_LIFETIME,
                query={"partNumber": str(part_number), "uploadId": s3_upload_id},
            )
            for part_number in part_numbers
        }

    async def _refuse_excess(self, item: Object, subject: Principal) -> None:
        """No signature says how large a part is: what has arrived beyond what was reserved must have room, and where
        nothing was, one more part too.
        """
        if subject.quota_bytes is None:
            return
        arrived = sum(part.size for part in await self.list_parts(item) or [])
        await self._count(item, arrived)
        if item.size is not None and arrived <= item.size:
            return
        # What has arrived is part of its owner's usage.
        size = arrived if item.size is not None else arrived + LEAST_PART_SIZE
        reserved, stored = await self._store.get_usage(item.owner_id)
        reserved -= arrived
        if reserved + stored + size > subject.quota_bytes:
            raise QuotaExceeded(limit=subject.quota_bytes, used=stored, reserved=reserved, size=size)

    async def past_quota(self, item: Object, held: int) -> int:
        await self._count(item, held)
        if item.quota_bytes is None or held <= (item.size or 0):
            return 0
        # What is being given up goes by itself: it is no reason to give up another one.
        going = sum(other.taken for other in await self._store.list_aborting(item.owner_id))
        return sum(await self._store.get_usage(item.owner_id)) - going - item.quota_bytes

    async def _count(self, item: Object, arrived: int) -> None:
        if arrived != item.arrived:
            await self._store.note_arrived(item, arrived)

    def _choose(self, item: Object, choice: Choice, part_count: int | None) -> Choice:
        """The parts 1 … `part_count`, when they are a whole file."""
        if part_count is None:
            raise Invalid([{"pointer": "#/part_count", "detail": "is required: the client has split the file"}])
        choice = choice.first(part_count)
        sizes = {part.part_number: part.size for part in choice.parts}
        if missing := [number for number in range(1, part_count + 1) if number not in sizes]:
            raise PartsMissing(missing)
        faults: list[Fault] = [
            {
                "pointer": f"#/parts/{number - 1}",
                "detail": f"must have at least {LEAST_PART_SIZE} bytes, like every part but the last",
            }
            for number, size in sizes.items()
            if size < LEAST_PART_SIZE and number < len(sizes)
        ]
        total = sum(sizes.values())
        if item.size not in (None, total):
            faults.append({"pointer": "#/parts", "detail": f"must add up to {item.size} bytes, but add up to {total}"})
        if faults:
            raise Invalid(faults)
        return choice
