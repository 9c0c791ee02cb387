"""The library: what somebody may watch, and the URLs to watch it by."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final, Literal

from catalogue.access import Viewer, may_watch, viewer_of
from catalogue.content import Content, Files, PictureUrls
from catalogue.facts import VideoFacts
from catalogue.lists import LISTED_FOR_STRANGERS
from catalogue.pages import Sort, place_of, read_page
from catalogue.videos import Video
from common.clock import Clock
from common.cursors import Cursors
from common.errors import NotFound, Unauthenticated
from common.ids import is_id
from common.tokens import Principal
from contracts.accounts import DisabledOwners
from contracts.objects import Source, WantedSource
from stream_svc.fs_client import FsClient
from stream_svc.store import KeptPosition, Length, Listing, Position, Store

# Who stopped so early has hardly begun, and who stopped in the last twentieth has seen it: both start anew.
BEGUN_SECONDS: Final = 10.0
SEEN_SHARE: Final = 0.95
# As long as a video's pictures may be on their way, for those who look at the library.
NEW: Final = timedelta(days=1)
# How many of the videos watched last are checked for those to continue.
_LATELY: Final = 50
_AT_ONCE: Final = 100
# So many addresses may stand in one sitemap; the first one has that of the library too.
_IN_A_SITEMAP: Final = 50_000 - 1
_PLACES_AT_ONCE: Final = 1000
# Nobody reads further than that many results, and counting them would read the whole catalogue.
MOST_COUNTED: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A list of the library, as it is asked for: searching what, of which owner, of which length, in which order;
    whether only what others share with whoever asks.
    """

    q: str = ""
    owner_id: str | None = None
    length: Length | None = None
    is_shared: bool = False
    sort: Sort = Sort.NEWEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    """One person watching one video: where they stopped, and where to go on, in seconds."""

    video: Video
    source: Source
    position: float
    resume_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A video, and where in it this person has stopped, if they have begun it."""

    video: Video
    position: Position | None

    @property
    def watched(self) -> float | None:
        """The share of it; None: not begun, or nobody knows how long it is."""
        if self.position is None or self.position.duration is None:
            return None
        return min(self.position.seconds / self.position.duration, 1.0)


class Library:
    """`is_public`: strangers see lists of it as well, of what they find."""

    def __init__(
        self,
        store: Store,
        fs: FsClient,
        disabled: DisabledOwners,
        cursors: Cursors,
        *,
        clock: Clock,
        is_public: bool = False,
    ) -> None:
        self._store = store
        self._fs = fs
        self._pictures = PictureUrls(fs.pictures, clock=clock)
        self._disabled = disabled
        self._cursors = cursors
        self._clock = clock
        self.is_public = is_public

    def is_listed_for(self, principal: Principal | None) -> bool:
        """Whether this person (None: a stranger) may see lists."""
        return self.is_public or principal is not None

    def is_found_by_strangers(self, video: Video) -> bool:
        """Whether the video, which somebody may watch, stands in lists that strangers see."""
        return self.is_public and video.visibility in LISTED_FOR_STRANGERS

    async def is_open(self, video: Video) -> bool:
        """Whether strangers may watch the video, which somebody may."""
        if may_watch(video, None, is_granted=False, disabled_owner_ids=()):
            return True
        return await self._find(video.id, None) is not None

    async def list(
        self, principal: Principal | None, wanted: Wanted, *, cursor: str | None = None, limit: int
    ) -> tuple[list[Video], str | None]:
        """What the viewer may watch and find, and the cursor of the next page.

        Raises Invalid for a cursor of another list, and Unauthenticated for a stranger where the library is not public.
        """
        listing = await self._listing(principal, wanted)
        return await read_page(
            lambda after, most: self._store.list_videos(listing, after=after, limit=most),
            self._cursors,
            f"videos:{wanted.sort}:{wanted.owner_id}:{wanted.length}:{wanted.is_shared}:{wanted.q}",
            cursor=cursor,
            limit=limit,
            sort=wanted.sort,
        )

    async def count(self, principal: Principal | None, wanted: Wanted) -> int:
        """How many videos the list has; MOST_COUNTED + 1 stands for more than MOST_COUNTED."""
        return await self._store.count_videos(await self._listing(principal, wanted), most=MOST_COUNTED + 1)

    async def following(
        self, principal: Principal | None, video: Video, wanted: Wanted, *, limit: int
    ) -> Sequence[Video]:
        """What stands behind the video in the list, or would if it were in it."""
        listing = await self._listing(principal, wanted)
        return await self._store.list_videos(listing, after=place_of(video, wanted.sort), limit=limit)

    async def sitemaps(self) -> int:
        """How many sitemaps it takes to name all that strangers find, numbered from 1; one at least."""
        listing = await self._listing(None, Wanted())
        count = await self._store.count_places(listing, most=_IN_A_SITEMAP * 50_000)
        return max(1, ceil(count / _IN_A_SITEMAP))

    async def sitemap(self, number: int) -> AsyncIterator[tuple[datetime, str]]:
        """When the videos of a sitemap have come, and their ids; read in pages, the oldest first.

        What is new comes to the last one, and the others stay as they are until something is deleted.
        """
        listing = await self._listing(None, Wanted())
        after, skip, left = None, (number - 1) * _IN_A_SITEMAP, _IN_A_SITEMAP
        while left:
            limit = min(left, _PLACES_AT_ONCE)
            places = await self._store.list_places(listing, after=after, skip=skip, limit=limit)
            for place in places:
                yield place
            if len(places) < limit:
                return
            after, skip, left = places[-1], 0, left - limit

    async def _listing(self, principal: Principal | None, wanted: Wanted) -> Listing:
        if not self.is_listed_for(principal) or (wanted.is_shared and principal is None):
            raise Unauthenticated
        return Listing(
            viewer=viewer_of(principal),
            now=self._clock(),
            q=wanted.q,
            owner_id=wanted.owner_id,
            length=wanted.length,
            is_shared=wanted.is_shared,
            sort=wanted.sort,
            disabled_owner_ids=await self._disabled.ids(),
        )

    async def get(self, principal: Principal | None, video_id: str) -> Video:
        """A video that this person may watch; nobody may watch those of a disabled account.

        Raises NotFound for an account; without one, Unauthenticated, whether there is such a video or not.
        """
        if (video := await self._find(video_id, viewer_of(principal))) is not None:
            return video
        raise Unauthenticated if principal is None else NotFound

    async def get_for(self, viewer: Viewer, video_id: str) -> Video:
        """A video that this account may watch, known by another proof than its own token.

        Raises NotFound, also once the account is disabled.
        """
        if viewer.account_id in await self._disabled.ids():
            raise NotFound
        if (video := await self._find(video_id, viewer)) is None:
            raise NotFound
        return video

    async def get_linked(self, video_id: str) -> Video:
        """A video that a link leads to: ready, not hidden, and not of a disabled account. Raises NotFound."""
        if (video := await self._find(video_id, None, has_link=True)) is None:
            raise NotFound
        return video

    async def _find(self, video_id: str, viewer: Viewer | None, *, has_link: bool = False) -> Video | None:
        """The video, if the viewer may watch it, who may have a link that is good."""
        found = await self._store.get_video(video_id, viewer, now=self._clock()) if is_id(video_id) else None
        if found is None:
            return None
        video, is_granted = found
        disabled = await self._disabled.ids()
        may = may_watch(video, viewer, is_granted=is_granted or has_link, disabled_owner_ids=disabled)
        return video if may else None

    async def shared_until(self, principal: Principal | None, videos: Sequence[Video]) -> Mapping[str, datetime | None]:
        """Until when each of these is shared with this person by others (None: for ever), of those that are, by id."""
        viewer = viewer_of(principal)
        others = [video.id for video in videos if viewer is not None and video.owner_id != viewer.account_id]
        return await self._store.list_ends(viewer, others, now=self._clock()) if viewer and others else {}

    async def linked_source(self, video: Video, *, is_download: bool, is_head: bool) -> Source:
        """A URL for whoever has a link, which may end any moment. Raises NotFound and Unavailable."""
        return await self._fs.source(
            WantedSource(
                id=video.id,
                method="HEAD" if is_head else "GET",
                filename=video.filename,
                is_download=is_download,
                is_brief=True,
            )
        )

    async def linked_picture(self, video: Video, name: str) -> str:
        """The URL of one of its pictures, for whoever has a link. Raises NotFound and Unavailable."""
        facts = (await self._store.list_facts([video.id])).get(video.id)
        ids = [] if facts is None else [one for one in (facts.poster_id, facts.storyboard_id) if one is not None]
        pictures = await self._fs.pictures(ids, is_brief=True) if ids else {}
        if (url := _content(facts, pictures).file(name)) is None:
            raise NotFound
        return url

    async def get_open(self, video_id: str) -> Video:
        """A video that strangers may watch, whoever asks. Raises NotFound."""
        try:
            return await self.get(None, video_id)
        except Unauthenticated as exc:
            raise NotFound from exc

    def is_preparing(self, video: Video, content: Content) -> bool:
        """Whether pictures of a new video may come any moment: nothing is known of what it holds yet."""
        return content.facts is None and self._clock() - video.created_at < NEW

    async def contents(
        self, videos: Sequence[Video], *, storyboard_of: Video | None = None, is_needed: bool = False
    ) -> dict[str, Content]:
        """What is shown of the content of videos that somebody may watch, for each by its id; of one with its
        storyboard.

        Without pictures while fs_svc is away, or Unavailable if they are `is_needed`.
        """
        facts = await self._store.list_facts([video.id for video in videos]) if videos else {}
        wanted = [one.poster_id for one in facts.values()]
        if storyboard_of is not None and storyboard_of.id in facts:
            wanted.append(facts[storyboard_of.id].storyboard_id)
        pictures = await self._pictures.of(wanted, is_needed=is_needed)
        return {video.id: _content(facts.get(video.id), pictures) for video in videos}

    async def picture(self, principal: Principal | None, video_id: str, name: str) -> str:
        """The URL of one of its pictures. Raises as `get`, NotFound where there is none, and Unavailable."""
        video = await self.get(principal, video_id)
        contents = await self.contents([video], storyboard_of=video, is_needed=True)
        if (url := contents[video.id].file(name)) is None:
            raise NotFound
        return url

    async def play(self, principal: Principal | None, video_id: str) -> Playback:
        """A fresh URL to play from. Raises as `get`, and Unavailable."""
        video = await self.get(principal, video_id)
        source = await self._fs.source(WantedSource(id=video.id, method="GET", filename=video.filename))
        position = None if principal is None else await self._store.get_position(principal.account_id, video.id)
        return Playback(
            video=video,
            source=source,
            position=position.seconds if position else 0.0,
            resume_at=resume_at(position) if position else 0.0,
        )

    async def keep_position(
        self, principal: Principal, video_id: str, *, seconds: float, duration: float | None
    ) -> None:
        """Remembers where this person is in a video that they may watch; `duration` as their player found it.

        Raises NotFound.
        """
        video = await self.get(principal, video_id)
        position = Position(seconds=seconds, duration=duration)
        await self._store.keep_position(principal.account_id, video.id, position, now=self._clock())

    async def forget_position(self, principal: Principal, video_id: str) -> None:
        """From now on this person has never begun the video, whether they may still watch it or not."""
        await self._store.forget_position(principal.account_id, video_id)

    async def forget_begun(self, principal: Principal) -> None:
        """Forgets where this person stopped in all that they have begun and not seen to its end."""
        await self._store.forget_begun(principal.account_id, from_seconds=BEGUN_SECONDS, to_share=SEEN_SHARE)

    async def kept_positions(
        self, principal: Principal, *, after: str | None
    ) -> tuple[Sequence[KeptPosition], str | None]:
        """A hundred of this person's positions by video id, and the id behind which the next ones are."""
        kept = await self._store.page_of_positions(principal.account_id, after=after, limit=_AT_ONCE)
        return kept, kept[-1].video_id if len(kept) == _AT_ONCE else None

    async def begun(self, principal: Principal | None, videos: Sequence[Video]) -> Sequence[Begun]:
        """The same videos, with how far this person has come in each; of a stranger nothing is kept."""
        if principal is None:
            return [Begun(video=video, position=None) for video in videos]
        positions = await self._store.list_positions(principal.account_id, [video.id for video in videos])
        return [Begun(video=video, position=positions.get(video.id)) for video in videos]

    async def to_continue(self, principal: Principal, *, limit: int) -> Sequence[Begun]:
        """What this person has begun lately and not seen to its end, the last one first."""
        viewer = Viewer(principal.account_id, principal.groups)
        watched = await self._store.list_watched(viewer, now=self._clock(), limit=_LATELY)
        disabled = await self._disabled.ids()
        return [
            Begun(video=video, position=position)
            for video, is_granted, position in watched
            if resume_at(position) > 0 and may_watch(video, viewer, is_granted=is_granted, disabled_owner_ids=disabled)
        ][:limit]

    async def source(
        self, principal: Principal | None, video_id: str, *, method: Literal["GET", "HEAD"], is_download: bool
    ) -> Source:
        """A fresh URL for one method, as an attachment under the original file name if asked. Raises as `play`."""
        video = await self.get(principal, video_id)
        wanted = WantedSource(id=video.id, method=method, filename=video.filename, is_download=is_download)
        return await self._fs.source(wanted)


def _content(facts: VideoFacts | None, pictures: Mapping[str, Files]) -> Content:
    if facts is None:
        return Content()
    return Content(
        facts=facts,
        poster_files=pictures.get(facts.poster_id or "", {}),
        storyboard_files=pictures.get(facts.storyboard_id or "", {}),
    )


def resume_at(position: Position) -> float:
    """Where to go on, in seconds: 0 for who has hardly begun or seen it to its end."""
    has_seen = position.duration is not None and position.seconds >= SEEN_SHARE * position.duration
    return 0.0 if has_seen or position.seconds < BEGUN_SECONDS else position.seconds
