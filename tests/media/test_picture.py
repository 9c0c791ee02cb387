"""What is made of a picture that its owner has sent, and what of one that means harm."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from contracts.media import Reason
from media_svc.made import Failed
from tests.films import decode, encoded, luma_of, write_music
from tests.media.conftest import Source

# 6: turned by a quarter to be seen. The second tag, the camera's name, is nobody's business.
_TURNED = b"MM\0*\0\0\0\x08\0\x02" + struct.pack(">HHIHHHHI4s", 0x112, 3, 1, 6, 0, 0x10F, 2, 4, b"Spy\0") + bytes(4)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def turned_jpeg() -> bytes:
    content, exif = encoded("mjpeg", "yuvj420p"), b"Exif\0\0" + _TURNED
    return content[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + content[2:]


def turned_png() -> bytes:
    content = encoded("png", "rgba")
    return content[:33] + _chunk(b"eXIf", _TURNED) + content[33:]


async def test_jpeg_png_and_webp_become_posters_upright_and_without_metadata(source: Source) -> None:
    upright = {"320": (320, 640), "640": (640, 1280)}
    lying = {"320": (320, 160), "640": (640, 320), "1280": (1280, 640)}
    for content, sizes in (
        (turned_jpeg(), upright),
        (turned_png(), upright),
        (encoded("libwebp", "yuv420p"), lying),
        (encoded("png", "rgb24", width=90, height=90), {"90": (90, 90)}),
    ):
        made = await source.picture(content)
        assert [file.name for file in made.files] == [f"poster-{w}.{e}" for w in sizes for e in ("webp", "jpg")]
        for file in made.files:
            frame = decode(file.content)
            width, height = sizes[file.name[7:].split(".")[0]]
            assert (frame.width, frame.height) == (width, height)
            assert not any(mark in file.content for mark in (b"Exif", b"EXIF", b"Spy", b"Lavc"))
            # Lighter to the right as it is stored: to the bottom where a quarter turn stands it up.
            first, last = (
                luma_of(frame, left=left, top=top, width=width // 8, height=height // 8)
                for left, top in ((0, 0), (width - width // 8, height - height // 8))
            )
            assert first < last
        assert (made.facts, made.poster_ms) == (None, None)


async def test_music_whose_cover_says_how_it_is_turned_is_looked_at(source: Source, tmp_path: Path) -> None:
    made = await source.look(write_music(tmp_path / "music.mp3", cover=turned_jpeg()).read_bytes())
    assert (decode(made.files[0].content).width, decode(made.files[0].content).height) == (320, 640)


async def test_a_picture_that_is_none_or_means_harm_is_refused_for_good(source: Source) -> None:
    png, jpeg = encoded("png", "rgb24"), encoded("mjpeg", "yuvj420p")
    bomb = png[:8] + _chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)) + png[33:]
    large = bytearray(jpeg)
    start = large.index(b"\xff\xc0") + 5
    large[start : start + 4] = struct.pack(">HH", 65_000, 65_000)
    for content, reason in (
        (bomb, Reason.TOO_LARGE),
        (bytes(large), Reason.DAMAGED),
        (jpeg[: len(jpeg) // 2], Reason.DAMAGED),
        (png[:200], Reason.DAMAGED),
        (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(20), Reason.DAMAGED),
        (f"<svg xmlns='http://www.w3.org/2000/svg'><image href='{source.url}secret'/></svg>".encode(), "unsupported"),
        (b"<!doctype html><script>alert(1)</script>", Reason.UNSUPPORTED),
        (b"RIFF\x10\0\0\0WAVEfmt ", Reason.UNSUPPORTED),
        (b"GIF89a", Reason.UNSUPPORTED),
    ):
        with pytest.raises(Failed) as failed:
            await source.picture(content)
        assert (failed.value.reason, failed.value.is_final) == (reason, True)
    assert {path for path, _ in source.asked} == {"/film"}
