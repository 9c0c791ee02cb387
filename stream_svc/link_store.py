"""Links as the service reads them that opens them, and how many visitors have played by each: `link_views`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, insert, or_, select, update

from catalogue.links import COLUMNS, Link, hash_of, to_link
from catalogue.tables import GRANTS, LINK_VIEWS
from common.db import Queries


class LinkStore(Queries):
    async def find_link(self, token: str, *, now: datetime) -> Link | None:
        """The link with this token, unless its time is over."""
        is_good = or_(GRANTS.c.expires_at.is_(None), GRANTS.c.expires_at > now)
        row = await self._database.row(select(*COLUMNS).where(GRANTS.c.token_hash == hash_of(token), is_good))
        return None if row is None else to_link(row)

    async def has_views_left(self, link: Link) -> bool:
        """Whether one more visitor may play by it."""
        if link.view_limit is None:
            return True
        views = select(LINK_VIEWS.c.views).where(LINK_VIEWS.c.link_id == link.id)
        row = await self._database.row(views)
        return row is None or row.views < link.view_limit

    async def count_view(self, link: Link) -> bool:
        """Counts one more visitor; False when there have been as many as may be."""
        change = update(LINK_VIEWS).where(LINK_VIEWS.c.link_id == link.id).values(views=LINK_VIEWS.c.views + 1)
        if link.view_limit is not None:
            change = change.where(LINK_VIEWS.c.views < link.view_limit)
        first = insert(LINK_VIEWS).values(link_id=link.id, views=1)
        if await self._database.change(change) or await self._database.add(first):
            return True
        # It is used up, or another was the first just now.
        return await self._database.change(change) == 1

    async def forget_views(self) -> None:
        """Forgets the counts of links that are gone."""
        link = exists().where(GRANTS.c.id == LINK_VIEWS.c.link_id)
        await self._database.change(delete(LINK_VIEWS).where(~link))
