"""Opens a picture of a stranger: JPEG, PNG or WebP by its first bytes, whatever it is called."""

from __future__ import annotations

from typing import Final

import av.error
from av.codec.context import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from media_svc.child.opening import DECODER_OPTIONS, Refused, check_size
from media_svc.child.parent import SourceFile

# FFmpeg's names. The decoders get the file as it is: nothing finds out formats, or reads lists of files.
_DECODERS: Final = {b"\xff\xd8\xff": "mjpeg", b"\x89PNG\r\n\x1a\n": "png", b"RIFF": "webp"}
# Otherwise it fills up with gray what is missing of a JPEG.
_OPTIONS: Final = {**DECODER_OPTIONS, "err_detect": "explode"}


def read_picture(file: SourceFile) -> VideoFrame:
    """The picture, as it is stored. Raises Refused, MemoryError."""
    content = file.at(0, file.size)
    name = next((name for mark, name in _DECODERS.items() if content.startswith(mark)), None)
    if name is None or (name == "webp" and content[8:12] != b"WEBP"):
        raise Refused("unsupported")
    if name == "png":
        # The decoder says of these only that they are damaged.
        check_size(int.from_bytes(content[16:20]), int.from_bytes(content[20:24]))
    decoder = CodecContext.create(name, "r")
    assert isinstance(decoder, VideoCodecContext)  # noqa: S101
    decoder.thread_count = 1
    decoder.options = dict(_OPTIONS)
    try:
        frame = next(iter((*decoder.decode(Packet(content)), *decoder.decode(None))), None)
    except av.error.MemoryError as exc:
        raise Refused("too-costly") from exc
    except av.error.FFmpegError as exc:
        raise Refused("damaged") from exc
    if frame is None:
        raise Refused("damaged")
    check_size(frame.width, frame.height)
    return frame
