"""Who asks."""

from __future__ import annotations

from aiohttp import web

from auth_svc.audit import Actor
from common.web.requests import require_principal


def actor_of(request: web.Request) -> Actor:
    """Who asks, and from where. Raises Unauthenticated."""
    return Actor(require_principal(request).account_id, request.remote or "")
