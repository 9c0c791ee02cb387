"""The JSON shapes of links by which guests send, and of what guests send."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

from catalogue.videos import TITLE_MAX, VideoState, Visibility
from common.characters import title_from_filename
from common.clock import rfc3339
from common.passwords import MAX_LENGTH, normal_form
from common.text import clean_line, clean_text
from common.web.requests import Input
from contracts.objects import ChecksumAlgorithm
from contracts.shape import Sha256, is_absent
from upload_svc.guests.guests import Said
from upload_svc.guests.store import UploadLink
from upload_svc.models import (
    ContentType,
    Filename,
    Grant,
    ReceivedPart,
    Size,
    Title,
    known_content_type,
    present,
)
from upload_svc.uploads import NewUpload
from upload_svc.uploads import Upload as UploadInDomain

SENDER_MAX: Final = 100
MESSAGE_MAX: Final = 2_000
NOTE_MAX: Final = 2_000
FILES_MAX: Final = 10_000


# Of writing from right to left; keyboards and copied names bring them along, and nobody sees them.
_MARKS: Final = str.maketrans(dict.fromkeys("\u061c\u200e\u200f"))


def _without_marks(text: str) -> str:
    return text.translate(_MARKS)


Note = Annotated[str, AfterValidator(clean_text), Field(max_length=NOTE_MAX)]
MostFiles = Annotated[int, Field(ge=1, le=FILES_MAX)]
LinkPassword = Annotated[str, AfterValidator(normal_form), Field(min_length=1, max_length=MAX_LENGTH)]


class CreateGuestUpload(Input):
    """A file that a guest is about to send; `size` in bytes. Without a title it is called as its file.

    `sender` is who they say they are, and `message` what they say of it; marks of the writing direction are taken out.
    """

    title: Title | None = None
    filename: Filename
    content_type: ContentType
    size: Size
    sender: Annotated[str, AfterValidator(_without_marks), AfterValidator(clean_line), Field(max_length=SENDER_MAX)] = (
        ""
    )
    message: Annotated[
        str, AfterValidator(_without_marks), AfterValidator(clean_text), Field(max_length=MESSAGE_MAX)
    ] = ""
    sha256: Sha256 | None = None
    part_checksums: Literal["sha256"] | None = None

    @model_validator(mode="after")
    def _is_video(self) -> Self:
        known_content_type(self.content_type, self.filename)
        return self

    @property
    def new_upload(self) -> NewUpload:
        return NewUpload(
            title=self.title or _title_of(self.filename),
            description="",
            filename=self.filename,
            size=self.size,
            content_type=known_content_type(self.content_type, self.filename),
            visibility=Visibility.PRIVATE,
            sha256=self.sha256,
            part_checksums=None if self.part_checksums is None else ChecksumAlgorithm(self.part_checksums),
        )

    @property
    def said(self) -> Said:
        return Said(sender=self.sender, message=self.message)


class GuestUpload(BaseModel):
    """An upload as its guest sees it: `ready` once all of it has come, whatever its owner does with it then.

    From then on `title` is made from the file's name: what its owner calls it is not the guest's to know.
    """

    id: str
    state: Literal["uploading", "ready"]
    title: str
    filename: str
    size: int | None
    content_type: str
    sha256: str | None
    part_size: int | None
    part_count: int | None
    created_at: str
    expires_at: str | None
    part_checksums: Annotated[str | None, Field(exclude_if=is_absent)] = None
    received: Annotated[list[ReceivedPart] | None, Field(exclude_if=is_absent)] = None


def present_upload_link(link: UploadLink, *, received: int, url: str | None = None) -> Grant:
    return Grant(
        id=link.id,
        subject="link",
        name=link.link_name,
        right="upload",
        created_at=link.created_at,
        expires_at=link.expires_at,
        has_password=link.password_hash is not None,
        view_limit=None,
        views=None,
        start_at=None,
        frame_ancestors=None,
        url=url,
        max_size=link.max_size,
        max_files=link.max_files,
        note=link.note,
        received=received,
    )


def present_guest_upload(upload: UploadInDomain) -> GuestUpload:
    known = present(upload, stream_url="")
    is_uploading = upload.video.state is VideoState.UPLOADING
    return GuestUpload(
        id=known.id,
        state="uploading" if is_uploading else "ready",
        title=known.title if is_uploading else _title_of(known.filename),
        filename=known.filename,
        size=known.size,
        content_type=known.content_type,
        sha256=known.sha256,
        part_size=known.part_size,
        part_count=known.part_count,
        created_at=rfc3339(upload.video.created_at),
        expires_at=known.expires_at if is_uploading else None,
        part_checksums=known.part_checksums,
        received=known.received,
    )


def _title_of(filename: str) -> str:
    return title_from_filename(filename, longest=TITLE_MAX) or filename[:TITLE_MAX]
