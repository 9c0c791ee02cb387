"""What people do with an upload and with what it became: create, send, complete, delete."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from common.checksums import composite_sha256
from common.clock import Clock
from common.errors import Conflict
from common.ids import new_id
from common.tokens import Principal
from contracts.objects import ChecksumAlgorithm, CompleteObject, Kind, PartUrls, ReceivedPart, State
from fs_svc.comparing import Comparing
from fs_svc.errors import FileDiffers, PartAmbiguous, QuotaExceeded, TooManyOpen, UploadNotOpen
from fs_svc.objects import KEY_PREFIX, OPEN_AT_MOST, Object
from fs_svc.store import Store
from fs_svc.uploads.in_parts import in_parts
from fs_svc.uploads.kinds import UploadKinds, owned, unexpected
from fs_svc.uploads.settling import LEASE, Settling


class Uploads:
    """Every method that takes a `subject` raises NotFound for an object which is not that person's."""

    def __init__(
        self,
        store: Store,
        kinds: UploadKinds,
        settling: Settling,
        comparing: Comparing,
        *,
        open_at_most: int = OPEN_AT_MOST,
        clock: Clock,
    ) -> None:
        self._store = store
        self._kinds = kinds
        self._settling = settling
        self._comparing = comparing
        self._open_at_most = open_at_most
        self._clock = clock

    async def create(
        self,
        object_id: str,
        *,
        size: int | None,
        content_type: str,
        kind: Kind = Kind.PLANNED,
        part_checksums: ChecksumAlgorithm | None = None,
        sha256: str | None = None,
        subject: Principal,
    ) -> Object:
        """Reserves and opens an upload of `size` bytes; the same again for the same id.

        `sha256` is the whole file's, where it is announced. What is not planned may have no size (None): of free parts
        nothing is then reserved until they are complete, of a form the most that it may bring. A form stays `reserved`.

        Raises Conflict for other values under a known id, QuotaExceeded, TooManyOpen, StorageUnavailable.
        """
        now, way = self._clock(), self._kinds[kind]
        plan = way.plan(size)
        item = Object(
            id=object_id,
            owner_id=subject.account_id,
            state=State.RESERVED,
            kind=kind,
            size=await self._at_most(way.assumed_size, subject) if size is None else size,
            content_type=content_type,
            part_size=None if plan is None else plan.part_size,
            part_count=None if plan is None else plan.part_count,
            object_key=f"{KEY_PREFIX}{new_id()}",
            s3_upload_id=None,
            etag=None,
            part_checksums=part_checksums,
            sha256=sha256,
            created_at=now,
            last_activity_at=now,
            leased_until=now + way.reserved_for,
        )
        if not await self._reserve(item, subject):
            item = await owned(self._store, object_id, subject)
            known = (item.content_type, item.kind, item.part_checksums)
            is_same = known == (content_type, kind, part_checksums) and sha256 in (None, item.sha256)
            if not is_same or size not in (None, item.size):
                raise Conflict("An upload with this ID already exists with another size, type or checksum.")
        if item.state is State.RESERVED:
            await way.open(item)
            item = await owned(self._store, object_id, subject)
        return item

    async def _reserve(self, item: Object, subject: Principal) -> bool:
        """False when the id is there already. Raises QuotaExceeded, TooManyOpen, StorageUnavailable."""
        try:
            return await self._store.reserve(item, quota=subject.quota_bytes, open_at_most=self._open_at_most)
        except (QuotaExceeded, TooManyOpen):
            if not await self._settle_arrived(subject):
                raise
        return await self._store.reserve(item, quota=subject.quota_bytes, open_at_most=self._open_at_most)

    async def _settle_arrived(self, subject: Principal) -> bool:
        """Takes over the person's files that have arrived unnoticed; whether there were any.

        Until then each takes up a place, and all that it might be.
        """
        waiting = [item for way in self._kinds.values() for item in await way.list_waiting(subject.account_id)]
        found = [await self._settle_if_arrived(item) for item in waiting]
        return any(item.state is State.STORED for item in found)

    async def _settle_if_arrived(self, item: Object) -> Object:
        return await self._settling.push(await self._kinds[item.kind].find_arrived(item))

    async def _at_most(self, size: int | None, subject: Principal) -> int | None:
        """So many bytes, or what is left of the quota."""
        if size is None or subject.quota_bytes is None:
            return size
        left = subject.quota_bytes - sum(await self._store.get_usage(subject.account_id))
        if left < size and await self._settle_arrived(subject):
            left = subject.quota_bytes - sum(await self._store.get_usage(subject.account_id))
        # With nothing left, one byte is too much as well, and is refused like any other file.
        return max(1, min(size, left))

    async def part_urls(
        self, object_id: str, part_numbers: Sequence[int], *, checksums: Mapping[int, str] | None, subject: Principal
    ) -> PartUrls:
        """A fresh URL for each of the parts; `checksums` (SHA-256 in base64 by part number) go into the signatures.

        Raises Invalid outside the plan and when checksums are missing or not expected, UploadNotOpen, PartDiffers when
        S3 holds another content for a part, RateLimited, PartsHeld, QuotaExceeded, StorageUnavailable.
        """
        item = await owned(self._store, object_id, subject)
        return await in_parts(self._kinds, item).part_urls(item, part_numbers, checksums, subject)

    async def get(self, object_id: str, *, subject: Principal) -> tuple[Object, Sequence[ReceivedPart] | None]:
        """The object and, while it is open, the parts that S3 holds. Raises StorageUnavailable."""
        item = await owned(self._store, object_id, subject)
        if item.state is State.RESERVED:
            item = await self._settle_if_arrived(item)
        if item.state is not State.OPEN:
            return item, None
        received = await in_parts(self._kinds, item).received(item)
        return item if received is not None else await owned(self._store, object_id, subject), received

    async def usage(self, subject: Principal) -> tuple[int, int]:
        """The bytes that the person's unfinished uploads have reserved, and those that are stored."""
        return await self._store.get_usage(subject.account_id)

    async def usage_of(self, owner_ids: Collection[str]) -> dict[str, tuple[int, int]]:
        """The same of several people, as services ask for it; who has never uploaded is absent."""
        return await self._store.list_usage(owner_ids)

    async def complete(self, object_id: str, said: CompleteObject, *, subject: Principal) -> Object:
        """Makes the parts one object, once, however often it is asked for: `stored`, or `completing` for now.

        `said.sha256` is the whole file's: the object is this file only when it is stored with just that on record. It
        is read back before, unless `said.checksum_sha256` proves whose parts it is made of. Raises PartsMissing,
        PartAmbiguous, Invalid, QuotaExceeded (the upload stays open, also when what was said of its parts is wrong),
        FileDiffers, UploadNotOpen, StorageUnavailable.
        """
        item, sha256 = await owned(self._store, object_id, subject), said.sha256
        if sha256 is not None and item.sha256 not in (None, sha256):
            raise FileDiffers
        # Again where it was counted anew in between.
        while item.state is State.OPEN:
            await self._begin_completing(item, said, subject)
            item = await owned(self._store, object_id, subject)
        item = await self._settling.push(item)
        if item.read_wanted_at is not None:
            item = await self._comparing.compare_at_once(item)
        if item.state is State.STORED and sha256 is not None:
            item = await self._compare_stored(item, sha256)
        if item.state not in (State.COMPLETING, State.STORED):
            raise FileDiffers if item.is_another_file else UploadNotOpen(item.state)
        return item

    async def _announce(self, item: Object, sha256: str) -> Object:
        """Holds everybody to the first SHA-256 that an open upload was announced with. Raises FileDiffers."""
        if item.sha256 not in (None, sha256):
            raise FileDiffers
        if item.sha256 is not None or item.state is not State.OPEN:
            return item
        if await self._store.announce(item, sha256):
            return replace(item, sha256=sha256)
        # Somebody else was faster, with the same or with another one.
        return await self._announce(await owned(self._store, item.id, None), sha256)

    async def _compare_stored(self, item: Object, sha256: str) -> Object:
        """Compares a stored object, which is read where nothing was announced: nobody is told yes unseen.

        Returns the object without this SHA-256 while that takes. Raises FileDiffers, StorageUnavailable.
        """
        if item.sha256 == sha256:
            return item
        if item.sha256 is None and item.read_back_sha256 is None:
            await self._store.want_reading(item, at=self._clock())
            item = await self._comparing.compare_at_once(await owned(self._store, item.id, None))
            if item.state is not State.STORED or item.read_wanted_at is not None:
                return item
            if item.read_back_sha256 is None:
                raise unexpected(item, "the object cannot be read")
        if sha256 != (item.sha256 or item.read_back_sha256):
            raise FileDiffers
        await self._store.announce(item, sha256)
        return await owned(self._store, item.id, None)

    async def _begin_completing(self, item: Object, said: CompleteObject, subject: Principal) -> None:
        way = in_parts(self._kinds, item)
        try:
            parts = await way.choose(item, said.part_count)
        except PartAmbiguous:
            # Of those who send such a part again, the first one goes on; the others are told no.
            if said.sha256 is not None:
                await self._announce(item, said.sha256)
            raise
        if parts is None:
            return
        checksums = await way.checksums(item, parts)
        composite = composite_sha256(checksums, len(parts))
        if composite is not None and said.checksum_sha256 not in (None, composite):
            raise FileDiffers
        is_theirs = composite is not None and said.checksum_sha256 == composite
        only = base64.b64decode(checksums[1]).hex() if len(parts) == len(checksums) == 1 else None
        if only is not None and (said.sha256 or item.sha256) not in (None, only):
            raise FileDiffers
        if said.sha256 is not None:
            item = await self._announce(item, said.sha256)
        sha256, now = item.sha256 or only, self._clock()
        if await self._store.begin_completing(
            item,
            size=sum(part.size for part in parts),
            part_count=len(parts),
            sha256=sha256,
            must_be_read=sha256 is not None and only is None and not (is_theirs and said.sha256 is not None),
            quota=subject.quota_bytes,
            etag=way.expected_etag(parts),
            at=now,
            leased_until=now + LEASE,
        ):
            completing = await self._store.get(item.id)
            if completing is not None:
                await self._settling.settle(completing, parts)

    async def delete(self, object_id: str, *, subject: Principal | None) -> Object:
        """Aborts what is unfinished, deletes what is stored; returns the object in the state it has reached.

        Without a subject it is the calling service that finishes what it knows. What is `completing` must end first,
        unless only reading it is left.
        """
        item = await owned(self._store, object_id, subject)
        match item.state:
            case State.RESERVED | State.OPEN:
                await self._store.begin_aborting(item.id, was=item.state, at=self._clock())
            case State.STORED:
                await self._store.begin_deleting(item.id, at=self._clock())
            case State.COMPLETING if item.read_wanted_at is not None:
                await self._store.begin_aborting(item.id, was=item.state, at=self._clock())
            case State.COMPLETING | State.ABORTING | State.ABORTED | State.DELETING | State.DELETED:
                pass
            case _:
                assert_never(item.state)
        return await self._settling.push(await owned(self._store, object_id, subject))

    async def hand_over(self, object_ids: Collection[str], *, old_owner_id: str, owner_id: str) -> list[str]:
        """Makes these objects another person's, quota or not; returns those that are still the old owner's.

        Idempotent: what is not the old owner's, or not there, is left alone.
        """
        items = [item for item in await self._store.list_by_id(object_ids) if item.owner_id == old_owner_id]
        return [item.id for item in items if not await self._store.hand_over(item, owner_id)]

    async def describe(self, object_ids: Collection[str]) -> list[Object]:
        """Those of the objects that are there, whosever they are."""
        return await self._store.list_by_id(object_ids)
