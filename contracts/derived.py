"""What fs_svc is asked about derived objects: files that belong to a video, most of them made of it; sizes in bytes.

One derived object is a few files under one key prefix. It belongs to the video's object, and ends with it.
"""

from __future__ import annotations

from enum import StrEnum

from common.web.requests import Input
from contracts.media import FileName, NewFiles
from contracts.shape import Id, Ids, Shape


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
