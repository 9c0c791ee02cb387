"""What a film was made into so that it plays everywhere, for HLS players; who may watch is decided before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from catalogue.access import Viewer
from catalogue.videos import Video
from common.clock import Clock
from common.cursors import Cursors
from common.errors import Invalid, NotFound
from common.ids import is_id
from contracts.objects import Source
from contracts.renditions import Renditions, file_id
from stream_svc.fs_client import FsClient
from stream_svc.playlists import media_playlist, multivariant_playlist
from stream_svc.store import Store

# The playlist of all.
INDEX: Final = "index"
# Long enough to see a film to its end; whether somebody may still watch it is asked with each request.
TOKEN_LIFETIME: Final = timedelta(hours=6)
_TOKEN: Final = "hls"
# Up to half a megabyte each, for a film of some hours.
_PLAYLISTS_AT_MOST: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """The renditions that a video has now, made together: a URL of each by its name."""

    set_id: str
    sources: Mapping[str, Source]


class Hls:
    """Every method but those of tokens raises NotFound where there is no such rendition, and Unavailable."""

    def __init__(self, store: Store, fs: FsClient, cursors: Cursors, *, clock: Clock) -> None:
        self._store = store
        self._fs = fs
        self._cursors = cursors
        self._clock = clock

    async def names(self, video: Video) -> tuple[str, ...]:
        """Of all renditions that there are, as players are offered them; none: the original is all there is."""
        found = await self._store.get_rendition_set(video.id)
        return () if found is None else found.names

    async def offered(self, video: Video, *, is_brief: bool = False) -> Offered | None:
        """What there is to play, by URLs that are good as long as one of the original; None: there is nothing."""
        found = await self._store.get_rendition_set(video.id)
        if found is None:
            return None
        ids = {name: file_id(video.id, found.id, name) for name in found.names}
        signed = await self._fs.renditions(ids.values(), is_brief=is_brief)
        sources = {name: signed[derived_id] for name, derived_id in ids.items() if derived_id in signed}
        return Offered(set_id=found.id, sources=sources)

    async def playlist(self, video: Video, name: str, *, query: str = "") -> str:
        """That of one rendition, or of all (INDEX); the addresses in it are beside its own, and have `query`."""
        found = await self._store.get_renditions(video.id)
        if found is None:
            raise NotFound
        said = _playlist(*found, name, query)
        if said is None:
            raise NotFound
        return said

    async def file(self, video: Video, set_id: str, name: str, *, is_brief: bool = False) -> str:
        """A URL of a rendition's file, of those that the video has now or had a while ago."""
        # The id is of this video: that of another one's set finds nothing.
        return await self._sign(file_id(video.id, set_id, name) if is_id(set_id) else "", is_brief=is_brief)

    async def current_file(self, video: Video, name: str, *, is_download: bool) -> str:
        """A URL of the file that a rendition has now, as an attachment under the video's title if asked."""
        found = await self._store.get_rendition_set(video.id)
        if found is None or name not in found.names:
            raise NotFound
        filename = f"{video.title} ({name}).mp4" if is_download else None
        return await self._sign(file_id(video.id, found.id, name), filename=filename)

    async def _sign(self, derived_id: str, *, is_brief: bool = False, filename: str | None = None) -> str:
        signed = await self._fs.renditions([derived_id], is_brief=is_brief, filename=filename) if derived_id else {}
        if derived_id not in signed:
            raise NotFound
        return signed[derived_id].url

    def token(self, video_id: str, viewer: Viewer) -> str:
        """What stands for this person in the addresses of one video, where a player sends no cookie.

        The groups are those of now: who leaves one has what is shared with it as long as the token lives.
        """
        until = (self._clock() + TOKEN_LIFETIME).isoformat(timespec="seconds")
        return self._cursors.make(_TOKEN, [video_id, viewer.account_id, " ".join(sorted(viewer.group_ids)), until])

    def viewer_of(self, token: str, video_id: str) -> Viewer:
        """Who a token stands for. Raises NotFound once it has ended, and for another video."""
        try:
            of, account_id, group_ids, until = self._cursors.read(_TOKEN, token, length=4)
        except Invalid as exc:
            raise NotFound from exc
        if of != video_id or datetime.fromisoformat(until) <= self._clock():
            raise NotFound
        return Viewer(account_id, frozenset(group_ids.split()))


@lru_cache(maxsize=_PLAYLISTS_AT_MOST)
def _playlist(set_id: str, content: str, name: str, query: str) -> str | None:
    """None: there is none of this name."""
    renditions = Renditions.model_validate_json(content)
    if name == INDEX:
        return multivariant_playlist(renditions, query=query)
    for rendition in renditions.files:
        if rendition.name == name:
            return media_playlist(rendition, set_id, query=query)
    return None
