"""What is checked and recorded before anything is done for a person, whatever the kind of upload."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from common.errors import NotFound
from common.tokens import Principal
from fs_svc.errors import UploadNotOpen
from fs_svc.objects import Object
from fs_svc.store import Store

# How far ahead it is recorded until when signatures live, so that signing writes only once in that time.
SIGNED_AHEAD: Final = timedelta(minutes=1)


async def owned(store: Store, object_id: str, subject: Principal | None) -> Object:
    """The object, for its owner or, without a subject, for a service. Raises NotFound."""
    item = await store.get(object_id)
    if item is None or (subject is not None and item.owner_id != subject.account_id):
        raise NotFound
    return item


async def note_signed(store: Store, item: Object, *, now: datetime, lifetime: timedelta, subject: Principal) -> None:
    """To be called before a signature is given out: what is signed counts until it expires. Raises UploadNotOpen."""
    until = now + lifetime
    if item.signed_until is not None and until <= item.signed_until and item.quota_bytes == subject.quota_bytes:
        return
    if not await store.note_signed(item, at=now, until=until + SIGNED_AHEAD, quota=subject.quota_bytes):
        raise UploadNotOpen((await owned(store, item.id, subject)).state)
