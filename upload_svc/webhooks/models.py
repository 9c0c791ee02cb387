"""The JSON shapes of webhooks, and what people read of how they fare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, Field

from catalogue.outbox import EventType
from common.languages import N_, gettext
from common.web.requests import Input, Query
from contracts.shape import Instant, is_absent
from upload_svc.webhooks.client import Failure
from upload_svc.webhooks.store import Delivery as DeliveryInStore
from upload_svc.webhooks.store import DeliveryState, DisabledReason
from upload_svc.webhooks.store import Webhook as WebhookInStore

_DETAILS: Final[Mapping[str, str]] = {
    Failure.STATUS: N_("The server didn’t accept it. Only a 2xx status counts."),
    Failure.REDIRECTED: N_("The server redirects. Redirects are not followed: use the final URL."),
    Failure.ADDRESS: N_("This address is not allowed: only https:// and public addresses are."),
    Failure.NAME: N_("The server’s name can’t be found."),
    Failure.CONNECTION: N_("No connection to the server."),
    Failure.CERTIFICATE: N_("The server’s certificate is not valid."),
    Failure.TIMED_OUT: N_("The server didn’t respond within 15 seconds."),
    Failure.ANSWER: N_("The server’s answer is not HTTP."),
    Failure.SECRET: N_("The secret can’t be read any more. Delete this webhook and create another."),
}
_WHY_DISABLED: Final[Mapping[DisabledReason, str]] = {
    DisabledReason.GONE: N_("The server answered 410 (gone)."),
    DisabledReason.FAILING: N_("Nothing has been delivered for five days."),
    DisabledReason.SECRET: _DETAILS[Failure.SECRET],
}


def _each_once(events: list[EventType]) -> list[EventType]:
    if len(set(events)) != len(events):
        raise ValueError("names an event twice: name each once")
    return events


class CreateWebhook(Input):
    """Where to send events, and which; null: all, also those that come later."""

    # Whether it is a good URL depends on the settings: the domain says.
    url: Annotated[str, Field(min_length=1, max_length=4096)]
    events: Annotated[list[EventType], Field(min_length=1), AfterValidator(_each_once)] | None = None


class WebhookForm(Query):
    url: Annotated[str, Field(min_length=1, max_length=4096)]


class ListWebhooks(Query):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=1024)] | None = None


class Webhook(BaseModel):
    """`failing_since`: since when nothing has arrived. `disabled_reason` says in words why it is told nothing more.

    `secret` signs what is sent; it is in the answer to the creation and never again.
    """

    id: str
    url: str
    events: list[EventType] | None
    created_at: Instant
    failing_since: Instant | None
    disabled_at: Instant | None
    disabled_reason: str | None
    secret: Annotated[str | None, Field(exclude_if=is_absent)] = None


class WebhookPage(BaseModel):
    """One page of a list."""

    items: list[Webhook]
    next_cursor: str | None


class Delivery(BaseModel):
    """What a webhook is told. `event_id` is its `webhook-id`, the same for every try; `body` is what is sent.

    `status` (HTTP), `duration_ms`, `answer` (its beginning) and `failure`, with `detail` in words, are of the last try.
    """

    id: str
    event_id: str
    type: str
    state: DeliveryState
    created_at: Instant
    attempts: int
    attempted_at: Instant | None
    next_attempt_at: Instant | None
    status: int | None
    duration_ms: int | None
    answer: str | None
    failure: str | None
    detail: str | None
    body: str


class DeliveryPage(BaseModel):
    """One page of a list."""

    items: list[Delivery]
    next_cursor: str | None


def present_webhook(webhook: WebhookInStore, secret: str | None = None) -> Webhook:
    """A webhook as its owner sees it; `secret` only when it has just been created."""
    return Webhook(
        id=webhook.id,
        url=webhook.url,
        events=list(webhook.events) or None,
        created_at=webhook.created_at,
        failing_since=webhook.failing_since,
        disabled_at=webhook.disabled_at,
        disabled_reason=None if webhook.disabled_reason is None else gettext(_WHY_DISABLED[webhook.disabled_reason]),
        secret=secret,
    )


def present_delivery(delivery: DeliveryInStore) -> Delivery:
    """As its owner sees it."""
    is_waiting = delivery.state is DeliveryState.WAITING
    return Delivery(
        id=delivery.id,
        event_id=delivery.event_id,
        type=delivery.type,
        state=delivery.state,
        created_at=delivery.created_at,
        attempts=delivery.attempts,
        attempted_at=delivery.attempted_at,
        next_attempt_at=delivery.next_at if is_waiting else None,
        status=delivery.status,
        duration_ms=delivery.duration_ms,
        answer=delivery.answer,
        failure=delivery.failure,
        detail=None if delivery.failure is None else gettext(_DETAILS[delivery.failure]),
        body=delivery.body,
    )
