"""What fs_svc is asked about derived objects: files that belong to a video, most of them made of it; sizes in bytes.

One derived object is a few files under one key prefix. It belongs to the video's object, and ends with it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from common.web.requests import Input
from contracts.media import FileName, NewFiles
from contracts.objects import Source
from contracts.renditions import MOST_PART_BYTES
from contracts.shape import Id, Ids, Sha256, Shape


class DerivedState(StrEnum):
    """The edges: reserved → stored → deleting → deleted; reserved → deleting."""

    RESERVED = "reserved"
    STORED = "stored"
    DELETING = "deleting"
    DELETED = "deleted"


class Derivation(StrEnum):
    """What a derived object is: what a task of media_svc has made of a video, or a picture as its owner sent it.

    The latter is a stranger's file, for media_svc alone: nobody is shown it.
    """

    LOOK = "look"
    PICTURE = "picture"
    STORYBOARD = "storyboard"
    SENT_PICTURE = "sent-picture"
    RENDITION = "rendition"


class CreateDerived(Input):
    """Whose derivation it is, what was made, and every file of it.

    With `is_internal` the URLs lead to the storage as services reach it, and not as browsers do.
    """

    object_id: Id
    task: Derivation
    files: NewFiles
    is_internal: bool = True


class CreateInParts(Input):
    """Whose derivation it is, and its only file."""

    object_id: Id
    task: Derivation
    name: FileName
    content_type: Literal["video/mp4"] = "video/mp4"


class DerivedPart(Input):
    """A part of a multipart upload; exactly these bytes."""

    part_number: Annotated[int, Field(ge=1, le=10_000)]
    size: Annotated[int, Field(ge=1, le=MOST_PART_BYTES)]
    sha256: Sha256


class AskDerivedPart(Input):
    """Where a part goes of an object that is made with the first; `is_internal` as in CreateDerived."""

    upload: CreateInParts
    part: DerivedPart
    is_internal: bool = True


class CompleteInParts(Input):
    """The parts that make the file, in their order."""

    parts: Annotated[list[DerivedPart], Field(min_length=1, max_length=1000)]


class StoredFile(Shape):
    name: FileName
    content_type: str
    size: int


class DerivedObject(Shape):
    """A derived object in any state; without files once it is deleted."""

    id: str
    object_id: str
    task: Derivation
    state: DerivedState
    files: tuple[StoredFile, ...]


class DeleteDerived(Input):
    ids: Ids


class AskSentPicture(Input):
    """Where the bytes of a picture are that was sent; as in CreateDerived."""

    is_internal: bool = True


class AskPictures(Input):
    """With `is_brief`, URLs are asked for that are good for two minutes: who may have them can end any moment."""

    ids: Ids
    is_brief: bool = False


class SignedPictures(Shape):
    """Presigned URLs by id and file name, equal for days unless they are brief; what is not stored is absent."""

    pictures: dict[str, dict[str, str]]


class AskRenditions(Input):
    """Derived objects that are renditions; `is_brief` as above. With `filename`, a browser saves it under that name."""

    ids: Ids
    is_brief: bool = False
    filename: Annotated[str, Field(min_length=1, max_length=255)] | None = None


class SignedRenditions(Shape):
    """By id; what is no rendition, or not stored, is absent."""

    renditions: dict[str, Source]
