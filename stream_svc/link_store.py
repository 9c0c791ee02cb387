"""Links as the service reads them that opens them, and how many visitors have played by each: `link_views`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from catalogue.access import Right
from catalogue.links import COLUMNS, Link, hash_of, to_link
from catalogue.outbox import EventType, add_event
from catalogue.tables import GRANTS, LINK_VIEWS, lasts
from catalogue.videos import Video
from common.db import Queries


class LinkStore(Queries):
    async def find_link(self, token: str, *, now: datetime) -> Link | None:
        """The link with this token by which something is watched, unless its time is over."""
        is_good = lasts(GRANTS.c.expires_at, now)
        is_it = (GRANTS.c.token_hash == hash_of(token), GRANTS.c.right == Right.WATCH.value)
        row = await self._database.row(select(*COLUMNS).where(*is_it, is_good))
        return None if row is None else to_link(row)

    async def has_views_left(self, link: Link) -> bool:
        """Whether one more visitor may play by it."""
        if link.view_limit is None:
            return True
        views = select(LINK_VIEWS.c.views).where(LINK_VIEWS.c.link_id == link.id)
        row = await self._database.row(views)
        return row is None or row.views < link.view_limit

    async def count_view(self, link: Link, video: Video, *, at: datetime) -> bool:
        """Counts one more visitor; False when there have been as many as may be.

        The webhooks of the owner of its `video` are told of the first.
        """
        change = update(LINK_VIEWS).where(LINK_VIEWS.c.link_id == link.id).values(views=LINK_VIEWS.c.views + 1)
        if link.view_limit is not None:
            change = change.where(LINK_VIEWS.c.views < link.view_limit)
        if await self._database.change(change):
            return True
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(LINK_VIEWS).values(link_id=link.id, views=1))
                await add_event(
                    connection,
                    EventType.LINK_FIRST_VIEW,
                    owner_id=video.owner_id,
                    at=at,
                    video_id=video.id,
                    title=video.title,
                    link_id=link.id,
                )
        except IntegrityError:
            # It is used up, or another was the first just now.
            return await self._database.change(change) == 1
        return True

    async def forget_views(self) -> None:
        """Forgets the counts of links that are gone."""
        link = exists().where(GRANTS.c.id == LINK_VIEWS.c.link_id)
        await self._database.change(delete(LINK_VIEWS).where(~link))
