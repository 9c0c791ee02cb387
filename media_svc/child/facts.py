"""What a file says of itself, and what its first picture shows: the members of contracts.media.Facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from io import BytesIO
from typing import Final, TypedDict

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from media_svc.child.codec_strings import codec_string
from media_svc.child.opening import check_size, decoder_of, open_any, ratio
from media_svc.child.parent import SourceFile
from media_svc.child.pictures import HDR_TRANSFERS, Looks
from media_svc.wire import BLOCK_SIZE

MOST_CHAPTERS: Final = 200
MOST_LANGUAGES: Final = 16
MOST_TITLE: Final = 100
# A year.
MOST_MS: Final = 366 * 24 * 3600 * 1000
_MOST_BOXES: Final = 64
# Matroska's clusters (RFC 9559, section 5.1.3) begin so; they are of some seconds.
_CLUSTER: Final = b"\x1f\x43\xb6\x75"
# Films of less hardly exist: one that says so says how long it is once more, with its last packets.
_LEAST_BYTES_A_SECOND: Final = 250
_END_OF_A_FILE: Final = 2 * 2**20
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
# Nobody's language (ISO 639-2).
_NO_LANGUAGE: Final = frozenset({"und", "mis", "zxx", "mul"})
# Tracks of cameras that say where they were: GoPro's, and Google's camera motion.
_TRACKS_WITH_A_PLACE: Final = frozenset({"gpmd", "camm"})


class FoundChapter(TypedDict):
    start_ms: int
    title: str


class Found(TypedDict, total=False):
    """Facts, as JSON carries them."""

    duration_ms: int | None
    width: int
    height: int
    frame_rate: float | None
    container: str
    codecs: list[str]
    bit_rate: int | None
    has_video: bool
    has_audio: bool
    is_hdr: bool
    audio_channels: int | None
    audio_languages: list[str]
    index: str | None
    index_size: int | None
    chapters: list[FoundChapter]
    has_location: bool


def read_facts(container: InputContainer, file: SourceFile, video: VideoStream | None, *, duration_ms: int) -> Found:
    """Everything but how the picture looks; `duration_ms` of the whole, 0 if unknown. Raises Refused."""
    sound = next(iter(container.streams.audio), None)
    name = _container_name(container, file)
    index, index_size = _find_index(file) if container.format.name.startswith("mov") else (None, None)
    facts: Found = {
        "duration_ms": duration_ms or None,
        "container": name,
        "codecs": [
            codec
            for stream in (video, sound)
            if stream and (codec := codec_string(stream, name=decoder_of(stream) or _tag(stream)))
        ],
        "bit_rate": _bit_rate(container, file, duration_ms),
        "has_video": video is not None,
        "has_audio": sound is not None,
        "audio_channels": _channels(sound),
        "audio_languages": list(dict.fromkeys(_languages(container)))[:MOST_LANGUAGES],
        "index": index,
        "index_size": index_size,
        "chapters": _chapters(container),
        "has_location": _has_location(container),
    }
    if video is not None:
        check_size(video.width, video.height)
        if video.width and video.height:
            facts["width"], facts["height"] = video.width, video.height
        facts["frame_rate"] = _frame_rate(video)
        facts["is_hdr"] = video.color_trc in HDR_TRANSFERS
    return facts


def add_looks(facts: Found, looks: Looks) -> None:
    """The size as it is shown, turned and with square pixels, which only a decoded picture says."""
    facts["width"], facts["height"] = looks.width, looks.height


def duration_of(container: InputContainer, file: SourceFile) -> int:
    """In milliseconds, 0 if it cannot be made out, or is what cannot be."""
    lengths = [stream.duration * ratio(stream.time_base) for stream in container.streams if stream.duration]
    length = Fraction(container.duration, av.time_base) if container.duration else max(lengths, default=Fraction())
    if container.format.name.startswith("matroska") and not 0 < length * _LEAST_BYTES_A_SECOND <= file.size:
        # Not said, or not to be believed: a recording that was cut off, a broken number.
        length = _length_by_the_end(container, file) or length
    duration = round(length * 1000)
    return duration if 0 < duration <= MOST_MS else 0


def _length_by_the_end(container: InputContainer, file: SourceFile) -> Fraction:
    """Of a film that does not say how long it is, as browsers record them: its beginning is put before its end."""
    head = file.at(0, BLOCK_SIZE)
    tail = file.at(max(0, file.size - _END_OF_A_FILE), _END_OF_A_FILE)
    first, last = head.find(_CLUSTER), tail.find(_CLUSTER)
    if first < 0 or last < 0:
        return Fraction()
    end = Fraction()
    with suppress(av.error.FFmpegError), open_any(BytesIO(head[:first] + tail[last:])) as rest:
        for packet in rest.demux():
            if packet.pts is not None:
                end = max(end, (packet.pts + (packet.duration or 0)) * ratio(packet.time_base))
    return end - Fraction(container.start_time or 0, av.time_base)


def _container_name(container: InputContainer, file: SourceFile) -> str:
    name = container.format.name
    if name.startswith("mov"):
        return "mov" if container.metadata.get("major_brand", "qt  ").startswith("qt") else "mp4"
    if name.startswith("matroska"):
        # FFmpeg calls both by both names; the type stands in the first element (RFC 8794, section 11.2.7).
        return "webm" if b"webm" in file.at(0, 64) else "matroska"
    return name


def _bit_rate(container: InputContainer, file: SourceFile, duration_ms: int) -> int | None:
    return file.size * 8000 // duration_ms if duration_ms else container.bit_rate or None


def _frame_rate(video: VideoStream) -> float | None:
    rate = ratio(video.average_rate) or ratio(video.guessed_rate)
    return round(float(rate), 3) if Fraction(1, 1000) <= rate <= 1000 else None


def _channels(sound: AudioStream | None) -> int | None:
    channels = sound.channels if sound and decoder_of(sound) else 0
    return channels if 1 <= channels <= 64 else None


def _languages(container: InputContainer) -> Iterator[str]:
    for stream in container.streams.audio:
        if language := language_of(stream):
            yield language


def language_of(stream: AudioStream) -> str | None:
    """What the file says; None: nothing, or what cannot be."""
    language = stream.metadata.get("language", "")
    return language if _LANGUAGE.fullmatch(language) and language not in _NO_LANGUAGE else None


def _chapters(container: InputContainer) -> list[FoundChapter]:
    return [
        {
            "start_ms": min(MOST_MS, max(0, round(chapter["start"] * ratio(chapter["time_base"]) * 1000))),
            "title": chapter["metadata"].get("title", "")[:MOST_TITLE],
        }
        for chapter in container.chapters()[:MOST_CHAPTERS]
    ]


def _has_location(container: InputContainer) -> bool:
    names = [*container.metadata, *(name for stream in container.streams for name in stream.metadata)]
    return any("location" in name.lower() or "gps" in name.lower() for name in names) or any(
        stream.type == "data" and _tag(stream) in _TRACKS_WITH_A_PLACE for stream in container.streams
    )


def _tag(stream: Stream) -> str:
    try:
        return stream.codec_tag
    except (AttributeError, UnicodeDecodeError):
        return ""


def _find_index(file: SourceFile) -> tuple[str | None, int | None]:
    """Where `moov` lies and how large it is (ISO/IEC 14496-12, section 4.2: boxes of size and type)."""
    offset, is_after_media = 0, False
    for _ in range(_MOST_BOXES):
        head = file.at(offset, 16)
        if len(head) < 8:
            break
        size, kind = int.from_bytes(head[:4]), head[4:8]
        if size == 1:
            size = int.from_bytes(head[8:])
        if kind == b"moov":
            return ("end" if is_after_media else "front"), min(size or file.size - offset, file.size - offset)
        if size < 8:
            break
        is_after_media |= kind == b"mdat"
        offset += size
    return None, None
