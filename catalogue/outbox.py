"""Events that webhooks tell of: each is a row of the outbox, added in the transaction of what it tells.

upload_svc and stream_svc add rows; upload_svc takes them out again, once it is written down who is to be told.
"""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from catalogue.tables import OUTBOX
from common.ids import new_id


class EventType(StrEnum):
    """What has happened to one of somebody's videos.

    video.deleted: all of one that was ready, for ever, whoever did it. upload.expired: an unfinished upload was given
    up by the system. link.first_view: the first visitor plays a video by a link. guest.uploaded: one that somebody
    without an account has sent is ready.
    """

    VIDEO_READY = "video.ready"
    VIDEO_DELETED = "video.deleted"
    UPLOAD_EXPIRED = "upload.expired"
    LINK_FIRST_VIEW = "link.first_view"
    GUEST_UPLOADED = "guest.uploaded"


async def add_event(connection: AsyncConnection, event: EventType, *, owner_id: str, at: datetime, **data: str) -> None:
    """Tells the video's owner of that moment. `data` is for the eyes of whoever receives it: ids, titles, and
    what a guest has said.
    """
    values = {"id": new_id(), "owner_id": owner_id, "type": event.value, "at": at, "data": json.dumps(data)}
    await connection.execute(insert(OUTBOX).values(values))
