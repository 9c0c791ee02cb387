"""What a link opens: one video, or those of one collection, for whoever has it, as long as the link is good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from catalogue.collections import Collection
from catalogue.links import Link
from catalogue.videos import Video
from common.clock import Clock
from common.cursors import Cursors
from common.errors import Invalid, NotFound
from common.languages import N_, gettext
from common.passwords import Passwords
from common.web.call_limit import CallLimit
from contracts.objects import Source
from stream_svc.collections import Collections
from stream_svc.errors import PasswordNeeded
from stream_svc.library import Library
from stream_svc.link_store import LinkStore

# Of a collection's videos, beside the one that is watched.
_BEFORE: Final = 3
_BEHIND: Final = 12
# Passwords that are tried on one link, by everybody together and in this process.
_GUESSES_A_MINUTE: Final = 10

# The same for all ends: who has none is not told that there was one.
_ENDED: Final = N_("This link doesn’t work. It may have ended or been revoked: ask whoever sent it for another one.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a visitor has shown: that they knew the password once, and that they are counted."""

    proof: str | None = None
    seen: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A collection behind a link, a page of its videos, and the cursor of the next one."""

    collection: Collection
    videos: Sequence[Video]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A video behind a link; of a collection with what stands before and behind it there, the nearest."""

    video: Video
    collection: Collection | None = None
    before: Sequence[Video] = ()
    behind: Sequence[Video] = ()


class Links:
    """Every method raises NotFound for a link that is unknown, revoked or over, or whose video cannot be watched now.

    Of a collection, each video is asked for by its id. Of a link with a password nothing is told to who has not typed
    it: PasswordNeeded.
    """

    def __init__(
        self,
        store: LinkStore,
        library: Library,
        passwords: Passwords,
        cursors: Cursors,
        *,
        collections: Collections,
        clock: Clock,
    ) -> None:
        self._store = store
        self._library = library
        self._collections = collections
        self._passwords = passwords
        self._cursors = cursors
        self._clock = clock
        self._guesses = CallLimit(_GUESSES_A_MINUTE)

    async def open(
        self, token: str, visit: Visit, *, video_id: str | None = None, is_framed: bool = False
    ) -> tuple[Link, Video]:
        """The link and its video, or that of its collection, for a visitor who may play it.

        `is_framed`: in the page of another site; NotFound where the link names none.
        """
        link, thing = await self._find(token)
        if is_framed and not link.frame_ancestors:
            raise NotFound(_ENDED)
        await self._let_in(link, visit)
        return link, await self._video(thing, video_id)

    async def show(
        self, token: str, visit: Visit, *, video_id: str | None, cursor: str | None, limit: int
    ) -> tuple[Link, Shown | Listed]:
        """The link and the video as `open` has them; of a collection a page of it, where no video is named.

        Raises Invalid.
        """
        link, thing = await self._find(token)
        await self._let_in(link, visit)
        if isinstance(thing, Video):
            return link, Shown(video=thing)
        if video_id is not None:
            video = await self._video(thing, video_id)
            before, behind = await self._collections.linked_around(thing, video.id, before=_BEFORE, behind=_BEHIND)
            return link, Shown(video=video, collection=thing, before=before, behind=behind)
        videos, next_cursor = await self._collections.linked_videos(thing, cursor=cursor, limit=limit)
        return link, Listed(collection=thing, videos=videos, next_cursor=next_cursor)

    async def newest(self, token: str, visit: Visit, *, limit: int) -> tuple[Collection, list[Video]]:
        """The collection behind a link, and the last that have come of it. Raises NotFound where it is of a video."""
        link, thing = await self._find(token)
        await self._let_in(link, visit)
        if isinstance(thing, Video):
            raise NotFound
        return thing, await self._collections.newest(thing, limit=limit)

    async def _video(self, thing: Video | Collection, video_id: str | None) -> Video:
        if isinstance(thing, Video):
            return thing
        video = await self._library.get_linked(video_id or "")
        if not await self._collections.is_in(thing, video):
            raise NotFound
        return video

    async def _let_in(self, link: Link, visit: Visit) -> None:
        if link.password_hash is not None and not self._is_shown(visit.proof, "proof", link):
            raise PasswordNeeded
        if not self._is_shown(visit.seen, "seen", link) and not await self._store.has_views_left(link):
            raise NotFound(_ENDED)

    async def require(self, token: str) -> None:
        """Lets pass who has a link that is good."""
        await self._find(token)

    async def prove(self, token: str, password: str) -> str:
        """What a visitor shows from now on who has typed the password. Raises Invalid and RateLimited."""
        link, _ = await self._find(token)
        if link.password_hash is None:
            return self._made("proof", link)
        self._guesses.count(link.id)
        if await self._passwords.match(password, link.password_hash) is None:
            raise Invalid([{"pointer": "#/password", "detail": gettext("is wrong")}])
        return self._made("proof", link)

    async def source(
        self,
        token: str,
        visit: Visit,
        *,
        video_id: str | None = None,
        is_download: bool = False,
        is_head: bool = False,
        is_framed: bool = False,
    ) -> tuple[Video, Source, str]:
        """The video, a URL that is good for two minutes, and what the visitor shows from now on, who is counted.

        Raises Unavailable.
        """
        link, video = await self.open(token, visit, video_id=video_id, is_framed=is_framed)
        # First: a visitor whom nothing can be played to is not counted.
        source = await self._library.linked_source(video, is_download=is_download, is_head=is_head)
        return video, source, await self.count(link, video, visit)

    async def count(self, link: Link, video: Video, visit: Visit) -> str:
        """Counts a visitor to whom something is played, each once; returns what they show from now on."""
        if not self._is_shown(visit.seen, "seen", link) and not await self._store.count_view(
            link, video, at=self._clock()
        ):
            raise NotFound(_ENDED)
        return self._made("seen", link)

    async def picture(self, token: str, visit: Visit, name: str, *, video_id: str | None = None) -> str:
        """A URL that is good for two minutes; whoever looks at pictures is not counted. Raises Unavailable."""
        _, video = await self.open(token, visit, video_id=video_id)
        return await self._library.linked_picture(video, name)

    async def forget(self) -> None:
        """One step of the loop: forgets how often links were played that are gone."""
        await self._store.forget_views()

    async def _find(self, token: str) -> tuple[Link, Video | Collection]:
        link = await self._store.find_link(token, now=self._clock())
        if link is None:
            raise NotFound(_ENDED)
        if link.collection_id is not None:
            return link, await self._collections.get_linked(link.collection_id)
        return link, await self._library.get_linked(link.video_id or "")

    def _made(self, what: str, link: Link) -> str:
        return self._cursors.make(f"link:{what}", [link.id])

    def _is_shown(self, shown: str | None, what: str, link: Link) -> bool:
        try:
            return shown is not None and self._cursors.read(f"link:{what}", shown, length=1) == [link.id]
        except Invalid:
            return False
