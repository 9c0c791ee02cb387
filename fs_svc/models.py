"""The JSON shapes of fs_svc's API, as they are parsed and as they are presented."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from common.clock import rfc3339
from common.web.requests import Input
from fs_svc.objects import Object, State
from fs_svc.plan import LARGEST_SIZE

MOST_AT_ONCE = 100

# As far as this service is concerned: a video of any kind. Which kinds are taken is decided in front of it.
VideoType = Annotated[str, Field(pattern=r"^video/[a-z0-9][a-z0-9.+-]{0,60}$")]
Id = Annotated[str, Field(max_length=32)]


class CreateObject(Input):
    """`size` in bytes."""

    size: Annotated[int, Field(ge=1, le=LARGEST_SIZE)]
    content_type: VideoType


class AskPartUrls(Input):
    part_numbers: Annotated[list[int], Field(min_length=1, max_length=MOST_AT_ONCE)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.part_numbers)) < len(self.part_numbers):
            raise ValueError("name each part number once")
        return self


class Describe(Input):
    ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_AT_ONCE)]


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
    """`size` in bytes."""

    part_number: int
    size: int


class ObjectView(BaseModel):
    """Sizes in bytes; `expires_at` only while the upload is unfinished; `received` only from GET while it is open."""

    id: str
    state: State
    size: int
    content_type: str
    part_size: int
    part_count: int
    created_at: str
    expires_at: str | None
    received: list[ReceivedPart] | None = None

    @classmethod
    def of(cls, item: Object, received: list[ReceivedPart] | None = None) -> Self:
        return cls(
            id=item.id,
            state=item.state,
            size=item.size,
            content_type=item.content_type,
            part_size=item.part_size,
            part_count=item.part_count,
            created_at=rfc3339(item.created_at),
            expires_at=None if item.expires_at is None else rfc3339(item.expires_at),
            received=received,
        )


class PartUrlsView(BaseModel):
    """URLs by part number; `headers` go with each PUT."""

    urls: dict[int, str]
    headers: dict[str, str]
    expires_at: str


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
