"""`Idempotency-Key`: the same create request again gives the same upload and the same answer."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from common.clock import Clock
from common.errors import IdempotencyKeyReused, Refusal
from common.ids import new_id
from upload_svc.errors import IdempotentRequestRunning
from upload_svc.store import IdempotentCreate, Store

KEPT: Final = timedelta(hours=24)
# Longer than a handler may run: after that the first worker is dead and another may take over.
TAKEN: Final = timedelta(seconds=20)
# An unanswered request is taken over with its upload id this long; later that upload may have been settled away.
TAKE_OVER_LIMIT: Final = timedelta(minutes=5)

Work = Callable[[str], Awaitable[str]]


class IdempotentCreates:
    """Runs a create once for each account and key."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def once(self, account_id: str, idempotency_key: str, content: str, work: Work) -> str:
        """What `work`, given the id of the upload to make, answered the first time.

        A refusal is not kept: mended, the request may be sent again. Raises IdempotencyKeyReused,
        IdempotentRequestRunning, and what `work` raises.
        """
        now = self._clock()
        request = IdempotentCreate(
            account_id=account_id,
            idempotency_key=idempotency_key,
            content_hash=hashlib.sha256(content.encode()).hexdigest(),
            upload_id=new_id(),
            answer=None,
            taken_until=now + TAKEN,
            created_at=now,
        )
        if not await self._store.add_idempotent_create(request):
            known = await self._store.get_idempotent_create(account_id, idempotency_key)
            if known is None:
                raise IdempotentRequestRunning
            if known.content_hash != request.content_hash:
                raise IdempotencyKeyReused
            if known.answer is not None:
                return known.answer
            if known.taken_until > now or not await self._store.take_idempotent_create(known, until=now + TAKEN):
                raise IdempotentRequestRunning
            request = replace(known, taken_until=now + TAKEN)
            if now >= known.created_at + TAKE_OVER_LIMIT:
                await self._store.forget_idempotent_create(request)
                return await self.once(account_id, idempotency_key, content, work)
        try:
            answer = await work(request.upload_id)
        except Refusal as refusal:
            # With an outcome that is not known (503) the key keeps its upload, so that a retry goes on with it.
            if refusal.status < 500:
                await self._store.forget_idempotent_create(request)
            else:
                await self._store.take_idempotent_create(request, until=now)
            raise
        await self._store.answer_idempotent_create(account_id, idempotency_key, answer)
        return answer

    async def forget_old(self) -> int:
        """One step of the loop: drops what is older than a day; returns how many."""
        return await self._store.forget_idempotent_creates(before=self._clock() - KEPT)
