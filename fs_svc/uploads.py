"""What people do with an upload and with what it became: create, send parts, complete, delete."""

from __future__ import annotations

import base64
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from common.clock import Clock
from common.errors import Conflict, Fault, Invalid, NotFound
from common.ids import new_id
from common.tokens import Principal
from contracts.objects import ChecksumAlgorithm, Kind, ReceivedPart, State
from fs_svc.comparing import Comparing
from fs_svc.errors import (
    FileDiffers,
    PartAmbiguous,
    PartDiffers,
    PartsHeld,
    PartsMissing,
    QuotaExceeded,
    TooManyOpen,
    UploadNotOpen,
)
from fs_svc.objects import KEY_PREFIX, OPEN_AT_MOST, Object
from fs_svc.parts import Choice, Part, choose_parts
from fs_svc.plan import LARGEST_FORM, LEAST_PART_SIZE, MOST_PARTS, plan_parts
from fs_svc.s3 import Bucket, UploadGone
from fs_svc.settling import FORM_INTERVAL, LEASE, Settling, unexpected
from fs_svc.signatures import Signatures
from fs_svc.sigv4 import CHECKSUM_HEADER, Form, Presigner
from fs_svc.store import RecordedChecksum, Store

logger = logging.getLogger(__name__)

PART_URL_LIFETIME: Final = timedelta(minutes=15)
FORM_LIFETIME: Final = timedelta(minutes=15)
# S3 tells by its own clock when a part came, in whole seconds.
CLOCKS_APART_AT_MOST: Final = timedelta(minutes=5)
# An upload that could not be opened is given up after this, unless the caller comes back before.
RESERVATION_LIFETIME: Final = timedelta(minutes=10)
# Until when something is signed is recorded so much ahead, so that signing has to write once in that time.
SIGNED_AHEAD: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartUrls:
    """Presigned URLs by part number; each takes a PUT of exactly that part's size, where it was planned, until
    `expires_at`.

    `part_headers` go with it: by part number, and only where parts have checksums.
    """

    urls: dict[int, str]
    part_headers: dict[int, dict[str, str]]
    expires_at: datetime


class Uploads:
    """Every method that takes a `subject` raises NotFound for an object which is not that person's."""

    def __init__(
        self,
        store: Store,
        bucket: Bucket,
        presigner: Presigner,
        settling: Settling,
        comparing: Comparing,
        *,
        open_at_most: int = OPEN_AT_MOST,
        clock: Clock,
    ) -> None:
        self._store = store
        self._bucket = bucket
        self._presigner = presigner
        self._settling = settling
        self._comparing = comparing
        self._signatures = Signatures(clock=clock)
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
        now = self._clock()
        plan = plan_parts(size) if kind is Kind.PLANNED and size is not None else None
        item = Object(
            id=object_id,
            owner_id=subject.account_id,
            state=State.RESERVED,
            kind=kind,
            size=await self._most_of_a_form(subject) if kind is Kind.FORM and size is None else size,
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
            leased_until=now + (FORM_INTERVAL if kind is Kind.FORM else RESERVATION_LIFETIME),
        )
        if not await self._reserve(item, subject):
            item = await self._get(object_id, subject)
            known = (item.content_type, item.kind, item.part_checksums)
            is_same = known == (content_type, kind, part_checksums) and sha256 in (None, item.sha256)
            if not is_same or size not in (None, item.size):
                raise Conflict("There is an upload with this id already, of another size, type or checksum.")
        if item.state is State.RESERVED and kind is not Kind.FORM:
            await self._open(item)
            item = await self._get(object_id, subject)
        return item

    async def _reserve(self, item: Object, subject: Principal) -> bool:
        """False when the id is there already. Raises QuotaExceeded, TooManyOpen, StorageUnavailable."""
        try:
            return await self._store.reserve(item, quota=subject.quota_bytes, open_at_most=self._open_at_most)
        except (QuotaExceeded, TooManyOpen):
            # A form may have been sent that nobody has looked at yet: it then takes up a place, and all it might bring.
            if not await self._take_over_forms(subject):
                raise
        return await self._store.reserve(item, quota=subject.quota_bytes, open_at_most=self._open_at_most)

    async def _take_over_forms(self, subject: Principal) -> bool:
        """Looks at all that the person's forms may have brought; whether that has settled any."""
        waiting = await self._store.list_waiting_forms(subject.account_id)
        found = [await self._push(await self._settling.find_form(item)) for item in waiting]
        return any(item.state is State.STORED for item in found)

    async def _most_of_a_form(self, subject: Principal) -> int:
        if subject.quota_bytes is None:
            return LARGEST_FORM
        left = subject.quota_bytes - sum(await self._store.get_usage(subject.account_id))
        if left < LARGEST_FORM and await self._take_over_forms(subject):
            left = subject.quota_bytes - sum(await self._store.get_usage(subject.account_id))
        # With nothing left, one byte is too much as well, and is refused like any other file.
        return max(1, min(LARGEST_FORM, left))

    async def form(self, object_id: str, *, subject: Principal) -> tuple[Form, datetime]:
        """A form that takes the whole file in one POST, and until when. Raises UploadNotOpen."""
        item = await self._get(object_id, subject)
        if item.state is not State.RESERVED or item.kind is not Kind.FORM:
            raise UploadNotOpen(item.state)
        now = self._clock()
        await self._note_signed(item, now, FORM_LIFETIME, subject)
        form = self._presigner.sign_form(
            item.incoming_key, now=now, lifetime=FORM_LIFETIME, content_type=item.content_type, most=item.taken
        )
        return form, now.replace(microsecond=0) + FORM_LIFETIME

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
        part_count = MOST_PARTS if plan is None else plan.part_count
        faults: list[Fault] = [
            {"pointer": f"#/part_numbers/{index}", "detail": f"must be from 1 to {part_count}"}
            for index, part_number in enumerate(part_numbers)
            if not 1 <= part_number <= part_count
        ]
        faults += _checksum_faults(item, part_numbers, checksums)
        if faults:
            raise Invalid(faults)
        self._signatures.count(item.id, part_numbers, part_count=part_count)
        if item.overfull_at is not None:
            await self._refuse_held(item, part_numbers)
        if checksums is not None:
            await self._record(item, checksums)
        if item.kind is Kind.FREE:
            await self._refuse_past_quota(item, subject)
        now = self._clock()
        await self._note_signed(item, now, PART_URL_LIFETIME, subject)
        if plan is None:
            urls = {
                part_number: self._presigner.presign(
                    "PUT",
                    item.object_key,
                    now=now,
                    lifetime=PART_URL_LIFETIME,
                    query={"partNumber": str(part_number), "uploadId": item.s3_upload_id},
                )
                for part_number in part_numbers
            }
        else:
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

    async def _note_signed(self, item: Object, now: datetime, lifetime: timedelta, subject: Principal) -> None:
        """Before anything goes out: what is signed counts until it dies. Raises UploadNotOpen."""
        until = now + lifetime
        if item.signed_until is not None and until <= item.signed_until and item.quota_bytes == subject.quota_bytes:
            return
        if not await self._store.note_signed(item, at=now, until=until + SIGNED_AHEAD, quota=subject.quota_bytes):
            raise UploadNotOpen((await self._get(item.id, subject)).state)

    async def _record(self, item: Object, checksums: Mapping[int, str]) -> None:
        # What S3 holds stays: whoever comes with another content has another file. What it does not hold may change,
        # since a part whose damage S3 has refused is read and hashed again.
        if not (differing := await self._store.record_checksums(item.id, checksums)):
            return
        held = choose_parts(await self._listed(item) or []).parts
        recorded = await self._store.list_checksums(item.id, differing)
        known = {part.part_number for part in held if _certain(part, recorded.get(part.part_number))}
        if refused := sorted(known.intersection(differing)):
            await self._distrust(item)
            raise PartDiffers(refused)
        await self._store.replace_checksums(
            item.id,
            {number: checksums[number] for number in differing},
            # What was signed with the one before may be used until then.
            other_until=self._clock() + PART_URL_LIFETIME,
        )

    async def _distrust(self, item: Object) -> None:
        """Whoever learns what has come may send the rest of another file: each part then has the checksum that it was
        signed with, and they are no file together.
        """
        if item.part_checksums is not None and not item.must_be_read:
            await self._store.distrust(item)

    async def _refuse_held(self, item: Object, part_numbers: Sequence[int]) -> None:
        choice = choose_parts(await self._listed(item) or [])
        if item.plan is None:
            held = {part.part_number for part in choice.parts}.difference(choice.ambiguous)
        else:
            held = set(part_numbers).difference(choice.missing(item.plan), choice.ambiguous)
        if refused := [number for number in part_numbers if number in held]:
            raise PartsHeld(refused)

    async def _refuse_past_quota(self, item: Object, subject: Principal) -> None:
        """No signature says how large a part is: what has arrived beyond what was reserved must have room, and where
        nothing was, one more part too.
        """
        if subject.quota_bytes is None:
            return
        arrived = sum(part.size for part in await self._listed(item) or [])
        if arrived != item.arrived:
            await self._store.note_arrived(item, arrived)
        if item.size is not None and arrived <= item.size:
            return
        # What has come is in the figures of its owner.
        size = arrived if item.size is not None else arrived + LEAST_PART_SIZE
        reserved, stored = await self._store.get_usage(item.owner_id)
        reserved -= arrived
        if reserved + stored + size > subject.quota_bytes:
            raise QuotaExceeded(limit=subject.quota_bytes, used=stored, reserved=reserved, size=size)

    async def get(self, object_id: str, *, subject: Principal) -> tuple[Object, Sequence[ReceivedPart] | None]:
        """The object and, while it is open, the parts that S3 holds. Raises StorageUnavailable."""
        item = await self._get(object_id, subject)
        if item.kind is Kind.FORM and item.state is State.RESERVED:
            item = await self._push(await self._settling.find_form(item))
        if item.state is not State.OPEN:
            return item, None
        listed = await self._listed(item)
        if listed is None:
            return await self._get(object_id, subject), None
        held = choose_parts(listed).parts
        if held:
            await self._distrust(item)
        recorded = await self._store.list_checksums(item.id) if item.part_checksums else {}
        return item, [
            ReceivedPart(
                part_number=part.part_number,
                size=part.size,
                checksum=_certain(part, recorded.get(part.part_number)),
                etag=part.etag,
                last_modified=part.last_modified,
            )
            for part in held
        ]

    async def usage(self, subject: Principal) -> tuple[int, int]:
        """The bytes that the person's unfinished uploads have reserved, and those that are stored."""
        return await self._store.get_usage(subject.account_id)

    async def usage_of(self, owner_ids: Collection[str]) -> dict[str, tuple[int, int]]:
        """The same of several people, as services ask for it; who has never uploaded is absent."""
        return await self._store.list_usage(owner_ids)

    async def complete(
        self, object_id: str, *, part_count: int | None = None, sha256: str | None = None, subject: Principal
    ) -> Object:
        """Makes the parts one object, once, however often it is asked for: `stored`, or `completing` for now.

        `sha256` is the whole file's: the object is this file only when it is stored with just that on record. How many
        parts a free upload has, only its client knows: `part_count`. Raises PartsMissing, PartAmbiguous, Invalid,
        QuotaExceeded (and the upload stays open), FileDiffers, UploadNotOpen, StorageUnavailable.
        """
        item = await self._get(object_id, subject)
        if sha256 is not None:
            item = await self._announce(item, sha256)
        # Again where it was counted anew in between.
        while item.state is State.OPEN:
            await self._begin_completing(item, part_count, subject, is_said=sha256 is not None)
            item = await self._get(object_id, subject)
        item = await self._push(item)
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
        if await self._sha256_of_only_part(item) not in (None, sha256):
            raise FileDiffers
        if await self._store.announce(item, sha256):
            return replace(item, sha256=sha256)
        # Somebody else was faster, with the same or with another one.
        return await self._announce(await self._get(item.id, None), sha256)

    async def _sha256_of_only_part(self, item: Object) -> str | None:
        """What the one part of a small file says of the whole; None where there is no telling."""
        if item.part_count != 1 or item.part_checksums is None:
            return None
        recorded = (await self._store.list_checksums(item.id)).get(1)
        if recorded is None or recorded.other_until is not None:
            return None
        return base64.b64decode(recorded.sha256).hex()

    async def _compare_stored(self, item: Object, sha256: str) -> Object:
        """Says yes to nobody unseen: what was stored without an announcement is read.

        Returns the object without this SHA-256 while that takes. Raises FileDiffers, StorageUnavailable.
        """
        if item.sha256 == sha256:
            return item
        if item.sha256 is None and item.read_back_sha256 is None:
            await self._store.want_reading(item, at=self._clock())
            item = await self._comparing.compare_at_once(await self._get(item.id, None))
            if item.state is not State.STORED or item.read_wanted_at is not None:
                return item
            if item.read_back_sha256 is None:
                raise unexpected(item, "the object cannot be read")
        if sha256 != (item.sha256 or item.read_back_sha256):
            raise FileDiffers
        await self._store.announce(item, sha256)
        return await self._get(item.id, None)

    async def _begin_completing(
        self, item: Object, part_count: int | None, subject: Principal, *, is_said: bool
    ) -> None:
        listed = await self._listed(item)
        if listed is None:
            return
        choice = choose_parts(listed)
        if item.plan is None:
            choice = _cut_by_client(item, choice, part_count)
        elif missing := choice.missing(item.plan):
            raise PartsMissing(missing)
        if choice.ambiguous:
            raise PartAmbiguous(choice.ambiguous)
        only_part = await self._sha256_of_only_part(item)
        if only_part is not None and item.sha256 not in (None, only_part):
            raise FileDiffers
        now = self._clock()
        if await self._store.begin_completing(
            item,
            size=sum(part.size for part in choice.parts),
            part_count=len(choice.parts),
            sha256=item.sha256 or only_part,
            # Announced at the beginning, and now somebody completes it who does not say that it is this file.
            must_be_read=item.sha256 is not None and not is_said and only_part is None,
            quota=subject.quota_bytes,
            etag=self._settling.expected_etag(choice.parts),
            at=now,
            leased_until=now + LEASE,
        ):
            completing = await self._store.get(item.id)
            if completing is not None:
                await self._settling.settle(completing, choice.parts)

    async def delete(self, object_id: str, *, subject: Principal | None) -> Object:
        """Aborts what is unfinished, deletes what is stored; returns the object in the state it has reached.

        Without a subject it is the calling service that finishes what it knows. What is `completing` must end first,
        unless only reading it is left.
        """
        item = await self._get(object_id, subject)
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
            # An older copy of the row may not know that it was completed.
            if await self._settling.find_stored(current):
                return None
            raise unexpected(item, "the upload is gone")
        return listed

    async def _push(self, item: Object) -> Object:
        """Takes the object's next step if nobody else is taking it; returns it as it is then."""
        if item.state not in (State.COMPLETING, State.ABORTING, State.DELETING) or item.read_wanted_at is not None:
            return item
        if not await self._settling.lease(item):
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


def _cut_by_client(item: Object, choice: Choice, part_count: int | None) -> Choice:
    """The parts 1 … `part_count`, when they are a whole file. Raises Invalid, PartsMissing."""
    if part_count is None:
        raise Invalid([{"pointer": "#/part_count", "detail": "must be given: the client has cut the file"}])
    choice = choice.first(part_count)
    sizes = {part.part_number: part.size for part in choice.parts}
    if missing := [number for number in range(1, part_count + 1) if number not in sizes]:
        raise PartsMissing(missing)
    faults: list[Fault] = [
        {
            "pointer": f"#/parts/{number - 1}",
            "detail": f"must have at least {LEAST_PART_SIZE} bytes, as all but the last",
        }
        for number, size in sizes.items()
        if size < LEAST_PART_SIZE and number < len(sizes)
    ]
    total = sum(sizes.values())
    if item.size not in (None, total):
        faults.append({"pointer": "#/parts", "detail": f"must have {item.size} bytes together, and have {total}"})
    if faults:
        raise Invalid(faults)
    return choice


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
