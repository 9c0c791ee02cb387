"""Lists of videos in pages: their orders, and the cursors between pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from typing import Final

from catalogue.videos import Video
from common.cursors import Cursors

# Where a page ends: the last video's value in the list's order, and its id.
Place = tuple[str | datetime | int | None, str]


class Sort(StrEnum):
    """Orders of a list, as the API names them."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    TITLE = "title"
    LARGEST = "-size"
    LONGEST = "-duration"
    SHORTEST = "duration"


def place_of(video: Video, sort: Sort) -> tuple[str | datetime, str]:
    """Where the video stands in a list of that order, as a cursor has it; what is not known is empty."""
    match sort:
        case Sort.TITLE:
            return video.title_key, video.id
        case Sort.LARGEST:
            return "" if video.size is None else str(video.size), video.id
        case Sort.LONGEST | Sort.SHORTEST:
            return "" if video.duration_ms is None else str(video.duration_ms), video.id
        case _:
            return video.created_at, video.id


_VALUES: Final[dict[Sort, Callable[[str], str | int | None]]] = {
    Sort.TITLE: str,
    Sort.LARGEST: lambda text: int(text) if text else None,
    Sort.LONGEST: lambda text: int(text) if text else None,
    Sort.SHORTEST: lambda text: int(text) if text else None,
}


async def read_page(
    read: Callable[[Place | None, int], Awaitable[list[Video]]],
    cursors: Cursors,
    purpose: str,
    *,
    cursor: str | None,
    limit: int,
    sort: Sort = Sort.NEWEST,
) -> tuple[list[Video], str | None]:
    """A page of the list that `read` reads behind a place, up to a limit; and the cursor of the next page, if any.

    Raises Invalid for a cursor of another list (another `purpose`).
    """
    return await cursors.page(
        purpose,
        lambda *, after, limit: read(after, limit),
        lambda video: place_of(video, sort),
        cursor=cursor,
        limit=limit,
        value_of=_VALUES.get(sort, datetime.fromisoformat),
    )
