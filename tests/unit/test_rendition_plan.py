"""Which renditions are made of which film, and in which pieces."""

from __future__ import annotations

import pytest

from contracts.media import Facts, Task
from upload_svc.media.plan import MOST_CHUNKS, PARTS_OF_A_CHUNK, Plan, part_number, plan_of
from upload_svc.settings import Policy

HEIGHTS = (1080, 720, 480, 360)
EASY = Facts(
    duration_ms=600_000,
    width=1920,
    height=1080,
    container="mp4",
    bit_rate=4_000_000,
    codecs=("avc1.640028", "mp4a.40.2"),
    has_video=True,
    has_audio=True,
    index="front",
)


def plan(policy: Policy = Policy.LADDER, **facts: object) -> Plan | None:
    return plan_of(EASY.model_copy(update=facts), policy, heights=HEIGHTS, preset="veryfast")


def names(policy: Policy = Policy.LADDER, **facts: object) -> list[str]:
    made = plan(policy, **facts)
    return [] if made is None else [rung.name for rung in made.rungs]


def test_players_begin_with_a_middle_size_and_none_is_above_the_source() -> None:
    assert names() == ["480p", "360p", "720p"]
    # Where the original is not for everybody, there is one as large.
    for hard in ({"codecs": ("hvc1.1.6.L93.B0", "mp4a.40.2")}, {"bit_rate": 40_000_000}, {"container": "mov"}):
        assert names(**hard) == ["480p", "360p", "720p", "1080p"], hard
    assert names(width=1080, height=1920, container="mov") == ["480p", "360p", "720p", "1080p"]
    assert names(width=3840, height=2160) == ["480p", "360p", "720p", "1080p"]
    assert names(width=640, height=360, container="mov") == ["360p"]
    # A tiny film upright: its own size, in even numbers.
    assert names(width=117, height=208) == ["116p"]
    assert names(width=1, height=1) == ["2p"]


def test_what_plays_everywhere_needs_nothing() -> None:
    assert names(Policy.OFF, codecs=("hvc1.1.6.L93.B0",)) == []
    assert names(Policy.NEEDED) == []
    for hard in (
        {"codecs": ("avc1.6e0028", "mp4a.40.2")},  # 10 bits
        {"codecs": ("avc1.640028", "ac-3")},
        {"codecs": ()},
        {"index": "end"},
        {"index_size": 20 * 2**20},
    ):
        assert names(Policy.NEEDED, **hard) == ["480p", "360p", "720p", "1080p"], hard
    for nothing in ({"has_video": False}, {"duration_ms": None}, {"width": None}):
        assert plan(**nothing) is None


@pytest.mark.parametrize(
    ("duration_ms", "chunks", "chunk_ms"),
    [
        (1, 1, 60_000),
        (60_000, 1, 60_000),
        # A few pictures more are no job of their own.
        (63_999, 1, 60_000),
        (64_001, 2, 60_000),
        (3_600_000, 60, 60_000),
        (3 * 3_600_000, 60, 180_000),
        (48 * 3_600_000, 60, 2_880_000),
    ],
)
def test_pieces_cover_the_film_and_are_few(duration_ms: int, chunks: int, chunk_ms: int) -> None:
    made = plan(duration_ms=duration_ms)
    assert made is not None
    assert (made.chunks, made.chunk_ms) == (chunks, chunk_ms)
    pieces = [made.rendering(Task.CHUNK, chunk) for chunk in range(made.chunks)]
    assert [piece.start_ms for piece in pieces] == [chunk * chunk_ms for chunk in range(chunks)]
    assert [piece.end_ms for piece in pieces] == [*(piece.start_ms for piece in pieces[1:]), None]
    assert all(piece.least_bytes for piece in pieces[:-1])
    assert not pieces[-1].least_bytes
    assert made.rendering(Task.SOUND, 0).rungs == ()


def test_no_two_attempts_have_the_same_part() -> None:
    numbers = [
        part_number(chunk, attempt) for chunk in range(MOST_CHUNKS) for attempt in range(1, PARTS_OF_A_CHUNK + 1)
    ]
    assert len(set(numbers)) == len(numbers)
    assert min(number or 0 for number in numbers) == 1
    assert max(number or 0 for number in numbers) <= 10_000
    assert part_number(0, PARTS_OF_A_CHUNK + 1) is None
