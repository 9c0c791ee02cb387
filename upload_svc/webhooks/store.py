"""The tables of webhooks and of what they are told."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, delete, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from catalogue.outbox import EventType
from catalogue.tables import OUTBOX
from common.audit import AuditEntry, change_one, write_down
from common.clock import rfc3339
from common.db import AnyRow, Queries, rows_changed
from common.idempotency import Keep
from common.ids import new_id
from upload_svc.tables import WEBHOOK_DELIVERIES, WEBHOOKS
from upload_svc.webhooks.errors import TooManyWebhooks

# Of one account.
MOST_WEBHOOKS: Final = 20
# Sent once, and again after each of the pauses.
TRIES: Final = 8

_W: Final = WEBHOOKS.c
_D: Final = WEBHOOK_DELIVERIES.c
_DELETED_AT_ONCE: Final = 1000


class DeliveryState(StrEnum):
    """waiting ⇄ sending → delivered or failed; and from both of them → waiting when it is to be sent again."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"


class DisabledReason(StrEnum):
    """Why a webhook is told nothing any more."""

    # It has answered 410.
    GONE = "gone"
    FAILING = "failing"
    SECRET = "secret-unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """`events` of which it is told; empty: of all there are, also those that come later."""

    id: str
    owner_id: str
    url: str
    events: tuple[EventType, ...]
    sealed_secret: str
    created_at: datetime
    failing_since: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: DisabledReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one webhook is told; `status` to `failure` are of the last try. `type` as the body has it."""

    id: str
    webhook_id: str
    event_id: str
    type: str
    body: str
    state: DeliveryState
    attempts: int
    tries_left: int
    next_at: datetime | None
    created_at: datetime
    attempted_at: datetime | None = None
    status: int | None = None
    duration_ms: int | None = None
    answer: str | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a delivery is after a try, and what that says of its webhook."""

    state: DeliveryState
    next_at: datetime | None
    status: int | None
    duration_ms: int
    answer: str | None
    failure: str | None
    disabled: DisabledReason | None


class WebhookStore(Queries):
    async def add_webhook(self, webhook: Webhook, entry: AuditEntry, keep: Keep | None) -> None:
        """Raises TooManyWebhooks."""
        async with self._database.write() as connection:
            mine = WEBHOOKS.c.owner_id == webhook.owner_id
            # Locked, so that two requests do not both add the last one.
            await connection.execute(select(_W.id).where(mine).with_for_update())
            count = select(func.count()).select_from(WEBHOOKS).where(mine)
            if (await connection.execute(count)).scalar_one() >= MOST_WEBHOOKS:
                raise TooManyWebhooks(MOST_WEBHOOKS)
            await connection.execute(insert(WEBHOOKS).values(**asdict(webhook) | {"events": " ".join(webhook.events)}))
            if keep is not None:
                await keep(connection)
            await write_down(connection, entry)

    async def list_webhooks(self, owner_id: str, *, after: tuple[Any, str] | None, limit: int) -> list[Webhook]:
        """The account's webhooks, newest first, behind the place (created_at, id)."""
        wanted = [_W.owner_id == owner_id, *_behind(_W.created_at, _W.id, after)]
        query = select(WEBHOOKS).where(*wanted).order_by(_W.created_at.desc(), _W.id.desc()).limit(limit)
        return [_webhook_of(row) for row in await self._database.rows(query)]

    async def get_webhook(self, owner_id: str, webhook_id: str) -> Webhook | None:
        row = await self._database.row(select(WEBHOOKS).where(_W.id == webhook_id, _W.owner_id == owner_id))
        return None if row is None else _webhook_of(row)

    async def delete_webhook(self, owner_id: str, webhook_id: str, entry: AuditEntry) -> bool:
        """False when the account has none with this id. What it was told is forgotten by the loop."""
        change = delete(WEBHOOKS).where(_W.id == webhook_id, _W.owner_id == owner_id)
        return await change_one(self._database, change, entry)

    async def forget_account(self, owner_id: str) -> None:
        """Takes away its webhooks, and the events that nobody was told of yet."""
        async with self._database.write() as connection:
            await connection.execute(delete(OUTBOX).where(OUTBOX.c.owner_id == owner_id))
            await connection.execute(delete(WEBHOOKS).where(_W.owner_id == owner_id))

    async def list_deliveries(self, webhook_id: str, *, after: tuple[Any, str] | None, limit: int) -> list[Delivery]:
        """What the webhook was told, newest first, behind the place (created_at, id)."""
        wanted = [_D.webhook_id == webhook_id, *_behind(_D.created_at, _D.id, after)]
        query = select(WEBHOOK_DELIVERIES).where(*wanted).order_by(_D.created_at.desc(), _D.id.desc()).limit(limit)
        return [_delivery_of(row) for row in await self._database.rows(query)]

    async def add_delivery(self, delivery: Delivery) -> None:
        await self._database.change(insert(WEBHOOK_DELIVERIES).values(**asdict(delivery)))

    async def replay(self, webhook_id: str, delivery_id: str, *, tries: int, at: datetime) -> bool:
        """Has it sent again; what is being sent now stays as it is. False when the webhook has no such delivery."""
        here = _D.id == delivery_id, _D.webhook_id == webhook_id
        change = (
            update(WEBHOOK_DELIVERIES)
            .where(*here, _D.state != DeliveryState.SENDING.value)
            .values(state=DeliveryState.WAITING.value, next_at=at, tries_left=tries)
        )
        if await self._database.change(change) == 1:
            return True
        return await self._database.row(select(_D.id).where(*here)) is not None

    async def spread_events(self, *, now: datetime, limit: int) -> int:
        """Takes the oldest events out of the outbox, and writes down for each webhook what it is to be told.

        All in one transaction: neither an event without its deliveries nor one that is told twice. How many it were.
        """
        query = select(OUTBOX).order_by(OUTBOX.c.at, OUTBOX.c.id).limit(limit)
        events = await self._database.rows(query)
        if not events:
            return 0
        async with self._database.write() as connection:
            for event in events:
                gone = await connection.execute(delete(OUTBOX).where(OUTBOX.c.id == event.id))
                # Else another replica has it.
                if rows_changed(gone) == 1:
                    await _spread(connection, event, now)
        return len(events)

    async def list_due(self, *, but_of: Collection[str] = (), now: datetime, limit: int) -> list[Webhook]:
        """Webhooks, `but_of` these owners, that are to be told something.

        First those that work, of these those first that have waited most.
        """
        due = (
            select(_D.webhook_id, func.min(_D.next_at).label("since"))
            .where(_D.next_at <= now)
            .group_by(_D.webhook_id)
            .subquery()
        )
        query = (
            select(WEBHOOKS)
            .join(due, due.c.webhook_id == _W.id)
            .where(_W.owner_id.not_in(sorted(but_of)))
            .order_by(case((_W.failing_since.is_(None), 0), else_=1), due.c.since)
            .limit(limit)
        )
        return [_webhook_of(row) for row in await self._database.rows(query)]

    async def take_delivery(self, webhook_id: str, *, now: datetime, until: datetime) -> Delivery | None:
        """What the webhook has waited for most, counted as tried; nobody else takes it before `until`."""
        query = (
            select(WEBHOOK_DELIVERIES)
            .where(_D.webhook_id == webhook_id, _D.next_at <= now)
            .order_by(_D.next_at, _D.id)
            .limit(1)
        )
        row = await self._database.row(query)
        if row is None:
            return None
        found = _delivery_of(row)
        taken = replace(
            found,
            state=DeliveryState.SENDING,
            attempts=found.attempts + 1,
            tries_left=max(found.tries_left - 1, 0),
            next_at=until,
            attempted_at=now,
        )
        names = ("state", "attempts", "tries_left", "next_at", "attempted_at")
        change = (
            update(WEBHOOK_DELIVERIES)
            .where(_D.id == found.id, _D.next_at == found.next_at, _D.attempts == found.attempts)
            .values({name: getattr(taken, name) for name in names})
        )
        return taken if await self._database.change(change) == 1 else None

    async def finish_try(self, delivery: Delivery, tried: Tried, *, at: datetime) -> bool:
        """Writes down what became of a try; False when its lease has ended and another has begun.

        A webhook that was told something works, also one that was disabled. Of one that is disabled by this, nothing
        waits any more.
        """
        mine = _D.id == delivery.id, _D.next_at == delivery.next_at, _D.attempts == delivery.attempts
        values = {name: value for name, value in asdict(tried).items() if name != "disabled"}
        async with self._database.write() as connection:
            if rows_changed(await connection.execute(update(WEBHOOK_DELIVERIES).where(*mine).values(**values))) != 1:
                return False
            webhook = update(WEBHOOKS).where(_W.id == delivery.webhook_id)
            if tried.state is DeliveryState.DELIVERED:
                works = webhook.where(or_(_W.failing_since.is_not(None), _W.disabled_at.is_not(None)))
                await connection.execute(works.values(failing_since=None, disabled_at=None, disabled_reason=None))
                return True
            await connection.execute(webhook.where(_W.failing_since.is_(None)).values(failing_since=at))
            if tried.disabled is not None:
                disable = webhook.where(_W.disabled_at.is_(None))
                await connection.execute(disable.values(disabled_at=at, disabled_reason=tried.disabled.value))
                waits = _D.webhook_id == delivery.webhook_id, _D.state == DeliveryState.WAITING.value
                given_up = update(WEBHOOK_DELIVERIES).where(*waits)
                await connection.execute(given_up.values(state=DeliveryState.FAILED.value, next_at=None))
            return True

    async def oldest_due(self, *, but_of: Collection[str] = (), now: datetime) -> datetime | None:
        """Since when something waits that should have been sent, `but_of` these owners, or written down to be sent."""
        theirs = exists().where(_W.id == _D.webhook_id, _W.owner_id.in_(sorted(but_of)))
        due = await self._database.row(select(func.min(_D.next_at)).where(_D.next_at <= now, ~theirs))
        event = await self._database.row(select(func.min(OUTBOX.c.at)))
        return min((row[0] for row in (due, event) if row is not None and row[0] is not None), default=None)

    async def forget_deliveries(self, *, before: datetime, most: int) -> int:
        """Drops some that are older, or of no webhook any more, and of each webhook some of those after its newest
        `most`; what is still to be sent stays. Returns how many.
        """
        webhook = exists().where(_W.id == _D.webhook_id)
        dropped = await self._drop(_D.created_at < before) + await self._drop(~webhook)
        many = select(_D.webhook_id).group_by(_D.webhook_id).having(func.count() > most)
        for row in await self._database.rows(many):
            newest = select(_D.created_at).where(_D.webhook_id == row.webhook_id).order_by(_D.created_at.desc())
            last = await self._database.row(newest.offset(most).limit(1))
            if last is not None:
                over = and_(_D.webhook_id == row.webhook_id, _D.created_at <= last.created_at, _D.next_at.is_(None))
                dropped += await self._drop(over)
        return dropped

    async def _drop(self, which: ColumnElement[bool]) -> int:
        rows = await self._database.rows(select(_D.id).where(which).limit(_DELETED_AT_ONCE))
        if not rows:
            return 0
        return await self._database.change(delete(WEBHOOK_DELIVERIES).where(_D.id.in_([row.id for row in rows])))


def new_delivery(webhook_id: str, event_id: str, kind: str, data: object, *, at: datetime, tries: int) -> Delivery:
    """What is to be sent now; the same body for every try."""
    body = json.dumps({"type": kind, "timestamp": rfc3339(at), "data": data}, separators=(",", ":"))
    return Delivery(
        id=new_id(),
        webhook_id=webhook_id,
        event_id=event_id,
        type=kind,
        body=body,
        state=DeliveryState.WAITING,
        attempts=0,
        tries_left=tries,
        next_at=at,
        created_at=at,
    )


async def _spread(connection: AsyncConnection, event: AnyRow, now: datetime) -> None:
    mine = select(_W.id, _W.events).where(_W.owner_id == event.owner_id, _W.disabled_at.is_(None))
    told = [row.id for row in await connection.execute(mine) if not row.events or event.type in row.events.split()]
    data = json.loads(event.data)
    deliveries = [
        replace(new_delivery(webhook_id, event.id, event.type, data, at=event.at, tries=TRIES), next_at=now)
        for webhook_id in told
    ]
    if deliveries:
        await connection.execute(insert(WEBHOOK_DELIVERIES), [asdict(one) for one in deliveries])


def _behind(
    at: ColumnElement[datetime], key: ColumnElement[str], after: tuple[Any, str] | None
) -> Sequence[ColumnElement[bool]]:
    if after is None:
        return ()
    return at <= after[0], or_(at < after[0], key < after[1])


def _webhook_of(row: AnyRow) -> Webhook:
    known = {column.name: getattr(row, column.name) for column in WEBHOOKS.c}
    reason = known.pop("disabled_reason")
    events = tuple(EventType(event) for event in known.pop("events").split())
    return Webhook(**known, events=events, disabled_reason=None if reason is None else DisabledReason(reason))


def _delivery_of(row: AnyRow) -> Delivery:
    known = {column.name: getattr(row, column.name) for column in WEBHOOK_DELIVERIES.c}
    return Delivery(**known | {"state": DeliveryState(known["state"])})
