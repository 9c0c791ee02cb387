"""What somebody sees and changes of themselves."""

from __future__ import annotations

from aiohttp import web

from auth_svc.api.asking import asker_of, current_session
from auth_svc.app_keys import ACCOUNT_SESSIONS, ACCOUNTS, API_KEYS
from auth_svc.models import (
    ApiKeyPage,
    ApiKeyShown,
    ChangePassword,
    CreateApiKey,
    ListQuery,
    Me,
    SessionPage,
    SessionShown,
)
from auth_svc.store import Account, ApiKey, Session
from common.clock import rfc3339
from common.errors import Unauthenticated
from common.idempotency import Claim
from common.web.idempotency import create_once
from common.web.requests import id_in_path, read_json, read_query, require_principal
from common.web.responses import json_response
from common.web.sessions import known_device


async def get_me(request: web.Request) -> web.Response:
    """The account that asks."""
    principal = require_principal(request)
    account = await request.app[ACCOUNTS].get(principal.account_id)
    if account is None:
        raise Unauthenticated
    return json_response(present_me(account))


async def change_password(request: web.Request) -> web.Response:
    """Another password; every other session and every refresh token is over."""
    principal = require_principal(request)
    asked = await read_json(request, ChangePassword)
    await request.app[ACCOUNTS].change_password(
        principal.account_id,
        asked.current_password,
        asked.new_password,
        address=request.remote or "",
        known_device=known_device(request),
        keep_session=current_session(request),
        end_api_keys=asked.end_api_keys,
    )
    return web.Response(status=204)


async def list_sessions(request: web.Request) -> web.Response:
    """Where I am logged in, newest first."""
    principal = require_principal(request)
    asked = read_query(request, ListQuery)
    sessions, next_cursor = await request.app[ACCOUNT_SESSIONS].list(
        principal.account_id, cursor=asked.cursor, limit=asked.limit
    )
    current = current_session(request)
    items = [present_session(session, current) for session in sessions]
    return json_response(SessionPage(items=items, next_cursor=next_cursor))


async def end_own_session(request: web.Request) -> web.Response:
    """Ends one of my sessions; it is over everywhere within 30 seconds."""
    principal = require_principal(request)
    await request.app[ACCOUNT_SESSIONS].end_by_id(
        asker_of(request), principal.account_id, request.match_info["session_id"]
    )
    return web.Response(status=204)


async def create_api_key(request: web.Request) -> web.Response:
    """A key for a program; its secret is in this answer and never again."""
    principal = require_principal(request)
    asked = await read_json(request, CreateApiKey)

    async def create(claim: Claim | None) -> ApiKeyShown:
        key, secret = await request.app[API_KEYS].add(
            asker_of(request),
            principal.account_id,
            name=asked.name,
            scopes=asked.scopes,
            expires_at=asked.expires_at,
            remember=None if claim is None else lambda key: claim.keep(present_api_key(key).model_dump_json()),
        )
        return present_api_key(key, secret)

    shown = await create_once(request, asked, ApiKeyShown, create)
    location = request.app.router["delete-api-key"].url_for(key_id=shown.id)
    return json_response(shown, status=201, headers={"Location": str(location)})


async def list_api_keys(request: web.Request) -> web.Response:
    """My API keys, newest first."""
    principal = require_principal(request)
    asked = read_query(request, ListQuery)
    keys, next_cursor = await request.app[API_KEYS].list(principal.account_id, cursor=asked.cursor, limit=asked.limit)
    return json_response(ApiKeyPage(items=[present_api_key(key) for key in keys], next_cursor=next_cursor))


async def delete_api_key(request: web.Request) -> web.Response:
    """Ends an API key; access tokens that it gave live out their five minutes."""
    principal = require_principal(request)
    await request.app[API_KEYS].delete(asker_of(request), principal.account_id, id_in_path(request, "key_id"))
    return web.Response(status=204)


def present_me(account: Account) -> Me:
    """An account as its owner sees it."""
    return Me(
        id=account.id,
        username=account.username,
        role=account.role.value,
        quota_bytes=account.quota_bytes,
        created_at=rfc3339(account.created_at),
    )


def present_session(session: Session, current: str | None) -> SessionShown:
    """A log-in as its owner sees it; `current` is the hash of the one that asks."""
    return SessionShown(
        id=session.id,
        created_at=rfc3339(session.created_at),
        last_seen_at=rfc3339(session.last_seen_at),
        user_agent=session.user_agent,
        address=session.address,
        current=session.secret_hash == current,
    )


def present_api_key(key: ApiKey, secret: str | None = None) -> ApiKeyShown:
    return ApiKeyShown(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        scopes=key.scopes.split(),
        created_at=rfc3339(key.created_at),
        expires_at=None if key.expires_at is None else rfc3339(key.expires_at),
        last_used_at=None if key.last_used_at is None else rfc3339(key.last_used_at),
        api_key=secret,
    )
