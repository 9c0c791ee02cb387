"""What `vss webhook` does: URLs that are told of events of one's videos, and what they were sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from vss.remote.client import Client, open_client
from vss.remote.managing import WAIT_SECONDS
from vss.speaking import say, warn


async def list_webhooks(*, as_json: bool) -> int:
    """One line a webhook, the newest first."""
    is_empty = True
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        async for webhook in client.items(_url(client)):
            is_empty = False
            say(json.dumps(webhook) if as_json else _line(webhook))
    if is_empty:
        warn("No webhooks. Create one: vss webhook create URL")
    return 0


async def create(url: str, events: Sequence[str] | None, *, as_json: bool) -> int:
    """Prints its ID and its secret, which nobody can be told again."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        # Sent again after an outage, it makes no second one; the secret comes but once.
        content = {"url": url, "events": events and list(dict.fromkeys(events))}
        key = {"Idempotency-Key": uuid4().hex}
        webhook = (await client.call("POST", _url(client), content=content, headers=key)).content
    say(json.dumps(webhook) if as_json else f"{webhook['id']}  {webhook.get('secret', '')}")
    if "secret" not in webhook:
        warn("vss: the response with the secret was lost: delete this webhook and create it again")
    elif not as_json:
        warn("vss: keep the secret: it can’t be shown again")
    return 0


async def delete(webhook_id: str) -> int:
    """From now on it is told nothing."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        await client.call("DELETE", _url(client, webhook_id))
    say(f"{webhook_id}: deleted")
    return 0


async def list_deliveries(webhook_id: str, *, as_json: bool) -> int:
    """One line a delivery, the newest first."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        async for delivery in client.items(_url(client, webhook_id, "deliveries")):
            say(json.dumps(delivery) if as_json else _delivery_line(delivery))
    return 0


async def replay(webhook_id: str, delivery_id: str) -> int:
    """It is sent soon."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        await client.call("POST", _url(client, webhook_id, "deliveries", delivery_id, "replay"))
    say(f"{delivery_id}: will be sent again")
    return 0


def _line(webhook: dict[str, Any]) -> str:
    state = "disabled" if webhook["disabled_at"] else "failing" if webhook["failing_since"] else "enabled"
    events = ",".join(webhook["events"] or ["all"])
    return f"{webhook['id']}  {state:<8}  {events}  {webhook['url']}"


def _delivery_line(delivery: dict[str, Any]) -> str:
    made = delivery["created_at"][:16].replace("T", " ")
    status, tries = delivery["status"] or "-", delivery["attempts"]
    why = f"  {delivery['detail']}" if delivery["detail"] else ""
    return f"{delivery['id']}  {made}  {delivery['type']:<15}  {delivery['state']:<9}  {status:>3}  {tries} tries{why}"


def _url(client: Client, *more: str) -> str:
    return "/".join((client.server.upload, "v1/webhooks", *more))
