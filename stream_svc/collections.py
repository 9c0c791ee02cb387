"""Collections as viewers meet them: so far their owner alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from catalogue.collections import Collection, Placed, Spot, Total, get_collection, read_collected, read_totals, spot_of
from catalogue.videos import Video
from common.cursors import Cursors
from common.db import Database
from common.errors import NotFound
from common.ids import is_id
from common.tokens import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A collection, and how much is in it."""

    collection: Collection
    total: Total


class Collections:
    """Each method raises NotFound for a collection that the person may not see: it is not theirs, or not there."""

    def __init__(self, database: Database, cursors: Cursors) -> None:
        self._database = database
        self._cursors = cursors

    async def get(self, principal: Principal, collection_id: str) -> Collection:
        found = (
            await get_collection(self._database, collection_id, principal.account_id) if is_id(collection_id) else None
        )
        if found is None:
            raise NotFound
        return found

    async def show(self, principal: Principal, collection_id: str) -> Shown:
        collection = await self.get(principal, collection_id)
        totals = await read_totals(self._database, [collection.id])
        return Shown(collection=collection, total=totals.get(collection.id, Total()))

    async def videos(
        self, principal: Principal, collection_id: str, *, cursor: str | None, limit: int
    ) -> tuple[Sequence[Video], str | None]:
        """What this person may watch of it, in its order, and the cursor of the next page. Raises Invalid."""
        collection = await self.get(principal, collection_id)
        placed, next_cursor = await self._cursors.page(
            f"collection:{collection.id}",
            partial(self._read, collection),
            lambda one: (str(one.position), one.video.id),
            cursor=cursor,
            limit=limit,
            value_of=int,
        )
        return [one.video for one in placed], next_cursor

    async def following(self, collection: Collection, video_id: str, *, limit: int) -> Sequence[Video]:
        """What comes after this video in it; nothing where the video is not in it."""
        spot = await spot_of(self._database, collection.id, video_id)
        if spot is None:
            return ()
        return [one.video for one in await self._read(collection, after=spot, limit=limit)]

    async def _read(self, collection: Collection, *, after: Spot | None, limit: int) -> list[Placed]:
        owner_id = collection.owner_id
        return await read_collected(self._database, collection.id, owner_id=owner_id, after=after, limit=limit)
