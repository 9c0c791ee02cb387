"""Where handlers and loops find what the composition root has built."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from contracts.accounts import DisabledOwners
from upload_svc.webhooks.sending import Sending
from upload_svc.webhooks.webhooks import Webhooks

WEBHOOKS: Final = web.AppKey("webhooks", Webhooks)
SENDING: Final = web.AppKey("webhook_sending", Sending)
DISABLED_OWNERS: Final = web.AppKey("disabled_owners", DisabledOwners)
