"""Of a dozen moments the one whose picture says most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from math import sqrt
from operator import sub
from typing import Final, cast

import av
import av.error
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from media_svc.child.opening import frames, key_frame, ratio
from media_svc.child.parent import EnoughRead, Parent
from media_svc.child.pictures import Looks, encode_jpeg, encode_webp, fit, render

WIDTHS: Final = (320, 640, 1280)
# Places in the film, from where most is told to the rest: when reading ends early they lie well apart.
_MOMENTS: Final = (5, 15, 9, 2, 19, 12, 7, 17, 3, 11, 14)
_MOMENTS_OF: Final = 22
_LOOKED_AT: Final = (160, 90)
# From a key frame to the moment that was asked for.
_MOST_FRAMES: Final = 1200
_TALLEST: Final = 4 * max(WIDTHS)


@dataclass(frozen=True, slots=True)
class Candidate:
    frame: VideoFrame
    score: float


def choose(
    container: InputContainer, video: VideoStream, first: VideoFrame, looks: Looks, *, duration_ms: int, parent: Parent
) -> VideoFrame:
    """The picture that says most, of `first` and of key frames all over the film."""
    best = Candidate(first, score(first, looks))
    if not duration_ms:
        return best.frame
    for number, place in enumerate(_MOMENTS):
        parent.progress(10 + 80 * number / len(_MOMENTS))
        try:
            seek(container, video, duration_ms * place // _MOMENTS_OF)
            frame = key_frame(container, video)
        except (EnoughRead, av.error.FFmpegError):
            break
        if frame is not None and (found := score(frame, looks)) > best.score:
            best = Candidate(frame, found)
    return best.frame


def frame_at(container: InputContainer, video: VideoStream, moment_ms: int) -> VideoFrame | None:
    """The picture that is shown at `moment_ms`; near the end the last one. None where nothing can be decoded."""
    seek(container, video, moment_ms)
    found = None
    for frame in islice(frames(container, video), _MOST_FRAMES):
        if found is not None and time_of(frame, video) > moment_ms:
            break
        found = frame
    return found


def pictures(frame: VideoFrame, looks: Looks) -> Iterator[tuple[str, bytes]]:
    """Names and contents: each width in both formats, none above the source, at least one."""
    for width in [width for width in WIDTHS if width <= looks.width] or [looks.width]:
        size = fit(looks, width=width, height=_TALLEST)
        for ending, pixels, encode in (("webp", "yuv420p", encode_webp), ("jpg", "yuvj420p", encode_jpeg)):
            yield f"poster-{width}.{ending}", encode(render(frame, looks, width=size[0], height=size[1], pixels=pixels))


def seek(container: InputContainer, video: VideoStream, moment_ms: int) -> None:
    """To the last key frame up to `moment_ms`."""
    container.seek(stamp_of(moment_ms, video), stream=video)


def stamp_of(moment_ms: int, video: VideoStream) -> int:
    """A moment of the film as its packets count."""
    base = ratio(video.time_base)
    return round((begin_of(video) + Fraction(moment_ms, 1000)) / base) if base else 0


def begin_of(video: VideoStream) -> Fraction:
    """Of the film, in seconds: its pictures may begin after its sound."""
    container = cast("InputContainer", video.container)
    return Fraction(container.start_time or 0, av.time_base)


def time_of(frame: VideoFrame, video: VideoStream) -> int:
    """In milliseconds from the beginning of the film, as its player counts them."""
    # Not the frame's own time base, which it lacks when it comes out at a decoder's end.
    if frame.pts is None:
        return 0
    return max(0, round((frame.pts * ratio(video.time_base) - begin_of(video)) * 1000))


def score(frame: VideoFrame, looks: Looks) -> float:
    """How much there is to be seen: contrast and edges, less where it is almost black or almost white."""
    width, height = _LOOKED_AT
    gray = render(frame, looks, width=width, height=height, pixels="gray")
    plane = gray.planes[0]
    lines = [bytes(plane)[row * plane.line_size :][:width] for row in range(height)]
    pixels = b"".join(lines)
    mean = sum(pixels) / len(pixels)
    spread = sqrt(max(0, sum(value * value for value in pixels) / len(pixels) - mean * mean))
    across = sum(sum(map(abs, map(sub, line, line[1:]))) for line in lines)
    down = sum(sum(map(abs, map(sub, line, below))) for line, below in pairwise(lines))
    edges = (across + down) / len(pixels)
    light = max(0.05, min(1, mean / 60, (255 - mean) / 40))
    # Noise has edges too: beyond some they count for less.
    return light * min(spread, 64) * sqrt(min(edges, 24))
