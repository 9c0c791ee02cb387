"""What a person sees while `vss up` works: aligned lines with the time, in colour on a terminal."""

from __future__ import annotations

import contextlib
import os
import time
from enum import StrEnum
from typing import TextIO

STARTING_SECONDS = 300


class Mood(StrEnum):
    """The colour of a state (SGR codes)."""

    GOOD = "32"
    WARNING = "33"
    QUIET = "2"


class Console:
    """Lines on `out`; a terminal that went away stops nothing."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._begun = time.monotonic()
        self._has_colour = out.isatty() and not os.environ.get("NO_COLOR")

    def step(self, name: str, state: str, detail: str, mood: Mood = Mood.GOOD) -> None:
        """One step or event: `storage      ready    http://127.0.0.1:8333        1.2 s`."""
        elapsed_seconds = time.monotonic() - self._begun
        # Of what happens later one wants to know when, not how long after the start.
        when = f"{elapsed_seconds:6.1f} s" if elapsed_seconds < STARTING_SECONDS else time.strftime("%F %T")
        state = self._painted(f"{state:<8}", mood)
        self.say(f"{name:<12} {state} {detail:<44} {self._painted(when, Mood.QUIET)}")

    def say(self, line: str = "") -> None:
        # OSError: the reader of a pipe left, or the terminal was closed.
        with contextlib.suppress(OSError):
            self._out.write(f"{line}\n")
            self._out.flush()

    def _painted(self, text: str, mood: Mood) -> str:
        return f"\x1b[{mood}m{text}\x1b[0m" if self._has_colour else text
