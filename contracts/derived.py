"""What fs_svc is asked about derived objects: files that a worker has made of a video; sizes in bytes.

One derived object is a few files under one key prefix. It belongs to the video's object, and ends with it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from common.web.requests import Input
from contracts.media import MOST_FILES, FileName, NewFile, Task
from contracts.shape import Id, Ids, Shape


class DerivedState(StrEnum):
    """The edges: reserved → stored → deleting → deleted; reserved → deleting."""

    RESERVED = "reserved"
    STORED = "stored"
    DELETING = "deleting"
    DELETED = "deleted"


class CreateDerived(Input):
    """Whose derivation it is, what was made, and every file of it."""

    object_id: Id
    task: Task
    files: Annotated[list[NewFile], Field(min_length=1, max_length=MOST_FILES)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({file.name for file in self.files}) < len(self.files):
            raise ValueError("list each file name once")
        return self


class StoredFile(Shape):
    name: FileName
    content_type: str
    size: int


class DerivedObject(Shape):
    """A derived object in any state; without files once it is deleted."""

    id: str
    object_id: str
    task: Task
    state: DerivedState
    files: tuple[StoredFile, ...]


class DeleteDerived(Input):
    ids: Ids


class AskPictures(Input):
    ids: Ids


class SignedPictures(Shape):
    """Presigned URLs by id and file name, equal for a day; what is not stored is absent."""

    pictures: dict[str, dict[str, str]]
