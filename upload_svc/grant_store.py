"""Links, as the service keeps them that makes them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from catalogue.links import COLUMNS, Link, to_link
from catalogue.tables import GRANTS, LINK_VIEWS, VIDEOS
from catalogue.videos import VideoState
from common.audit import AuditEntry, write_down
from common.db import Queries, rows_changed
from common.errors import NotFound
from upload_svc.errors import TooManyLinks

# Of one video.
MOST_LINKS = 100


class GrantStore(Queries):
    async def add_link(self, owner_id: str, link: Link, *, token_hash: str, entry: AuditEntry) -> None:
        """Adds a link to a video that its owner has not deleted. Raises NotFound and TooManyLinks."""
        async with self._database.write() as connection:
            # Locked, so that two requests do not both add the last one.
            video = select(VIDEOS.c.id).where(*_live(link.video_id, owner_id)).with_for_update()
            if (await connection.execute(video)).one_or_none() is None:
                raise NotFound
            count = select(func.count()).select_from(GRANTS).where(GRANTS.c.video_id == link.video_id)
            if (await connection.execute(count)).scalar_one() >= MOST_LINKS:
                raise TooManyLinks(MOST_LINKS)
            values = {**asdict(link), "frame_ancestors": " ".join(link.frame_ancestors) or None}
            await connection.execute(insert(GRANTS).values(**values, token_hash=token_hash))
            await write_down(connection, entry)

    async def list_links(self, video_id: str) -> list[tuple[Link, int]]:
        """The links to a video and how many visitors have played by each, the newest first."""
        views = func.coalesce(LINK_VIEWS.c.views, 0).label("views")
        query = (
            select(*COLUMNS, views)
            .select_from(GRANTS.outerjoin(LINK_VIEWS, LINK_VIEWS.c.link_id == GRANTS.c.id))
            .where(GRANTS.c.video_id == video_id)
            .order_by(GRANTS.c.created_at.desc(), GRANTS.c.id.desc())
        )
        return [(to_link(row), row.views) for row in await self._database.rows(query)]

    async def revoke_link(self, video_id: str, link_id: str, entry: AuditEntry) -> bool:
        """Takes the link away; False when there is no such link to the video."""
        async with self._database.write() as connection:
            change = delete(GRANTS).where(GRANTS.c.id == link_id, GRANTS.c.video_id == video_id)
            if rows_changed(await connection.execute(change)) != 1:
                return False
            await write_down(connection, entry)
            return True


async def forget_grants(connection: AsyncConnection, video_id: str) -> None:
    """Takes away every link to a video: it is deleted, or somebody else's, who has given none."""
    await connection.execute(delete(GRANTS).where(GRANTS.c.video_id == video_id))


def _live(video_id: str, owner_id: str) -> tuple[ColumnElement[bool], ...]:
    conditions: tuple[Any, ...] = (
        VIDEOS.c.id == video_id,
        VIDEOS.c.owner_id == owner_id,
        VIDEOS.c.state != VideoState.DELETED.value,
    )
    return conditions
