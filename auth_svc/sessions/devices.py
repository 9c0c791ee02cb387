"""What a `User-Agent` says, in the words that people have for their devices."""

from __future__ import annotations

from typing import Final

from common.languages import gettext

# The first that is found counts: browsers claim to be their ancestors too.
_PROGRAMS: Final = (
    ("vss/", "vss"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device_of(user_agent: str) -> str:
    """`Firefox · Windows`, as far as it can be told; a name is a hint and proves nothing."""
    known = [next((name for mark, name in names if mark in user_agent), None) for names in (_PROGRAMS, _SYSTEMS)]
    return " · ".join(name for name in known if name) or gettext("Unknown device")
