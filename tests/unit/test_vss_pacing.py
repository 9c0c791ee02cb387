"""How fast `vss upload --limit-rate` sends, with a clock that a test moves; and what is a rate."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise
from pathlib import Path

import pytest

from tests.command import vss
from vss.remote.pacing import BURST_SECONDS, Pace
from vss.remote.plan import Part
from vss.remote.source import open_source
from vss.remote.uploading import STALLED_SECONDS
from vss.remote.values import MOST_PARALLEL, rate

KIB, MIB = 2**10, 2**20


class Line:
    """A clock that moves when somebody sleeps alone, and what left when."""

    def __init__(self, *, moves: bool = True) -> None:
        self.now = 100.0
        self.waits: list[float] = []
        self._moves = moves

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        if self._moves:
            self.now += seconds

    def pace(self, rate: int) -> Pace:
        return Pace(rate, clock=self.clock, sleep=self.sleep)


async def test_a_part_takes_as_long_as_its_bytes_at_that_rate(tmp_path: Path) -> None:
    line = Line()
    content = random.Random(1).randbytes(3 * MIB)  # noqa: S311
    (tmp_path / "film.mp4").write_bytes(content)
    sent: list[int] = []
    with open_source(tmp_path / "film.mp4") as source:
        blocks = [block async for block in source.stream(Part(1, 0, 3 * MIB), sent.append, line.pace(2 * MIB))]
    assert b"".join(blocks) == content
    assert sum(sent) == 3 * MIB
    assert 1.5 - BURST_SECONDS <= line.now - 100 <= 1.5


async def test_parts_side_by_side_share_the_rate_in_turn() -> None:
    line = Line(moves=False)
    pace = line.pace(MIB)
    await asyncio.gather(*(pace.take(pace.most) for _ in range(40)))
    # All asked at the same moment: one block every quarter of a second, whoever sends it, but for what was saved up.
    assert len(line.waits) == 40
    assert [later - earlier for earlier, later in pairwise(line.waits)] == pytest.approx([BURST_SECONDS] * 39)


async def test_a_silence_saves_up_a_quarter_of_a_second_and_no_more() -> None:
    line = Line()
    pace = line.pace(MIB)
    line.now += 3600
    for _ in range(8):
        await pace.take(pace.most)
    assert line.now - 3700 == pytest.approx(2 - BURST_SECONDS)


@pytest.mark.parametrize("rate", [1, 3, 1000, 100 * KIB, 10 * MIB])
def test_no_part_is_silent_for_so_long_that_it_counts_as_stalled(rate: int) -> None:
    pace = Line().pace(rate)
    assert pace.most / rate * MOST_PARALLEL < STALLED_SECONDS / 2
    assert pace.most <= max(1, rate)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("0K", 0),
        ("1", 1),
        ("500K", 500 * KIB),
        ("500k", 500 * KIB),
        ("2M", 2 * MIB),
        ("1.5M", MIB * 3 // 2),
        ("1G", 2**30),
    ],
)
def test_a_rate_is_written_as_for_curl(text: str, value: int) -> None:
    assert rate(text) == value


@pytest.mark.parametrize(
    "value", ["", "fast", "-1", "2 M", "2Mbit", "1e3", ".5M", "1.5.5M", "nan", "0.1", "٢M", "9" * 40]
)
def test_a_rate_that_cannot_be_used_names_option_and_remedy(value: str) -> None:
    answer = vss("upload", f"--limit-rate={value}", "film.mp4")
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1), answer.stderr
    assert "--limit-rate" in answer.stderr
    assert "give bytes per second such as 500K, 2M or 1.5M, or 0 for no limit" in answer.stderr
