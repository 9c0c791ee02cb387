"""The JSON shapes of stream_svc's API, as they are parsed and as they are presented."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

from catalogue.pages import Sort
from catalogue.videos import Video as VideoInDomain
from catalogue.videos import Visibility
from common.web.requests import Input, Query
from contracts.shape import Instant
from stream_svc.library import Playback as PlaybackInDomain
from stream_svc.library import Wanted


class WhichVideos(Query):
    """Which videos, and in which order; `owner` is an account id."""

    q: Annotated[str, Field(max_length=200)] = ""
    owner: Annotated[str, Field(max_length=64)] | None = None
    sort: Literal["-created_at", "created_at", "title"] = "-created_at"

    @property
    def wanted(self) -> Wanted:
        return Wanted(q=self.q, owner_id=self.owner, sort=Sort(self.sort))


class ListVideos(WhichVideos):
    """Which videos, in which order, and which page of them; `owner` is an account id."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=2048)] | None = None


class AskSource(Query):
    """Whether the browser should save the video instead of showing it."""

    download: Annotated[bool, Field()] = False


class ForgetPosition(Query):
    """In which video one has stopped is to be forgotten; none: in all that were begun."""

    video: Annotated[str, Field(max_length=64)] | None = None


# No video is longer than a month.
_LONGEST_SECONDS: Final = 31 * 24 * 3600


class KeptPosition(BaseModel, from_attributes=True):
    """Where somebody stopped watching, as their export has it."""

    video_id: str
    seconds: float
    duration: float | None
    updated_at: Instant


class KeepPosition(Input):
    """Where somebody is in a video, and how long it is as their player finds it; both in seconds."""

    seconds: Annotated[float, Field(ge=0, le=_LONGEST_SECONDS, allow_inf_nan=False)]
    duration: Annotated[float, Field(gt=0, le=_LONGEST_SECONDS, allow_inf_nan=False)] | None = None


class Owner(BaseModel):
    """Whose video it is."""

    id: str
    username: str


class Video(BaseModel):
    """A video as viewers see it; `size` in bytes."""

    id: str
    title: str
    description: str
    owner: Owner
    created_at: Instant
    size: int
    content_type: str
    visibility: Visibility


class VideoPage(BaseModel):
    """One page of a list."""

    items: list[Video]
    next_cursor: str | None


class PlaybackSource(BaseModel):
    """A presigned URL that is good until `expires_at`."""

    url: str
    type: str
    expires_at: Instant


class Playback(BaseModel):
    """What a player needs; `position` in seconds."""

    sources: list[PlaybackSource]
    position: float


def present(video: VideoInDomain) -> Video:
    return Video(
        id=video.id,
        title=video.title,
        description=video.description,
        owner=Owner(id=video.owner_id, username=video.owner_username),
        created_at=video.created_at,
        size=video.size,
        content_type=video.content_type,
        visibility=video.visibility,
    )


def present_playback(playback: PlaybackInDomain) -> Playback:
    source = playback.source
    return Playback(
        sources=[PlaybackSource(url=source.url, type=source.content_type, expires_at=source.expires_at)],
        position=playback.position,
    )
