"""Video types and the endings of file names that they are known by; the first of a type is the usual one."""

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
        ".ogm": "video/ogg",
        ".mov": "video/quicktime",
        ".qt": "video/quicktime",
        ".mkv": "video/x-matroska",
        ".avi": "video/x-msvideo",
        ".divx": "video/x-msvideo",
        ".mpg": "video/mpeg",
        ".mpeg": "video/mpeg",
        ".mpe": "video/mpeg",
        ".m2v": "video/mpeg",
        ".vob": "video/mpeg",
        ".ts": "video/mp2t",
        ".mts": "video/mp2t",
        ".m2ts": "video/mp2t",
        ".m2t": "video/mp2t",
        ".3gp": "video/3gpp",
        ".3gpp": "video/3gpp",
        ".3g2": "video/3gpp2",
        ".wmv": "video/x-ms-wmv",
        ".asf": "video/x-ms-asf",
        ".flv": "video/x-flv",
        ".f4v": "video/mp4",
    }
)
# What clients may claim, and the type that it means: some call a type otherwise than the endings do.
CLAIMED: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{known: known for known in BY_ENDING.values()},
        "video/avi": "video/x-msvideo",
        "video/msvideo": "video/x-msvideo",
        "video/vnd.avi": "video/x-msvideo",
        "video/matroska": "video/x-matroska",
    }
)


def video_content_type(claimed: str, filename: str) -> str | None:
    """The video type of a file: what its ending says, and only where that says nothing, what the client claims.

    None when it is not one that we take. (Browsers know few video types, and each of them others.)
    """
    by_ending = BY_ENDING.get(PurePosixPath(filename).suffix.lower())
    return by_ending or CLAIMED.get(claimed.partition(";")[0].strip().lower())
