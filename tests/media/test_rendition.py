"""Renditions: pieces that were made apart play as one film, in time with its sound."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from random import Random
from typing import NamedTuple

import av
import pytest
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from contracts.media import Facts
from contracts.renditions import TIMESCALE, Rendering, Renditions, Rung
from media_svc.made import Made
from tests import footage
from tests.films import HDR10, X265, luma_of, write_clapper, write_film
from tests.media.conftest import Source

MIB = 2**20
RUNGS = (Rung(name="180p", short_side=180), Rung(name="90p", short_side=90))


class Film(NamedTuple):
    """A rendition put together from its pieces, as the storage does."""

    content: bytes
    init_size: int
    # Offsets, sizes and durations.
    segments: list[tuple[int, int, int]]

    def times(self) -> list[float]:
        """When each picture is shown, in seconds."""
        with av.open(BytesIO(self.content), "r") as file:
            return [_seconds(frame) for frame in file.decode(video=0) if frame.pts is not None]


def _seconds(frame: VideoFrame | AudioFrame) -> float:
    return float((frame.pts or 0) * (frame.time_base or Fraction()))


def contents(made: Made) -> dict[str, bytes]:
    found = {}
    for name, part in made.parts.items():
        with part.reader() as file:
            found[name] = file.read()
        part.close()
    return found


async def pieces(
    source: Source, content: bytes, ends_ms: Sequence[int | None], rungs: Sequence[Rung] = RUNGS, *, least: int = 0
) -> tuple[dict[str, Film], Renditions]:
    """Each rendition of pieces that end there, and what was said of the first."""
    films: dict[str, Film] = {}
    first, start = None, 0
    for end in ends_ms:
        rendering = Rendering(start_ms=start, end_ms=end, rungs=tuple(rungs), least_bytes=least)
        made = await source.render(content, rendering)
        assert made.renditions is not None
        first, start = first or made.renditions, end or 0
        parts = contents(made)
        for item in made.renditions.files:
            before = films.get(item.name, Film(b"", item.init_size, []))
            begin = len(before.content)
            assert not begin or parts[item.name][: item.init_size] == before.content[: item.init_size]
            more = [(begin + one.offset, one.size, one.duration) for one in item.segments]
            films[item.name] = Film(before.content + parts[item.name], before.init_size, before.segments + more)
    assert first is not None
    return films, first


async def test_pieces_made_apart_are_one_film(source: Source, tmp_path: Path) -> None:
    times = [round(number * 1001 / 30) for number in range(600)]
    # Key frames every five seconds, so that pieces begin between them.
    film = write_film(tmp_path / "a.mp4", times_ms=times, group=150, size=(320, 180), options={"bf": "3"})
    films, said = await pieces(source, film.read_bytes(), (8_000, 16_000, None), least=MIB)
    assert [(item.name, item.width, item.height) for item in said.video] == [("180p", 320, 180), ("90p", 160, 90)]
    for item in said.video:
        made = films[item.name]
        shown = made.times()
        assert shown == pytest.approx([time / 1000 for time in times], abs=0.0015)
        # The first two are filled up to what S3 wants of a part.
        assert len(made.content) > 2 * MIB
        assert made.content[MIB:].startswith(made.content[: made.init_size])
        with av.open(BytesIO(made.content), "r") as file:
            packets = [one for one in file.demux(video=0) if one.pts is not None]
        keys = [float((one.pts or 0) * one.time_base) for one in packets if one.is_keyframe]
        # No moment is without a picture, between two pieces either.
        ends = [(one.pts or 0) + (one.duration or 0) for one in packets]
        assert ends[:-1] == [one.pts for one in packets[1:]]
        assert keys == pytest.approx([next(t for t in shown if t >= 2 * n - 0.001) for n in range(10)], abs=0.0015)
        # Each segment plays by itself, and says when it is shown.
        begin = 0
        for offset, size, duration in made.segments:
            alone = Film(made.content[: made.init_size] + made.content[offset : offset + size], 0, [])
            assert alone.times()[0] == pytest.approx(begin / TIMESCALE, abs=0.034)
            begin += duration
        assert begin / TIMESCALE == pytest.approx(times[-1] / 1000 + 0.04, abs=0.002)
        assert len(made.segments) == 5


async def test_sound_and_picture_are_in_time_from_the_first_second_to_the_last(source: Source, tmp_path: Path) -> None:
    for codec, name in (("aac", "a.mp4"), ("pcm_s16le", "a.mov")):
        film = write_clapper(tmp_path / name, seconds=20, sound_codec=codec).read_bytes()
        films, _ = await pieces(source, film, (8_000, 16_000, None), RUNGS[:1])
        made = await source.render(film, Rendering())
        assert made.renditions is not None
        [sound] = made.renditions.audio
        assert (sound.name, sound.codec, sound.channels) == ("audio", "mp4a.40.2", 1)
        content = contents(made)["audio"]
        flashes, beeps = flashes_of(films["180p"].content), beeps_of(content)
        assert len(flashes) == len(beeps) == 20
        for number, (flash, beep) in enumerate(zip(flashes, beeps, strict=True)):
            assert flash == pytest.approx(number, abs=0.01)
            assert beep == pytest.approx(flash, abs=0.03), f"second {number}"
        assert sum(one.duration for one in sound.segments) / TIMESCALE == pytest.approx(20, abs=0.05)


def flashes_of(content: bytes) -> list[float]:
    found, is_white = [], False
    with av.open(BytesIO(content), "r") as file:
        for frame in file.decode(video=0):
            was, is_white = is_white, luma_of(frame, left=0, top=0, width=160, height=90) > 60
            if is_white and not was and frame.pts is not None:
                found.append(_seconds(frame))
    return found


def beeps_of(content: bytes) -> list[float]:
    found, quiet = [], 1.0
    with av.open(BytesIO(content), "r") as file:
        for frame in file.decode(audio=0):
            samples = memoryview(bytes(frame.planes[0])).cast("f")[: frame.samples]
            assert frame.pts is not None
            for number in range(0, frame.samples, 16):
                at = _seconds(frame) + number / 48_000
                if max(map(abs, samples[number : number + 16]), default=0) > 0.1:
                    if quiet > 0.2:
                        found.append(at)
                    quiet = 0.0
                else:
                    quiet += 16 / 48_000
    return found


async def test_odd_films_come_out_as_they_are_watched(source: Source, tmp_path: Path) -> None:
    turned = write_film(tmp_path / "turned.mp4", times_ms=range(0, 2000, 40), rotation=90, size=(320, 180))
    odd = write_film(tmp_path / "odd.mkv", times_ms=range(0, 2000, 40), size=(854, 480))
    uneven_times = [0, 40, 90, 400, 410, 1100, 2000, 2040, 3990]
    uneven = write_film(tmp_path / "uneven.mp4", times_ms=uneven_times)
    single = write_film(tmp_path / "single.mp4", times_ms=[0])
    wanted = (Rung(name="360p", short_side=360), Rung(name="90p", short_side=90))
    for path, sizes, times in (
        (turned, [(180, 320), (90, 160)], None),
        (odd, [(640, 360), (160, 90)], None),
        # Never larger than the source.
        (uneven, [(320, 180), (160, 90)], uneven_times),
        (single, [(320, 180), (160, 90)], [0]),
    ):
        films, said = await pieces(source, path.read_bytes(), (None,), wanted)
        assert [(item.width, item.height) for item in said.video] == sizes, path
        assert all(item.codec.startswith("avc1.64") for item in said.video)
        if times is not None:
            assert films["90p"].times() == pytest.approx([time / 1000 for time in times], abs=0.0015)


async def test_hdr_becomes_sdr_as_bright_as_beside_a_page(source: Source, tmp_path: Path) -> None:
    film = write_film(
        tmp_path / "hdr.mp4",
        times_ms=range(0, 1000, 40),
        codec="libx265",
        pixels="yuv420p10le",
        options={"x265-params": f"{X265}:{HDR10}"},
    )
    films, _ = await pieces(source, film.read_bytes(), (None,), RUNGS[:1])
    with av.open(BytesIO(films["180p"].content), "r") as file:
        frame = next(file.decode(video=0))
        assert (frame.format.name, frame.color_trc, frame.colorspace, frame.color_range) == ("yuv420p", 1, 1, 1)


async def test_what_there_is_not_is_left_out(source: Source, tmp_path: Path) -> None:
    silent = write_film(tmp_path / "silent.mp4", times_ms=range(0, 2000, 40)).read_bytes()
    made = await source.render(silent, Rendering())
    assert (made.renditions, made.parts) == (Renditions(), {})
    # Behind its end.
    made = await source.render(silent, Rendering(start_ms=60_000, end_ms=120_000, rungs=RUNGS))
    assert (made.renditions, made.parts) == (Renditions(), {})
    two = write_film(tmp_path / "two.mkv", times_ms=range(0, 2000, 40), languages=("eng", "deu")).read_bytes()
    made = await source.render(two, Rendering(), facts=Facts(duration_ms=2000))
    assert made.renditions is not None
    assert [(item.name, item.language) for item in made.renditions.audio] == [("audio", "eng"), ("audio-2", "deu")]
    assert contents(made).keys() == {"audio", "audio-2"}


async def test_a_film_begins_with_its_first_picture_in_every_format(source: Source, tmp_path: Path) -> None:
    times = range(0, 10_000, 40)
    for ending in ("ts", "mp4", "mkv", "mov", "flv", "avi"):
        # With B-frames decoding begins before the film does. AVI has no times for them.
        options = {"bf": "0" if ending == "avi" else "3"}
        film = write_film(tmp_path / f"a.{ending}", times_ms=times, group=25, languages=("eng",), options=options)
        films, _ = await pieces(source, film.read_bytes(), (4_000, 8_000, None), RUNGS[1:])
        shown = films["90p"].times()
        assert len(shown) == len(times), ending
        # The sound may begin before the picture.
        begin = shown[0]
        assert begin < 0.1, ending
        assert shown == pytest.approx([begin + time / 1000 for time in times], abs=0.0015), ending


async def test_a_real_film_keeps_every_picture(source: Source) -> None:
    content = footage.fetch(footage.OCEAN_MP4).read_bytes()
    films, said = await pieces(source, content, (4_000, None), (Rung(name="360p", short_side=360),))
    with av.open(BytesIO(content), "r") as file:
        base = file.streams.video[0].time_base or Fraction(1)
        begin = Fraction(file.start_time or 0, av.time_base)
        shown = [float(frame.pts * base - begin) for frame in file.decode(video=0) if frame.pts is not None]
    assert films["360p"].times() == pytest.approx(shown, abs=0.0015)
    assert (said.video[0].width, said.video[0].height, said.video[0].frame_rate) == (640, 360, 24.0)


async def test_of_a_damaged_film_the_rest_is_heard_and_seen(source: Source, tmp_path: Path) -> None:
    whole = write_clapper(tmp_path / "whole.mp4", seconds=20).read_bytes()
    for seed in range(4):
        chance, content = Random(seed), bytearray(whole)  # noqa: S311 - no secret
        for _ in range(30):
            content[chance.randrange(len(content) // 4, len(content) // 2)] = chance.randrange(256)
        films, _ = await pieces(source, bytes(content), (8_000, None), RUNGS[:1])
        assert len(films["180p"].times()) > 590
        made = await source.render(bytes(content), Rendering(), facts=Facts(duration_ms=20_000))
        # What comes after it is as much in time as what came before.
        beeps = beeps_of(contents(made)["audio"])
        assert [beeps[0], beeps[-1]] == pytest.approx([0, 19], abs=0.03)


async def test_a_sound_that_ends_early_goes_on_in_silence(source: Source, tmp_path: Path) -> None:
    film = write_film(tmp_path / "short.mp4", times_ms=range(0, 20_000, 40), languages=("eng",)).read_bytes()
    made = await source.render(film, Rendering(), facts=Facts(duration_ms=20_000))
    assert made.renditions is not None
    [sound] = made.renditions.audio
    assert sum(one.duration for one in sound.segments) / TIMESCALE == pytest.approx(20, abs=0.05)
    contents(made)
