"""`Idempotency-Key`: the same create request again makes nothing more, and has the same answer but for the secret."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

from auth_svc.answered_creates_store import AnsweredCreate, AnsweredCreateStore
from common.clock import Clock
from common.errors import IdempotencyKeyReused

KEPT: Final = timedelta(hours=24)

T = TypeVar("T")
# From what was made to the row that goes into the same transaction.
Remember = Callable[[T], AnsweredCreate]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRequest:
    """A create request with an `Idempotency-Key`."""

    account_id: str
    path: str
    idempotency_key: str
    content: str


class AnsweredCreates:
    """What creates with an `Idempotency-Key` were answered."""

    def __init__(self, store: AnsweredCreateStore, *, key: bytes, clock: Clock) -> None:
        self._store = store
        self._key = key
        self._clock = clock

    async def find(self, request: CreateRequest) -> str | None:
        """The answer to the first such request. Raises IdempotencyKeyReused if that had another content."""
        known = await self._store.get_answered_create(request.account_id, request.path, request.idempotency_key)
        if known is None:
            return None
        if not hmac.compare_digest(known.content_hash, self._hash(request)):
            raise IdempotencyKeyReused
        return known.answer

    def to_remember(self, request: CreateRequest, answer: str) -> AnsweredCreate:
        """What to write down beside what the request makes."""
        return AnsweredCreate(
            account_id=request.account_id,
            path=request.path,
            idempotency_key=request.idempotency_key,
            content_hash=self._hash(request),
            answer=answer,
            created_at=self._clock(),
        )

    async def forget_old(self) -> int:
        """One step of the housekeeping; returns how many."""
        return await self._store.forget_answered_creates(before=self._clock() - KEPT)

    def _hash(self, request: CreateRequest) -> str:
        return hmac.digest(self._key, request.content.encode(), "sha256").hex()
