"""The JSON shapes of Uppy's Companion, as its S3 clients know them."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, RootModel

from catalogue.videos import TITLE_MAX
from common.characters import title_from_filename
from common.clock import rfc3339
from common.errors import Invalid
from common.text import clean_filename
from common.web.requests import Input, Query, validated
from contracts.objects import Kind
from upload_svc.models import CONTENT_TYPE_MAX, NewFile, Size
from upload_svc.uploads import NewUpload, Upload

MOST_PARTS = 10_000
PARTS_PER_CALL = 50
# 10,000 parts with their ETags.
COMPLETE_MOST_BYTES = 2**20

PartNumber = Annotated[int, Field(ge=1, le=MOST_PARTS)]


class UppyFile(NewFile):
    """What can be made of an Uppy's file name, type and metadata; without a size where there is none in those."""

    size: Size | None = None

    @classmethod
    def of(cls, filename: str, content_type: str, metadata: dict[str, Any]) -> Self:
        """From metadata its `title`, `description`, `visibility` and `size`, where it has them. Raises Invalid."""
        # Uppy shows people no reasons: what can be mended here is not refused.
        filename = clean_filename(filename)
        fields = {
            "filename": filename,
            "content_type": content_type[:CONTENT_TYPE_MAX],
            "title": title_from_filename(filename, longest=TITLE_MAX) or filename[:TITLE_MAX],
        }
        fields |= {
            name: str(metadata[name])
            for name in ("title", "description", "visibility", "size")
            if metadata.get(name) not in (None, "")
        }
        return validated(cls, fields)

    def to_domain(self, kind: Kind) -> NewUpload:
        """As the domain takes it."""
        return NewUpload(
            title=self.title,
            description=self.description,
            filename=self.filename,
            size=self.size,
            content_type=self.known_content_type,
            visibility=self.visibility,
            kind=kind,
        )


class CreateMultipart(Input):
    """A file that an Uppy is about to send in parts of its own making."""

    model_config = ConfigDict(extra="ignore")

    filename: Annotated[str, Field(min_length=1)]
    type: str | None = None
    metadata: dict[str, Any] | None = None


class AskForm(Query):
    """A file that an Uppy is about to send in one piece; beside these `metadata[name]` for each of its metadata."""

    filename: Annotated[str, Field(min_length=1)]
    type: str = ""


class Key(Query):
    """Companion's clients name every upload twice; here both are its id."""

    key: Annotated[str, Field(max_length=255)]


class AskBatch(Key):
    """The numbers of parts, with commas between them."""

    partNumbers: Annotated[str, Field(pattern=r"^[0-9]{1,5}(,[0-9]{1,5})*$", max_length=6 * PARTS_PER_CALL)]  # noqa: N815 (Companion's)


class SentPart(Input):
    """A part as the client knows it. The storage is asked what it holds, so that the ETag does not matter."""

    model_config = ConfigDict(extra="ignore")

    PartNumber: PartNumber


class CompleteMultipart(Input):
    """The parts, each once, from 1 on without a hole."""

    model_config = ConfigDict(extra="ignore")

    parts: Annotated[list[SentPart], Field(min_length=1, max_length=MOST_PARTS)]

    @property
    def part_count(self) -> int:
        """How many there are. Raises Invalid."""
        if sorted(part.PartNumber for part in self.parts) != list(range(1, len(self.parts) + 1)):
            raise Invalid([{"pointer": "#/parts", "detail": "must have each PartNumber once, from 1 without gaps"}])
        return len(self.parts)


class Multipart(BaseModel):
    """An upload that has been opened."""

    key: str
    uploadId: str  # noqa: N815 (Companion's)
    bucket: str


class Completed(BaseModel):
    """A video that has been stored: `location` is where it is watched."""

    location: str
    key: str
    bucket: str


class ListedPart(BaseModel):
    """A part that the storage holds."""

    PartNumber: int
    ETag: str
    Size: int
    LastModified: str


class ListedParts(RootModel[list[ListedPart]]):
    """All of them, ascending."""


class PartUrl(BaseModel):
    """A presigned URL, and for how many seconds it can be used."""

    url: str
    expires: int


class PartUrlBatch(BaseModel):
    """Presigned URLs by part number."""

    presignedUrls: dict[str, str]  # noqa: N815 (Companion's)


class FormParameters(BaseModel):
    """A form to send the file with, as the field `file` behind these; good for `expires` seconds."""

    method: str
    url: str
    fields: dict[str, str]
    expires: int


class Nothing(BaseModel):
    """An empty object."""


def listed_parts(upload: Upload) -> ListedParts | None:
    """What has been received; None when the upload is not open (any more)."""
    received = None if upload.stored_object is None else upload.stored_object.received
    if received is None:
        return None
    return ListedParts(
        [
            ListedPart(
                PartNumber=part.part_number,
                ETag=f'"{part.etag}"',
                Size=part.size,
                LastModified=rfc3339(part.last_modified),
            )
            for part in received
        ]
    )
