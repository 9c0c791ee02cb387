"""What other services ask: sessions for their pages, who administers, with whom to share, whose videos are hidden."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from auth_svc.accounts.standing import Asker
from auth_svc.app_keys import ACCOUNT_DELETIONS, ACCOUNT_SESSIONS, ACCOUNTS, ADMINISTRATION, GRANTS, GROUPS
from common.errors import Forbidden, NotFound, Unauthenticated
from common.languages import N_
from common.tokens import UPLOAD
from common.web.requests import id_in_path, read_json, read_query
from common.web.responses import json_response
from common.web.service_calls import require_service, subject_of
from common.web.sessions import ExchangedSession, SessionSecret, StartSession
from contracts.accounts import (
    AccountDeletionList,
    AskAccount,
    AskGrantee,
    AskNames,
    DisabledAccounts,
    Grantee,
    GranteeList,
    NamedAccount,
    UploadToken,
)
from contracts.shape import MOST_AT_ONCE

_CHANGED: Final = N_("Your account was changed a moment ago. Wait half a minute, or log in again.")


async def list_disabled_accounts(request: web.Request) -> web.Response:
    """Disabled accounts, whose videos are hidden."""
    await require_service(request, "accounts:read")
    return json_response(DisabledAccounts(ids=await request.app[ACCOUNTS].disabled_ids()))


async def confirm_administrator(request: web.Request) -> web.Response:
    """Whether the person in `Vss-Subject-Token` is an administrator right now."""
    await require_service(request, "administrators")
    subject = await subject_of(request)
    if subject is None:
        raise Forbidden(N_("Only administrators can do this."))
    asker = Asker(subject.account_id, "", token_issued_at=subject.issued_at, session_hash=None)
    try:
        await request.app[ADMINISTRATION].require_administrator(asker)
    except Unauthenticated as exc:
        raise Forbidden(_CHANGED) from exc
    return web.Response(status=204)


async def get_account_named(request: web.Request) -> web.Response:
    """The account with this username."""
    await require_service(request, "accounts:read")
    account = await request.app[ACCOUNTS].named(read_query(request, AskAccount).username)
    if account is None:
        raise NotFound
    return json_response(NamedAccount(id=account.id, username=account.username))


async def create_upload_token(request: web.Request) -> web.Response:
    """An access token by which a service sends files for this account, as somebody whom its owner has asked for them.

    Asked for at each step: the quota is the one of now, and who is disabled takes nothing.
    """
    await require_service(request, "upload-tokens")
    account = await request.app[ACCOUNTS].get(id_in_path(request, "account_id"))
    token = None
    if account is not None and not account.is_disabled:
        token = await request.app[GRANTS].issue_for(account, scope=UPLOAD)
    return json_response(UploadToken(access_token=token))


async def get_grantee(request: web.Request) -> web.Response:
    """The name of an account, or of a group that the person in `Vss-Subject-Token` can see."""
    asker, subject = await _subject(request), read_query(request, AskGrantee).subject
    try:
        name = await request.app[GROUPS].grantee_name(asker, subject)
    except Unauthenticated as exc:
        raise Forbidden(_CHANGED) from exc
    if name is None:
        raise NotFound
    return json_response(Grantee(subject=subject, name=name))


async def list_grantees(request: web.Request) -> web.Response:
    """Up to 100 groups that the person in `Vss-Subject-Token` can see, by name."""
    asker = await _subject(request)
    try:
        groups, _ = await request.app[GROUPS].list(asker, cursor=None, limit=MOST_AT_ONCE)
    except Unauthenticated as exc:
        raise Forbidden(_CHANGED) from exc
    return json_response(GranteeList(items=[Grantee(subject=f"group:{group.id}", name=group.name) for group in groups]))


async def list_names(request: web.Request) -> web.Response:
    """What accounts and groups are called now, without those that there are not."""
    await require_service(request, "accounts:read")
    names = await request.app[GROUPS].names((await read_json(request, AskNames)).subjects)
    return json_response(GranteeList(items=[Grantee(subject=subject, name=name) for subject, name in names.items()]))


async def _subject(request: web.Request) -> Asker:
    """The person whom the calling service asks for. Raises Unauthenticated and Forbidden."""
    await require_service(request, "accounts:read")
    subject = await subject_of(request)
    if subject is None:
        raise Unauthenticated
    return Asker(subject.account_id, "", token_issued_at=subject.issued_at, session_hash=None)


async def list_account_deletions(request: web.Request) -> web.Response:
    """Deleted accounts that may still have data, and who gets their videos."""
    await require_service(request, "departures")
    return json_response(AccountDeletionList(items=await request.app[ACCOUNT_DELETIONS].list()))


async def settle_account_deletion(request: web.Request) -> web.Response:
    """Reports that the calling service has no data of a deleted account left."""
    service = await require_service(request, "departures")
    await request.app[ACCOUNT_DELETIONS].settle(
        id_in_path(request, "account_id"), service.account_id.removeprefix("svc:")
    )
    return web.Response(status=204)


async def start_session(request: web.Request) -> web.Response:
    """Starts a browser session, for another service's login page."""
    await require_service(request, "sessions")
    asked = await read_json(request, StartSession)
    started = await request.app[ACCOUNT_SESSIONS].start(
        asked.username,
        asked.password,
        user_agent=asked.user_agent,
        address=asked.address,
        known_device=asked.known_device,
    )
    return json_response(started, status=201)


async def exchange_session(request: web.Request) -> web.Response:
    """An access token for a session."""
    await require_service(request, "sessions")
    asked = await read_json(request, SessionSecret)
    token = await request.app[ACCOUNT_SESSIONS].exchange_for_token(asked.session)
    return json_response(ExchangedSession(access_token=token))


async def end_session(request: web.Request) -> web.Response:
    """Ends a session."""
    await require_service(request, "sessions")
    asked = await read_json(request, SessionSecret)
    await request.app[ACCOUNT_SESSIONS].end(asked.session)
    return web.Response(status=204)
