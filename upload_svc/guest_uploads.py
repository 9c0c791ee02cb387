"""Videos that guests have sent: who they are, and what becomes of one in the transactions in which it is made ready, or
is gone for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from catalogue.outbox import EventType, add_event
from catalogue.tables import COLLECTIONS, VIDEOS
from catalogue.videos import Video, VideoState
from common.db import Queries, rows_changed
from upload_svc.collection_store import forget_collected, put_last
from upload_svc.tables import GUEST_UPLOADS


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """A guest's upload, and the collection that it is for."""

    collection_id: str
    sender: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Who has sent a video, as they say, and what they say of it; empty: nothing."""

    sender: str
    message: str


class GuestReader(Queries):
    async def list_guests(self, video_ids: Sequence[str]) -> dict[str, Guest]:
        """Who has sent these videos; without those that their owner has uploaded."""
        if not video_ids:
            return {}
        columns = GUEST_UPLOADS.c
        query = select(columns.video_id, columns.sender, columns.message).where(columns.video_id.in_(video_ids))
        rows = await self._database.rows(query)
        return {row.video_id: Guest(sender=row.sender, message=row.message) for row in rows}


async def await_guest_upload(connection: AsyncConnection, video_id: str) -> Awaited | None:
    """The guest's upload that this video is; its collection is locked, which comes before the video's row.

    None: it is no guest's.
    """
    columns = GUEST_UPLOADS.c
    query = select(columns.collection_id, columns.sender, columns.message).where(columns.video_id == video_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    lock = select(COLLECTIONS.c.id).where(COLLECTIONS.c.id == row.collection_id).with_for_update()
    await connection.execute(lock)
    return Awaited(**row._asdict())


async def receive_guest_upload(connection: AsyncConnection, awaited: Awaited, video: Video, *, at: datetime) -> None:
    """Puts the video at the end of the collection, counts it, and tells its owner's webhooks who has sent it.

    A collection that is full, deleted or somebody else's by now goes without: the video is in My videos.
    """
    await put_last(connection, awaited.collection_id, video.owner_id, video.id, now=at)
    received = update(GUEST_UPLOADS).where(GUEST_UPLOADS.c.video_id == video.id).values(received_at=at)
    await connection.execute(received)
    await add_event(
        connection,
        EventType.GUEST_UPLOADED,
        owner_id=video.owner_id,
        at=at,
        video_id=video.id,
        title=video.title,
        collection_id=awaited.collection_id,
        sender=awaited.sender,
        message=awaited.message,
    )


async def give_up_guest_uploads(connection: AsyncConnection, grant_id: str, *, now: datetime) -> None:
    """Deletes what has begun to come by this link, which is over: the transaction has taken it away, or it has ended.

    Nobody can go on with it: what it holds of its owner's quota comes free now, not when it expires.
    """
    is_uploading = VIDEOS.c.state == VideoState.UPLOADING.value
    # Read and not locked: what the transaction that makes one ready locks here comes after the video.
    begun = (
        select(VIDEOS.c.id)
        .select_from(GUEST_UPLOADS.join(VIDEOS, VIDEOS.c.id == GUEST_UPLOADS.c.video_id))
        .where(GUEST_UPLOADS.c.grant_id == grant_id, is_uploading)
        .order_by(VIDEOS.c.id)
    )
    gone = {"state": VideoState.DELETED.value, "settle_after": now}
    for video_id in (await connection.scalars(begun)).all():
        # What has become ready in the meantime stays.
        change = update(VIDEOS).where(VIDEOS.c.id == video_id, is_uploading).values(**gone)
        if rows_changed(await connection.execute(change)) == 1:
            await forget_collected(connection, video_id)


async def forget_guest(connection: AsyncConnection, video_id: str) -> None:
    """Takes away what the guest has said; that something has come stays, for the count of the link."""
    this = GUEST_UPLOADS.c.video_id == video_id
    await connection.execute(delete(GUEST_UPLOADS).where(this, GUEST_UPLOADS.c.received_at.is_(None)))
    said = {"sender": "", "message": "", "secret_hash": ""}
    await connection.execute(update(GUEST_UPLOADS).where(this).values(**said))
