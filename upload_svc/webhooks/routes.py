"""The routes of this room."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from common.web.routes import IDEMPOTENCY, delete, get, post
from upload_svc.webhooks import api, pages
from upload_svc.webhooks.models import CreateWebhook, DeliveryPage, ListWebhooks, Webhook, WebhookPage

API: Final = (
    post(
        "/v1/webhooks",
        api.create_webhook,
        {201: Webhook},
        body=CreateWebhook,
        headers=IDEMPOTENCY,
        refusals=("conflict",),
    ),
    get("/v1/webhooks", api.list_webhooks, {200: WebhookPage}, scopes=(), query=ListWebhooks),
    delete("/v1/webhooks/{webhook_id}", api.delete_webhook, {204: None}),
    get(
        "/v1/webhooks/{webhook_id}/deliveries", api.list_deliveries, {200: DeliveryPage}, scopes=(), query=ListWebhooks
    ),
    post("/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", api.replay_delivery, {202: None}),
)

PAGES: Final = (
    web.get(pages.PATH, pages.webhooks_page, name="webhooks-page"),
    web.post(pages.PATH, pages.create_webhook, name="new-webhook"),
    web.get("/videos/webhooks/{webhook_id}", pages.webhook_page, name="webhook-page"),
    web.post("/videos/webhooks/{webhook_id}/test", pages.test_webhook, name="test-webhook"),
    web.post("/videos/webhooks/{webhook_id}/delete", pages.remove_webhook, name="remove-webhook"),
    web.post(
        "/videos/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", pages.resend_delivery, name="resend-delivery"
    ),
)
