"""Who asks."""

from __future__ import annotations

from aiohttp import hdrs, web

from auth_svc.audit import Actor
from auth_svc.opaque import hash_of
from common.web.requests import require_principal
from common.web.sessions import session_cookie


def actor_of(request: web.Request) -> Actor:
    """Who asks, and from where. Raises Unauthenticated."""
    return Actor(require_principal(request).account_id, request.remote or "")


def current_session(request: web.Request) -> str | None:
    """The hash of the session that asks; None when an access token does."""
    secret = None if hdrs.AUTHORIZATION in request.headers else session_cookie(request)
    return None if secret is None else hash_of(secret)
