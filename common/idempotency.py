"""`Idempotency-Key`: a create request that is sent again makes nothing more and gets the answer of the first.

A request claims its key before it makes anything and keeps its answer there. Each service has a table of its own.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import Column, ColumnElement, Index, MetaData, Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from common.clock import Clock
from common.db import Database, Instant, binary_text, identifier, long_text, rows_changed
from common.errors import IdempotencyKeyReused, IdempotentRequestRunning, Refusal
from common.ids import new_id

KEPT: Final = timedelta(hours=24)
# Longer than a handler may run: after that its worker is dead and another may take over.
CLAIMED: Final = timedelta(seconds=20)
# A request without an answer is taken over with its resource this long; later that may have been cleaned up.
TAKE_OVER_LIMIT: Final = timedelta(minutes=5)

T = TypeVar("T")
# Keeps an answer, in the transaction of what it is about.
Keep = Callable[[AsyncConnection], Awaitable[None]]
# From what was made to what keeps the answer about it.
Remember = Callable[[T], Keep]


def idempotency_table(name: str, metadata: MetaData) -> Table:
    table = Table(
        name,
        metadata,
        Column("account_id", identifier(), primary_key=True),
        Column("path", binary_text(128), primary_key=True),
        Column("idempotency_key", binary_text(255), primary_key=True),
        Column("content_hash", binary_text(64), nullable=False),
        # For what the request makes: whoever takes it over goes on with the same.
        Column("resource_id", identifier(), nullable=False),
        # JSON without secrets; None while the first request is being worked on.
        Column("answer", long_text(), nullable=True),
        Column("claimed_until", Instant(), nullable=False),
        Column("created_at", Instant(), nullable=False),
    )
    Index(f"{name}_age", table.c.created_at)
    return table


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRequest:
    """A create request with an `Idempotency-Key`; the key is one account's, on one path."""

    account_id: str
    path: str
    idempotency_key: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to answer a request by making `resource_id`, until another worker may take it over."""

    resource_id: str
    keep: Callable[[str], Keep]


class IdempotencyKeys:
    """Answers each create request once. `secret` keys the hashes of contents, for those that may hold a password."""

    def __init__(self, database: Database, table: Table, *, clock: Clock, secret: bytes = b"") -> None:
        self._database = database
        self._table = table
        self._clock = clock
        self._secret = secret

    async def once(self, request: CreateRequest, work: Callable[[Claim], Awaitable[T]], read: Callable[[str], T]) -> T:
        """What `work` answers, or the first time did: `read` from what it kept then.

        `work` keeps its answer by its claim. A refusal is not kept: mended, the request may be sent again. Raises
        IdempotencyKeyReused for another content, IdempotentRequestRunning, and what `work` raises.
        """
        row = await self._claim(request)
        if row["answer"] is not None:
            return read(row["answer"])
        try:
            return await work(Claim(resource_id=row["resource_id"], keep=lambda answer: self._keep(row, answer)))
        except Refusal as refusal:
            held = self._held(row)
            if refusal.status < 500:
                await self._database.change(delete(self._table).where(*held))
            else:
                # The outcome is not known: a retry goes on with the same resource, at once.
                await self._database.change(update(self._table).where(*held).values(claimed_until=self._clock()))
            raise

    async def answer(self, claim: Claim, answer: str) -> None:
        """Keeps the answer about what was not made in one transaction here."""
        async with self._database.write() as connection:
            await claim.keep(answer)(connection)

    async def forget_account(self, account_id: str) -> None:
        await self._database.change(delete(self._table).where(self._table.c.account_id == account_id))

    async def forget_old(self) -> int:
        """Drops keys older than a day; returns how many."""
        return await self._database.change(delete(self._table).where(self._table.c.created_at < self._clock() - KEPT))

    async def _claim(self, request: CreateRequest) -> dict[str, Any]:
        """The row of the request: this worker's, or one with an answer."""
        now = self._clock()
        row: dict[str, Any] = {
            "account_id": request.account_id,
            "path": request.path,
            "idempotency_key": request.idempotency_key,
            "content_hash": self._hash(request.content),
            "resource_id": new_id(),
            "answer": None,
            "claimed_until": now + CLAIMED,
            "created_at": now,
        }
        return row if await self._database.add(insert(self._table).values(**row)) else await self._known(row, now)

    async def _known(self, row: dict[str, Any], now: datetime) -> dict[str, Any]:
        known = await self._database.row(select(self._table).where(*self._keyed(row)))
        if known is None:
            raise IdempotentRequestRunning
        found = known._asdict()
        if not hmac.compare_digest(found["content_hash"], row["content_hash"]):
            raise IdempotencyKeyReused
        if found["answer"] is not None:
            return found
        if found["claimed_until"] > now:
            raise IdempotentRequestRunning
        if now < found["created_at"] + TAKE_OVER_LIMIT:
            row = {**found, "claimed_until": row["claimed_until"]}
        if await self._database.change(update(self._table).where(*self._held(found)).values(**row)) != 1:
            raise IdempotentRequestRunning
        return row

    def _keep(self, row: dict[str, Any], answer: str) -> Keep:
        async def keep(connection: AsyncConnection) -> None:
            kept = await connection.execute(update(self._table).where(*self._held(row)).values(answer=answer))
            if rows_changed(kept) != 1:
                raise IdempotentRequestRunning

        return keep

    def _keyed(self, row: dict[str, Any]) -> tuple[ColumnElement[bool], ...]:
        return tuple(self._table.c[name] == row[name] for name in ("account_id", "path", "idempotency_key"))

    def _held(self, row: dict[str, Any]) -> tuple[ColumnElement[bool], ...]:
        """While nobody has answered, and nobody else has taken it over."""
        columns = self._table.c
        return *self._keyed(row), columns.answer.is_(None), columns.claimed_until == row["claimed_until"]

    def _hash(self, content: str) -> str:
        if self._secret:
            return hmac.digest(self._secret, content.encode(), "sha256").hex()
        return hashlib.sha256(content.encode()).hexdigest()
