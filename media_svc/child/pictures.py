"""From a decoded frame to a picture for the web: upright, with square pixels, in SDR, without metadata."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final, cast

from av.codec import CodecContext
from av.filter import Graph
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from media_svc.child.opening import MOST_WIDTH, Refused

# Of AVCOL_TRC: SMPTE ST 2084 (PQ) and ARIB STD-B67 (HLG).
HDR_TRANSFERS: Final = frozenset({16, 18})
# AV_FRAME_DATA_EXIF.
_EXIF: Final = 31
_JPEG_QUALITY: Final = 3
_WEBP_QUALITY: Final = 78
# What turns a stored picture upright, by the signs of the display matrix (a, b, c, d).
_TURNS: Final = {
    (1, 0, 0, 1): "",
    (0, 1, -1, 0): "transpose=clock",
    (-1, 0, 0, -1): "hflip,vflip",
    (0, -1, 1, 0): "transpose=cclock",
    (-1, 0, 0, 1): "hflip",
    (1, 0, 0, -1): "vflip",
    (0, 1, 1, 0): "transpose=cclock_flip",
    (0, -1, -1, 0): "transpose=clock_flip",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """How frames are to be shown: `turn` is a chain of filters; width and height are those that a person sees."""

    turn: str
    width: int
    height: int

    @property
    def is_on_its_side(self) -> bool:
        return self.turn.startswith("transpose")


def looks_of(frame: VideoFrame, aspect: Fraction) -> Looks:
    """As a player shows `frame`, whose pixels are as wide to their height as `aspect` (0: square). Raises Refused."""
    width, height = frame.width, frame.height
    if aspect and 0 < round(width * aspect) <= MOST_WIDTH:
        width = round(width * aspect)
    turn = _turn(frame)
    if turn.startswith("transpose"):
        width, height = height, width
    if not (width and height):
        raise Refused("damaged")
    return Looks(turn=turn, width=width, height=height)


def _turn(frame: VideoFrame) -> str:
    try:
        matrix = _side_data(frame)[Type.DISPLAYMATRIX]
    except KeyError:
        return ""
    a, b, _, c, d = struct.unpack("=5i", bytes(matrix)[:20].ljust(20, b"\0"))
    most = max(map(abs, (a, b, c, d))) or 1
    # To the nearest quarter: -1, 0 or 1.
    return _TURNS.get((round(a / most), round(b / most), round(c / most), round(d / most)), "")


def _side_data(frame: VideoFrame) -> SideDataContainer:
    try:
        return cast("SideDataContainer", frame.side_data)
    except ValueError:
        # A kind that PyAV does not know makes it give none at all. FFmpeg has read there how the picture is turned, and
        # says so in the matrix too.
        source = f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/1000"
        graph = _graph(source, (f"sidedata=mode=delete:type={_EXIF}",))
        graph.vpush(frame)
        return cast("SideDataContainer", graph.vpull().side_data)


def fit(looks: Looks, *, width: int, height: int) -> tuple[int, int]:
    """The largest even size within these bounds, and within the source's."""
    scale = min(width / looks.width, height / looks.height, 1)
    return max(2, round(looks.width * scale / 2) * 2), max(2, round(looks.height * scale / 2) * 2)


def render(frame: VideoFrame, looks: Looks, *, width: int, height: int, pixels: str) -> VideoFrame:
    """`frame` upright, that large, as `pixels`: gray, yuv420p for WebP or yuvj420p for JPEG."""
    across, down = (height, width) if looks.is_on_its_side else (width, height)
    scale = f"scale={across}:{down}:flags=area+accurate_rnd:out_range={'tv' if pixels == 'yuv420p' else 'pc'}"
    if pixels != "gray":
        scale += ":out_color_matrix=bt601"
    if frame.color_trc in HDR_TRANSFERS:
        # The other intents take twenty times as long for little that could be seen in a picture of this size.
        scale += ":out_transfer=bt709:out_primaries=bt709:intent=saturation"
    # Of interlaced pictures one half: the other is of another moment.
    steps = ("field=top" if frame.interlaced_frame else "", scale, *looks.turn.split(","), f"format={pixels}")
    source = (
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/1000"
        f":colorspace={frame.colorspace}:range={frame.color_range}"
    )
    graph = _graph(source, tuple(filter(None, steps)))
    graph.vpush(frame)
    return graph.vpull()


@lru_cache(maxsize=8)
def _graph(source: str, steps: tuple[str, ...]) -> Graph:
    """Filters one after the other. Kept, because to make out the colours of an HDR film takes 0.2 s."""
    graph = Graph()
    graph.threads = 1
    parts = [step.partition("=") for step in steps]
    nodes = [graph.add(name, arguments) for name, _, arguments in parts]
    graph.link_nodes(graph.add("buffer", source), *nodes, graph.add("buffersink")).configure()
    return graph


def encode_webp(frame: VideoFrame) -> bytes:
    """A yuv420p frame as WebP."""
    options = {"quality": str(_WEBP_QUALITY), "compression_level": "4"}
    return _encode(frame, "libwebp", options)


def encode_jpeg(frame: VideoFrame) -> bytes:
    """A yuvj420p frame as JPEG."""
    # bitexact: without a line about the program that made it.
    return _encode(frame, "mjpeg", {"qmin": str(_JPEG_QUALITY), "qmax": str(_JPEG_QUALITY), "flags": "+bitexact"})


def _encode(frame: VideoFrame, encoder: str, options: dict[str, str]) -> bytes:
    context = CodecContext.create(encoder, "w")
    assert isinstance(context, VideoCodecContext)  # noqa: S101
    context.width, context.height, context.pix_fmt = frame.width, frame.height, frame.format.name
    context.time_base = Fraction(1, 1000)
    context.thread_count = 1
    context.options = options
    frame.pts = 0
    frame.pict_type = 0
    return b"".join(bytes(packet) for packet in (*context.encode(frame), *context.encode(None)))
