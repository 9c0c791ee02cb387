"""The JSON shapes of collections."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from catalogue.access import EVERYONE, MEMBERS, Right
from catalogue.content import Content, present_poster
from catalogue.videos import Visibility
from common.clock import rfc3339
from common.languages import N_
from common.web.requests import Input, Query
from contracts.shape import Instant, is_absent
from upload_svc.collections.collections import Overview
from upload_svc.guests.links import NewUploadLink
from upload_svc.guests.models import MostFiles, Note
from upload_svc.models import CreateGrant, Description, ListGrants, Size, Title, Upload, present, watch_url
from upload_svc.uploads import Upload as UploadInDomain


class CreateCollection(Input):
    """What it is called, and what it is for; several of one's own may be called the same."""

    title: Title
    description: Description = ""


class EditCollection(Input):
    """What is to change; what is absent stays."""

    title: Title | None = None
    description: Description | None = None


class PlaceVideo(Input):
    """Where the video goes: behind the video `after`, with null before all others.

    Absent: a video that is not in the collection yet comes to its end, and one that is in it stays where it is.
    """

    after: Annotated[str, Field(max_length=64)] | None = None


class ListCollections(Query):
    """Those with these words in their titles, and which page of them: your own, or others' that you manage."""

    q: Annotated[str, Field(max_length=200)] = ""
    right: Literal["owner", "manage"] = "owner"
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=2048)] | None = None


_SUBJECT: Final = re.compile(r"link|members|everyone|(account|group):[a-z2-7]{26}")


class CreateCollectionGrant(CreateGrant):
    """Who else may watch what is in the collection, now and later.

    An account (`account:` and its id), a group (`group:`), all `members`, `everyone`, also without an account, or
    whoever has the link that is made. It ends at `expires_at`; a link also when `view_limit` visitors have played
    something of it, which then plays on for them.

    With the right `manage`, which is its owner's to give, an account or a group also changes the collection, takes
    videos out of it, and shares it.

    Or, with the right `upload`, whoever has the link that is made sends videos into it without an account: `max_size`
    in bytes of each, `max_files` of all guests together, and `note`, which they read.
    """

    max_size: Size | None = None
    max_files: MostFiles | None = None
    note: Note = ""

    @field_validator("subject")
    @classmethod
    def _is_subject(cls, subject: str) -> str:
        if not _SUBJECT.fullmatch(subject):
            raise ValueError(N_("must be “link”, “members”, “everyone”, or “account:” or “group:” followed by an id"))
        return subject

    @field_validator("right")
    @classmethod
    def _is_right(cls, right: str, info: ValidationInfo) -> str:
        if right == Right.UPLOAD and info.data.get("subject", "link") != "link":
            raise ValueError(N_("must be “watch”: “upload” goes with a link alone"))
        if right == Right.MANAGE and info.data.get("subject") in ("link", MEMBERS, EVERYONE):
            raise ValueError(N_("must be “watch”: “manage” goes with an account or a group alone"))
        if right not in [*Right]:
            raise ValueError(N_("must be “watch”, “upload” or “manage”"))
        return right

    @field_validator("max_size", "max_files", "note")
    @classmethod
    def _is_for_guests(cls, value: object, info: ValidationInfo) -> object:
        if value not in (None, "") and info.data.get("right", Right.UPLOAD) != Right.UPLOAD:
            raise ValueError(N_("goes with the right “upload” alone: leave it out"))
        return value

    @field_validator("view_limit")
    @classmethod
    def _is_for_watching(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and info.data.get("right") == Right.UPLOAD:
            raise ValueError(N_("goes with the right “watch” alone: leave it out"))
        return value

    @field_validator("start_at", "frame_ancestors")
    @classmethod
    def _is_of_a_video(cls, value: object) -> object:
        if value not in (None, ()):
            raise ValueError(N_("goes with a link to a video alone: leave it out"))
        return value

    @property
    def new_upload_link(self) -> NewUploadLink:
        return NewUploadLink(
            expires_at=self.expires_at,
            password=self.password,
            max_size=self.max_size,
            max_files=self.max_files,
            note=self.note,
            name=self.name,
        )


class ListCollectionGrants(ListGrants):
    """Which page of them, with which right: those who may watch, or the links by which guests send."""

    right: Literal["watch", "upload"] = "watch"


class ListCollected(Query):
    """Which page of a collection's videos."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=2048)] | None = None


class CollectedVideo(BaseModel):
    """A video in a collection of somebody else's, as who manages that sees it; `duration` in seconds."""

    id: str
    title: str
    description: str
    size: int | None
    content_type: str
    visibility: Visibility
    created_at: str
    watch_url: str
    duration: float | None
    poster: dict[str, dict[Literal["webp", "jpeg"], str]] | None


class CollectedPage(BaseModel):
    """One page of a collection's videos: as their owner sees them, or as who manages it does."""

    items: list[Upload | CollectedVideo]
    next_cursor: str | None


class Collection(BaseModel):
    """A collection as its owner sees it, or who manages it; `duration` in seconds, of videos whose length is known.

    `video_count` counts ready videos: what is in the trash keeps its place and is not shown. `poster` is the first
    video's. `updated_at` also says when a video has come, gone or moved. `url` is its page for viewers. `right` says
    what you are to it, and of one that you manage `owner` whose it is, by username, where that is known.
    """

    id: str
    right: Literal["owner", "manage"]
    owner: Annotated[str | None, Field(exclude_if=is_absent)] = None
    title: str
    description: str
    video_count: int
    duration: float
    created_at: Instant
    updated_at: Instant
    url: str
    poster: dict[str, dict[Literal["webp", "jpeg"], str]] | None


class CollectionPage(BaseModel):
    """One page of a list."""

    items: list[Collection]
    next_cursor: str | None


class ExportedCollection(BaseModel):
    """A collection in its owner's export, with the ids of its videos in their order."""

    id: str
    title: str
    description: str
    created_at: Instant
    updated_at: Instant
    videos: list[str]


def present_collection(overview: Overview, *, stream_url: str) -> Collection:
    collection, first = overview.collection, overview.first
    return Collection(
        id=collection.id,
        right="owner" if overview.is_mine else "manage",
        owner=overview.owner_name,
        title=collection.title,
        description=collection.description,
        video_count=overview.total.count,
        duration=overview.total.duration_ms / 1000,
        created_at=collection.created_at,
        updated_at=collection.updated_at,
        url=collection_url(stream_url, collection.id),
        poster=None if first is None or first.media is None else present_poster(first.media.content.poster),
    )


def present_collected(upload: UploadInDomain, *, stream_url: str, account_id: str) -> Upload | CollectedVideo:
    """A video of a collection as this account sees it: as its owner, or as who manages the collection."""
    if upload.video.owner_id == account_id:
        return present(upload, stream_url=stream_url)
    video, content = upload.video, Content() if upload.media is None else upload.media.content
    return CollectedVideo(
        id=video.id,
        title=video.title,
        description=video.description,
        size=video.size,
        content_type=video.content_type,
        visibility=video.visibility,
        created_at=rfc3339(video.created_at),
        watch_url=watch_url(stream_url, video.id),
        duration=None if video.duration_ms is None else video.duration_ms / 1000,
        poster=present_poster(content.poster),
    )


def collection_url(stream_url: str, collection_id: str) -> str:
    """Where the collection is watched."""
    return f"{stream_url}/collections/{collection_id}"
