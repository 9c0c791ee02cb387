"""What people do with an upload and with what it became: create, send parts, complete, delete."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from common.clock import Clock
from common.errors import Conflict, Fault, Invalid, NotFound
from common.ids import new_id
from common.tokens import Principal
from fs_svc.errors import PartAmbiguous, PartDiffers, PartsHeld, PartsMissing, UploadNotOpen
from fs_svc.objects import KEY_PREFIX, OPEN_AT_MOST, ChecksumAlgorithm, Object, State
from fs_svc.parts import Part, choose_parts
from fs_svc.plan import plan_parts
from fs_svc.s3 import Bucket, UploadGone
from fs_svc.settling import LEASE, Settling, unexpected
from fs_svc.signatures import Signatures
from fs_svc.sigv4 import CHECKSUM_HEADER, Presigner
from fs_svc.store import RecordedChecksum, Store

logger = logging.getLogger(__name__)

PART_URL_LIFETIME: Final = timedelta(minutes=15)
# S3 tells by its own clock when a part came, in whole seconds.
CLOCKS_APART_AT_MOST: Final = timedelta(minutes=5)
# An upload that could not be opened is given up after this, unless the caller comes back before.
RESERVATION_LIFETIME: Final = timedelta(minutes=10)
# Activity is recorded at most this often: abandonment is a matter of days, and signing should not have to write.
TOUCH_INTERVAL: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartUrls:
    """Presigned URLs by part number; each takes a PUT of exactly that part's size, until `expires_at`.

    `part_headers` go with it: by part number, and only where parts have checksums.
    """

    urls: dict[int, str]
    part_headers: dict[int, dict[str, str]]
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedPart:
    """A part that S3 holds: `size` in bytes, `checksum` (SHA-256 in base64) where it was certainly sent with one."""

    part_number: int
    size: int
    checksum: str | None


class Uploads:
    """Every method that takes a `subject` raises NotFound for an object which is not that person's."""

    def __init__(
        self,
        store: Store,
        bucket: Bucket,
        presigner: Presigner,
        settling: Settling,
        *,
        open_at_most: int = OPEN_AT_MOST,
        clock: Clock,
    ) -> None:
        self._store = store
        self._bucket = bucket
        self._presigner = presigner
        self._settling = settling
        self._signatures = Signatures(clock=clock)
        self._open_at_most = open_at_most
        self._clock = clock

    async def create(
        self,
        object_id: str,
        *,
        size: int,
        content_type: str,
        part_checksums: ChecksumAlgorithm | None = None,
        subject: Principal,
    ) -> Object:
        """Reserves and opens an upload of `size` bytes; the same again for the same id.

        Raises Conflict for other values under a known id, QuotaExceeded, TooManyOpen, StorageUnavailable.
        """
        now = self._clock()
        plan = plan_parts(size)
        item = Object(
            id=object_id,
            owner_id=subject.account_id,
            state=State.RESERVED,
            size=size,
            content_type=content_type,
            part_size=plan.part_size,
            part_count=plan.part_count,
            object_key=f"{KEY_PREFIX}{new_id()}",
            s3_upload_id=None,
            etag=None,
            part_checksums=part_checksums,
            created_at=now,
            last_activity_at=now,
            leased_until=now + RESERVATION_LIFETIME,
        )
        if not await self._store.reserve(item, quota=subject.quota_bytes, open_at_most=self._open_at_most):
            item = await self._get(object_id, subject)
            if (item.size, item.content_type, item.part_checksums) != (size, content_type, part_checksums):
                raise Conflict("There is an upload with this id already, of another size, type or kind of checksums.")
        if item.state is State.RESERVED:
            await self._open(item)
            item = await self._get(object_id, subject)
        return item

    async def _open(self, item: Object) -> None:
        s3_upload_id = await self._bucket.create_upload(item.object_key, content_type=item.content_type)
        if await self._store.open_upload(item.id, s3_upload_id=s3_upload_id, at=self._clock()):
            logger.info("upload opened", extra={"object_id": item.id, "size": item.size})
        else:
            # The same call came twice and the other one was faster.
            await self._bucket.abort_upload(item.object_key, s3_upload_id)

    async def part_urls(
        self, object_id: str, part_numbers: Sequence[int], *, checksums: Mapping[int, str] | None, subject: Principal
    ) -> PartUrls:
        """A fresh URL for each of the parts; `checksums` (SHA-256 in base64 by part number) go into the signatures.

        Raises Invalid outside the plan and when checksums are missing or not expected, UploadNotOpen, PartDiffers when
        S3 holds another content for a part, RateLimited, PartsHeld, StorageUnavailable.
        """
        item = await self._get(object_id, subject)
        if item.state is not State.OPEN or item.s3_upload_id is None:
            raise UploadNotOpen(item.state)
        plan = item.plan
        faults: list[Fault] = [
            {"pointer": f"#/part_numbers/{index}", "detail": f"must be from 1 to {plan.part_count}"}
            for index, part_number in enumerate(part_numbers)
            if part_number not in plan
        ]
        faults += _checksum_faults(item, part_numbers, checksums)
        if faults:
            raise Invalid(faults)
        self._signatures.count(item.id, part_numbers, part_count=plan.part_count)
        if item.overfull_at is not None:
            await self._refuse_held(item, part_numbers)
        if checksums is not None:
            await self._record(item, checksums)
        now = self._clock()
        if now - item.last_activity_at >= TOUCH_INTERVAL:
            await self._store.touch(item.id, at=now)
        urls = self._presigner.presign_parts(
            item.object_key,
            item.s3_upload_id,
            {part_number: plan.size_of(part_number) for part_number in part_numbers},
            now=now,
            lifetime=PART_URL_LIFETIME,
            checksums=checksums or {},
        )
        return PartUrls(
            urls=urls,
            part_headers={number: {CHECKSUM_HEADER: sha256} for number, sha256 in (checksums or {}).items()},
            expires_at=now.replace(microsecond=0) + PART_URL_LIFETIME,
        )

    async def _record(self, item: Object, checksums: Mapping[int, str]) -> None:
        # What S3 holds stays: whoever comes with another content has another file. What it does not hold may change,
        # since a part whose damage S3 has refused is read and hashed again.
        if not (differing := await self._store.record_checksums(item.id, checksums)):
            return
        held = choose_parts(await self._listed(item) or []).parts
        recorded = await self._store.list_checksums(item.id, differing)
        known = {part.part_number for part in held if _certain(part, recorded.get(part.part_number))}
        if refused := sorted(known.intersection(differing)):
            raise PartDiffers(refused)
        await self._store.replace_checksums(
            item.id,
            {number: checksums[number] for number in differing},
            # What was signed with the one before may be used until then.
            other_until=self._clock() + PART_URL_LIFETIME,
        )

    async def _refuse_held(self, item: Object, part_numbers: Sequence[int]) -> None:
        choice = choose_parts(await self._listed(item) or [])
        wanted = {*choice.missing(item.plan), *choice.ambiguous}
        if held := [number for number in part_numbers if number not in wanted]:
            raise PartsHeld(held)

    async def get(self, object_id: str, *, subject: Principal) -> tuple[Object, Sequence[ReceivedPart] | None]:
        """The object and, while it is open, the parts that S3 holds. Raises StorageUnavailable."""
        item = await self._get(object_id, subject)
        if item.state is not State.OPEN:
            return item, None
        listed = await self._listed(item)
        if listed is None:
            return await self._get(object_id, subject), None
        held = choose_parts(listed).parts
        recorded = await self._store.list_checksums(item.id) if item.part_checksums else {}
        return item, [
            ReceivedPart(
                part_number=part.part_number,
                size=part.size,
                checksum=_certain(part, recorded.get(part.part_number)),
            )
            for part in held
        ]

    async def usage(self, subject: Principal) -> tuple[int, int]:
        """The bytes that the person's unfinished uploads have reserved, and those that are stored."""
        return await self._store.get_usage(subject.account_id)

    async def usage_of(self, owner_ids: Collection[str]) -> dict[str, tuple[int, int]]:
        """The same of several people, as services ask for it; who has never uploaded is absent."""
        return await self._store.list_usage(owner_ids)

    async def complete(self, object_id: str, *, subject: Principal) -> Object:
        """Makes the parts one object, once, however often it is asked for: `stored`, or `completing` for now.

        Raises PartsMissing, PartAmbiguous, UploadNotOpen, StorageUnavailable.
        """
        item = await self._get(object_id, subject)
        if item.state is State.OPEN:
            await self._begin_completing(item)
            item = await self._get(object_id, subject)
        item = await self._push(item)
        if item.state not in (State.COMPLETING, State.STORED):
            raise UploadNotOpen(item.state)
        return item

    async def _begin_completing(self, item: Object) -> None:
        listed = await self._listed(item)
        if listed is None:
            return
        choice = choose_parts(listed)
        if missing := choice.missing(item.plan):
            raise PartsMissing(missing)
        if choice.ambiguous:
            raise PartAmbiguous(choice.ambiguous)
        now = self._clock()
        etag = self._settling.expected_etag(choice.parts)
        if await self._store.begin_completing(item.id, etag=etag, at=now, leased_until=now + LEASE):
            completing = await self._store.get(item.id)
            if completing is not None:
                await self._settling.settle(completing, choice.parts)

    async def delete(self, object_id: str, *, subject: Principal | None) -> Object:
        """Aborts what is unfinished, deletes what is stored; returns the object in the state it has reached.

        Without a subject it is the calling service that finishes what it knows. What is `completing` must end first.
        """
        item = await self._get(object_id, subject)
        match item.state:
            case State.RESERVED | State.OPEN:
                await self._store.begin_aborting(item.id, was=item.state, at=self._clock())
            case State.STORED:
                await self._store.begin_deleting(item.id, at=self._clock())
            case State.COMPLETING | State.ABORTING | State.ABORTED | State.DELETING | State.DELETED:
                pass
            case _:
                assert_never(item.state)
        return await self._push(await self._get(object_id, subject))

    async def hand_over(self, object_ids: Collection[str], *, old_owner_id: str, owner_id: str) -> list[str]:
        """Makes these objects another person's, quota or not; returns those that are still the old owner's.

        Idempotent: what is not the old owner's, or not there, is left alone.
        """
        items = [item for item in await self._store.list_by_id(object_ids) if item.owner_id == old_owner_id]
        return [item.id for item in items if not await self._store.hand_over(item, owner_id)]

    async def describe(self, object_ids: Collection[str]) -> list[Object]:
        """Those of the objects that are there, whosever they are."""
        return await self._store.list_by_id(object_ids)

    async def _listed(self, item: Object) -> list[Part] | None:
        """What S3 holds of an open upload; None when the upload has ended meanwhile."""
        if item.s3_upload_id is None:
            raise AssertionError(f"object {item.id} is open without an upload")
        try:
            listed = await self._bucket.list_parts(item.object_key, item.s3_upload_id)
        except UploadGone:
            listed = None
        # While S3 puts the parts together it lists some of them, or none: only of an upload that is open even now was
        # this the whole truth.
        current = await self._store.get(item.id)
        if current is None or current.state is not State.OPEN:
            return None
        if listed is None:
            raise unexpected(item, "the upload is gone")
        return listed

    async def _push(self, item: Object) -> Object:
        """Takes the object's next step if nobody else is taking it; returns it as it is then."""
        if item.state not in (State.COMPLETING, State.ABORTING, State.DELETING) or not await self._settling.lease(item):
            return item
        await self._settling.settle(item)
        return await self._store.get(item.id) or item

    async def _get(self, object_id: str, subject: Principal | None) -> Object:
        item = await self._store.get(object_id)
        if item is None or (subject is not None and item.owner_id != subject.account_id):
            raise NotFound
        return item


def _certain(part: Part, recorded: RecordedChecksum | None) -> str | None:
    """The checksum of what S3 holds; None where the part came while URLs with different ones lived, or had none."""
    if recorded is None:
        return None
    other_until = recorded.other_until
    is_certain = other_until is None or part.last_modified > other_until + CLOCKS_APART_AT_MOST
    return recorded.sha256 if is_certain else None


def _checksum_faults(item: Object, part_numbers: Sequence[int], checksums: Mapping[int, str] | None) -> list[Fault]:
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
