"""Uploads that come as the parts of one multipart upload: opening, signing, listing and completing it."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from common.clock import Clock
from common.errors import Fault, Invalid, StorageUnavailable
from common.tokens import Principal
from contracts.objects import PartUrls, ReceivedPart, State
from fs_svc.dialects import Dialect
from fs_svc.errors import PartAmbiguous, PartDiffers, PartsHeld, UploadNotOpen
from fs_svc.objects import Object
from fs_svc.parts import Choice, Part, choose_parts, multipart_etag
from fs_svc.plan import MOST_PARTS
from fs_svc.s3 import Bucket, UploadGone
from fs_svc.signatures import Signatures
from fs_svc.sigv4 import CHECKSUM_HEADER, Presigner
from fs_svc.store import Store
from fs_svc.uploads.kinds import UploadKind, UploadKinds, unexpected
from fs_svc.uploads.part_checksums import certain_checksum, checksum_faults

logger = logging.getLogger(__name__)

PART_URL_LIFETIME: Final = timedelta(minutes=15)
# An upload that could not be opened is given up after this, unless the caller comes back before.
RESERVATION_LIFETIME: Final = timedelta(minutes=10)


class InParts(UploadKind):
    """Everything but who cuts the file."""

    reserved_for = RESERVATION_LIFETIME

    def __init__(self, store: Store, bucket: Bucket, presigner: Presigner, dialect: Dialect, *, clock: Clock) -> None:
        super().__init__(store, bucket, presigner, dialect, clock=clock)
        self._signatures = Signatures(clock=clock)

    @abstractmethod
    def _presign(
        self, item: Object, s3_upload_id: str, part_numbers: Sequence[int], checksums: Mapping[int, str], now: datetime
    ) -> dict[int, str]:
        """URLs by part number, for `PART_URL_LIFETIME`."""

    @abstractmethod
    def _choose(self, item: Object, choice: Choice, part_count: int | None) -> Choice:
        """The parts of the whole file among those that S3 holds. Raises PartsMissing, Invalid."""

    async def _refuse_excess(self, item: Object, subject: Principal) -> None:
        """Raises QuotaExceeded where no part more may be signed."""

    async def past_quota(self, item: Object, held: int) -> int:
        """By how many bytes the owner's quota is exceeded by what nobody declared, now that S3 holds `held`."""
        return 0

    async def open(self, item: Object) -> None:
        s3_upload_id = await self._bucket.create_upload(item.object_key, content_type=item.content_type)
        if await self._store.open_upload(item.id, s3_upload_id=s3_upload_id, at=self._clock()):
            logger.info("upload opened", extra={"object_id": item.id, "size": item.size})
        else:
            # The same call came twice and the other one was faster.
            await self._bucket.abort_upload(item.object_key, s3_upload_id)

    async def part_urls(
        self, item: Object, part_numbers: Sequence[int], checksums: Mapping[int, str] | None, subject: Principal
    ) -> PartUrls:
        """A fresh URL for each of the parts of an open upload; see `Uploads.part_urls`."""
        s3_upload_id = opened(item)
        part_count = item.part_count or MOST_PARTS
        faults: list[Fault] = [
            {"pointer": f"#/part_numbers/{index}", "detail": f"must be from 1 to {part_count}"}
            for index, part_number in enumerate(part_numbers)
            if not 1 <= part_number <= part_count
        ]
        faults += checksum_faults(item, part_numbers, checksums)
        if faults:
            raise Invalid(faults)
        self._signatures.count(item.id, part_numbers, part_count=part_count)
        if item.excess_at is not None:
            await self._refuse_held(item, part_numbers)
        if checksums is not None:
            await self._record(item, checksums)
        await self._refuse_excess(item, subject)
        now = self._clock()
        await self._note_signed(item, now=now, lifetime=PART_URL_LIFETIME, subject=subject)
        urls = self._presign(item, s3_upload_id, part_numbers, checksums or {}, now)
        part_headers = {str(number): {CHECKSUM_HEADER: sha256} for number, sha256 in (checksums or {}).items()}
        return PartUrls(
            urls={str(number): url for number, url in urls.items()},
            # Content-Length is signed; whatever sends a body of the right size sends it by itself.
            headers={},
            part_headers=part_headers or None,
            expires_at=now.replace(microsecond=0) + PART_URL_LIFETIME,
        )

    async def _refuse_held(self, item: Object, part_numbers: Sequence[int]) -> None:
        held = choose_parts(await self.list_parts(item) or []).whole(item.plan)
        if refused := [number for number in part_numbers if number in held]:
            raise PartsHeld(refused)

    async def _record(self, item: Object, checksums: Mapping[int, str]) -> None:
        # What S3 holds stays: whoever comes with another content has another file. What it does not hold may change,
        # since a part whose damage S3 has refused is read and hashed again.
        if not (differing := await self._store.record_checksums(item.id, checksums)):
            return
        held = await self.checksums(item, choose_parts(await self.list_parts(item) or []).parts)
        if refused := sorted(set(differing).intersection(held)):
            raise PartDiffers(refused)
        await self._store.replace_checksums(
            item.id,
            {number: checksums[number] for number in differing},
            # What was signed with the one before may be used until then.
            other_until=self._clock() + PART_URL_LIFETIME,
        )

    async def checksums(self, item: Object, parts: Sequence[Part]) -> dict[int, str]:
        """Those of these parts that are certain, by part number."""
        recorded = await self._store.list_checksums(item.id) if item.part_checksums else {}
        found = {part.part_number: certain_checksum(part, recorded.get(part.part_number)) for part in parts}
        return {number: checksum for number, checksum in found.items() if checksum is not None}

    async def received(self, item: Object) -> list[ReceivedPart] | None:
        """The parts of an open upload that S3 holds; None when the upload has ended meanwhile."""
        listed = await self.list_parts(item)
        if listed is None:
            return None
        held = choose_parts(listed).parts
        checksums = await self.checksums(item, held)
        return [
            ReceivedPart(
                part_number=part.part_number,
                size=part.size,
                checksum=checksums.get(part.part_number),
                etag=part.etag,
                last_modified=part.last_modified,
            )
            for part in held
        ]

    async def list_parts(self, item: Object) -> list[Part] | None:
        """Every copy of every part of an open upload that S3 holds; None when the upload has ended meanwhile."""
        try:
            listed = await self._bucket.list_parts(item.object_key, opened(item))
        except UploadGone:
            listed = None
        # While S3 puts the parts together it lists some of them, or none: only of an upload that is open even now was
        # this the whole truth.
        current = await self._store.get(item.id)
        if current is None or current.state is not State.OPEN:
            return None
        if listed is None:
            # An older copy of the row may not know that it was completed.
            if await self.find_stored(current):
                return None
            raise unexpected(item, "the upload is gone")
        return listed

    async def choose(self, item: Object, part_count: int | None) -> Sequence[Part] | None:
        """The parts of an open upload that make the whole file; None when the upload has ended meanwhile.

        Raises PartsMissing, PartAmbiguous, Invalid.
        """
        listed = await self.list_parts(item)
        if listed is None:
            return None
        choice = self._choose(item, choose_parts(listed), part_count)
        if choice.ambiguous:
            raise PartAmbiguous(choice.ambiguous)
        return choice.parts

    def expected_etag(self, parts: Sequence[Part]) -> str | None:
        """The ETag that S3 will give the object made of these parts; None when that cannot be foretold."""
        return multipart_etag(parts) if self._dialect.has_md5_etags else None

    async def settle_reserved(self, item: Object) -> None:
        # Nobody came back for an upload that could not be opened, as far as this row knows.
        if not await self.find_stored(item) and not await self._find_opened(item):
            await self._store.begin_aborting(item.id, was=State.RESERVED, at=self._clock())

    async def _find_opened(self, item: Object) -> bool:
        """Whether a reserved row's upload was opened and has parts, which a later copy of the row knew of."""
        for s3_upload_id in await self._bucket.list_uploads(item.object_key):
            try:
                has_parts = bool(await self._bucket.list_parts(item.object_key, s3_upload_id))
            except UploadGone:
                continue
            if has_parts and await self._store.open_upload(item.id, s3_upload_id=s3_upload_id, at=self._clock()):
                logger.warning("upload found open", extra={"object_id": item.id, "size": item.size})
                return True
        return False

    async def complete(self, item: Object, parts: Sequence[Part] | None) -> None:
        s3_upload_id = opened(item)
        etag = item.etag
        if parts is None:
            # An earlier attempt may have been heard, whatever became of its answer.
            if await self._finish(item, etag):
                return
            try:
                listed = await self._bucket.list_parts(item.object_key, s3_upload_id)
            except UploadGone:
                # There was no object, and then no upload: it was completed in between, or S3 has lost it.
                if not await self._finish(item, etag):
                    await self._give_up_lost(item)
                return
            parts = _chosen_again(item, listed)
            etag = self.expected_etag(parts)
            if not await self._store.expect_etag(item.id, etag):
                return
        try:
            await self._bucket.complete_upload(item.object_key, s3_upload_id, parts)
        except (StorageUnavailable, UploadGone) as exc:
            logger.warning("complete not confirmed", extra={"object_id": item.id, "reason": type(exc).__name__})
        if not await self._finish(item, etag):
            raise unexpected(item, "the object is not there yet")

    async def _finish(self, item: Object, etag: str | None) -> bool:
        """Records the object as stored; False when it is not there."""
        head = await self._bucket.head(item.object_key)
        if head is None:
            return False
        if head.size != item.size or (etag is not None and head.etag != etag):
            raise unexpected(item, "the object is not the one that was completed")
        await self._record_stored(item, head)
        return True


def _chosen_again(item: Object, listed: Sequence[Part]) -> Sequence[Part]:
    # A part can be sent again while its URL lives, so the list may differ from the one that began this.
    choice = choose_parts(listed).first(item.part_count or 0)
    is_whole = len(choice.parts) == item.part_count and sum(part.size for part in choice.parts) == item.size
    if choice.ambiguous or not is_whole or len(choice.whole(item.plan)) != item.part_count:
        raise unexpected(item, "the parts are no longer what they were")
    return choice.parts


def opened(item: Object) -> str:
    """S3's id of the multipart upload of a row that is, or was, open."""
    if item.s3_upload_id is None:
        raise AssertionError(f"object {item.id} is {item.state} without ever having been open")
    return item.s3_upload_id


def in_parts(kinds: UploadKinds, item: Object) -> InParts:
    """The kind of an open upload. Raises UploadNotOpen for any other."""
    kind = kinds[item.kind]
    if item.state is not State.OPEN or not isinstance(kind, InParts):
        raise UploadNotOpen(item.state)
    return kind
