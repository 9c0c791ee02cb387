"""JSON handlers of webhooks."""

from __future__ import annotations

from aiohttp import web

from common.idempotency import Claim
from common.web.idempotency import create_once
from common.web.requests import id_in_path, read_json, read_query, require_principal
from common.web.responses import json_response
from upload_svc.webhooks import models
from upload_svc.webhooks.app_keys import WEBHOOKS


async def create_webhook(request: web.Request) -> web.Response:
    """Creates a webhook; only this response contains its secret."""
    principal = require_principal(request)
    asked = await read_json(request, models.CreateWebhook)

    async def create(claim: Claim | None) -> models.Webhook:
        webhook, secret = await request.app[WEBHOOKS].create(
            principal,
            asked.url,
            asked.events or [],
            address=request.remote or "",
            remember=None if claim is None else lambda one: claim.keep(models.present_webhook(one).model_dump_json()),
        )
        return models.present_webhook(webhook, secret)

    created = await create_once(request, asked, models.Webhook, create)
    location = request.app.router["delete-webhook"].url_for(webhook_id=created.id)
    return json_response(created, status=201, headers={"Location": str(location)})


async def list_webhooks(request: web.Request) -> web.Response:
    """Your webhooks, newest first."""
    principal, asked = require_principal(request), read_query(request, models.ListWebhooks)
    found, next_cursor = await request.app[WEBHOOKS].list(principal, cursor=asked.cursor, limit=asked.limit)
    items = [models.present_webhook(webhook) for webhook in found]
    return json_response(models.WebhookPage(items=items, next_cursor=next_cursor))


async def delete_webhook(request: web.Request) -> web.Response:
    """Deletes a webhook, and the log of what it was sent."""
    principal, webhook_id = require_principal(request), id_in_path(request, "webhook_id")
    await request.app[WEBHOOKS].delete(principal, webhook_id, address=request.remote or "")
    return web.Response(status=204)


async def list_deliveries(request: web.Request) -> web.Response:
    """What a webhook was sent in the last 30 days, newest first."""
    principal, webhook_id = require_principal(request), id_in_path(request, "webhook_id")
    asked = read_query(request, models.ListWebhooks)
    found, next_cursor = await request.app[WEBHOOKS].deliveries(
        principal, webhook_id, cursor=asked.cursor, limit=asked.limit
    )
    items = [models.present_delivery(delivery) for delivery in found]
    return json_response(models.DeliveryPage(items=items, next_cursor=next_cursor))


async def replay_delivery(request: web.Request) -> web.Response:
    """Sends something again, under the same `webhook-id`. A disabled webhook that accepts it is enabled."""
    principal, webhook_id = require_principal(request), id_in_path(request, "webhook_id")
    await request.app[WEBHOOKS].replay(principal, webhook_id, id_in_path(request, "delivery_id"))
    return web.Response(status=202)
