"""What is made of a film: facts, poster and storyboard."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from contracts.media import Facts
from media_svc.child.pictures import looks_of, render
from media_svc.wire import BLOCK_SIZE
from tests import footage
from tests.films import HDR10, X265, decode, jpeg, luma_of, picture, write_film, write_music, write_noise
from tests.media.conftest import Source


async def test_a_film_has_facts_a_poster_and_a_storyboard(source: Source) -> None:
    content = footage.fetch(footage.OCEAN_MP4).read_bytes()
    made = await source.look(content)
    assert made.facts == Facts(
        duration_ms=10_076,
        width=1280,
        height=720,
        frame_rate=24.0,
        container="mp4",
        codecs=("avc1.42c00d", "mp4a.40.2"),
        bit_rate=871_529,
        has_video=True,
        has_audio=True,
        audio_channels=2,
        index="end",
        index_size=7315,
    )
    sizes = {"320": (320, 180), "640": (640, 360), "1280": (1280, 720)}
    assert [file.name for file in made.files] == [f"poster-{w}.{e}" for w in sizes for e in ("webp", "jpg")]
    for file in made.files:
        frame = decode(file.content)
        assert (frame.width, frame.height) == sizes[file.name[7:].split(".")[0]]
        assert not any(mark in file.content for mark in (b"Exif", b"Lavc", b"http", b"ICC"))
    assert made.poster_ms is not None
    assert made.bytes_read <= len(content)
    assert len(source.asked) == len(set(source.asked)), "a block was fetched twice"

    source.asked.clear()
    board = await source.storyboard(content, facts=made.facts)
    sprite, index = board.files
    assert json.loads(index.content) == {
        "interval_ms": 2000,
        "tiles": 6,
        "columns": 10,
        "rows": 10,
        "width": 160,
        "height": 90,
        "sprites": ["storyboard-0.webp"],
    }
    assert (decode(sprite.content).width, decode(sprite.content).height) == (1600, 90)
    assert (sprite.content_type, index.content_type) == ("image/webp", "application/json")
    assert board.bytes_read == len(content) == sum(_lengths(source.asked))
    assert 0 < made.peak_memory_bytes < 200 * 2**20


def _lengths(asked: list[tuple[str, str]]) -> list[int]:
    ranges = [text.removeprefix("bytes=").split("-") for _, text in asked]
    lengths = [int(last) - int(first) + 1 for first, last in ranges]
    assert all(length <= BLOCK_SIZE for length in lengths)
    return lengths


_STEADY = range(0, 2000, 40)


def _uneven(folder: Path) -> Path:
    return write_film(folder / "uneven.mp4", times_ms=[*range(0, 1000, 40), *range(1000, 3000, 400)], group=500)


def _single(folder: Path) -> Path:
    return write_film(folder / "single.mp4", times_ms=[0], size=(90, 160))


def _hevc(folder: Path) -> Path:
    footage.write_hevc(footage.fetch(footage.OCEAN_MP4), folder / "hevc.mp4", frames=4, with_sound=True)
    return folder / "hevc.mp4"


def _hdr(folder: Path) -> Path:
    options = {"x265-params": HDR10, "preset": "ultrafast"}
    return write_film(
        folder / "hdr.mkv", codec="libx265", times_ms=range(0, 200, 40), pixels="yuv420p10le", options=options
    )


def _recorded(folder: Path) -> Path:
    footage.write_without_duration(footage.fetch(footage.OCEAN_WEBM), folder / "recorded.webm")
    return folder / "recorded.webm"


def _sound(folder: Path) -> Path:
    footage.write_sound(folder / "sound.m4a", codec="aac", seconds=2)
    return folder / "sound.m4a"


def _music(folder: Path) -> Path:
    return write_music(folder / "music.mp3", cover=jpeg(width=640, height=640))


def _two_languages(folder: Path) -> Path:
    place = {"com.apple.quicktime.location.ISO6709": "+48.8577+002.2950/"}
    return write_film(
        folder / "two.mov",
        codec="libx265",
        times_ms=range(0, 400, 40),
        options={"x265-params": X265, "preset": "ultrafast"},
        container={"movflags": "use_metadata_tags+faststart"},
        languages=["eng", "ara"],
        metadata=place,
    )


def _broadcast(folder: Path) -> Path:
    return write_film(folder / "broadcast.ts", times_ms=_STEADY, languages=["deu"])


def _with_a_length_of(folder: Path, seconds: float) -> Path:
    """A film of 2 s in Matroska, whose Duration (RFC 9559, section 5.1.2.10) says something else."""
    film = write_film(folder / "wrong.mkv", times_ms=_STEADY)
    head, mark, rest = film.read_bytes().partition(b"\x44\x89\x88")
    film.write_bytes(head + mark + struct.pack(">d", seconds * 1000) + rest[8:])
    return film


def _much_too_long(folder: Path) -> Path:
    return _with_a_length_of(folder, 169 * 3600)


def _less_than_nothing(folder: Path) -> Path:
    return _with_a_length_of(folder, -5)


def _wrongly_tagged(folder: Path) -> Path:
    # A matrix that nothing converts, on pictures that are as usual.
    options = {"preset": "ultrafast", "x264-params": "colormatrix=YCgCo"}
    return write_film(folder / "tagged.mp4", times_ms=_STEADY, options=options)


def _with_fonts(folder: Path) -> Path:
    return write_film(folder / "fonts.mkv", times_ms=_STEADY, fonts=80)


_SMALL = ["poster-320.webp", "poster-320.jpg"]
_LARGE = [*_SMALL, "poster-640.webp", "poster-640.jpg"]


@pytest.mark.parametrize(
    ("make", "facts", "names"),
    [
        (_uneven, {"duration_ms": 2640, "width": 320, "has_audio": False, "audio_channels": None}, _SMALL),
        (_single, {"width": 90, "height": 160, "index": "end"}, ["poster-90.webp", "poster-90.jpg"]),
        (_hevc, {"codecs": ("hvc1.1.6.L63.90", "mp4a.40.2"), "is_hdr": False}, _LARGE),
        (_hdr, {"codecs": ("hvc1.2.4.L60.90",), "is_hdr": True, "container": "matroska"}, _SMALL),
        (_recorded, {"duration_ms": 9999, "codecs": ("vp8",), "container": "webm"}, None),
        (_much_too_long, {"duration_ms": 2000}, _SMALL),
        (_less_than_nothing, {"duration_ms": 2000}, _SMALL),
        (_wrongly_tagged, {"duration_ms": 2000, "is_hdr": False}, _SMALL),
        (_with_fonts, {"duration_ms": 2000, "has_video": True}, _SMALL),
        (_sound, {"duration_ms": 1984, "has_video": False, "width": None, "codecs": ("mp4a.40.2",)}, []),
        (_music, {"has_video": False, "codecs": ("mp3",), "width": None, "frame_rate": None}, _LARGE),
        (_two_languages, {"audio_languages": ("eng", "ara"), "has_location": True, "index": "front"}, _SMALL),
        (_broadcast, {"container": "mpegts", "has_audio": True, "has_location": False}, _SMALL),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
async def test_odd_files_are_understood(
    source: Source, tmp_path: Path, make: Callable[[Path], Path], facts: dict[str, Any], names: list[str] | None
) -> None:
    made = await source.look(make(tmp_path).read_bytes())
    assert made.facts is not None
    assert {name: getattr(made.facts, name) for name in facts} == facts
    if names is not None:
        assert [file.name for file in made.files] == names
    for file in made.files:
        assert decode(file.content).width == int(file.name[7:].split(".")[0])


async def test_a_film_of_a_turned_phone_stands_upright(source: Source, tmp_path: Path) -> None:
    # What lies at the right is at the top after a quarter turn to the left.
    made = await source.look(write_film(tmp_path / "turned.mov", times_ms=_STEADY, rotation=90).read_bytes())
    assert made.facts is not None
    assert (made.facts.width, made.facts.height, made.facts.container) == (180, 320, "mov")
    assert [file.name for file in made.files] == ["poster-180.webp", "poster-180.jpg"]
    for file in made.files:
        frame = decode(file.content)
        top, bottom = (luma_of(frame, left=0, top=top, width=180, height=80) for top in (0, 240))
        assert top > bottom + 40


@pytest.mark.parametrize(("transfer", "white"), [(16, 143), (18, 180)], ids=["pq", "hlg"])
def test_the_white_of_hdr_is_white_and_its_black_is_black(transfer: int, white: int) -> None:
    # A page's white, 203 cd/m², and what is hardly lit (BT.2408); nothing says how bright the brightest is.
    for luma, least, most in ((white, 220, 250), (255, 250, 255), (40, 0, 40), (16, 0, 2)):
        frame = picture(0, width=64, height=64)
        frame.planes[0].update(bytes([luma]) * frame.planes[0].buffer_size)
        frame.color_trc, frame.colorspace, frame.color_primaries = transfer, 9, 9
        shown = render(frame, looks_of(frame, Fraction(1)), width=64, height=64, pixels="yuvj420p")
        assert least <= luma_of(shown, left=0, top=0, width=64, height=64) <= most


def test_colours_that_a_film_does_not_name_are_those_that_browsers_show() -> None:
    def shown(height: int, matrix: int) -> float:
        frame = picture(0, width=64, height=height)
        for plane, value in zip(frame.planes, (81, 90, 240), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.colorspace = matrix
        red = render(frame, looks_of(frame, Fraction(1)), width=64, height=64, pixels="yuvj420p")
        return luma_of(red, left=0, top=0, width=64, height=64)

    bt709, bt601, unnamed = 1, 5, 2
    assert shown(720, unnamed) == shown(720, bt709) != shown(720, bt601)
    assert shown(576, unnamed) == shown(576, bt601) != shown(576, bt709)


async def test_the_poster_is_not_black_and_otherwise_of_the_moment_that_was_asked_for(
    source: Source, tmp_path: Path
) -> None:
    film = write_film(
        tmp_path / "film.mp4", times_ms=range(0, 10_000, 100), luma=lambda time: 200 if 6000 <= time < 8000 else 0
    )
    content = film.read_bytes()
    made = await source.look(content)
    assert made.poster_ms is not None
    assert 6000 <= made.poster_ms < 8000
    # Between two key frames, and after the last picture.
    for asked, given in ((6700, 6700), (3333, 3300), (60_000, 9900)):
        made = await source.look(content, poster_ms=asked)
        assert made.poster_ms == given
        frame = decode(made.files[0].content)
        assert (luma_of(frame, left=0, top=0, width=320, height=180) > 60) == (given == 6700)


async def test_pictures_that_begin_after_the_sound_are_shown_at_their_time(source: Source, tmp_path: Path) -> None:
    film = write_film(
        tmp_path / "late.mp4",
        times_ms=range(4000, 9000, 100),
        luma=lambda time: 200 if 6000 <= time < 8000 else 40,
        languages=["eng"],
    )
    content = film.read_bytes()
    made = await source.look(content, poster_ms=6000)
    assert made.poster_ms == 6000
    made = await source.storyboard(content, facts=made.facts)
    tiles = decode(made.files[0].content)
    lights = [luma_of(tiles, left=n * 160, top=0, width=160, height=90) > 80 for n in range(5)]
    assert lights == [False, False, False, True, False]


async def test_a_film_that_is_read_again_and_again_ends(source: Source, tmp_path: Path) -> None:
    # Matroska with one key frame: to get to its tiles, more is read than there is.
    film = write_noise(tmp_path / "noise.mkv", frames=60)
    async with asyncio.timeout(60):
        made = await source.storyboard(film.read_bytes())
    assert json.loads(made.files[-1].content)["tiles"] == 2


async def test_a_film_without_an_index_has_a_storyboard_by_reading_it_once(source: Source, tmp_path: Path) -> None:
    # One key frame, at the beginning.
    film = write_film(tmp_path / "film.ts", times_ms=range(0, 8000, 200), luma=lambda time: 40 + time // 40, group=500)
    made = await source.storyboard(film.read_bytes())
    tiles = decode(made.files[0].content)
    lights = [luma_of(tiles, left=n * 160, top=0, width=160, height=90) for n in range(4)]
    assert lights == sorted(lights)
    assert lights[3] > lights[0] + 60
    assert made.bytes_read == len(film.read_bytes())


async def test_each_tile_shows_its_own_time(source: Source, tmp_path: Path) -> None:
    # Twelve minutes: more tiles than a sprite has, key frames further apart than tiles, and a change with each tile.
    shade = [40, 220, 100, 160]
    film = write_film(
        tmp_path / "film.mp4",
        times_ms=[*range(0, 720_000, 800), 719_960],
        size=(160, 90),
        luma=lambda time: shade[time // 2400 % len(shade)],
        group=10,
    )
    made = await source.storyboard(film.read_bytes())
    *sprites, index = made.files
    layout = json.loads(index.content)
    assert (layout["interval_ms"], layout["tiles"], len(sprites)) == (2400, 300, 3)
    full = [decode(sprite.content) for sprite in sprites]
    lights = [
        luma_of(full[n // 100], left=n % 10 * 160 + 8, top=n % 100 // 10 * 90 + 8, width=144, height=74)
        for n in range(300)
    ]
    for kind in range(len(shade)):
        alike = lights[kind :: len(shade)]
        assert max(alike) - min(alike) < 6, "a tile of another moment"
    assert made.bytes_read <= len(film.read_bytes())
