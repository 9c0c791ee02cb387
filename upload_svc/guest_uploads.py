"""Videos that guests have sent: who they are, and what becomes of one in the transactions in which it is made ready, or
is gone for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from catalogue.outbox import EventType, add_event
from catalogue.tables import COLLECTIONS
from catalogue.videos import Video
from common.db import Queries
from upload_svc.collection_store import put_last
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


async def forget_guest(connection: AsyncConnection, video_id: str) -> None:
    """Takes away what the guest has said; that something has come stays, for the count of the link."""
    said = {"sender": "", "message": "", "secret_hash": ""}
    await connection.execute(update(GUEST_UPLOADS).where(GUEST_UPLOADS.c.video_id == video_id).values(**said))
