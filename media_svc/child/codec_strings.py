"""Codecs as the `codecs` parameter of a media type names them (RFC 6381): browsers say whether they play them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.video.stream import VideoStream

_START_CODE: Final = re.compile(b"\0\0\1")
_AVC_SPS: Final = 7
_HEVC_SPS: Final = 33
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9.\-]")
# VP9's levels by the luma samples of a picture (the specification's annex A), the rate apart.
_VP9_LEVELS: Final = (
    (36_864, 10),
    (122_880, 20),
    (245_760, 21),
    (552_960, 30),
    (983_040, 31),
    (2_228_224, 41),
    (8_912_896, 51),
    (35_651_584, 61),
)
_NAMES: Final = {
    "vp8": "vp8",
    "mp3float": "mp3",
    "mp2float": "mp2",
    "ac3": "ac-3",
    "eac3": "ec-3",
    "mpeg4": "mp4v.20.9",
    "dca": "dtsc",
}


def codec_string(stream: VideoStream | AudioStream, *, name: str) -> str | None:
    """The stream's codec; `name` is FFmpeg's of its decoder."""
    context = stream.codec_context
    extra = bytes(context.extradata or b"")
    match name:
        case "h264":
            found = _avc(extra, tag="avc3" if context.codec_tag == "avc3" else "avc1")
        case "hevc":
            found = _hevc(extra, tag="hev1" if context.codec_tag == "hev1" else "hvc1")
        case "libdav1d" | "av1":
            found = _av1(extra)
        case "vp9":
            found = _vp9(stream) if isinstance(stream, VideoStream) else None
        case "aac":
            found = _aac(context, extra)
        case _:
            found = _NAMES.get(name, _NOT_IN_A_NAME.sub("", name)[:64])
    return found or None


def _avc(extra: bytes, *, tag: str) -> str | None:
    # AVCDecoderConfigurationRecord (ISO/IEC 14496-15), or the parameter sets with start codes as in a transport stream.
    if len(extra) >= 4 and extra[0] == 1:
        return f"{tag}.{extra[1:4].hex()}"
    unit = _unit(extra, lambda first: first & 0x1F == _AVC_SPS)
    return f"{tag}.{unit[1:4].hex()}" if len(unit) >= 4 else None


def _hevc(extra: bytes, *, tag: str) -> str | None:
    # HEVCDecoderConfigurationRecord begins with a version; both then have the same 12 bytes of profile, tier and level.
    if len(extra) >= 13 and extra[0] == 1:
        general = extra[1:13]
    else:
        general = _unit(extra, lambda first: first >> 1 & 0x3F == _HEVC_SPS)[3:15]
    if len(general) < 12:
        return None
    space, tier, profile = general[0] >> 6, general[0] >> 5 & 1, general[0] & 0x1F
    compatible = int(f"{int.from_bytes(general[1:5]):032b}"[::-1], 2)
    constraints = general[5:11].rstrip(b"\0")
    return ".".join(
        (
            tag,
            f"{('', 'A', 'B', 'C')[space]}{profile}",
            f"{compatible:X}",
            f"{'H' if tier else 'L'}{general[11]}",
            *(f"{byte:X}" for byte in constraints),
        )
    )


def _unit(extra: bytes, is_wanted: Callable[[int], bool]) -> bytes:
    for part in _START_CODE.split(extra)[1:]:
        if part and is_wanted(part[0]):
            # Without the bytes that keep start codes out.
            return part.replace(b"\0\0\3", b"\0\0")
    return b""


def _av1(extra: bytes) -> str | None:
    # AV1CodecConfigurationRecord (AV1 in ISOBMFF, section 2.3).
    if len(extra) < 4 or extra[0] != 0x81:
        return None
    profile, level = extra[1] >> 5, extra[1] & 0x1F
    tier, is_high, is_twelve = extra[2] >> 7, extra[2] >> 6 & 1, extra[2] >> 5 & 1
    depth = 12 if is_twelve and profile == 2 else 10 if is_high else 8
    return f"av01.{profile}.{level:02d}{'H' if tier else 'M'}.{depth:02d}"


def _vp9(stream: VideoStream) -> str:
    context = stream.codec_context
    profile = int(found[0]) if (found := re.findall(r"\d", context.profile or "")) else 0
    samples = context.width * context.height
    level = next((level for most, level in _VP9_LEVELS if samples <= most), 62)
    depth = context.format.components[0].bits if context.format and context.format.components else 8
    return f"vp09.{profile:02d}.{level}.{depth:02d}"


def _aac(context: CodecContext, extra: bytes) -> str:
    # AudioSpecificConfig (ISO/IEC 14496-3, section 1.6.2.1) begins with the object type; a stream with ADTS has none.
    kind = extra[0] >> 3 if len(extra) >= 2 else 2
    if kind == 31 and len(extra) >= 2:
        kind = 32 + ((extra[0] & 7) << 3 | extra[1] >> 5)
    return f"mp4a.40.{kind or 2}"
