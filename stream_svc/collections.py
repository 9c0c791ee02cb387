"""Collections as viewers meet them: their owners, and those with whom these share them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from catalogue.access import viewer_of
from catalogue.collections import (
    Collection,
    Placed,
    Spot,
    Total,
    get_changeable,
    get_linked,
    get_watchable,
    list_shared,
    read_collected,
    read_newest,
    read_totals,
    spot_of,
)
from catalogue.videos import Video
from common.clock import Clock
from common.cursors import Cursors
from common.db import Database
from common.errors import NotFound, Unauthenticated
from common.ids import is_id
from common.tokens import Principal
from contracts.accounts import DisabledOwners


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A collection, how much of it this person may watch, and whether it is theirs, or they manage it."""

    collection: Collection
    total: Total
    may_change: bool


class Collections:
    """What somebody (None: a stranger) may watch of a collection: what is ready, and of another's what is not hidden.

    Each method raises NotFound for an account where the collection is not there, or neither theirs nor shared with
    them; without an account Unauthenticated.
    """

    def __init__(self, database: Database, disabled: DisabledOwners, cursors: Cursors, *, clock: Clock) -> None:
        self._database = database
        self._disabled = disabled
        self._cursors = cursors
        self._clock = clock

    async def get(self, principal: Principal | None, collection_id: str) -> Collection:
        found = None
        if is_id(collection_id):
            found = await get_watchable(self._database, collection_id, viewer_of(principal), now=self._clock())
        if found is None or found.owner_id in await self._disabled.ids():
            raise Unauthenticated if principal is None else NotFound
        return found

    async def shared_with(
        self, principal: Principal, *, cursor: str | None, limit: int
    ) -> tuple[Sequence[tuple[Collection, str]], str | None]:
        """What others have shared with this person by name or as one of a group, by title, each with its owner's name.

        And the cursor of the next page. Raises Invalid.
        """
        viewer = viewer_of(principal)
        found, next_cursor = await self._cursors.page(
            f"shared collections:{principal.account_id}",
            partial(list_shared, self._database, viewer, now=self._clock()),
            lambda one: (one[0].title_key, one[0].id),
            cursor=cursor,
            limit=limit,
            value_of=str,
        )
        disabled = await self._disabled.ids()
        return [(one, username) for one, username in found if one.owner_id not in disabled], next_cursor

    async def show(self, principal: Principal | None, collection_id: str) -> Shown:
        collection = await self.get(principal, collection_id)
        is_mine = _is_mine(principal, collection)
        totals = await read_totals(self._database, [collection.id], with_hidden=is_mine)
        may_change = is_mine
        if principal is not None and not is_mine:
            viewer = viewer_of(principal)
            may_change = await get_changeable(self._database, collection.id, viewer, now=self._clock()) is not None
        return Shown(collection=collection, total=totals.get(collection.id, Total()), may_change=may_change)

    async def videos(
        self, principal: Principal | None, collection_id: str, *, cursor: str | None, limit: int
    ) -> tuple[Sequence[Video], str | None]:
        """What this person may watch of it, in its order, and the cursor of the next page. Raises Invalid."""
        return await self._page(principal, await self.get(principal, collection_id), cursor=cursor, limit=limit)

    async def following(
        self, principal: Principal | None, collection: Collection, video_id: str, *, limit: int
    ) -> Sequence[Video]:
        """What comes after this video in it; nothing where the video is not in it."""
        spot = await spot_of(self._database, collection.id, video_id)
        if spot is None:
            return ()
        return [one.video for one in await self._read(principal, collection, after=spot, limit=limit)]

    async def get_open(self, collection_id: str) -> Collection:
        """A collection that strangers may see, whoever asks. Raises NotFound."""
        try:
            return await self.get(None, collection_id)
        except Unauthenticated as exc:
            raise NotFound from exc

    async def newest(self, collection: Collection, *, limit: int) -> list[Video]:
        """The last that have come of a collection that somebody else than its owner may see."""
        return await read_newest(self._database, collection, limit=limit)

    async def get_linked(self, collection_id: str) -> Collection:
        """A collection that a link leads to. Raises NotFound."""
        found = await get_linked(self._database, collection_id)
        if found is None or found.owner_id in await self._disabled.ids():
            raise NotFound
        return found

    async def linked_videos(
        self, collection: Collection, *, cursor: str | None, limit: int
    ) -> tuple[Sequence[Video], str | None]:
        """What a link opens of it, in its order, and the cursor of the next page. Raises Invalid."""
        return await self._page(None, collection, cursor=cursor, limit=limit)

    async def linked_around(
        self, collection: Collection, video_id: str, *, before: int, behind: int
    ) -> tuple[Sequence[Video], Sequence[Video]]:
        """What a link opens before and behind this video in its order: of each the nearest, so many at most."""
        spot = await spot_of(self._database, collection.id, video_id)
        if spot is None:
            return (), ()
        earlier = await self._read(None, collection, after=spot, limit=before, is_backwards=True)
        later = await self._read(None, collection, after=spot, limit=behind)
        return [one.video for one in reversed(earlier)], [one.video for one in later]

    async def is_in(self, collection: Collection, video: Video) -> bool:
        """Whether the video stands in it for others than its owner."""
        is_theirs = video.owner_id == collection.owner_id
        return is_theirs and await spot_of(self._database, collection.id, video.id) is not None

    async def _page(
        self, principal: Principal | None, collection: Collection, *, cursor: str | None, limit: int
    ) -> tuple[Sequence[Video], str | None]:
        placed, next_cursor = await self._cursors.page(
            f"collection:{collection.id}",
            partial(self._read, principal, collection),
            lambda one: (str(one.position), one.video.id),
            cursor=cursor,
            limit=limit,
            value_of=int,
        )
        return [one.video for one in placed], next_cursor

    async def _read(
        self,
        principal: Principal | None,
        collection: Collection,
        *,
        after: Spot | None,
        limit: int,
        is_backwards: bool = False,
    ) -> list[Placed]:
        return await read_collected(
            self._database,
            collection.id,
            owner_id=collection.owner_id,
            after=after,
            limit=limit,
            with_hidden=_is_mine(principal, collection),
            is_backwards=is_backwards,
        )


def _is_mine(principal: Principal | None, collection: Collection) -> bool:
    return principal is not None and principal.account_id == collection.owner_id
