"""From a decoded frame to a picture for the web: upright, with square pixels, in SDR, without metadata."""

from __future__ import annotations

import struct
from collections.abc import Sequence
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
_PQ, _HLG = 16, 18
# From a sample to light (BT.2100, table 4 and 5), of which 1 is the white of a page: 203 cd/m² (BT.2408). HLG as on a
# screen of 1000 cd/m².
_LIGHT: Final = {
    _PQ: "st(1,pow(val/maxval,0.0126833));st(0,49.26*pow(max(0,ld(1)-0.8359375)/(18.8515625-18.6875*ld(1)),6.2773947))",
    _HLG: "st(1,val/maxval);"
    "st(0,4.926*pow(if(lte(ld(1),0.5),ld(1)*ld(1)/3,(exp((ld(1)-0.55991073)/0.17883277)+0.28466892)/12),1.2))",
}
# Up to half of that white as it is; what is brighter comes ever closer to white.
_TONE: Final = "maxval*if(lte(ld(0),0.5),ld(0),1-0.5*exp(1-2*ld(0)))"
# BT.2020 to BT.709 primaries, of light (BT.2087).
_NARROWER: Final = "rr=1.6605:rg=-0.5876:rb=-0.0728:gr=-0.1246:gg=1.1329:gb=-0.0083:br=-0.0182:bg=-0.1006:bb=1.1187"
_GAMMA: Final = "maxval*pow(val/maxval,1/2.2)"
HDR_TRANSFERS: Final = frozenset(_LIGHT)
# Of AVCOL_SPC: RGB, BT.709, FCC, BT.470 BG (BT.601), SMPTE 170M, SMPTE 240M, BT.2020 NCL: what `scale` can convert. It
# refuses the others (libswscale/format.c), which are wrong tags more often than not; browsers show those films.
_KNOWN_MATRICES: Final = frozenset({0, 1, 4, 5, 6, 7, 9})
BT709, _BT601, _BT2020 = 1, 5, 9
# A film that does not say is taken for BT.709 from this height on, as browsers do.
_HD_HEIGHT: Final = 720
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


def render(
    frame: VideoFrame, looks: Looks, *, width: int, height: int, pixels: str, matrix: str = "bt601"
) -> VideoFrame:
    """`frame` upright, that large, as `pixels`: gray, yuv420p for WebP and films or yuvj420p for JPEG."""
    across, down = (height, width) if looks.is_on_its_side else (width, height)
    size = f"scale={across}:{down}:flags=area+accurate_rnd"
    colours = f"out_range={'tv' if pixels == 'yuv420p' else 'pc'}"
    if pixels != "gray":
        colours += f":out_color_matrix={matrix}"
    steps = (
        # Of interlaced pictures one half: the other is of another moment.
        *(["field=top"] if frame.interlaced_frame else []),
        *(
            [size, *_to_sdr(frame.color_trc), f"scale={colours}"]
            if frame.color_trc in _LIGHT
            else [f"{size}:{colours}"]
        ),
        *filter(None, looks.turn.split(",")),
        f"format={pixels}",
    )
    # It goes with the frame as well as with the graph.
    frame.colorspace = _matrix(frame)
    source = (
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/1000"
        f":colorspace={frame.colorspace}:range={frame.color_range}"
    )
    graph = _graph(source, steps)
    graph.vpush(frame)
    return graph.vpull()


def _to_sdr(transfer: int) -> Sequence[str]:
    """What makes SDR of HDR, as bright as a browser shows it beside a page.

    The way that `scale` has for it makes what is not said to be darker than 10,000 cd/m² three times too dark, or takes
    seconds.
    """
    curve = f"{_LIGHT[transfer]};{_TONE}"
    return (
        "format=gbrp16",
        f"lutrgb=r='{curve}':g='{curve}':b='{curve}'",
        f"colorchannelmixer={_NARROWER}",
        f"lutrgb=r={_GAMMA}:g={_GAMMA}:b={_GAMMA}",
    )


def _matrix(frame: VideoFrame) -> int:
    if frame.colorspace in _KNOWN_MATRICES:
        return frame.colorspace
    if frame.color_trc in HDR_TRANSFERS:
        return _BT2020
    return BT709 if frame.height >= _HD_HEIGHT else _BT601


@lru_cache(maxsize=8)
def _graph(source: str, steps: tuple[str, ...]) -> Graph:
    """Filters one after the other. Kept, because the curves of an HDR film take a while."""
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
