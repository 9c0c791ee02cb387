"""Planned uploads: this service says how the file is cut, and signs each part for its exact size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from fs_svc.errors import PartsMissing
from fs_svc.objects import Object
from fs_svc.parts import Choice
from fs_svc.plan import Plan, plan_parts
from fs_svc.uploads.in_parts import PART_URL_LIFETIME, InParts


class Planned(InParts):
    def plan(self, size: int | None) -> Plan:
        return plan_parts(size or 0)

    def _presign(
        self, item: Object, s3_upload_id: str, part_numbers: Sequence[int], checksums: Mapping[int, str], now: datetime
    ) -> dict[int, str]:
        plan = _plan_of(item)
        return self._presigner.presign_parts(
            item.object_key,
            s3_upload_id,
            {part_number: plan.size_of(part_number) for part_number in part_numbers},
            now=now,
            lifetime=PART_URL_LIFETIME,
            checksums=checksums,
        )

    def _choose(self, item: Object, choice: Choice, part_count: int | None) -> Choice:
        if missing := choice.missing(_plan_of(item)):
            raise PartsMissing(missing)
        return choice


def _plan_of(item: Object) -> Plan:
    if item.plan is None:
        raise AssertionError(f"object {item.id} is planned without a plan")
    return item.plan
