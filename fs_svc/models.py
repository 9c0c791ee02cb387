"""The JSON shapes of fs_svc's API, as they are parsed and as they are presented."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, ValidationInfo, field_validator, model_validator

from common.clock import rfc3339
from common.web.requests import Input
from fs_svc.objects import ChecksumAlgorithm, Kind, Object, State
from fs_svc.plan import LARGEST_FORM, LARGEST_SIZE, MOST_PARTS
from fs_svc.uploads.in_parts import ReceivedPart as ReceivedPartInDomain

MOST_AT_ONCE = 100

# As far as this service is concerned: a video of any kind. Which kinds are taken is decided in front of it.
VideoType = Annotated[str, Field(pattern=r"^video/[a-z0-9][a-z0-9.+-]{0,60}$")]
Id = Annotated[str, Field(max_length=32)]
# A member's name in JSON, where numbers are text.
PartNumber = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,4}$")]
# In hexadecimal digits.
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
# 32 octets in base64, in the one spelling that there is for them.
Sha256InBase64 = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$")]


class CreateObject(Input):
    """`size` in bytes: what is not planned may be of a size that nobody has said."""

    kind: Kind = Kind.PLANNED
    size: Annotated[int | None, Field(ge=1, le=LARGEST_SIZE, validate_default=True)] = None
    content_type: VideoType
    part_checksums: ChecksumAlgorithm | None = None
    sha256: Sha256 | None = None

    @field_validator("size")
    @classmethod
    def _size_fits(cls, size: int | None, info: ValidationInfo) -> int | None:
        kind = info.data.get("kind")
        if kind is Kind.PLANNED and size is None:
            raise ValueError("must be given where parts are planned")
        if kind is Kind.FORM and (size or 0) > LARGEST_FORM:
            raise ValueError(f"must be at most {LARGEST_FORM} for a form; send it in parts")
        return size

    @field_validator("part_checksums")
    @classmethod
    def _checksums_fit(cls, algorithm: ChecksumAlgorithm | None, info: ValidationInfo) -> ChecksumAlgorithm | None:
        if algorithm is not None and info.data.get("kind") is not Kind.PLANNED:
            raise ValueError("must be left out where parts are not planned")
        return algorithm


class CompleteObject(Input):
    """What the client knows: how many parts there are where it has cut the file, and the whole file's SHA-256."""

    part_count: Annotated[int, Field(ge=1, le=MOST_PARTS)] | None = None
    sha256: Sha256 | None = None


class AskPartUrls(Input):
    """`checksums`: SHA-256 in base64 by part number, for an upload that was created with `part_checksums`."""

    part_numbers: Annotated[list[int], Field(min_length=1, max_length=MOST_AT_ONCE)]
    checksums: Annotated[dict[PartNumber, Sha256InBase64], Field(max_length=MOST_AT_ONCE)] | None = None

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.part_numbers)) < len(self.part_numbers):
            raise ValueError("name each part number once")
        return self


class Describe(Input):
    ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_AT_ONCE)]


class HandOver(Input):
    """Whose the objects are, and whose they are to be."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_AT_ONCE)]
    old_owner_id: Id
    owner_id: Id


class WantedSourceInput(Input):
    """`filename` is what a download is saved as."""

    id: Id
    method: Literal["GET", "HEAD"]
    filename: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    is_download: bool = False


class AskSources(Input):
    sources: Annotated[list[WantedSourceInput], Field(min_length=1, max_length=MOST_AT_ONCE)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({source.id for source in self.sources}) < len(self.sources):
            raise ValueError("name each object once")
        return self


class ReceivedPart(BaseModel):
    """`size` in bytes; `checksum` (SHA-256 in base64) where the part was signed with one; `etag` without quotes."""

    part_number: int
    size: int
    checksum: str | None
    etag: str
    last_modified: str


class ReadBack(BaseModel):
    """The SHA-256 of the whole object as it was read from the storage (null: not to its end), and when."""

    sha256: str | None
    at: str


class ObjectView(BaseModel):
    """Sizes in bytes; `expires_at` only while the upload is unfinished; `received` only from GET while it is open.

    `sha256` is the whole file's as it was announced, and `is_another_file` whether what was read back is not that file.
    `size` is null while only the client knows it, and `part_size` where the client cuts the file.
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
    created_at: str
    expires_at: str | None
    received: list[ReceivedPart] | None = None
    read_back: ReadBack | None = None

    @classmethod
    def of(cls, item: Object, received: Sequence[ReceivedPartInDomain] | None = None) -> Self:
        return cls(
            id=item.id,
            state=item.state,
            kind=item.kind,
            size=item.size,
            content_type=item.content_type,
            part_size=item.part_size,
            part_count=item.part_count,
            part_checksums=item.part_checksums,
            sha256=item.sha256,
            is_another_file=item.is_another_file,
            created_at=rfc3339(item.created_at),
            expires_at=None if item.expires_at is None else rfc3339(item.expires_at),
            read_back=None
            if item.read_back_at is None
            else ReadBack(sha256=item.read_back_sha256, at=rfc3339(item.read_back_at)),
            received=None
            if received is None
            else [
                ReceivedPart(
                    part_number=part.part_number,
                    size=part.size,
                    checksum=part.checksum,
                    etag=part.etag,
                    last_modified=rfc3339(part.last_modified),
                )
                for part in received
            ],
        )


class PartUrlsView(BaseModel):
    """URLs by part number; `headers` go with each PUT, and `part_headers` with the PUT of that part."""

    urls: dict[int, str]
    headers: dict[str, str]
    part_headers: dict[int, dict[str, str]]
    expires_at: str


class FormView(BaseModel):
    """A POST of `fields`, and then of `file`, to `url` as multipart/form-data."""

    url: str
    fields: dict[str, str]
    expires_at: str


class UsageView(BaseModel):
    """Bytes of one account: of what is stored, and of what is being uploaded. `limit`: null, there is none."""

    limit: int | None
    used: int
    reserved: int


class HandedOver(BaseModel):
    """The objects that are still the old owner's, since they were in the middle of something: ask again."""

    remaining: list[str]


class AskUsage(Input):
    """Of whom."""

    owner_ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_AT_ONCE)]


class OwnerUsage(BaseModel):
    """Bytes of one account: of what is stored, and of what is being uploaded."""

    used: int
    reserved: int


class UsageOfOwners(BaseModel):
    """By owner; who has never uploaded is absent."""

    usage: dict[str, OwnerUsage]


class FindingView(BaseModel):
    """How many, their bytes, and the first of their names."""

    count: int
    size: int
    names: list[str]


class StorageReport(BaseModel):
    """What comparing the bucket with the rows has found last; null: it has not been done yet."""

    at: str | None
    objects: int = 0
    size: int = 0
    orphan_objects: FindingView | None = None
    orphan_uploads: FindingView | None = None
    unknown: FindingView | None = None
    removed: FindingView | None = None
    missing: FindingView | None = None
    damaged: FindingView | None = None
    foreign: FindingView | None = None
    holding: str | None = None
    others: list[str] = []
    is_database_older: bool = False


class LostObjectView(BaseModel):
    """An object without a row; `size` in bytes, `last_modified` as RFC 3339."""

    name: str
    size: int
    content_type: str
    last_modified: str


class LostObjects(BaseModel):
    """Those in a part of the bucket; `next` is what to go on behind, null at its end."""

    objects: list[LostObjectView]
    next: str | None


class ListLost(Input):
    """Behind which name; without it from the beginning."""

    after: Annotated[str, Field(max_length=1024)] = ""


class AdoptObject(Input):
    """Which of those that are listed as lost, and whose it is to be."""

    name: Annotated[str, Field(pattern=r"^[a-z2-7]{26}$")]
    owner_id: Id


class Hold(BaseModel):
    """Whether nothing may be destroyed only because its time is over."""

    is_held: bool


class Described(BaseModel):
    """Objects by id; unknown ones are absent."""

    objects: dict[str, ObjectView]


class SourceView(BaseModel):
    url: str
    expires_at: str
    type: str


class SignedSources(BaseModel):
    """Sources by object id; what is not stored is absent."""

    sources: dict[str, SourceView]
