"""Uploads that come in one form: the client sends the file at once, and nobody says that it has been sent."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from common.tokens import Principal
from contracts.objects import Form, Kind, State
from fs_svc.companion.post_policy import sign_form
from fs_svc.errors import UploadNotOpen
from fs_svc.objects import INCOMING_PREFIX, KEY_PREFIX, Object
from fs_svc.parts import Part
from fs_svc.plan import LARGEST_FORM
from fs_svc.uploads.kinds import UploadKind, owned, unexpected

logger = logging.getLogger(__name__)

FORM_LIFETIME: Final = timedelta(minutes=15)
# How often it is checked whether a form has been sent.
FORM_INTERVAL: Final = timedelta(seconds=15)
# In these states of its row nobody waits for what a form sends any more.
_OVER: Final = (State.STORED, State.ABORTING, State.ABORTED, State.DELETING, State.DELETED)


class ByForm(UploadKind):
    """Stays reserved until the file is there. What a form has sent lies apart until it is taken over: a form may be
    sent again while it lives.
    """

    assumed_size: int | None = LARGEST_FORM
    reserved_for = FORM_INTERVAL
    outlives_its_end = True

    async def sign(self, object_id: str, *, subject: Principal) -> Form:
        """A form that takes the whole file in one POST. Raises NotFound, UploadNotOpen."""
        item = await owned(self._store, object_id, subject)
        if item.state is not State.RESERVED or item.kind is not Kind.FORM:
            raise UploadNotOpen(item.state)
        now = self._clock()
        await self._note_signed(item, now=now, lifetime=FORM_LIFETIME, subject=subject)
        return sign_form(
            self._presigner,
            item.incoming_key,
            now=now,
            lifetime=FORM_LIFETIME,
            content_type=item.content_type,
            most=item.taken,
        )

    async def drop_late(self) -> int:
        """Deletes what forms have sent that nobody waits for any more; returns how many objects.

        A form may be sent while it lives, however often, also when what came by it was taken over or deleted; and what
        was on its way when it expired comes later still.
        """
        dropped = 0
        async for listed in self._bucket.list_objects(prefix=INCOMING_PREFIX):
            row = await self._store.get_by_key(KEY_PREFIX + listed.object_key.removeprefix(INCOMING_PREFIX))
            if row is not None and row.state in _OVER:
                await self._bucket.delete(listed.object_key)
                dropped += 1
                logger.info("late form dropped", extra={"object_id": row.id, "size": listed.size})
        return dropped

    async def open(self, item: Object) -> None:
        pass

    async def list_waiting(self, owner_id: str) -> list[Object]:
        return await self._store.list_waiting_forms(owner_id)

    async def find_arrived(self, item: Object) -> Object:
        if await self._bucket.head(item.incoming_key) is not None:
            await self._store.begin_taking_over(item.id, at=self._clock())
        return await self._store.get(item.id) or item

    async def settle_reserved(self, item: Object) -> None:
        found = await self.find_arrived(item)
        now = self._clock()
        if found.state is not State.RESERVED or found.expires_at is None:
            return
        if now < found.expires_at:
            await self._store.release(item, until=now + FORM_INTERVAL)
        elif not await self.find_stored(item):
            await self._store.begin_aborting(item.id, was=State.RESERVED, at=now)

    async def complete(self, item: Object, parts: Sequence[Part] | None) -> None:
        """Copies what was sent to where no client can write."""
        head = await self._bucket.head(item.object_key)
        if head is None:
            incoming = await self._bucket.head(item.incoming_key)
            if incoming is None:
                await self._give_up_lost(item)
                return
            if not await self._bucket.copy(
                item.incoming_key, item.object_key, etag=incoming.etag, content_type=item.content_type
            ):
                raise unexpected(item, "what was sent has been replaced meanwhile")
            head = await self._bucket.head(item.object_key)
            if head is None:
                raise unexpected(item, "the object is not there yet")
        await self._bucket.delete(item.incoming_key)
        await self._record_stored(item, head)

    def object_keys(self, item: Object) -> Sequence[str]:
        return [item.object_key, item.incoming_key]
