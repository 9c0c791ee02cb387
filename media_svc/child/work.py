"""The tasks: to look at a file, to make its storyboard and its renditions, and to make a poster of a picture."""

from __future__ import annotations

import ctypes
import importlib
import pkgutil
import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

import av
import av.error
import av.logging
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from media_svc.child import poster, rendition, still, storyboard
from media_svc.child.facts import add_looks, duration_of, read_facts
from media_svc.child.opening import Refused, cover, frames, is_decodable, main_video, only, open_file, ratio
from media_svc.child.parent import EnoughRead, Parent, SourceFile
from media_svc.child.pictures import looks_of
from media_svc.wire import BLOCK_SIZE, Kind

# What candidates for a poster may read of a file, when one picture is there already.
_FOR_CANDIDATES: Final = 24 * BLOCK_SIZE
# No part of the library, but programs of it.
_NEVER_NEEDED: Final = frozenset({"av.__main__", "av.datasets"})


def prepare() -> None:
    """What cannot be done any more once the door is closed."""
    # PyAV imports parts of itself when they are first needed.
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if module.name not in _NEVER_NEEDED:
            importlib.import_module(module.name)
    # FFmpeg makes out colours with a thread for each processor, whatever it is told of threads (libswscale/cms.c).
    if found := re.search(r"/\S*/libavutil[^/\s]*", Path("/proc/self/maps").read_text(encoding="utf-8")):
        ctypes.CDLL(found[0]).av_cpu_force_count(1)


class Piece(NamedTuple):
    """What of a film is to be made into renditions; `rungs` are names and short sides."""

    start_ms: int
    end_ms: int | None
    rungs: list[tuple[str, int]]
    preset: str


def work(
    parent: Parent, *, task: str, size: int, poster_ms: int | None, duration_ms: int, piece: Piece
) -> Mapping[str, object]:
    """Does `task`; what is made is given to the parent. Raises Refused, MemoryError."""
    av.logging.set_level(None)
    file = SourceFile(parent, size=size)
    if task == "picture":
        return _picture(file, parent)
    container = open_file(file)
    try:
        if task == "chunk":
            return _chunk(container, file, parent, piece, duration_ms=duration_ms)
        if task == "sound":
            file.allowance = file.size + file.size // 4
            return {"renditions": rendition.sounds(container, parent, duration_ms=duration_ms)}
        if task == "storyboard":
            return _storyboard(container, file, parent, duration_ms=duration_ms)
        return _look(container, file, parent, poster_ms=poster_ms)
    except EnoughRead as exc:
        raise Refused("damaged") from exc
    except av.error.FFmpegError as exc:
        raise Refused("too-costly" if isinstance(exc, MemoryError) else "damaged") from exc


def _look(
    container: InputContainer, file: SourceFile, parent: Parent, *, poster_ms: int | None
) -> dict[str, int | None]:
    film = main_video(container)
    duration = duration_of(container, file)
    facts = read_facts(container, file, film, duration_ms=duration)
    shown = film or cover(container)
    first = _first_frame(container, shown) if shown else None
    if shown is None or first is None:
        parent.say(Kind.FACTS, facts)
        return {"poster_ms": None}
    looks = looks_of(first, ratio(shown.sample_aspect_ratio))
    if film is not None:
        add_looks(facts, looks)
    parent.say(Kind.FACTS, facts)
    parent.progress(10)
    if film is None:
        frame = first
    elif poster_ms is not None:
        frame = poster.frame_at(container, film, poster_ms) or first
    else:
        file.allowance = file.spent + _FOR_CANDIDATES
        frame = poster.choose(container, film, first, looks, duration_ms=duration, parent=parent)
    for name, content in poster.pictures(frame, looks):
        parent.give(name, content)
    return {"poster_ms": poster.time_of(frame, film) if film else None}


def _picture(file: SourceFile, parent: Parent) -> dict[str, int | None]:
    frame = still.read_picture(file)
    parent.progress(50)
    for name, content in poster.pictures(frame, looks_of(frame, Fraction())):
        parent.give(name, content)
    return {}


def _storyboard(
    container: InputContainer, file: SourceFile, parent: Parent, *, duration_ms: int
) -> dict[str, int | None]:
    film = main_video(container)
    duration = duration_of(container, file) or duration_ms
    first = _first_frame(container, film) if film else None
    if film is None or first is None or not duration:
        raise Refused("no-picture")
    looks = looks_of(first, ratio(film.sample_aspect_ratio))
    tiles = 0
    # To go back to a key frame reads some of it again.
    file.allowance = file.size + file.size // 4
    for name, content, count in storyboard.sprites(container, film, first, looks, duration_ms=duration, parent=parent):
        parent.give(name, content)
        tiles += count
    width, height = storyboard.tile_size(looks)
    return {"interval_ms": storyboard.interval_of(duration), "tiles": tiles, "width": width, "height": height}


def _chunk(
    container: InputContainer, file: SourceFile, parent: Parent, piece: Piece, *, duration_ms: int
) -> Mapping[str, object]:
    film = main_video(container)
    first = _first_frame(container, film) if film else None
    if film is None or first is None:
        raise Refused("no-picture")
    looks = looks_of(first, ratio(film.sample_aspect_ratio))
    # A piece is sought, and where there is no index what lies before it may have to be read.
    file.allowance = file.spent + file.size + file.size // 4
    made = rendition.pictures(
        container,
        film,
        first,
        looks,
        parent,
        start_ms=piece.start_ms,
        end_ms=piece.end_ms,
        rungs=piece.rungs,
        preset=piece.preset,
        duration_ms=duration_ms,
    )
    return {"renditions": made}


def _first_frame(container: InputContainer, shown: VideoStream) -> VideoFrame | None:
    if not is_decodable(shown):
        return None
    only(container, shown)
    return next(frames(container, shown), None)
