"""What other services ask: sessions for their pages, who administers, whose videos are hidden or handed over."""

from __future__ import annotations

from aiohttp import web

from auth_svc.app_keys import ACCOUNT_SESSIONS, ACCOUNTS, ADMINISTRATION, DEPARTURES
from auth_svc.store import Asker
from common.errors import Forbidden, NotFound, Unauthenticated
from common.languages import N_
from common.web.requests import id_in_path, read_json, read_query
from common.web.responses import json_response
from common.web.service_calls import require_service, subject_of
from common.web.sessions import ExchangedSession, SessionSecret, StartedSession, StartSession
from contracts.accounts import AccountDeletion, AccountDeletionList, AskAccount, DisabledAccounts, NamedAccount


async def list_disabled_accounts(request: web.Request) -> web.Response:
    """GET /internal/accounts/disabled."""
    await require_service(request, "accounts:read")
    return json_response(DisabledAccounts(ids=await request.app[ACCOUNTS].disabled_ids()))


async def confirm_administrator(request: web.Request) -> web.Response:
    """GET /internal/administrator: of the person in `Vss-Subject-Token`."""
    await require_service(request, "administrators")
    subject = await subject_of(request)
    if subject is None:
        raise Forbidden(N_("This is for administrators."))
    asker = Asker(subject.account_id, "", token_issued_at=subject.issued_at, session_hash=None)
    try:
        await request.app[ADMINISTRATION].require_administrator(asker)
    except Unauthenticated as exc:
        raise Forbidden(N_("Your account has just changed. Wait half a minute, or log in again.")) from exc
    return web.Response(status=204)


async def get_account_named(request: web.Request) -> web.Response:
    """GET /internal/accounts/named."""
    await require_service(request, "accounts:read")
    account = await request.app[ACCOUNTS].named(read_query(request, AskAccount).username)
    if account is None:
        raise NotFound
    return json_response(NamedAccount(id=account.id, username=account.username))


async def list_departures(request: web.Request) -> web.Response:
    """GET /internal/departures."""
    await require_service(request, "departures")
    departures = await request.app[DEPARTURES].list()
    return json_response(
        AccountDeletionList(
            items=[
                AccountDeletion(
                    account_id=departure.account_id,
                    new_owner=None
                    if departure.heir_id is None
                    else NamedAccount(id=departure.heir_id, username=departure.heir_username or ""),
                )
                for departure in departures
            ]
        )
    )


async def settle_departure(request: web.Request) -> web.Response:
    """POST /internal/departures/{account_id}/settled."""
    service = await require_service(request, "departures")
    await request.app[DEPARTURES].settled(id_in_path(request, "account_id"), service.account_id.removeprefix("svc:"))
    return web.Response(status=204)


async def start_session(request: web.Request) -> web.Response:
    """POST /internal/sessions."""
    await require_service(request, "sessions")
    asked = await read_json(request, StartSession)
    session = await request.app[ACCOUNT_SESSIONS].start(
        asked.username,
        asked.password,
        user_agent=asked.user_agent,
        address=asked.address,
        known_device=asked.known_device,
    )
    started = StartedSession(
        session=session.secret,
        lifetime_seconds=int(session.lifetime.total_seconds()),
        known_device=session.known_device,
    )
    return json_response(started, status=201)


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
