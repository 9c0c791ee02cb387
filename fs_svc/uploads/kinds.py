"""What differs from one kind of upload to another, as the lifecycle asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from contracts.objects import Kind
from fs_svc.objects import Object
from fs_svc.parts import Part
from fs_svc.plan import Plan


class UploadKind(Protocol):
    """Whatever awaits raises StorageUnavailable; `settle_reserved` and `complete` are for the holder of the lease."""

    @property
    def assumed_size(self) -> int | None:
        """The bytes to reserve, as far as there is room, where the client does not say how large the file is."""

    @property
    def reserved_for(self) -> timedelta:
        """How long a reserved upload rests before it is settled."""

    def plan(self, size: int | None) -> Plan | None:
        """How a file of that size is cut; None where that is not for us to say."""

    async def open(self, item: Object) -> None:
        """Prepares a reserved upload for what the client will send."""

    async def list_waiting(self, owner_id: str) -> list[Object]:
        """The person's reserved uploads whose file may be there without anybody having said so."""

    async def find_arrived(self, item: Object) -> Object:
        """Checks whether the file of a reserved upload is there; returns the object as it is then."""

    async def settle_reserved(self, item: Object) -> None:
        """Takes a reserved upload that has rested to its next state, or leaves it to rest again."""

    async def complete(self, item: Object, parts: Sequence[Part] | None) -> None:
        """Makes the object of a completing row; `parts` where they have just been chosen."""

    def object_keys(self, item: Object) -> Sequence[str]:
        """Where the bucket may hold its bytes, multipart uploads apart."""

    @property
    def outlives_its_end(self) -> bool:
        """Whether what was signed for an upload can still store bytes after the upload has ended."""


UploadKinds = Mapping[Kind, UploadKind]
