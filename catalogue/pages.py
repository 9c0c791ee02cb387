"""Lists of videos in pages: their orders, and the cursors between pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum

from catalogue.videos import Video
from common.cursors import Cursors

# Where a page ends: the last video's value in the list's order, and its id.
Place = tuple[str | datetime, str]


class Sort(StrEnum):
    """Orders of a list, as the API names them."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    TITLE = "title"


def place_of(video: Video, sort: Sort) -> Place:
    """Where the video stands in a list of that order."""
    return video.title_key if sort is Sort.TITLE else video.created_at, video.id


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
        value_of=str if sort is Sort.TITLE else datetime.fromisoformat,
    )
