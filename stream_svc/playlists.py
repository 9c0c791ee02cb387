"""HLS playlists (RFC 8216) of a film's renditions: what there is to choose from, and where each piece of a file lies.

They name addresses beside their own, without a signature, so that they never expire: who follows one is sent to a URL
of the storage that is good at that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from contracts.renditions import TIMESCALE, AudioRendition, Renditions, Segment, VideoRendition

# RFC 9110 names no type for it; RFC 8216, section 4, does.
CONTENT_TYPE: Final = "application/vnd.apple.mpegurl"
# EXT-X-MAP of files that are not only key frames (RFC 8216, section 7).
_VERSION: Final = 6
_AUDIO_GROUP: Final = "audio"


def multivariant_playlist(renditions: Renditions, *, query: str = "") -> str:
    """The playlist of all: each picture with the first sound, and the other sounds beside it.

    Where there is no picture, the sounds are what there is to choose from. Addresses: `{name}.m3u8`, with `query`.
    """
    return _text(_multivariant(renditions, _behind(query)))


def media_playlist(rendition: VideoRendition | AudioRendition, set_id: str, *, query: str = "") -> str:
    """The playlist of one, whose file is `{set_id}/{name}.mp4`, with `query`: who has begun with it ends with it."""
    return _text(_media(rendition, f"{set_id}/{rendition.name}.mp4{_behind(query)}"))


def average_bit_rate(segments: Sequence[Segment]) -> int:
    """Of all segments together, in bits per second."""
    return _bit_rate(sum(item.size for item in segments), sum(item.duration for item in segments))


def peak_bit_rate(segments: Sequence[Segment]) -> int:
    """The most that any neighbours of together 0.5 to 1.5 target durations have (RFC 8216, section 4.1)."""
    target = _target_seconds(segments) * TIMESCALE
    peak = average_bit_rate(segments)
    for first in range(len(segments)):
        size = duration = 0
        for item in segments[first:]:
            size, duration = size + item.size, duration + item.duration
            if duration > 1.5 * target:
                break
            if duration >= 0.5 * target:
                peak = max(peak, _bit_rate(size, duration))
    return peak


def _multivariant(renditions: Renditions, behind: str) -> Iterator[str]:
    video, audio = renditions.video, renditions.audio
    if not video:
        # Without pictures a sound is a variant of its own.
        for sound in audio:
            yield _stream(_rates([sound]), [sound.codec])
            yield f"{sound.name}.m3u8{behind}"
        return
    for number, sound in enumerate(audio, start=1):
        yield _tag(
            "EXT-X-MEDIA",
            ("TYPE", "AUDIO"),
            ("GROUP-ID", _quoted(_AUDIO_GROUP)),
            # Each once, as they are shown.
            ("NAME", _quoted(f"{sound.language or 'und'} {number}" if len(audio) > 1 else sound.language or "und")),
            *([("LANGUAGE", _quoted(sound.language))] if sound.language else []),
            ("DEFAULT", "YES" if number == 1 else "NO"),
            ("AUTOSELECT", "YES"),
            ("CHANNELS", _quoted(str(sound.channels))),
            ("URI", _quoted(f"{sound.name}.m3u8{behind}")),
        )
    for picture in video:
        # Whichever sound is chosen.
        rates = [_rates([picture, sound]) for sound in audio] or [_rates([picture])]
        codecs = list(dict.fromkeys([picture.codec, *(sound.codec for sound in audio)]))
        yield _stream(
            (max(peak for peak, _ in rates), max(average for _, average in rates)),
            codecs,
            ("RESOLUTION", f"{picture.width}x{picture.height}"),
            *([("FRAME-RATE", f"{picture.frame_rate:.3f}")] if picture.frame_rate else []),
            *([("AUDIO", _quoted(_AUDIO_GROUP))] if audio else []),
        )
        yield f"{picture.name}.m3u8{behind}"


def _media(rendition: VideoRendition | AudioRendition, file: str) -> Iterator[str]:
    yield f"#EXT-X-TARGETDURATION:{_target_seconds(rendition.segments)}"
    yield "#EXT-X-PLAYLIST-TYPE:VOD"
    yield _tag("EXT-X-MAP", ("URI", _quoted(file)), ("BYTERANGE", _quoted(f"{rendition.init_size}@0")))
    for item in rendition.segments:
        yield f"#EXTINF:{item.duration / TIMESCALE:.5f},"
        yield f"#EXT-X-BYTERANGE:{item.size}@{item.offset}"
        yield file
    yield "#EXT-X-ENDLIST"


def _stream(rates: tuple[int, int], codecs: Iterable[str], *more: tuple[str, str]) -> str:
    peak, average = rates
    return _tag(
        "EXT-X-STREAM-INF",
        ("BANDWIDTH", str(peak)),
        ("AVERAGE-BANDWIDTH", str(average)),
        ("CODECS", _quoted(",".join(codecs))),
        *more,
    )


def _rates(together: Sequence[VideoRendition | AudioRendition]) -> tuple[int, int]:
    """Peak and average of what is played at the same time."""
    return (
        sum(peak_bit_rate(item.segments) for item in together),
        sum(average_bit_rate(item.segments) for item in together),
    )


def _target_seconds(segments: Sequence[Segment]) -> int:
    """The longest one, rounded to the next integer (RFC 8216, section 4.3.3.1), at least 1."""
    longest = max(item.duration for item in segments)
    return max(1, (longest + TIMESCALE // 2) // TIMESCALE)


def _bit_rate(size: int, duration: int) -> int:
    return -(-size * 8 * TIMESCALE // duration)


def _tag(name: str, *attributes: tuple[str, str]) -> str:
    return f"#{name}:" + ",".join(f"{key}={value}" for key, value in attributes)


def _quoted(value: str) -> str:
    """A quoted string; of ours, none has a quote or a line end."""
    return f'"{value}"'


def _behind(query: str) -> str:
    return f"?{query}" if query else ""


def _text(lines: Iterable[str]) -> str:
    head = ("#EXTM3U", f"#EXT-X-VERSION:{_VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS")
    return "".join(f"{line}\n" for line in (*head, *lines))
