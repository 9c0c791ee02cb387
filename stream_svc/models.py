"""The JSON shapes of stream_svc's API, as they are parsed and as they are presented."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field

from catalogue.content import Content, present_poster
from catalogue.pages import Sort
from catalogue.videos import Video as VideoInDomain
from catalogue.videos import Visibility
from common.web.requests import Input, Query
from contracts.objects import Source as SourceInDomain
from contracts.shape import Instant
from stream_svc.hls import Offered
from stream_svc.library import Playback as PlaybackInDomain
from stream_svc.library import Wanted
from stream_svc.store import Length


class WhichVideos(Query):
    """Which videos, and in which order; `owner` is an account id, `length` in minutes, `shared` with you by others.

    With `collection`, an id, they are those of the collection in its own order, and the rest does not count.
    """

    q: Annotated[str, Field(max_length=200)] = ""
    owner: Annotated[str, Field(max_length=64)] | None = None
    sort: Literal["-created_at", "created_at", "title", "-duration", "duration"] = "-created_at"
    length: Length | None = None
    shared: bool = False
    collection: Annotated[str, Field(max_length=64)] | None = None

    @property
    def wanted(self) -> Wanted:
        return Wanted(q=self.q, owner_id=self.owner, sort=Sort(self.sort), length=self.length, is_shared=self.shared)


class ListVideos(WhichVideos):
    """Which videos, in which order, and which page of them.

    `owner` is an account id, `length` in minutes; `shared`: only what others share with you or a group of yours. With
    `collection`, an id, they are those of the collection in its own order, and the rest does not count.
    """

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=2048)] | None = None


class AskSource(Query):
    """Whether the browser should save the video instead of showing it."""

    download: Annotated[bool, Field()] = False


class OfALink(Query):
    """Which video, where the link is of a collection: its id."""

    v: Annotated[str, Field(max_length=64)] | None = None


class AskLinkedSource(AskSource, OfALink):
    """Whether the browser should save the video instead of showing it; and of a link to a collection, which video."""


class AskLinkedHls(OfALink):
    """Of a link to a collection, which video; and what a visitor who is counted was given, where no cookie is sent."""

    seen: Annotated[str, Field(max_length=2048)] | None = None


class ForgetPosition(Query):
    """In which video one has stopped is to be forgotten; none: in all that were begun."""

    video: Annotated[str, Field(max_length=64)] | None = None


# No video is longer than a month.
_LONGEST_SECONDS: Final = 31 * 24 * 3600


class AskOEmbed(Query):
    """Which page of a video, in which format (`json` alone), and the most that its picture may measure, in pixels."""

    url: Annotated[str, Field(max_length=2048)]
    format: Annotated[str, Field(max_length=64)] = "json"
    maxwidth: Annotated[int, Field(ge=1)] | None = None
    maxheight: Annotated[int, Field(ge=1)] | None = None


class OEmbed(BaseModel):
    """A video for other sites to show, as https://oembed.com has it; `thumbnail_…` are all there or none.

    `html`, `width` and `height` are there for a `video`: what stands behind a link that sites may frame.
    """

    version: Literal["1.0"] = "1.0"
    type: Literal["link", "video"] = "link"
    title: str
    author_name: str | None = None
    provider_name: str
    provider_url: str
    html: str | None = None
    width: int | None = None
    height: int | None = None
    thumbnail_url: str | None = None
    thumbnail_width: int | None = None
    thumbnail_height: int | None = None


class AskFeed(Query):
    """Of which collection, by its id; none: of the public library."""

    collection: Annotated[str, Field(max_length=64)] | None = None


class AskSitemap(Query):
    """Which sitemap; none: the only one, or the list of all."""

    number: Annotated[int, Field(ge=1, le=50_000)] | None = None


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


class Storyboard(BaseModel):
    """Small pictures of a video in the order of time: the index, and the sprites that it names, as presigned URLs."""

    index: str
    sprites: dict[str, str]


class Pictures(BaseModel):
    """`poster` has presigned URLs by width in pixels, and by format; they change once a day."""

    poster: dict[str, dict[Literal["webp", "jpeg"], str]] | None


class PlayerPictures(Pictures):
    """The same, with what is shown above the seek bar."""

    storyboard: Storyboard | None


class Video(BaseModel):
    """A video as viewers see it; `size` in bytes, `duration` in seconds.

    What its content is like is null while nobody has looked, or where its file does not say. `codecs` as RFC 6381 names
    them, the picture's first. `pictures` is null while there are none.
    """

    id: str
    title: str
    description: str
    owner: Owner
    created_at: Instant
    size: int
    content_type: str
    visibility: Visibility
    duration: float | None
    width: int | None
    height: int | None
    codecs: list[str] | None
    frame_rate: float | None
    has_audio: bool | None
    pictures: Pictures | None


class VideoPage(BaseModel):
    """One page of a list."""

    items: list[Video]
    next_cursor: str | None


class AskPlayback(Query):
    """What an embedded player was given before: with it, it is not counted again."""

    seen: Annotated[str, Field(max_length=2048)] | None = None


class PlaybackSource(BaseModel):
    """A presigned URL that is good until `expires_at`."""

    url: str
    type: str
    expires_at: Instant


class PlaybackRendition(BaseModel):
    """The file of a rendition, by a presigned URL that is good until `expires_at`."""

    name: str
    url: str
    expires_at: Instant


class PlaybackHls(BaseModel):
    """Where HLS players begin: `url` asks for what the page that asks does, and `open_url` for nothing, six hours long.

    `open_url` is null where `url` is as open. `renditions` are the files below `set_id` that playlists lead to:
    what is made anew has another one.
    """

    url: str
    open_url: str | None
    set_id: str
    renditions: list[PlaybackRendition]


class Playback(BaseModel):
    """What a player needs; `position` in seconds, the rest as in a video. `hls` is null without renditions."""

    sources: list[PlaybackSource]
    hls: PlaybackHls | None
    position: float
    duration: float | None
    width: int | None
    height: int | None
    codecs: list[str] | None
    frame_rate: float | None
    has_audio: bool | None
    pictures: PlayerPictures | None


class EmbeddedPlayback(Playback):
    """The same, and where the next URLs come from without counting as another view."""

    renewal_url: str


def present(video: VideoInDomain, content: Content) -> Video:
    poster = present_poster(content.poster)
    return Video(
        id=video.id,
        title=video.title,
        description=video.description,
        owner=Owner(id=video.owner_id, username=video.owner_username),
        created_at=video.created_at,
        size=video.size,
        content_type=video.content_type,
        visibility=video.visibility,
        **_facts(content),
        pictures=None if poster is None else Pictures(poster=poster),
    )


def _facts(content: Content) -> dict[str, Any]:
    """What Video and Playback say of the content."""
    facts = content.facts
    return {
        "duration": content.duration,
        "width": facts and facts.width,
        "height": facts and facts.height,
        "codecs": facts and list(facts.codecs),
        "frame_rate": facts and facts.frame_rate,
        "has_audio": facts and facts.has_audio,
    }


def present_hls(offered: Offered | None, url: str, *, open_url: str | None = None) -> PlaybackHls | None:
    if offered is None:
        return None
    renditions = [
        PlaybackRendition(name=name, url=source.url, expires_at=source.expires_at)
        for name, source in offered.sources.items()
    ]
    return PlaybackHls(url=url, open_url=open_url, set_id=offered.set_id, renditions=renditions)


def present_linked(source: SourceInDomain, content: Content, hls: PlaybackHls | None) -> Playback:
    """As for anybody who stops nowhere."""
    return _playback(source, content, hls, position=0.0)


def present_embedded(
    source: SourceInDomain, content: Content, hls: PlaybackHls | None, *, renewal_url: str
) -> EmbeddedPlayback:
    return EmbeddedPlayback(**dict(present_linked(source, content, hls)), renewal_url=renewal_url)


def present_playback(playback: PlaybackInDomain, content: Content, hls: PlaybackHls | None) -> Playback:
    return _playback(playback.source, content, hls, position=playback.position)


def _playback(source: SourceInDomain, content: Content, hls: PlaybackHls | None, *, position: float) -> Playback:
    poster, storyboard = present_poster(content.poster), content.storyboard
    board = None if storyboard is None else Storyboard(index=storyboard[0], sprites=dict(storyboard[1]))
    return Playback(
        sources=[PlaybackSource(url=source.url, type=source.content_type, expires_at=source.expires_at)],
        hls=hls,
        position=position,
        **_facts(content),
        pictures=PlayerPictures(poster=poster, storyboard=board) if poster or board else None,
    )
