"""What fs_svc is asked about objects and their uploads, and what it answers; sizes in bytes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from common.web.requests import Input
from contracts.shape import MOST_AT_ONCE, Id, Ids, Instant, Sha256, Shape, is_absent

ShortText = Annotated[str, Field(max_length=64)]
# S3's composite `ChecksumSHA256` of an object in parts: the SHA-256 of the parts' SHA-256 digests one after the other,
# in base64, and the number of parts.
CompositeChecksum = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=-[1-9][0-9]{0,4}$")]


class State(StrEnum):
    """The edges: reserved → open → completing → stored → deleting → deleted; reserved or open → aborting → aborted;
    completing → aborting when the storage has lost upload and object, or when the object is not the announced file.
    What comes by a form is never open: it goes from reserved to completing.
    """

    RESERVED = "reserved"
    OPEN = "open"
    COMPLETING = "completing"
    STORED = "stored"
    ABORTING = "aborting"
    ABORTED = "aborted"
    DELETING = "deleting"
    DELETED = "deleted"


# Nothing is left in the bucket.
GONE = frozenset({State.ABORTED, State.DELETED})


class Kind(StrEnum):
    """How the bytes come: in parts that fs_svc plans, in parts that the client cuts as it likes, or in one form.

    The last two are what clients of Companion's dialect do, which do not say how large a file is.
    """

    PLANNED = "planned"
    FREE = "free"
    FORM = "form"


class ChecksumAlgorithm(StrEnum):
    """How parts are hashed, where they are."""

    SHA256 = "sha256"


class CreateObject(Input):
    """`size` may be None only where parts are not planned; `sha256` is the whole file's, where it is announced."""

    kind: Kind = Kind.PLANNED
    size: int | None = None
    content_type: str
    part_checksums: ChecksumAlgorithm | None = None
    sha256: Sha256 | None = None


class ReceivedPart(Shape):
    """A part that S3 holds; `checksum` (SHA-256 in base64) where it was certainly sent with one.

    `etag`, without quotes, and `last_modified` are S3's own.
    """

    part_number: int
    size: int
    checksum: str | None
    etag: str
    last_modified: Instant


class ReadBack(Shape):
    """The SHA-256 of the whole object as it was read from the storage (null: not to its end), and when."""

    sha256: str | None
    at: Instant


class StoredObject(Shape):
    """An object in any state; `expires_at` only while the upload is unfinished, `received` only from GET while open.

    `size` is null while only the client knows it, and `part_size` where the client cuts the file. `sha256` is the whole
    file's as it was announced, and `is_another_file` whether what was read back is not that file.
    """

    id: str
    state: State
    kind: Kind
    size: int | None
    content_type: str
    part_size: int | None
    part_count: int | None
    part_checksums: ChecksumAlgorithm | None
    sha256: str | None
    is_another_file: bool
    created_at: Instant
    expires_at: Instant | None
    received: tuple[ReceivedPart, ...] | None = None
    read_back: ReadBack | None = None


class AskPartUrls(Input):
    """Which parts; numbers start at 1. `checksums` (SHA-256 in base64 by part number) for an upload that has them."""

    part_numbers: Annotated[list[int], Field(min_length=1, max_length=MOST_AT_ONCE)]
    # What they must be is fs_svc's to say.
    checksums: Annotated[dict[ShortText, ShortText], Field(max_length=MOST_AT_ONCE)] | None = None


class PartUrls(Shape):
    """A presigned URL for each part number; each PUT sends `headers`, and beside them its part's `part_headers`."""

    urls: dict[str, str]
    headers: dict[str, str]
    expires_at: Instant
    # Only of an upload whose parts have checksums.
    part_headers: Annotated[dict[str, dict[str, str]] | None, Field(exclude_if=is_absent)] = None


class Form(Shape):
    """A POST of `fields`, and then of `file`, to `url` as multipart/form-data."""

    url: str
    fields: dict[str, str]
    expires_at: Instant


class CompleteObject(Input):
    """What the client knows: how many parts there are where it has cut the file, the whole file's SHA-256, and what the
    parts of its file come to, which proves that those in the storage are its own.
    """

    part_count: Annotated[int, Field(ge=1, le=10_000)] | None = None
    sha256: Sha256 | None = None
    checksum_sha256: CompositeChecksum | None = None


class Describe(Input):
    ids: Ids


class Described(Shape):
    """Objects by id; unknown ones are absent."""

    objects: dict[str, StoredObject]


class HandOver(Input):
    """Whose the objects are, and whose they are to be."""

    ids: Ids
    old_owner_id: Id
    owner_id: Id


class HandedOver(Shape):
    """The objects that are still the old owner's, since they were in the middle of something: ask again."""

    remaining: list[str]


class WantedSource(Input):
    """What a URL is wanted for: `filename` is what a download is saved as; a URL is good for one method.

    With `is_internal` it leads to the storage as services reach it, and not as browsers do. One that `is_brief` is good
    for two minutes: who may have it can end any moment.
    """

    id: Id
    method: Literal["GET", "HEAD"]
    is_brief: bool = False
    filename: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    is_download: bool = False
    is_internal: bool = False


class AskSources(Input):
    sources: Annotated[list[WantedSource], Field(min_length=1, max_length=MOST_AT_ONCE)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({source.id for source in self.sources}) < len(self.sources):
            raise ValueError("list each object once")
        return self


class Source(Shape):
    """A presigned URL; S3 answers it with this content type."""

    url: str
    content_type: str
    expires_at: Instant


class SignedSources(Shape):
    """Sources by object id; what is not stored is absent."""

    sources: dict[str, Source]


class Usage(Shape):
    """Bytes of one account: of what is stored, the trash included, and of what is being uploaded."""

    stored: int
    reserved: int


class QuotaUsage(Usage):
    """The same, and how much they may be together; null: there is no limit."""

    limit: int | None

    @property
    def total(self) -> int:
        return self.stored + self.reserved


class AskUsage(Input):
    owner_ids: Ids


class UsageOfOwners(Shape):
    """By owner; who has never uploaded is absent."""

    usage: dict[str, Usage]


class Hold(Shape):
    """Whether nothing may be destroyed now only because its time is over."""

    is_held: bool


class LostObject(Shape):
    """An object in the bucket without a row; `name` is its key without the prefix that all keys have."""

    name: str
    size: int
    content_type: str
    last_modified: Instant


class ListLost(Input):
    """Behind which name; without it from the beginning."""

    after: Annotated[str, Field(max_length=1024)] = ""


class LostObjects(Shape):
    """Those in a section of the bucket, and the name behind which it continues; null at its end."""

    objects: list[LostObject]
    next: str | None


class AdoptObject(Input):
    """Which of those that are listed as lost, and whose it is to be."""

    name: Annotated[str, Field(pattern=r"^[a-z2-7]{26}$")]
    owner_id: Id
