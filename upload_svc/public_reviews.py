"""Videos that were public before there was `unlisted`: their owners are asked once which of the two they meant.

A row is a video that its owner has not been asked about. It goes with any choice of a visibility, so that nothing that
somebody has chosen since is changed, and what a change of many did not come to is asked about again.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import and_, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from catalogue.tables import VIDEOS
from catalogue.videos import VideoState, Visibility
from common.db import Queries, rows_changed
from upload_svc.tables import PUBLIC_REVIEWS

_IS_PUBLIC: Final = and_(
    VIDEOS.c.state != VideoState.DELETED.value,
    func.coalesce(VIDEOS.c.hidden_visibility, VIDEOS.c.visibility) == Visibility.PUBLIC.value,
)


class PublicReviewStore(Queries):
    async def count_public_reviews(self, owner_id: str, *, most: int) -> int:
        """How many public videos the owner is to be asked about, counted as far as `most`."""
        # Not a join: SQLite would begin with all of the owner's videos, of which mostly none is to be asked about.
        video = exists().where(VIDEOS.c.id == PUBLIC_REVIEWS.c.video_id, VIDEOS.c.owner_id == owner_id, _IS_PUBLIC)
        asked = select(PUBLIC_REVIEWS.c.video_id).where(PUBLIC_REVIEWS.c.owner_id == owner_id, video)
        found = asked.limit(most).subquery()
        row = await self._database.row(select(func.count()).select_from(found))
        return 0 if row is None else int(row[0])

    async def unlist_reviewed(self, owner_id: str, *, limit: int) -> int | None:
        """Makes up to `limit` of these videos unlisted, those that are hidden for the time when they are shown again.

        How many it were; None when there is none left to ask about.
        """
        is_asked = PUBLIC_REVIEWS.c.owner_id == owner_id
        some = select(PUBLIC_REVIEWS.c.video_id).where(is_asked).order_by(PUBLIC_REVIEWS.c.video_id).limit(limit)
        async with self._database.write() as connection:
            named = (await connection.scalars(some)).all()
            if not named:
                return None
            # The videos' rows first, as whoever edits one has it; then what nobody has chosen for meanwhile.
            videos = select(VIDEOS.c.id).where(VIDEOS.c.id.in_(named)).order_by(VIDEOS.c.id).with_for_update()
            await connection.execute(videos)
            left = (await connection.scalars(some.where(PUBLIC_REVIEWS.c.video_id.in_(named)))).all()
            changed = 0
            for column in (VIDEOS.c.visibility, VIDEOS.c.hidden_visibility):
                change = (
                    update(VIDEOS)
                    .where(VIDEOS.c.id.in_(left), VIDEOS.c.owner_id == owner_id, _IS_PUBLIC)
                    .where(column == Visibility.PUBLIC.value)
                    .values({column: Visibility.UNLISTED.value})
                )
                changed += rows_changed(await connection.execute(change))
            await connection.execute(delete(PUBLIC_REVIEWS).where(is_asked, PUBLIC_REVIEWS.c.video_id.in_(named)))
            return changed

    async def forget_public_reviews(self, owner_id: str) -> None:
        """The owner is not asked any more."""
        await self._database.change(delete(PUBLIC_REVIEWS).where(PUBLIC_REVIEWS.c.owner_id == owner_id))


async def forget_review(connection: AsyncConnection, owner_id: str, video_id: str) -> None:
    """Somebody has chosen who may watch it: in the transaction that has the video's row."""
    here = (PUBLIC_REVIEWS.c.owner_id == owner_id, PUBLIC_REVIEWS.c.video_id == video_id)
    await connection.execute(delete(PUBLIC_REVIEWS).where(*here))


async def hand_over_review(connection: AsyncConnection, video_id: str, *, old_owner_id: str, owner_id: str) -> None:
    """From now on the new owner is to be asked about it."""
    here = (PUBLIC_REVIEWS.c.owner_id == old_owner_id, PUBLIC_REVIEWS.c.video_id == video_id)
    await connection.execute(update(PUBLIC_REVIEWS).where(*here).values(owner_id=owner_id))
