"""HLS playlists: what they say, the numbers in them, and that a player of others plays the film by them."""

from __future__ import annotations

import re
from pathlib import Path

import av
import pytest

from contracts.renditions import TIMESCALE, AudioRendition, Renditions, Segment, VideoRendition
from stream_svc.playlists import media_playlist, multivariant_playlist, peak_bit_rate
from tests.renditions import write_rendition

SECOND = TIMESCALE


def segments(*sizes_and_seconds: tuple[int, float], offset: int = 800) -> tuple[Segment, ...]:
    found = []
    for size, seconds in sizes_and_seconds:
        found.append(Segment(offset=offset, size=size, duration=round(seconds * SECOND)))
        offset += size
    return tuple(found)


PICTURE = VideoRendition(
    name="720p",
    codec="avc1.64001f",
    init_size=800,
    segments=segments((500_000, 4), (1_000_000, 4), (250_000, 2)),
    width=1280,
    height=720,
    frame_rate=23.976,
)
SOUND = AudioRendition(
    name="audio-1",
    codec="mp4a.40.2",
    init_size=700,
    segments=segments((64_000, 4), (64_000, 4), (32_000, 2)),
    channels=2,
)


def test_a_film_with_two_sounds_is_told_with_what_it_takes() -> None:
    german = SOUND.model_copy(update={"name": "audio-2", "language": "de", "channels": 6})
    said = multivariant_playlist(Renditions(video=(PICTURE,), audio=(SOUND, german)))
    assert said.splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:6",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        (
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="und 1",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",'
            'URI="audio-1.m3u8"'
        ),
        (
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="de 2",LANGUAGE="de",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="6",'
            'URI="audio-2.m3u8"'
        ),
        # 1 MB in four seconds, and 64 kB.
        (
            "#EXT-X-STREAM-INF:BANDWIDTH=2128000,AVERAGE-BANDWIDTH=1528000,"
            'CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=23.976,AUDIO="audio"'
        ),
        "720p.m3u8",
    ]


def test_sound_alone_is_a_variant_of_its_own() -> None:
    said = multivariant_playlist(Renditions(audio=(SOUND,)))
    assert said.splitlines()[3:] == [
        '#EXT-X-STREAM-INF:BANDWIDTH=128000,AVERAGE-BANDWIDTH=128000,CODECS="mp4a.40.2"',
        "audio-1.m3u8",
    ]


def test_each_piece_is_told_by_where_it_lies() -> None:
    # Its second part was filled up.
    gap = (PICTURE.segments[0], *segments((9, 4.49999), offset=5_242_880))
    said = media_playlist(PICTURE.model_copy(update={"segments": gap}), "one", query="v=2")
    assert said.splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:6",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        "#EXT-X-TARGETDURATION:4",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        '#EXT-X-MAP:URI="one/720p.mp4?v=2",BYTERANGE="800@0"',
        "#EXTINF:4.00000,",
        "#EXT-X-BYTERANGE:500000@800",
        "one/720p.mp4?v=2",
        "#EXTINF:4.49999,",
        "#EXT-X-BYTERANGE:9@5242880",
        "one/720p.mp4?v=2",
        "#EXT-X-ENDLIST",
    ]


@pytest.mark.parametrize(
    ("pieces", "peak"),
    [
        ([(1000, 4)], 2000),
        # One that is too short to count by itself does with its neighbour.
        ([(1000, 4), (1000, 0.5)], 3556),
        # Of less than a second there is no other measure.
        ([(1000, 0.1)], 80_000),
        ([(1000, 4), (3000, 2), (1000, 4)], 12_000),
    ],
)
def test_the_peak_is_of_neighbours_about_as_long_as_the_longest(pieces: list[tuple[int, float]], peak: int) -> None:
    assert peak_bit_rate(segments(*pieces)) == peak


def test_a_player_plays_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    told = write_rendition(tmp_path / "one" / "64p.mp4")
    (tmp_path / "64p.m3u8").write_text(media_playlist(told, "one"))
    (tmp_path / "index.m3u8").write_text(multivariant_playlist(Renditions(video=(told,))))
    with av.open(str(tmp_path / "index.m3u8")) as played:
        assert played.duration == 5_000_000
        assert [round((frame.time or 0) * 10) for frame in played.decode(video=0)] == [*range(50)]


def test_no_address_in_them_is_signed_or_of_another_place() -> None:
    for said in (multivariant_playlist(Renditions(video=(PICTURE,), audio=(SOUND,))), media_playlist(PICTURE, "one")):
        assert not re.search(r"https?:|\?|//", "".join(line for line in said.splitlines() if not line.startswith("#")))
