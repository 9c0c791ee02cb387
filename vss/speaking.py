"""What commands print: text that a terminal shows and does not obey, on streams that may be gone."""

from __future__ import annotations

import contextlib
import os
import sys
import unicodedata

from common.characters import BIDI

# Control characters, bytes of a file name that are not UTF-8, and the two line ends of Unicode.
_OBEYED = frozenset({"Cc", "Cs", "Zl", "Zp"})


def printable(text: str) -> str:
    """One line for a person: what a terminal would act upon, or could not encode, is written as an escape of Python."""
    return "".join(
        character.encode("unicode_escape").decode()
        if unicodedata.category(character) in _OBEYED or character in BIDI
        else character
        for character in text
    )


def say(text: str) -> None:
    """A line on standard output, at once. Raises OSError when nobody takes it (any more)."""
    print(printable(text), flush=True)


def warn(text: str) -> None:
    """A line on standard error; one that is gone stops nothing."""
    # None: it was closed before we began, and print() would take standard output instead.
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(printable(text), file=sys.stderr, flush=True)


def prepare_streams() -> None:
    """Makes both streams take every character: what their encoding lacks is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        # Whoever calls us in a test has put something else there.
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def leave_stdout() -> None:
    """After a failed write: what waits in its buffer would fail once more when Python ends."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
