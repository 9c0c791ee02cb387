"""Opens a file of a stranger: what is known and allowed of it, within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from io import BytesIO
from itertools import islice
from typing import Any, Final

import av
import av.error
from av.codec.context import CodecContext
from av.container import InputContainer
from av.rational import AVRational
from av.stream import Discard, Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from media_svc.child.parent import EnoughRead, SourceFile

# The fonts of a subtitled film are streams too, a hundred and more.
MOST_STREAMS: Final = 256
MOST_WIDTH: Final = 16_384
MOST_HEIGHT: Final = 8_640
# Packets in a row that give no picture: decoders keep a dozen back, broken files all of them.
MOST_EMPTY_PACKETS: Final = 300

# FFmpeg's names of what people upload. What is not here is not tried: each more is a parser more for strangers' files,
# and lists of other files (hls, dash, concat, image2) would make it open what they name.
FORMATS: Final = ("mov", "matroska", "avi", "mpegts", "mpeg", "flv", "ogg", "asf", "mp3", "aac", "flac", "wav")
VIDEO_DECODERS: Final = (
    *("h264", "hevc", "libdav1d", "vp8", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "h263", "flv", "theora"),
    *("msmpeg4", "msmpeg4v2", "wmv1", "wmv2", "wmv3", "vc1", "mjpeg", "png", "prores", "dnxhd", "dvvideo", "ffv1"),
)
AUDIO_DECODERS: Final = (
    *("aac", "mp3float", "mp2float", "ac3", "eac3", "opus", "vorbis", "flac", "alac", "amrnb", "wmav1", "wmav2"),
    *("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_u8"),
)

_CONTAINER_OPTIONS: Final = {
    "format_whitelist": ",".join(FORMATS),
    "codec_whitelist": ",".join(VIDEO_DECODERS + AUDIO_DECODERS),
    # There is no protocol of that name.
    "protocol_whitelist": "none",
    # One more: some formats leave out those beyond without a word.
    "max_streams": str(MOST_STREAMS + 1),
    "probesize": str(4 * 2**20),
}
# Names and titles in no known encoding; from PyAV 19 on this is so of itself.
_TEXT: Final[dict[str, Any]] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
# What decoders raise for damaged packets. Some of FFmpeg's return a bare -1, whose name is that of a permission.
DAMAGED: Final = (av.error.InvalidDataError, av.error.ArgumentError, av.error.PermissionError)
DECODER_OPTIONS: Final = {"max_pixels": str(MOST_WIDTH * MOST_HEIGHT), "threads": "1"}


class Refused(Exception):
    """Nothing is made of this file; `reason` is the value of a Reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def open_file(file: SourceFile) -> InputContainer:
    """The file as a container. Raises Refused."""
    try:
        container = open_any(file)
    except (MemoryError, av.error.MemoryError) as exc:
        # So is one stream too many.
        raise Refused("too-large") from exc
    except EnoughRead as exc:
        raise Refused("damaged") from exc
    except av.error.FFmpegError as exc:
        # Invalid argument: a format that is known and not allowed.
        known = not isinstance(exc, av.error.ArgumentError) and _has_a_known_beginning(file)
        raise Refused("damaged" if known else "unsupported") from exc
    if not container.streams:
        raise Refused("damaged")
    if len(container.streams) > MOST_STREAMS:
        raise Refused("too-large")
    return container


def open_any(file: SourceFile | BytesIO) -> InputContainer:
    """What is allowed of `file`. Raises FFmpegError, and what reading does."""
    container: InputContainer = av.open(
        file,
        "r",
        options=DECODER_OPTIONS,
        container_options=_CONTAINER_OPTIONS,
        io_open=_open_nothing,
        **_TEXT,
    )
    return container


def _open_nothing(*_: object) -> object:
    raise PermissionError("no file leads to another")


# How files of those formats begin, and where: a file that begins so and cannot be opened is damaged.
_BEGINNINGS: Final = (
    *((4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (0, b"\x1aE\xdf\xa3"), (8, b"AVI "), (8, b"WAVE"), (0, b"FLV")),
    *((0, b"OggS"), (0, b"0&\xb2u"), (0, b"ID3"), (0, b"fLaC"), (0, b"\0\0\1\xba")),
)


def _has_a_known_beginning(file: SourceFile) -> bool:
    head = file.at(0, 16)
    return any(head.startswith(mark, offset) for offset, mark in _BEGINNINGS)


def main_video(container: InputContainer) -> VideoStream | None:
    """The stream of moving pictures that is played; None if there is none."""
    films = [stream for stream in container.streams.video if not is_cover(stream)]
    chosen = [stream for stream in films if stream.disposition & Disposition.default]
    return next(iter(chosen or films), None)


def cover(container: InputContainer) -> VideoStream | None:
    """The picture that belongs to music."""
    return next((stream for stream in container.streams.video if is_cover(stream)), None)


def is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails))


def is_decodable(stream: VideoStream) -> bool:
    """Whether its decoder is one of those that are tried, and its pictures are not too large. Raises Refused if so."""
    if decoder_of(stream) not in VIDEO_DECODERS:
        return False
    check_size(stream.width, stream.height)
    return True


def decoder_of(stream: Stream) -> str | None:
    """FFmpeg's name of it; None where it has none."""
    context: CodecContext | None = stream.codec_context
    return context.name if context is not None else None


def ratio(value: Fraction | AVRational | None) -> Fraction:
    """What PyAV gives as a Fraction or None, and from version 19 on as a kind of its own; 0 where there is none."""
    return Fraction(value.numerator, value.denominator) if value and value.denominator else Fraction()


def check_size(width: int, height: int) -> None:
    """Raises Refused."""
    if max(width, height) > MOST_WIDTH or min(width, height) > MOST_HEIGHT:
        raise Refused("too-large")


def only(container: InputContainer, chosen: VideoStream) -> None:
    """From here on nothing is read of the other streams."""
    for stream in container.streams:
        if stream.index != chosen.index:
            stream.discard = Discard.all
    if not chosen.codec_context.is_open:
        # One thread: there are no others in the jail.
        chosen.codec_context.thread_count = 1
        chosen.codec_context.options = dict(DECODER_OPTIONS)


def frames(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """The pictures from where the container stands; it ends where the file does, or where nothing comes any more.

    Damaged packets are passed over, as a player does. Raises EnoughRead.
    """
    empty = 0
    for packet in container.demux(stream):
        try:
            pictures = packet.decode()
        except DAMAGED:
            pictures = []
        for picture in pictures:
            empty = 0
            check_size(picture.width, picture.height)
            yield picture
        empty += 1
        if empty > MOST_EMPTY_PACKETS:
            return


def key_frame(container: InputContainer, stream: VideoStream) -> VideoFrame | None:
    """The picture of the next packet that needs no other, without what follows it; then the container must be sought.

    None if it gives none. Raises EnoughRead.
    """
    for packet in islice(container.demux(stream), MOST_EMPTY_PACKETS):
        if packet.is_keyframe:
            with suppress(*DAMAGED):
                for picture in (*packet.decode(), *stream.codec_context.decode(None)):
                    check_size(picture.width, picture.height)
                    return picture
            return None
    return None
