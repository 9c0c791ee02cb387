"""The pages of webhooks; their forms work without JavaScript and lead back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from catalogue.outbox import EventType
from common.errors import Conflict, Invalid, Refusal
from common.languages import gettext
from common.web.pages import render
from common.web.requests import (
    id_in_path,
    read_form_list,
    read_query,
    require_whole_principal,
    validated,
)
from upload_svc.webhooks import models
from upload_svc.webhooks.app_keys import WEBHOOKS

PATH: Final = "/videos/webhooks"


async def webhooks_page(request: web.Request) -> web.Response:
    """GET /videos/webhooks."""
    return await _webhooks(request)


async def create_webhook(request: web.Request) -> web.Response:
    """POST /videos/webhooks: the only page that ever shows the secret."""
    principal = require_whole_principal(request)
    fields = await read_form_list(request)
    chosen = {value for name, value in fields if name == "events"}
    form = {"url": dict(fields).get("url", ""), "events": chosen}
    # All that are ticked is all there are, also those that come later.
    events = [event for event in EventType if event.value in chosen]
    try:
        if not events:
            raise Invalid([{"pointer": "#/events", "detail": gettext("must be at least one")}])
        url = validated(models.WebhookForm, {"url": dict(fields).get("url", "")}).url
        webhook, secret = await request.app[WEBHOOKS].create(
            principal, url, [] if len(events) == len(EventType) else events, address=request.remote or ""
        )
    except (Conflict, Invalid) as refusal:
        return await _webhooks(request, refusal=refusal, form=form)
    return await _webhooks(request, secret=secret, new_id=webhook.id)


async def webhook_page(request: web.Request) -> web.Response:
    """GET /videos/webhooks/{webhook_id}: what it was sent."""
    principal, webhook_id = require_whole_principal(request), id_in_path(request, "webhook_id")
    asked, webhooks = read_query(request, models.ListWebhooks), request.app[WEBHOOKS]
    webhook = await webhooks.get(principal, webhook_id)
    found, next_cursor = await webhooks.deliveries(principal, webhook_id, cursor=asked.cursor, limit=asked.limit)
    context = {
        "webhook": models.present_webhook(webhook),
        "deliveries": [models.present_delivery(delivery) for delivery in found],
        "first_url": None if asked.cursor is None else f"{PATH}/{webhook.id}",
        "next_url": None if next_cursor is None else request.rel_url.update_query(cursor=next_cursor),
    }
    return render(request, "webhook.html", context)


async def test_webhook(request: web.Request) -> web.Response:
    """POST /videos/webhooks/{webhook_id}/test."""
    principal, webhook_id = require_whole_principal(request), id_in_path(request, "webhook_id")
    await request.app[WEBHOOKS].test(principal, webhook_id)
    return _to(f"{PATH}/{webhook_id}")


async def resend_delivery(request: web.Request) -> web.Response:
    """POST /videos/webhooks/{webhook_id}/deliveries/{delivery_id}/replay."""
    principal, webhook_id = require_whole_principal(request), id_in_path(request, "webhook_id")
    await request.app[WEBHOOKS].replay(principal, webhook_id, id_in_path(request, "delivery_id"))
    return _to(f"{PATH}/{webhook_id}")


async def remove_webhook(request: web.Request) -> web.Response:
    """POST /videos/webhooks/{webhook_id}/delete."""
    principal, webhook_id = require_whole_principal(request), id_in_path(request, "webhook_id")
    await request.app[WEBHOOKS].delete(principal, webhook_id, address=request.remote or "")
    return _to(PATH)


async def _webhooks(
    request: web.Request,
    *,
    refusal: Refusal | None = None,
    form: Mapping[str, object] | None = None,
    secret: str | None = None,
    new_id: str | None = None,
) -> web.Response:
    principal = require_whole_principal(request)
    # All of them are on one page.
    found, _ = await request.app[WEBHOOKS].list(principal, cursor=None, limit=100)
    faults = {} if refusal is None else {"": gettext(refusal.detail)}
    if isinstance(refusal, Invalid):
        faults = {
            fault["pointer"].removeprefix("#/"): _in_words(fault["pointer"], fault["detail"])
            for fault in refusal.errors
        }
    context = {
        "webhooks": [models.present_webhook(webhook) for webhook in found],
        "events": [(event.value, _words(event)) for event in EventType],
        "form": form or {"url": "", "events": {event.value for event in EventType}},
        "errors": faults,
        "secret": secret,
        "new_id": new_id,
    }
    return render(request, "webhooks.html", context, status=200 if refusal is None else refusal.status)


def _in_words(pointer: str, fault: str) -> str:
    if pointer == "#/url":
        return gettext("The URL %(fault)s.") % {"fault": fault}
    return gettext("The events %(fault)s.") % {"fault": fault}


def _words(event: EventType) -> str:
    match event:
        case EventType.VIDEO_READY:
            return gettext("A video is ready to watch")
        case EventType.VIDEO_DELETED:
            return gettext("A video was permanently deleted")
        case EventType.UPLOAD_EXPIRED:
            return gettext("An unfinished upload has expired")
        case EventType.LINK_FIRST_VIEW:
            return gettext("A link was played for the first time")
        case EventType.GUEST_UPLOADED:
            return gettext("A guest has sent a video")


def _to(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})
