"""What a film is made into so that it plays everywhere: a few files that HLS players read in pieces (RFC 8216).

Each is one fragmented MP4 (ISO/IEC 14496-12): an initialization segment first, then media segments, each of which plays
by itself. Sizes and offsets in bytes, times in 1/90000 s.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from contracts.media import Codec, Count, Language
from contracts.shape import Shape

TIMESCALE: Final = 90_000
# At four seconds each these are two days.
MOST_SEGMENTS: Final = 50_000

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
