"""The JSON shapes of fs_svc's API as it parses and presents them, where that is more than what its callers know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from contracts import objects
from contracts.derived import DerivedObject, StoredFile
from contracts.objects import ChecksumAlgorithm, Kind, ReadBack, ReceivedPart, StoredObject
from contracts.shape import MOST_AT_ONCE
from fs_svc.objects import Derived, Object
from fs_svc.plan import LARGEST_FORM, LARGEST_SIZE

# As far as this service is concerned: a video of any kind. Which kinds are supported is decided in front of it.
VideoType = Annotated[str, Field(pattern=r"^video/[a-z0-9][a-z0-9.+-]{0,60}$")]
# A member's name in JSON, where numbers are text.
PartNumber = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,4}$")]
# 32 octets in base64, in the one spelling that there is for them.
Sha256InBase64 = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$")]


class CreateObject(objects.CreateObject):
    size: Annotated[int | None, Field(ge=1, le=LARGEST_SIZE, validate_default=True)] = None
    content_type: VideoType

    @field_validator("size")
    @classmethod
    def _size_fits(cls, size: int | None, info: ValidationInfo) -> int | None:
        kind = info.data.get("kind")
        if kind is Kind.PLANNED and size is None:
            raise ValueError("is required where parts are planned")
        if kind is Kind.FORM and (size or 0) > LARGEST_FORM:
            raise ValueError(f"must be at most {LARGEST_FORM} for a form; send it in parts")
        return size

    @field_validator("part_checksums")
    @classmethod
    def _checksums_fit(cls, algorithm: ChecksumAlgorithm | None, info: ValidationInfo) -> ChecksumAlgorithm | None:
        if algorithm is not None and info.data.get("kind") is not Kind.PLANNED:
            raise ValueError("must be left out where parts are not planned")
        return algorithm


class AskPartUrls(objects.AskPartUrls):
    checksums: Annotated[dict[PartNumber, Sha256InBase64], Field(max_length=MOST_AT_ONCE)] | None = None

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.part_numbers)) < len(self.part_numbers):
            raise ValueError("list each part number once")
        return self


def present(item: Object, received: Sequence[ReceivedPart] | None = None) -> StoredObject:
    """The object as callers see it, with the received parts if requested."""
    return StoredObject(
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
        created_at=item.created_at,
        expires_at=item.expires_at,
        read_back=None if item.read_back_at is None else ReadBack(sha256=item.read_back_sha256, at=item.read_back_at),
        received=None if received is None else tuple(received),
    )


def present_derived(item: Derived) -> DerivedObject:
    """The derived object as callers see it."""
    return DerivedObject(
        id=item.id,
        object_id=item.object_id,
        task=item.task,
        state=item.state,
        files=tuple(StoredFile(name=file.name, content_type=file.content_type, size=file.size) for file in item.files),
    )
