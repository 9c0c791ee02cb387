"""The video types that are taken, and the file name endings they are known by."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final

BY_ENDING: Final[Mapping[str, str]] = MappingProxyType(
    {
        ".mp4": "video/mp4",
        ".m4v": "video/x-m4v",
        ".webm": "video/webm",
        ".ogv": "video/ogg",
        ".mov": "video/quicktime",
        ".mkv": "video/x-matroska",
        ".avi": "video/x-msvideo",
        ".mpg": "video/mpeg",
        ".mpeg": "video/mpeg",
        ".ts": "video/mp2t",
        ".3gp": "video/3gpp",
        ".wmv": "video/x-ms-wmv",
        ".flv": "video/x-flv",
    }
)
KNOWN: Final = frozenset(BY_ENDING.values())
# What browsers say when they do not know; the file name decides then.
_UNKNOWN: Final = frozenset({"", "application/octet-stream"})


def media_type(claimed: str, filename: str) -> str | None:
    """The video type of a file from what the client claims, else from the ending; None when it is not one we take."""
    essence = claimed.partition(";")[0].strip().lower()
    if essence in _UNKNOWN:
        return BY_ENDING.get(PurePosixPath(filename).suffix.lower())
    return essence if essence in KNOWN else None
