"""Gives new rows to objects in the bucket that lost theirs, for example to a database restored from an older backup."""

from __future__ import annotations

import logging
from typing import Final

from common.clock import Clock
from common.ids import is_id
from contracts.objects import LostObject, State
from fs_svc.errors import NotAdoptable, RemovalHeld
from fs_svc.installation import Installation
from fs_svc.objects import KEY_PREFIX, Object
from fs_svc.s3 import Bucket, ListedObject
from fs_svc.store import Status, Store

logger = logging.getLogger(__name__)

# Of the bucket, in one answer.
OBJECTS_A_PAGE: Final = 250
_VIDEO: Final = "video/"


class Adopting:
    """Finds such objects and gives them to an account."""

    def __init__(self, store: Store, bucket: Bucket, installation: Installation, *, clock: Clock) -> None:
        self._store = store
        self._bucket = bucket
        self._installation = installation
        self._clock = clock

    async def list(self, *, after: str) -> tuple[list[LostObject], str | None]:
        """Those after the name `after` in a part of the bucket, and the name to continue after (None: that was all).

        Raises RemovalHeld where the bucket is another installation's too: they may be its; StorageUnavailable.
        """
        await self._refuse_held()
        listed: list[ListedObject] = []
        async for one in self._bucket.list_objects(prefix=KEY_PREFIX, after=f"{KEY_PREFIX}{after}" if after else ""):
            listed.append(one)
            if len(listed) == OBJECTS_A_PAGE:
                break
        known = await self._store.known_keys([one.object_key for one in listed])
        lost = []
        for one in listed:
            name = one.object_key.removeprefix(KEY_PREFIX)
            # In a list there is no type.
            if one.object_key in known or not is_id(name) or (head := await self._bucket.head(one.object_key)) is None:
                continue
            lost.append(
                LostObject(name=name, size=head.size, content_type=head.content_type, last_modified=head.last_modified)
            )
        has_more = len(listed) == OBJECTS_A_PAGE
        return lost, listed[-1].object_key.removeprefix(KEY_PREFIX) if has_more else None

    async def adopt(self, object_id: str, name: str, *, owner_id: str) -> Object:
        """Makes the object of this name a stored object of the owner, regardless of quota; idempotent by id.

        Raises NotAdoptable when it is not there, has a row, or is no video; RemovalHeld, StorageUnavailable.
        """
        await self._refuse_held()
        object_key = f"{KEY_PREFIX}{name}"
        head = await self._bucket.head(object_key)
        if head is None or head.size == 0 or not head.content_type.startswith(_VIDEO):
            raise NotAdoptable
        now = self._clock()
        item = Object(
            id=object_id,
            owner_id=owner_id,
            state=State.STORED,
            size=head.size,
            content_type=head.content_type,
            part_size=None,
            part_count=None,
            object_key=object_key,
            s3_upload_id=None,
            etag=head.etag,
            created_at=now,
            last_activity_at=now,
            leased_until=now,
        )
        if await self._store.add_stored(item):
            logger.warning("object adopted", extra={"object_id": object_id, "key": object_key, "size": head.size})
        found = await self._store.get(object_id)
        if found is None or (found.object_key, found.owner_id) != (object_key, owner_id):
            raise NotAdoptable
        return found

    async def _refuse_held(self) -> None:
        view = await self._installation.check()
        if view.others or view.status is Status.UNPROVEN:
            raise RemovalHeld
