"""What people do with their webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from yarl import URL

from catalogue.outbox import EventType
from common.audit import Actor, AuditEntry, audit_entry
from common.clock import Clock
from common.cursors import Cursors
from common.errors import Invalid, NotFound
from common.idempotency import Remember
from common.ids import new_id
from common.languages import gettext
from common.tokens import Principal
from upload_svc.audit import Action
from upload_svc.webhooks.addresses import checked_url
from upload_svc.webhooks.signatures import Secrets, new_secret
from upload_svc.webhooks.store import TRIES, Delivery, Webhook, WebhookStore, new_delivery

# What a test event is called; webhooks get it whatever events they are for.
TEST: Final = "webhook.test"


class Webhooks:
    """Each method that names a webhook raises NotFound for one that is not theirs."""

    def __init__(
        self, store: WebhookStore, secrets: Secrets, cursors: Cursors, *, allows_private: bool, clock: Clock
    ) -> None:
        self._store = store
        self._secrets = secrets
        self._cursors = cursors
        self._allows_private = allows_private
        self._clock = clock

    async def create(
        self,
        principal: Principal,
        url: str,
        events: Sequence[EventType],
        *,
        address: str,
        remember: Remember[Webhook] | None = None,
    ) -> tuple[Webhook, str]:
        """A new webhook, and its secret, which nobody can be told again. Without `events`: of all.

        Raises Invalid and TooManyWebhooks.
        """
        try:
            kept = checked_url(url, allows_private=self._allows_private)
        except ValueError as exc:
            raise Invalid([{"pointer": "#/url", "detail": gettext(str(exc))}]) from exc
        webhook_id, secret = new_id(), new_secret()
        webhook = Webhook(
            id=webhook_id,
            owner_id=principal.account_id,
            url=kept,
            events=tuple(event for event in EventType if event in events),
            sealed_secret=self._secrets.seal(secret, webhook_id),
            created_at=self._clock(),
        )
        entry = self._entry(Action.WEBHOOK_CREATED, principal, webhook, address)
        await self._store.add_webhook(webhook, entry, None if remember is None else remember(webhook))
        entry.log()
        return webhook, secret

    async def list(
        self, principal: Principal, *, cursor: str | None, limit: int
    ) -> tuple[Sequence[Webhook], str | None]:
        """The account's webhooks, newest first, and the cursor of the next page. Raises Invalid."""
        return await self._cursors.page(
            f"webhooks:{principal.account_id}",
            partial(self._store.list_webhooks, principal.account_id),
            lambda webhook: (webhook.created_at, webhook.id),
            cursor=cursor,
            limit=limit,
        )

    async def get(self, principal: Principal, webhook_id: str) -> Webhook:
        webhook = await self._store.get_webhook(principal.account_id, webhook_id)
        if webhook is None:
            raise NotFound
        return webhook

    async def delete(self, principal: Principal, webhook_id: str, *, address: str) -> None:
        """It is told nothing from now on, and what it was told is forgotten."""
        webhook = await self.get(principal, webhook_id)
        entry = self._entry(Action.WEBHOOK_DELETED, principal, webhook, address)
        if not await self._store.delete_webhook(principal.account_id, webhook_id, entry):
            raise NotFound
        entry.log()

    async def deliveries(
        self, principal: Principal, webhook_id: str, *, cursor: str | None, limit: int
    ) -> tuple[Sequence[Delivery], str | None]:
        """What the webhook was told, newest first, and the cursor of the next page. Raises Invalid."""
        webhook = await self.get(principal, webhook_id)
        return await self._cursors.page(
            f"webhook-deliveries:{webhook.id}",
            partial(self._store.list_deliveries, webhook.id),
            lambda delivery: (delivery.created_at, delivery.id),
            cursor=cursor,
            limit=limit,
        )

    async def replay(self, principal: Principal, webhook_id: str, delivery_id: str) -> None:
        """Has something sent again, now; once only to a webhook that is disabled, which this enables if it is taken.

        Raises NotFound.
        """
        webhook = await self.get(principal, webhook_id)
        if not await self._store.replay(webhook.id, delivery_id, tries=_tries(webhook), at=self._clock()):
            raise NotFound

    async def test(self, principal: Principal, webhook_id: str) -> None:
        """Sends an event that means nothing, once; a webhook that is disabled is enabled if it takes it."""
        webhook = await self.get(principal, webhook_id)
        data = {"webhook_id": webhook.id}
        await self._store.add_delivery(new_delivery(webhook.id, new_id(), TEST, data, at=self._clock(), tries=1))

    def _entry(self, action: Action, principal: Principal, webhook: Webhook, address: str) -> AuditEntry:
        # The host alone: addresses of webhooks may have a secret in their path.
        details = {"webhook_id": webhook.id, "host": URL(webhook.url).host}
        by = Actor(principal.account_id, address)
        return audit_entry(action.value, by, at=self._clock(), target_id=principal.account_id, **details)


def _tries(webhook: Webhook) -> int:
    return TRIES if webhook.disabled_at is None else 1
