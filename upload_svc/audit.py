"""What upload_svc writes into the audit log: what happened to videos and collections, and who did it.

auth_svc has the words for it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from catalogue.collections import Collection
from catalogue.videos import Video
from common.audit import Actor, AuditEntry, audit_entry


class Action(StrEnum):
    TRASHED = "video-trashed"
    RESTORED = "video-restored"
    DELETED = "video-deleted"
    HIDDEN = "video-hidden"
    SHOWN = "video-shown"
    HANDED_OVER = "video-handed-over"
    LINK_CREATED = "link-created"
    LINK_REVOKED = "link-revoked"
    GRANTED = "video-granted"
    GRANT_REVOKED = "video-grant-revoked"
    COLLECTION_DELETED = "collection-deleted"
    COLLECTION_GRANTED = "collection-granted"
    COLLECTION_GRANT_REVOKED = "collection-grant-revoked"
    WEBHOOK_CREATED = "webhook-created"
    WEBHOOK_DELETED = "webhook-deleted"


def entry_about(action: Action, by: Actor, thing: Video | Collection, *, at: datetime, **details: object) -> AuditEntry:
    """An entry that its owner finds too; the title, since of what is deleted nothing else will tell what it was."""
    known = (
        {"video_id": thing.id, "state": thing.state.value} if isinstance(thing, Video) else {"collection_id": thing.id}
    )
    return audit_entry(action.value, by, at=at, target_id=thing.owner_id, title=thing.title, **known, **details)
