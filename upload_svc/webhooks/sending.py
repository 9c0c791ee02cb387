"""Telling webhooks what has happened: at least once, each in its turn, none at the cost of another.

A try is counted before it is made, under a lease: after a kill it is made again, here or by another replica, with the
same `webhook-id`. A webhook is told one thing at a time by each replica; one that fails waits until the next step,
and those of a disabled account wait until it is enabled.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter as CounterOf
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from common.clock import Clock
from common.errors import Unavailable
from upload_svc.webhooks.client import Failure, Outcome, WebhookClient
from upload_svc.webhooks.signatures import Secrets, signed_headers
from upload_svc.webhooks.store import (
    TRIES,
    Delivery,
    DeliveryState,
    DisabledReason,
    Tried,
    Webhook,
    WebhookStore,
)

logger = logging.getLogger(__name__)

# How long it rests after each try that failed: a day in all.
PAUSES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=8),
    timedelta(hours=8, minutes=25),
)
# Longer than a try may take, and two uses of the database.
LEASE: Final = timedelta(seconds=60)
# A receiver may ask for a longer pause, as far as this.
LONGEST_PAUSE: Final = timedelta(hours=12)
# A webhook of which all has failed so long is disabled, when it has failed one delivery for the last time.
GIVEN_UP_AFTER: Final = timedelta(days=5)
KEPT: Final = timedelta(days=30)
MOST_KEPT: Final = 5000
# At once: in all, of one account, and of webhooks that fail, which would otherwise fill all places with waiting.
MOST_AT_ONCE: Final = 16
_MOST_OF_AN_ACCOUNT: Final = 4
_MOST_FAILING: Final = 8
# So many one after the other: then it is another's turn.
_IN_A_TURN: Final = 50
_EVENTS_AT_ONCE: Final = 100
_LISTED: Final = 200


class Sending:
    """What the loops do; see `sending`, which makes one. `disabled`: the ids of the accounts that are told nothing."""

    def __init__(
        self,
        store: WebhookStore,
        client: WebhookClient,
        secrets: Secrets,
        registry: CollectorRegistry,
        tasks: asyncio.TaskGroup,
        *,
        disabled: Callable[[], Awaitable[Collection[str]]],
        clock: Clock,
    ) -> None:
        self._store = store
        self._client = client
        self._secrets = secrets
        self._disabled = disabled
        self._tasks = tasks
        self._clock = clock
        self._running: dict[str, tuple[Webhook, asyncio.Task[None]]] = {}
        self._tried = Counter("webhook_tries", "Tries to tell a webhook", ("outcome",), registry=registry)
        for outcome in ("delivered", "again", "failed"):
            self._tried.labels(outcome)
        self._oldest = Gauge(
            "oldest_waiting_webhook_delivery_age_seconds", "How late the oldest delivery is", registry=registry
        )

    async def step(self) -> None:
        """One step of the loop: sees to it that those are told who are due, and does not wait for it.

        Raises Unavailable.
        """
        while await self._store.spread_events(now=self._clock(), limit=_EVENTS_AT_ONCE) == _EVENTS_AT_ONCE:
            pass
        disabled = await self._disabled()
        for webhook in await self._store.list_due(but_of=disabled, now=self._clock(), limit=_LISTED):
            if len(self._running) >= MOST_AT_ONCE:
                break
            if self._has_place(webhook):
                task = self._tasks.create_task(self._tell(webhook), name="webhook")
                self._running[webhook.id] = webhook, task

    async def count(self) -> None:
        """Sets the gauge to what the rows say now. Raises Unavailable."""
        now = self._clock()
        since = await self._store.oldest_due(but_of=await self._disabled(), now=now)
        self._oldest.set((now - since).total_seconds() if since else 0)

    async def forget_old(self) -> int:
        """Drops some of what is older than 30 days, or too much; how many. Raises Unavailable."""
        return await self._store.forget_deliveries(before=self._clock() - KEPT, most=MOST_KEPT)

    def stop(self) -> None:
        """Whom this was about to tell, another replica or the next start tells once the lease has ended."""
        for _, task in self._running.values():
            task.cancel()

    async def finished(self) -> None:
        """Returns when nobody is being told anything here."""
        while self._running:
            await asyncio.wait([task for _, task in self._running.values()])

    def _has_place(self, webhook: Webhook) -> bool:
        others = [other for other, _ in self._running.values()]
        failing = sum(other.failing_since is not None for other in others)
        return (
            webhook.id not in self._running
            and CounterOf(other.owner_id for other in others)[webhook.owner_id] < _MOST_OF_AN_ACCOUNT
            and (webhook.failing_since is None or failing < _MOST_FAILING)
        )

    async def _tell(self, webhook: Webhook) -> None:
        try:
            for _ in range(_IN_A_TURN):
                if webhook.owner_id in await self._disabled():
                    break
                now = self._clock()
                delivery = await self._store.take_delivery(webhook.id, now=now, until=now + LEASE)
                if delivery is None or not await self._try(webhook, delivery):
                    break
        except Unavailable as exc:
            logger.warning("webhook waits", extra={"webhook_id": webhook.id, "reason": exc.detail})
        finally:
            del self._running[webhook.id]

    async def _try(self, webhook: Webhook, delivery: Delivery) -> bool:
        """Whether it was taken."""
        secret = self._secrets.open(webhook.sealed_secret, webhook.id)
        if secret is None:
            outcome = Outcome(failure=Failure.SECRET)
        else:
            body = delivery.body.encode()
            headers = signed_headers(secret, event_id=delivery.event_id, body=body, now=self._clock())
            outcome = await self._client.post(webhook.url, body, headers)
        now = self._clock()
        tried = judge(webhook, delivery, outcome, now=now)
        is_kept = await self._store.finish_try(delivery, tried, at=now)
        result = "again" if tried.state is DeliveryState.WAITING else tried.state.value
        self._tried.labels(result).inc()
        about = {"webhook_id": webhook.id, "delivery_id": delivery.id, "event_id": delivery.event_id}
        said = {"outcome": result, "status": outcome.status, "failure": outcome.failure, "is_kept": is_kept}
        logger.info("webhook tried", extra={**about, **said, "duration_ms": outcome.duration_ms})
        if tried.disabled is not None:
            logger.warning("webhook disabled", extra={"webhook_id": webhook.id, "reason": tried.disabled.value})
        return outcome.failure is None


@asynccontextmanager
async def sending(
    store: WebhookStore,
    client: WebhookClient,
    secrets: Secrets,
    registry: CollectorRegistry,
    *,
    disabled: Callable[[], Awaitable[Collection[str]]],
    clock: Clock,
) -> AsyncIterator[Sending]:
    """A fault in a task ends the process, as one in a loop does."""
    async with asyncio.TaskGroup() as tasks:
        made = Sending(store, client, secrets, registry, tasks, disabled=disabled, clock=clock)
        yield made
        made.stop()


def judge(webhook: Webhook, delivery: Delivery, outcome: Outcome, *, now: datetime) -> Tried:
    """What a try makes of a delivery, and of its webhook."""
    state, next_at, disabled = DeliveryState.DELIVERED, None, None
    if outcome.failure is not None:
        is_last = delivery.tries_left == 0
        disabled = _why_disabled(webhook, outcome, is_last=is_last, now=now)
        state = DeliveryState.FAILED
        # A disabled one is tried only when somebody asks for it.
        if disabled is None and not is_last and webhook.disabled_at is None:
            state, next_at = DeliveryState.WAITING, now + pause(delivery, outcome.retry_after, now=now)
    return Tried(
        state=state,
        next_at=next_at,
        status=outcome.status,
        duration_ms=outcome.duration_ms,
        answer=outcome.answer,
        failure=None if outcome.failure is None else outcome.failure.value,
        disabled=disabled,
    )


def _why_disabled(webhook: Webhook, outcome: Outcome, *, is_last: bool, now: datetime) -> DisabledReason | None:
    if outcome.status == 410:
        return DisabledReason.GONE
    if outcome.failure is Failure.SECRET:
        return DisabledReason.SECRET
    since = webhook.failing_since
    return DisabledReason.FAILING if is_last and since is not None and now - since >= GIVEN_UP_AFTER else None


def pause(delivery: Delivery, retry_after: str | None, *, now: datetime) -> timedelta:
    """How long it rests: as planned or as the receiver asks, whichever is longer, and a little more.

    The little, up to a tenth, keeps those apart that failed together.
    """
    planned = PAUSES[min(TRIES - 1 - delivery.tries_left, len(PAUSES) - 1)]
    asked = min(_span(retry_after, now), LONGEST_PAUSE)
    return max(planned, asked) * random.uniform(1.0, 1.1)  # noqa: S311 - no secret


def _span(retry_after: str | None, now: datetime) -> timedelta:
    """What `Retry-After` says (RFC 9110, section 10.2.3): seconds or a date; what is neither is nothing."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), int(LONGEST_PAUSE.total_seconds())))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return timedelta()
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
