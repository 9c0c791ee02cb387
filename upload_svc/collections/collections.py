"""What the owner of a collection does, and who manages it: it holds its owner's own videos, each once, in an order.

What is in the trash keeps its place and is not shown; what is deleted, or somebody else's, leaves it.
"""

from __future__ import annotations

from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final, assert_never

from catalogue.access import account_subject, viewer_of
from catalogue.collections import Collection, Total
from catalogue.videos import Video
from common.audit import Actor
from common.clock import Clock
from common.cursors import Cursors
from common.errors import Invalid, NotFound, Unavailable
from common.idempotency import Remember
from common.ids import is_id, new_id
from common.languages import gettext
from common.text import sort_key, words_of
from common.tokens import Principal
from upload_svc.audit import Action, entry_about
from upload_svc.auth_client import Grantees
from upload_svc.collection_store import CollectionStore
from upload_svc.uploads import Upload, Uploads

# So many are offered to put videos into; who has more searches for one.
MOST_OFFERED: Final = 100


class Move(StrEnum):
    """Where a video goes, as seen from where it stands."""

    UP = "up"
    DOWN = "down"
    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A collection, how much is in it, and the video whose picture is its own, as its owner or who manages it sees it.

    `owner_name` of another's: what the owner is called; None: auth_svc doesn't say.
    """

    collection: Collection
    total: Total
    first: Upload | None
    is_mine: bool = True
    owner_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of a collection's videos: how many stand before them, the last one of those, and the next page's cursor."""

    uploads: Sequence[Upload]
    offset: int
    previous_id: str | None
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A collection, and how many of the videos in question are in it."""

    collection: Collection
    count: int


class Collections:
    """Each method raises NotFound for a collection that is not theirs, and that they do not manage.

    What those may not do who manage it raises OwnersAlone; what is hidden they do not see.
    """

    def __init__(
        self, store: CollectionStore, uploads: Uploads, grantees: Grantees, cursors: Cursors, *, clock: Clock
    ) -> None:
        self._store = store
        self._uploads = uploads
        self._grantees = grantees
        self._cursors = cursors
        self._clock = clock

    async def create(
        self,
        principal: Principal,
        *,
        title: str,
        description: str,
        remember: Remember[Overview] | None = None,
    ) -> Overview:
        """A new one without videos. Raises TooManyCollections."""
        now = self._clock()
        collection = Collection(
            id=new_id(),
            owner_id=principal.account_id,
            title=title,
            description=description,
            created_at=now,
            updated_at=now,
        )
        made = Overview(collection=collection, total=Total(), first=None)
        await self._store.create_collection(collection, None if remember is None else remember(made))
        return made

    async def get(self, principal: Principal, collection_id: str) -> Overview:
        return await self._overview(principal, await self._find(principal, collection_id))

    async def list(
        self, principal: Principal, *, q: str = "", is_managed: bool = False, cursor: str | None, limit: int
    ) -> tuple[Sequence[Overview], str | None]:
        """Those with the words of `q` in their titles, by title, and the cursor of the next page. Raises Invalid.

        Theirs, or (`is_managed`) others' that they manage.
        """
        words = words_of(sort_key(q))
        read = partial(self._store.list_collections, principal.account_id, words)
        if is_managed:
            read = partial(self._store.list_managed, viewer_of(principal), words, now=self._clock())
        collections, next_cursor = await self._cursors.page(
            f"{'managed' if is_managed else 'collections'}:{principal.account_id}:{' '.join(words)}",
            read,
            lambda collection: (collection.title_key, collection.id),
            cursor=cursor,
            limit=limit,
            value_of=str,
        )
        return await self._overviews(collections, is_mine=not is_managed), next_cursor

    async def videos(
        self, principal: Principal, collection_id: str, *, cursor: str | None, limit: int
    ) -> tuple[Sequence[Upload], str | None]:
        """Its ready videos in their order, and the cursor of the next page. Raises Invalid."""
        collection = await self._find(principal, collection_id)
        placed, next_cursor = await self._cursors.page(
            f"collected:{collection_id}",
            partial(
                self._store.list_collected,
                collection.id,
                collection.owner_id,
                with_hidden=_is_mine(principal, collection),
            ),
            lambda one: (str(one.position), one.video.id),
            cursor=cursor,
            limit=limit,
            value_of=int,
        )
        return await self._uploads.described([one.video for one in placed]), next_cursor

    async def page(self, principal: Principal, collection_id: str, *, cursor: str | None, limit: int) -> Page:
        """The same with how many there are before. Raises Invalid."""
        uploads, next_cursor = await self.videos(principal, collection_id, cursor=cursor, limit=limit)
        if cursor is None or not uploads:
            return Page(uploads=uploads, offset=0, previous_id=None, next_cursor=next_cursor)
        first = uploads[0].video
        before = partial(self._store.neighbour, collection_id, first.id, is_before=True, skip=0)
        # All that is shown is the owner's.
        with_hidden = first.owner_id == principal.account_id
        return Page(
            uploads=uploads,
            offset=await self._store.count_before(collection_id, first.id, with_hidden=with_hidden),
            previous_id=await before(with_hidden=with_hidden),
            next_cursor=next_cursor,
        )

    async def every_id(self, principal: Principal, collection_id: str) -> Sequence[str]:
        """The ids of all that is in it, in its order, those in the trash included."""
        await self._find(principal, collection_id)
        return await self._store.list_all_collected(collection_id)

    async def edit(
        self,
        principal: Principal,
        collection_id: str,
        *,
        title: str | None = None,
        description: str | None = None,
        if_match: Some[str] | None = None,
    ) -> Overview:
        """Changes what is given; with `if_match` only while one of these is its ETag. Raises CollectionChanged."""
        changed = await self._store.edit_collection(
            collection_id,
            viewer_of(principal),
            title=title,
            description=description,
            if_match=if_match,
            now=self._clock(),
        )
        return await self._overview(principal, changed)

    async def delete(
        self, principal: Principal, collection_id: str, *, address: str, if_match: Some[str] | None = None
    ) -> None:
        """Removes the collection of theirs; its videos stay as they are. Raises OwnersAlone and CollectionChanged."""
        collection, now = await self._find(principal, collection_id), self._clock()
        entry = entry_about(Action.COLLECTION_DELETED, Actor(principal.account_id, address), collection, at=now)
        await self._store.delete_collection(
            collection_id, viewer_of(principal), if_match=if_match, entry=entry, now=now
        )
        entry.log()

    async def add(self, principal: Principal, collection_id: str, video_ids: Sequence[str]) -> Sequence[str]:
        """Adds them at the end, in this order; what is in it stays where it is. Those that are new to it.

        All or none. Raises OwnersAlone, NotToBeCollected, NotFinished, CollectionFull.
        """
        return await self._store.put_videos(collection_id, viewer_of(principal), video_ids, now=self._clock())

    async def place(self, principal: Principal, collection_id: str, video_id: str, *, after: str | None) -> None:
        """Puts the video behind `after`, None: first, whether it is in the collection yet or not.

        Raises as `add`, and Invalid when `after` is not in the collection, or is the video itself.
        """
        if after == video_id:
            raise Invalid([{"pointer": "#/after", "detail": gettext("must be another video")}])
        now, by = self._clock(), viewer_of(principal)
        is_known = after is None or is_id(after)
        if not is_known or not await self._store.place_video(collection_id, by, video_id, after=after, now=now):
            raise Invalid([{"pointer": "#/after", "detail": gettext("is not in this collection")}])

    async def move(self, principal: Principal, collection_id: str, video_id: str, move: Move) -> None:
        """Moves a video of the collection among those that are shown; at its end it stays. Raises NotFound."""
        collection = await self._find(principal, collection_id)
        if not await self._store.is_collected(collection_id, video_id):
            raise NotFound
        with_hidden = _is_mine(principal, collection)
        neighbour = partial(self._store.neighbour, collection_id, video_id, with_hidden=with_hidden)
        match move:
            case Move.UP:
                if await neighbour(is_before=True, skip=0) is None:
                    return
                after = await neighbour(is_before=True, skip=1)
            case Move.DOWN:
                after = await neighbour(is_before=False, skip=0)
                if after is None:
                    return
            case Move.FIRST:
                after = None
            case Move.LAST:
                after = await self._store.last_of(collection_id)
                if after in (None, video_id):
                    return
            case _:
                assert_never(move)
        await self.place(principal, collection_id, video_id, after=after)

    async def remove(self, principal: Principal, collection_id: str, video_ids: Sequence[str]) -> Sequence[str]:
        """Takes them out of the collection; they need not be in it. Those that were."""
        return await self._store.remove_videos(collection_id, viewer_of(principal), video_ids, now=self._clock())

    async def collectable(self, principal: Principal, video_ids: Sequence[str]) -> Sequence[Video]:
        """Those of the videos that may be put into collections."""
        return await self._store.list_ready_videos(video_ids, principal.account_id)

    async def offers(self, principal: Principal, video_ids: Sequence[str], *, q: str) -> tuple[Sequence[Offer], bool]:
        """Their collections, into which the videos may be put, by title, and whether there are more of them."""
        words = words_of(sort_key(q))
        found = await self._store.list_collections(principal.account_id, words, after=None, limit=MOST_OFFERED + 1)
        shown = found[:MOST_OFFERED]
        counts = await self._store.count_of([one.id for one in shown], video_ids)
        return [Offer(collection=one, count=counts.get(one.id, 0)) for one in shown], len(found) > len(shown)

    async def _overview(self, principal: Principal, collection: Collection) -> Overview:
        [overview] = await self._overviews([collection], is_mine=_is_mine(principal, collection))
        return overview

    async def _overviews(self, collections: Sequence[Collection], *, is_mine: bool) -> Sequence[Overview]:
        ids = [one.id for one in collections]
        totals = await self._store.list_totals(ids, with_hidden=is_mine)
        firsts = await self._store.list_firsts(ids, with_hidden=is_mine)
        uploads = {upload.video.id: upload for upload in await self._uploads.described([*firsts.values()])}
        names = {} if is_mine else await self._names({account_subject(one.owner_id) for one in collections})
        return [
            Overview(
                collection=one,
                total=totals.get(one.id, Total()),
                first=uploads[firsts[one.id].id] if one.id in firsts else None,
                is_mine=is_mine,
                owner_name=names.get(account_subject(one.owner_id)),
            )
            for one in collections
        ]

    async def _names(self, subjects: Some[str]) -> Mapping[str, str]:
        """What these are called; nothing while auth_svc does not answer."""
        try:
            return await self._grantees.names([*subjects]) if subjects else {}
        except Unavailable:
            return {}

    async def _find(self, principal: Principal, collection_id: str) -> Collection:
        collection = await self._store.get_collection(collection_id, viewer_of(principal), now=self._clock())
        if collection is None:
            raise NotFound
        return collection


def _is_mine(principal: Principal, collection: Collection) -> bool:
    return collection.owner_id == principal.account_id
