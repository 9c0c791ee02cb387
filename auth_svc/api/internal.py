"""Sessions, for the pages of other services, and whose videos nobody may see."""

from __future__ import annotations

from aiohttp import web

from auth_svc.app_keys import ACCOUNT_SESSIONS, ACCOUNTS
from auth_svc.models import (
    DisabledAccounts,
    ExchangedSession,
    SessionSecret,
    StartedSession,
    StartSession,
)
from common.web.requests import read_json
from common.web.responses import json_response
from common.web.service_calls import require_service


async def list_disabled_accounts(request: web.Request) -> web.Response:
    """GET /internal/accounts/disabled."""
    await require_service(request, "accounts:read")
    return json_response(DisabledAccounts(ids=await request.app[ACCOUNTS].disabled_ids()))


async def start_session(request: web.Request) -> web.Response:
    """POST /internal/sessions."""
    await require_service(request, "sessions")
    asked = await read_json(request, StartSession)
    session = await request.app[ACCOUNT_SESSIONS].start(
        asked.username, asked.password, user_agent=asked.user_agent, address=asked.address
    )
    return json_response(
        StartedSession(session=session.secret, lifetime_seconds=int(session.lifetime.total_seconds())), status=201
    )


async def exchange_session(request: web.Request) -> web.Response:
    """POST /internal/sessions/exchange."""
    await require_service(request, "sessions")
    asked = await read_json(request, SessionSecret)
    token = await request.app[ACCOUNT_SESSIONS].exchange_for_token(asked.session)
    return json_response(ExchangedSession(access_token=token))


async def end_session(request: web.Request) -> web.Response:
    """POST /internal/sessions/end."""
    await require_service(request, "sessions")
    asked = await read_json(request, SessionSecret)
    await request.app[ACCOUNT_SESSIONS].end(asked.session)
    return web.Response(status=204)
