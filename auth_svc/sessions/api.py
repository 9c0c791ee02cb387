"""Somebody's own sessions."""

from __future__ import annotations

from aiohttp import web

from auth_svc.app_keys import ACCOUNT_SESSIONS
from auth_svc.asking import asker_of, current_session
from auth_svc.models import ListQuery
from auth_svc.sessions import models
from auth_svc.sessions.store import Session
from common.web.requests import read_query, require_principal
from common.web.responses import json_response


async def list_sessions(request: web.Request) -> web.Response:
    """Your sessions, newest first."""
    principal = require_principal(request)
    asked = read_query(request, ListQuery)
    sessions, next_cursor = await request.app[ACCOUNT_SESSIONS].list(
        principal.account_id, cursor=asked.cursor, limit=asked.limit
    )
    current = current_session(request)
    items = [present_session(session, current) for session in sessions]
    return json_response(models.SessionPage(items=items, next_cursor=next_cursor))


async def end_own_session(request: web.Request) -> web.Response:
    """Ends one of your sessions; it is over everywhere within 30 seconds."""
    await request.app[ACCOUNT_SESSIONS].end_by_id(asker_of(request), request.match_info["session_id"])
    return web.Response(status=204)


def present_session(session: Session, current: str | None) -> models.Session:
    """A session as its owner sees it; `current` is the hash of the one that asks."""
    return models.Session(
        id=session.id,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        user_agent=session.user_agent,
        address=session.address,
        current=session.secret_hash == current,
    )
