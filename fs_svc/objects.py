"""An object in the bucket as this service knows it, its states, and who may see it; and what was derived of one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from contracts.derived import Derivation, DerivedState
from contracts.objects import ChecksumAlgorithm, Kind, State
from contracts.shape import Shape
from fs_svc.plan import Plan

# An upload that nobody has touched for this long is abandoned.
UPLOAD_LIFETIME: Final = timedelta(days=7)
# A form is filled in at once or not at all; an upload that began before this may still be on its way then.
FORM_UPLOAD_LIFETIME: Final = timedelta(hours=1)
# All keys in the bucket that are ours begin so; what comes by a form lies under the other one until it is taken over.
KEY_PREFIX: Final = "objects/"
INCOMING_PREFIX: Final = "incoming/"
# What was derived of a video: a random part that says nothing and is never used again, and the name of a file.
DERIVED_PREFIX: Final = "derived/"
_KEY_PREFIX: Final = re.compile(rf"{DERIVED_PREFIX}[a-z2-7]{{26}}/")
# The markers of those who use the bucket.
MARKER_PREFIX: Final = "installations/"
# How many unfinished uploads an account may have, where nothing else is said.
OPEN_AT_MOST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """One object, from before its creation until after its deletion; sizes in bytes.

    `size` is None while only the client knows it; of a form it is the most that may come, until it has come. A plan is
    there for planned parts alone; `part_count` is known of free ones from `completing` on. `object_key` is random, says
    nothing, and is never used again. `etag` is the one expected from `completing` on (None
    where the vendor's cannot be foretold) and the real one once stored. With `part_checksums` each part is signed with
    the checksum of its content. Nobody but the holder of the lease works on a row before `leased_until`. `lost_at` is
    since when the storage has known neither the upload nor the object; `excess_at` when it was found to hold so many
    copies of an open upload's parts that no more of them are taken. `read_back_sha256` is what the storage gave when
    the object was read at `read_back_at`; None where it could not be read to its end. `signed_until` is until when what
    was given out for it, URLs or a form, may bring bytes (None: nothing was), and `quota_bytes` the owner's quota at
    that time. `arrived` is what the storage holds of an open upload whose client cuts it, as far as that was counted.
    `sha256` is the whole file's as it was announced, by who did so first; `read_wanted_at` since when somebody waits
    for the object to be read back. `must_be_read`: who completed it has not proven that the parts
    are those of the announced file, so it is read before it is stored.
    """

    id: str
    owner_id: str
    state: State
    kind: Kind = Kind.PLANNED
    size: int | None
    content_type: str
    part_size: int | None
    part_count: int | None
    object_key: str
    s3_upload_id: str | None
    etag: str | None
    part_checksums: ChecksumAlgorithm | None = None
    created_at: datetime
    last_activity_at: datetime
    leased_until: datetime
    lost_at: datetime | None = None
    excess_at: datetime | None = None
    read_back_sha256: str | None = None
    read_back_at: datetime | None = None
    signed_until: datetime | None = None
    arrived: int = 0
    quota_bytes: int | None = None
    sha256: str | None = None
    read_wanted_at: datetime | None = None
    must_be_read: bool = False

    @property
    def plan(self) -> Plan | None:
        """How the file is split; None if the client decides."""
        if self.size is None or self.part_size is None or self.part_count is None:
            return None
        return Plan(size=self.size, part_size=self.part_size, part_count=self.part_count)

    @property
    def taken(self) -> int:
        """The bytes that count towards its owner's usage."""
        return max(self.size or 0, self.arrived)

    @property
    def is_another_file(self) -> bool:
        """Whether what was read is not the file that was announced."""
        return None not in (self.sha256, self.read_back_sha256) and self.sha256 != self.read_back_sha256

    @property
    def incoming_key(self) -> str:
        """Where a form stores the bytes: a client may write there again, but never at `object_key`."""
        return INCOMING_PREFIX + self.object_key.removeprefix(KEY_PREFIX)

    @property
    def expires_at(self) -> datetime | None:
        """When an unfinished upload counts as abandoned; None once it has ended."""
        if self.state not in (State.RESERVED, State.OPEN):
            return None
        if self.kind is Kind.FORM:
            return self.created_at + FORM_UPLOAD_LIFETIME
        return self.last_activity_at + UPLOAD_LIFETIME


class DerivedFile(Shape):
    """A file of a derived object; without a `size` as long as its parts come, and then without a hash of the whole."""

    name: str
    content_type: str
    size: int = 0
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """One derived object, from before its files are sent until after its end; sizes in bytes.

    `object_id` is the video's object. All its keys begin with `key_prefix`, which ends with a slash; `files` is empty
    once it is deleted. Nobody but the holder of the lease works on a row before `leased_until`; what is still reserved
    then is abandoned. `signed_until` is until when what was signed for it may bring bytes.
    `s3_upload_id` is S3's id of its multipart upload, where it comes in parts and that was opened.
    """

    id: str
    object_id: str
    task: Derivation
    state: DerivedState
    key_prefix: str
    files: tuple[DerivedFile, ...]
    size: int
    created_at: datetime
    leased_until: datetime
    signed_until: datetime
    s3_upload_id: str | None = None

    def object_key(self, name: str) -> str:
        """Where the file of this name lies."""
        return self.key_prefix + name


def prefix_of(object_key: str) -> str | None:
    """The key prefix of the derived object that has this key, if one of ours can."""
    found = _KEY_PREFIX.match(object_key)
    return None if found is None else found[0]
