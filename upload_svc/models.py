"""The JSON shapes of upload_svc's API, as they are parsed and as they are presented."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from catalogue.access import Right
from catalogue.content import present_poster
from catalogue.embeds import MOST_SITES, clean_site
from catalogue.links import Link
from catalogue.pages import Sort
from catalogue.videos import DESCRIPTION_MAX, MAX_SIZE, TITLE_MAX, VideoState, Visibility
from common.clock import rfc3339
from common.errors import Refusal
from common.languages import N_, gettext
from common.media_types import video_content_type
from common.passwords import MAX_LENGTH, normal_form
from common.text import clean_filename, clean_line, clean_text
from common.web.requests import Input, Query
from contracts.media import Facts, Reason
from contracts.objects import ChecksumAlgorithm, CompleteObject, CompositeChecksum
from contracts.shape import Instant, Sha256, is_absent
from upload_svc.grant_store import Grant as GrantInDomain
from upload_svc.grant_store import ListedLink
from upload_svc.grants import NewLink
from upload_svc.media.media import Media as MediaInDomain
from upload_svc.media.media import MediaState
from upload_svc.uploads import Act, NewUpload, Wanted
from upload_svc.uploads import Integrity as IntegrityInDomain
from upload_svc.uploads import Upload as UploadInDomain

CONTENT_TYPE_MAX = 255
BATCH_MAX = 100


Size = Annotated[int, Field(ge=1, le=MAX_SIZE)]
Title = Annotated[str, AfterValidator(clean_line), Field(min_length=1, max_length=TITLE_MAX)]
Description = Annotated[str, AfterValidator(clean_text), Field(max_length=DESCRIPTION_MAX)]
ContentType = Annotated[str, Field(max_length=CONTENT_TYPE_MAX)]
Filename = Annotated[str, AfterValidator(clean_filename)]
LinkName = Annotated[str, AfterValidator(clean_line), Field(min_length=1, max_length=100)]
FramingSite = Annotated[str, Field(max_length=2048), AfterValidator(clean_site)]


def known_content_type(content_type: str, filename: str) -> str:
    """The type that a file is stored with. Raises ValueError for one that is no video."""
    found = video_content_type(content_type, filename)
    if found is None:
        raise ValueError("content_type must be a supported video type, or the file name must have a known ending")
    return found


class NewFile(Input):
    """What every client says of a file that is about to be sent."""

    title: Title
    description: Description = ""
    filename: Filename
    content_type: ContentType
    visibility: Visibility = Visibility.PRIVATE

    @model_validator(mode="after")
    def _is_video(self) -> Self:
        known_content_type(self.content_type, self.filename)
        return self

    @property
    def known_content_type(self) -> str:
        """The type that it is stored with."""
        return known_content_type(self.content_type, self.filename)


class CreateUpload(NewFile):
    """A file that is about to be sent; `size` in bytes."""

    size: Size
    sha256: Sha256 | None = None
    part_checksums: Literal["sha256"] | None = None

    def to_domain(self) -> NewUpload:
        """As the domain takes it."""
        return NewUpload(
            title=self.title,
            description=self.description,
            filename=self.filename,
            size=self.size,
            content_type=self.known_content_type,
            visibility=self.visibility,
            sha256=self.sha256,
            part_checksums=None if self.part_checksums is None else ChecksumAlgorithm(self.part_checksums),
        )


class CompleteUpload(Input):
    """What the sender knows of the file by now; all of it may be left out; what is not known here is passed over."""

    model_config = ConfigDict(extra="ignore")

    sha256: Sha256 | None = None
    checksum_sha256: CompositeChecksum | None = None

    def to_domain(self) -> CompleteObject:
        """As fs_svc takes it."""
        return CompleteObject(sha256=self.sha256, checksum_sha256=self.checksum_sha256)


class ReadBack(BaseModel):
    """What the storage gave when all of it was read (null: it did not), and whether that is the file that was sent
    (null: nobody knows what that was).
    """

    sha256: str | None
    at: str
    is_same: bool | None


class Integrity(BaseModel):
    """How it is known that what is stored is what was sent.

    `sha256` is the whole file's as its sender has computed it. With `part_checksums` the storage itself has compared
    each part with the checksum in its URL's signature before it took it.
    """

    id: str
    size: int
    sha256: str | None
    part_checksums: str | None
    read_back: ReadBack | None


class EditUpload(Input):
    """What is to change; what is absent stays."""

    title: Title | None = None
    description: Description | None = None
    visibility: Visibility | None = None


_SUBJECT: Final = re.compile(r"link|(account|group):[a-z2-7]{26}")


class CreateGrant(Input):
    """Who else may watch: an account (`account:` and its id), a group (`group:`), or whoever has the link that is made.

    It ends at `expires_at`; a link also when `view_limit` visitors have played the video, which then plays on for them.
    `start_at` is where a link begins, in seconds. `frame_ancestors` are the sites whose pages may show its player, such
    as `https://lms.example` or `https://*.lms.example`; a link with a password can have none. Visitors are not told
    its `name`.
    """

    subject: str = "link"
    right: str = "watch"
    expires_at: AwareDatetime | None = None
    password: Annotated[str, AfterValidator(normal_form), Field(min_length=1, max_length=MAX_LENGTH)] | None = None
    view_limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    start_at: Annotated[float, Field(ge=0, le=10_000_000, allow_inf_nan=False)] | None = None
    frame_ancestors: Annotated[tuple[FramingSite, ...], Field(max_length=MOST_SITES)] = ()
    name: LinkName | None = None

    @field_validator("subject")
    @classmethod
    def _is_subject(cls, subject: str) -> str:
        if not _SUBJECT.fullmatch(subject):
            raise ValueError(N_("must be “link”, or “account:” or “group:” followed by an id"))
        return subject

    @field_validator("right")
    @classmethod
    def _is_right(cls, right: str, _: ValidationInfo) -> str:
        if right != "watch":
            raise ValueError(N_("must be “watch”: nothing else can be granted"))
        return right

    @field_validator("password", "view_limit", "start_at", "frame_ancestors", "name")
    @classmethod
    def _goes_with_links(cls, value: object, info: ValidationInfo) -> object:
        if value not in (None, ()) and info.data.get("subject", "link") != "link":
            raise ValueError(N_("goes with a link alone: leave it out"))
        return value

    @property
    def new_link(self) -> NewLink:
        return NewLink(
            expires_at=self.expires_at,
            password=self.password,
            view_limit=self.view_limit,
            start_at=self.start_at,
            frame_ancestors=tuple(dict.fromkeys(self.frame_ancestors)),
            name=self.name,
        )


class AskGrantees(Query):
    """With whom one could share: with the account of this exact username; none: with one's groups."""

    username: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class CreateShare(CreateGrant):
    """The link that is to be made; see CreateGrant."""

    subject: Literal["link"] = "link"


class Grant(BaseModel):
    """A link, or who else may watch: an account or a group with its `name`, and of a collection `members`, `everyone`.

    Who has the right `manage` of a collection watches what is in it, and does with it nearly what its owner does. A
    link's `name` is what its maker calls it, if anything. What is a link's alone is null there. `views`: how many
    visitors have played by a link. `url` is told once, when the link is made, and with it, where sites may frame the
    player, its address and the HTML. A link with the right `upload` has `received`, how many files have come by it, and
    what limits it has.
    """

    id: str
    subject: str
    name: str | None
    right: Literal["watch", "upload", "manage"] = "watch"
    created_at: Instant
    expires_at: Instant | None
    has_password: bool | None
    view_limit: int | None
    views: int | None
    start_at: float | None
    frame_ancestors: list[str] | None
    url: Annotated[str | None, Field(exclude_if=is_absent)] = None
    embed_url: Annotated[str | None, Field(exclude_if=is_absent)] = None
    embed_html: Annotated[str | None, Field(exclude_if=is_absent)] = None
    max_size: Annotated[int | None, Field(exclude_if=is_absent)] = None
    max_files: Annotated[int | None, Field(exclude_if=is_absent)] = None
    note: Annotated[str | None, Field(exclude_if=is_absent)] = None
    received: Annotated[int | None, Field(exclude_if=is_absent)] = None


class ListGrants(Query):
    """Which page of them."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=2048)] | None = None


class SharedCollection(BaseModel):
    """A collection by which others may watch a video."""

    id: str
    title: str


class GrantPage(BaseModel):
    """One page of a list; of a video with the `collections` by which others may watch it as well, a hundred at most."""

    items: list[Grant]
    next_cursor: str | None
    collections: list[SharedCollection] = []


def present_link(
    link: Link,
    *,
    name: str | None,
    views: int,
    url: str | None = None,
    embed_url: str | None = None,
    embed_html: str | None = None,
) -> Grant:
    return Grant(
        id=link.id,
        subject="link",
        name=name,
        created_at=link.created_at,
        expires_at=link.expires_at,
        has_password=link.password_hash is not None,
        view_limit=link.view_limit,
        views=views,
        start_at=link.start_at,
        frame_ancestors=list(link.frame_ancestors),
        url=url,
        embed_url=embed_url,
        embed_html=embed_html,
    )


def present_grant(grant: GrantInDomain) -> Grant:
    return Grant(
        id=grant.id,
        subject=grant.subject,
        name=grant.name,
        right="manage" if grant.right is Right.MANAGE else "watch",
        created_at=grant.created_at,
        expires_at=grant.expires_at,
        has_password=None,
        view_limit=None,
        views=None,
        start_at=None,
        frame_ancestors=None,
    )


def present_listed(listed: GrantInDomain | ListedLink) -> Grant:
    if isinstance(listed, ListedLink):
        return present_link(listed.link, name=listed.name, views=listed.views)
    return present_grant(listed)


class ListedState(StrEnum):
    """The states in which there is something to list: what is deleted is gone."""

    UPLOADING = VideoState.UPLOADING
    READY = VideoState.READY
    TRASHED = VideoState.TRASHED


class BatchAction(StrEnum):
    """What can be done with many videos at once."""

    VISIBILITY = "visibility"
    TRASH = "trash"
    RESTORE = "restore"


def _each_once(ids: list[str]) -> list[str]:
    if len(set(ids)) != len(ids):
        raise ValueError("names a video twice: name each once")
    return ids


class Batch(Input):
    """What to do with which videos; `visibility` goes with the action of that name."""

    ids: Annotated[
        list[Annotated[str, Field(max_length=64)]],
        Field(min_length=1, max_length=BATCH_MAX),
        AfterValidator(_each_once),
    ]
    action: BatchAction
    visibility: Annotated[Visibility | None, Field(validate_default=True)] = None

    @field_validator("visibility", mode="after")
    @classmethod
    def _goes_with_its_action(cls, visibility: Visibility | None, info: ValidationInfo) -> Visibility | None:
        action = info.data.get("action")
        if visibility is None and action is BatchAction.VISIBILITY:
            raise ValueError(N_("is required"))
        if visibility is not None and action in (BatchAction.TRASH, BatchAction.RESTORE):
            raise ValueError("goes with the action “visibility” alone: leave it out")
        return visibility

    @property
    def act(self) -> Act:
        """As the domain takes it."""
        return self.visibility or ("trash" if self.action is BatchAction.TRASH else "restore")


class BatchResult(BaseModel):
    """What became of one of the videos: 204, or the problem that the call for it alone would have answered."""

    id: str
    status: int
    code: Annotated[str | None, Field(exclude_if=is_absent)] = None
    detail: Annotated[str | None, Field(exclude_if=is_absent)] = None


class BatchResults(BaseModel):
    """One result for each video, in the order in which they were named."""

    results: list[BatchResult]


class ListUploads(Query):
    """Which of my uploads, in which order, and which page of them."""

    q: Annotated[str, Field(max_length=200)] = ""
    state: ListedState | None = None
    visibility: Visibility | None = None
    sort: Sort = Sort.NEWEST
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=2048)] | None = None

    @property
    def wanted(self) -> Wanted:
        return Wanted(q=self.q, visibility=self.visibility, sort=self.sort)


# Facts of more than a year are not believed.
_LONGEST_SECONDS: Final = 366 * 24 * 3600


class ChoosePoster(Input):
    """The moment of the video that is to be its picture."""

    seconds: Annotated[float, Field(ge=0, le=_LONGEST_SECONDS, allow_inf_nan=False)]


class ReceivedPart(BaseModel):
    """A part that S3 holds; `checksum` (SHA-256 in base64) where it was sent with one."""

    part_number: int
    size: int
    checksum: Annotated[str | None, Field(exclude_if=is_absent)] = None


class SentPicture(BaseModel):
    """How far a picture is that was sent, and why it has failed: then the poster is as it was before."""

    state: MediaState
    reason: Reason | None
    detail: str | None = None


class Renditions(BaseModel):
    """How far the files are in which a video plays everywhere; `progress` in per cent, `detail` why they have failed.

    `names` are those that there are.
    """

    state: MediaState
    progress: int
    reason: Reason | None
    detail: str | None
    names: list[str]


class Media(BaseModel):
    """What workers make of a video: how far that is, why it has failed, and what is known so far.

    `off`: it waits, and no worker is there. `detail` says the reason in words. `duration` in seconds; `codecs` as
    RFC 6381 names them; null: not known (yet). `has_location`: the original says where it was taken. `poster` has
    presigned URLs by width in pixels, and by format; they change once a day. `sent_picture` is the picture that its
    owner has sent in place of one of its moments; `renditions` are there where any are or will be made.
    """

    state: MediaState
    reason: Reason | None
    detail: str | None = None
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    codecs: list[str] | None = None
    has_video: bool | None = None
    has_audio: bool | None = None
    has_location: bool | None = None
    poster: dict[str, dict[Literal["webp", "jpeg"], str]] | None = None
    sent_picture: Annotated[SentPicture | None, Field(exclude_if=is_absent)] = None
    renditions: Annotated[Renditions | None, Field(exclude_if=is_absent)] = None


class Guest(BaseModel):
    """Who has sent a video without an account, as they say, and what they say of it; empty: nothing."""

    sender: str
    message: str


class Upload(BaseModel):
    """A video as its owner sees it. `part_size` and `part_count` are null until the storage has been asked.

    What an Uppy uploads has no `size` before it is ready, and no plan: it cuts the file itself.

    `expires_at`: when it is deleted by itself, of what is unfinished or in the trash.
    """

    id: str
    state: VideoState
    title: str
    description: str
    filename: str
    size: int | None
    content_type: str
    visibility: Visibility
    # Whether an administrator has hidden it: then its owner alone finds it, whatever `visibility` says.
    hidden: bool
    sha256: str | None
    part_size: int | None
    part_count: int | None
    created_at: str
    expires_at: str | None
    watch_url: str
    # Null until all of it has arrived.
    media: Media | None
    # Only while it is open, and only where parts have checksums.
    part_checksums: Annotated[str | None, Field(exclude_if=is_absent)] = None
    # Only of what a guest has sent.
    guest: Annotated[Guest | None, Field(exclude_if=is_absent)] = None
    # Only of one upload that is open; lists and finished ones do not have it.
    received: Annotated[list[ReceivedPart] | None, Field(exclude_if=is_absent)] = None


class UploadPage(BaseModel):
    """One page of a list."""

    items: list[Upload]
    next_cursor: str | None


def present(upload: UploadInDomain, *, stream_url: str) -> Upload:
    """An upload as the API shows it; with the received parts where fs_svc was asked for them."""
    video, stored_object = upload.video, upload.stored_object
    received = None if stored_object is None else stored_object.received
    return Upload(
        id=video.id,
        state=video.state,
        title=video.title,
        description=video.description,
        filename=video.filename,
        size=video.size,
        content_type=video.content_type,
        visibility=video.chosen_visibility,
        hidden=video.is_hidden,
        sha256=video.file_sha256 or (None if stored_object is None else stored_object.sha256),
        part_size=video.part_size,
        part_count=video.part_count,
        created_at=rfc3339(video.created_at),
        expires_at=_expires_at(upload),
        watch_url=watch_url(stream_url, video.id),
        media=None if upload.media is None else _present_media(upload.media),
        part_checksums=None if stored_object is None else stored_object.part_checksums,
        guest=upload.guest and Guest(sender=upload.guest.sender, message=upload.guest.message),
        received=None
        if received is None
        else [ReceivedPart(part_number=part.part_number, size=part.size, checksum=part.checksum) for part in received],
    )


def _present_media(media: MediaInDomain) -> Media:
    facts, detail, sent = media.facts, None if media.detail is None else gettext(media.detail), media.sent_picture
    made = media.renditions
    picture = sent and SentPicture(state=sent.state, reason=sent.reason, detail=sent.detail and gettext(sent.detail))
    if facts is None:
        return Media(state=media.state, reason=media.reason, detail=detail, sent_picture=picture)
    return Media(
        state=media.state,
        reason=media.reason,
        detail=detail,
        duration=None if facts.duration_ms is None else facts.duration_ms / 1000,
        width=facts.width,
        height=facts.height,
        frame_rate=facts.frame_rate,
        codecs=list(facts.codecs),
        has_video=facts.has_video,
        has_audio=facts.has_audio,
        has_location=Facts.model_validate_json(facts.facts).has_location,
        poster=present_poster(media.content.poster),
        sent_picture=picture,
        renditions=made
        and Renditions(
            state=made.state,
            progress=made.progress,
            reason=made.reason,
            detail=made.detail and gettext(made.detail),
            names=list(made.names),
        ),
    )


def present_batch(refusals: Mapping[str, Refusal | None]) -> BatchResults:
    """As the API shows it."""
    return BatchResults(
        results=[
            BatchResult(id=upload_id, status=204)
            if refusal is None
            else BatchResult(id=upload_id, status=refusal.status, code=refusal.code, detail=gettext(refusal.detail))
            for upload_id, refusal in refusals.items()
        ]
    )


def present_integrity(integrity: IntegrityInDomain) -> Integrity:
    """As the API shows it."""
    video, stored_object = integrity.video, integrity.stored_object
    read_back, sha256 = stored_object.read_back, video.file_sha256
    return Integrity(
        id=video.id,
        size=video.size,
        sha256=sha256,
        part_checksums=stored_object.part_checksums,
        read_back=None
        if read_back is None
        else ReadBack(
            sha256=read_back.sha256,
            at=rfc3339(read_back.at),
            is_same=_is_same(sha256, read_back.sha256),
        ),
    )


def _is_same(sent: str | None, read: str | None) -> bool | None:
    if read is None:
        return False
    return None if sent is None else sent == read


def _expires_at(upload: UploadInDomain) -> str | None:
    video, stored_object = upload.video, upload.stored_object
    if video.state is VideoState.TRASHED:
        return None if video.settle_after is None else rfc3339(video.settle_after)
    expires_at = None if stored_object is None else stored_object.expires_at
    return None if expires_at is None else rfc3339(expires_at)


def watch_url(stream_url: str, video_id: str) -> str:
    """Where the video is watched, now or once it is ready."""
    return f"{stream_url}/watch/{video_id}"
