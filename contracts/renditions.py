"""What a film is made into so that it plays everywhere: a few files that HLS players read in pieces (RFC 8216).

Each is one fragmented MP4 (ISO/IEC 14496-12): an initialization segment first, then media segments, each of which plays
by itself. Sizes and offsets in bytes, times in 1/90000 s.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from common.web.requests import Input
from contracts.shape import Codec, Count, Language, Sha256, Shape

TIMESCALE: Final = 90_000
# At four seconds each these are two days.
MOST_SEGMENTS: Final = 50_000

# Of one film: pictures in all sizes, and sounds in all languages.
MOST_RENDITIONS: Final = 16
# Of one part (S3).
MOST_PART_BYTES: Final = 5 * 2**30

RenditionName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]


class Segment(Shape):
    """One piece of a file. What lies between two of them is nobody's: parts of uploads are filled up."""

    offset: Count
    size: Annotated[int, Field(ge=1)]
    duration: Annotated[int, Field(ge=1)]


class _Rendition(Shape):
    """`name` is that of its playlist and of its file, each in its folder."""

    name: RenditionName
    codec: Codec
    # From the beginning of the file.
    init_size: Annotated[int, Field(ge=1)]
    segments: Annotated[tuple[Segment, ...], Field(min_length=1, max_length=MOST_SEGMENTS)]


class VideoRendition(_Rendition):
    """A picture without its sound. `width` and `height` as displayed."""

    kind: Literal["video"] = "video"
    width: Annotated[int, Field(ge=1, le=16_384)]
    height: Annotated[int, Field(ge=1, le=16_384)]
    frame_rate: Annotated[float, Field(gt=0, le=1000)] | None = None


class AudioRendition(_Rendition):
    """Sound alone; `language` None: the file does not say."""

    kind: Literal["audio"] = "audio"
    channels: Annotated[int, Field(ge=1, le=64)]
    language: Language | None = None


class Renditions(Shape):
    """All of one film, in the order in which players are offered them: the first is begun with."""

    video: tuple[VideoRendition, ...] = ()
    audio: tuple[AudioRendition, ...] = ()

    @property
    def files(self) -> tuple[VideoRendition | AudioRendition, ...]:
        """Pictures and sounds."""
        return (*self.video, *self.audio)


class Rung(Shape):
    """A picture to be made: as large as fits where its short side has so many pixels."""

    name: RenditionName
    short_side: Annotated[int, Field(ge=2, le=4320)]


class Rendering(Shape):
    """What is to be made of a film from `start_ms` to before `end_ms`, None: to its end.

    Without `rungs` it is the sound, each language as a rendition of its own. `preset` is x264's. What is shorter than
    `least_bytes` is filled up: S3 takes no shorter part but the last.
    """

    start_ms: Count = 0
    end_ms: Count | None = None
    rungs: Annotated[tuple[Rung, ...], Field(max_length=MOST_RENDITIONS)] = ()
    preset: Annotated[str, Field(pattern=r"^[a-z]{4,10}$")] = "veryfast"
    least_bytes: Count = 0


class NewPart(Input):
    """A piece of a rendition that was made, and is to be stored; exactly these bytes are taken."""

    name: RenditionName
    size: Annotated[int, Field(ge=1, le=MOST_PART_BYTES)]
    sha256: Sha256


def _each_once(parts: list[NewPart]) -> list[NewPart]:
    if len({part.name for part in parts}) < len(parts):
        raise ValueError("list each rendition once")
    return parts


NewParts = Annotated[list[NewPart], Field(min_length=1, max_length=MOST_RENDITIONS), AfterValidator(_each_once)]


def file_id(video_id: str, set_id: str, name: str) -> str:
    """The derived object that is the file of a rendition.

    `set_id` names all that was made of a video at one time; what is made again has other ids, so that a player goes on
    with what it has begun with. Nobody finds another video's file by an id that is only known.
    """
    digest = hashlib.sha256(f"{video_id}/{set_id}/{name}".encode()).digest()
    return base64.b32encode(digest)[:26].decode().lower()
