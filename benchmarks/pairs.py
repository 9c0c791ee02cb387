"""How a row is measured: several times, next to its peer, and judged by its median and spread.

Times mean something only beside another one of the same minute on the same machine, so a `Pair` gives a ratio. What
has a limit of its own (memory, how long a loop is held) is a `Quantity`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

ROUNDS: Final = 15
# Long enough for the clock and the scheduler, short enough that both sides of a round meet the same weather.
SHORTEST_SAMPLE_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The median of all rounds and its spread (the interquartile range), held against the bound."""

    name: str
    what: str
    median: float
    spread: float
    bound: float
    unit: str

    @property
    def is_past_bound(self) -> bool:
        """Past it by more than the spread: what is within may be chance."""
        return self.median - self.spread > self.bound

    def __str__(self) -> str:
        """One line for a person."""
        verdict = "PAST ITS BOUND" if self.is_past_bound else "ok"
        median, spread, bound = (_shown(value) for value in (self.median, self.spread, self.bound))
        return f"{self.name:<4} {self.what:<58} {median} ± {spread} {self.unit} (at most {bound}): {verdict}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Ours and its peer, which do the same; `bound` is the largest ratio of their times, ours over the peer's."""

    name: str
    what: str
    ours: Callable[[], object]
    peer: Callable[[], object]
    bound: float

    def run(self) -> Result:
        ours_calls, peer_calls = _calls_for_a_sample(self.ours), _calls_for_a_sample(self.peer)
        ratios = []
        for _ in range(ROUNDS):
            ours = _seconds(self.ours, ours_calls) / ours_calls
            peer = _seconds(self.peer, peer_calls) / peer_calls
            ratios.append(ours / peer)
        return _result(self.name, self.what, ratios, self.bound, "of its peer's time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """Something with a limit of its own; `measure` gives it once, in `unit`."""

    name: str
    what: str
    measure: Callable[[], float]
    bound: float
    unit: str
    rounds: int = ROUNDS

    def run(self) -> Result:
        return _result(self.name, self.what, [self.measure() for _ in range(self.rounds)], self.bound, self.unit)


Row = Pair | Quantity


def _result(name: str, what: str, values: Sequence[float], bound: float, unit: str) -> Result:
    low, median, high = statistics.quantiles(values, n=4) if len(values) > 1 else (values[0],) * 3
    return Result(name=name, what=what, median=median, spread=high - low, bound=bound, unit=unit)


def _calls_for_a_sample(call: Callable[[], object]) -> int:
    calls = 1
    while _seconds(call, calls) < SHORTEST_SAMPLE_SECONDS:
        calls *= 2
    return calls


def _seconds(call: Callable[[], object], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return time.perf_counter() - start


def _shown(value: float) -> str:
    return f"{value:.4f}" if value < 0.1 else f"{value:.2f}"
