"""The library: what somebody may watch, and the URLs to watch it by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from common.cursors import Cursors
from common.errors import NotFound, Unauthenticated
from common.ids import is_id
from common.tokens import Principal
from stream_svc.fs_client import FsClient, Source
from stream_svc.store import Listing, Sort, Store, Video, Visibility


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    """One person watching one video; `position` in seconds."""

    video: Video
    source: Source
    position: float


class Library:
    """What viewers do."""

    def __init__(self, store: Store, fs: FsClient, cursors: Cursors) -> None:
        self._store = store
        self._fs = fs
        self._cursors = cursors

    async def list(
        self, principal: Principal, *, q: str, owner_id: str | None, sort: Sort, cursor: str | None, limit: int
    ) -> tuple[list[Video], str | None]:
        """What the viewer may watch, and the cursor of the next page. Raises Invalid for a cursor of another list."""
        purpose = f"videos:{sort}:{owner_id}:{q}"
        after: tuple[str | datetime, str] | None = None
        if cursor is not None:
            value, video_id = self._cursors.read(purpose, cursor, length=2)
            after = (value if sort is Sort.TITLE else datetime.fromisoformat(value), video_id)
        listing = Listing(viewer_id=principal.account_id, q=q, owner_id=owner_id, sort=sort)
        videos = await self._store.list_videos(listing, after=after, limit=limit + 1)
        if len(videos) <= limit:
            return videos, None
        last = videos[limit - 1]
        value = last.title_key if sort is Sort.TITLE else last.created_at.isoformat()
        return videos[:limit], self._cursors.make(purpose, [value, last.id])

    async def get(self, principal: Principal | None, video_id: str) -> Video:
        """A video that this person may watch.

        Raises NotFound for an account; without one, Unauthenticated, whether there is such a video or not.
        """
        video = await self._store.get_video(video_id) if is_id(video_id) else None
        if video is not None and _may_watch(principal, video):
            return video
        raise Unauthenticated if principal is None else NotFound

    async def play(self, principal: Principal | None, video_id: str) -> Playback:
        """A fresh URL to play from. Raises as `get`, and Unavailable."""
        video = await self.get(principal, video_id)
        source = await self._fs.source(video.id, method="GET", filename=video.filename, is_download=False)
        return Playback(video=video, source=source, position=0.0)

    async def source(
        self, principal: Principal | None, video_id: str, *, method: Literal["GET", "HEAD"], is_download: bool
    ) -> Source:
        """A fresh URL for one method, as an attachment under the original file name if asked. Raises as `play`."""
        video = await self.get(principal, video_id)
        return await self._fs.source(video.id, method=method, filename=video.filename, is_download=is_download)


def _may_watch(principal: Principal | None, video: Video) -> bool:
    if video.visibility is Visibility.PUBLIC:
        return True
    if principal is None:
        return False
    return video.visibility is Visibility.MEMBERS or video.owner_id == principal.account_id
