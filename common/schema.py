"""Which revision of the database this code is written for."""

from __future__ import annotations

from pathlib import Path

# Not imported: only the names are read, which are the same in a checkout and in an installation.
_HISTORY = Path(__file__).parent.parent / "vss" / "migrations" / "versions"


def newest_revision() -> str:
    """The newest one that was known when this code was written; later ones sort behind it."""
    return max(file.name.partition("_")[0] for file in _HISTORY.glob("[0-9]*.py"))
