"""The page /account: the password, sessions, API keys, groups, recent activity, export and deletion; and choosing a
password.

Its forms work without JavaScript: what succeeds leads back to the page, what does not shows it with what was typed.
The forms for sessions and API keys are handled in their rooms.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from auth_svc.accounts.models import Entry, Me
from auth_svc.api_keys.api import present_api_key
from auth_svc.api_keys.form import LIFETIMES, SCOPES, scopes_in_words
from auth_svc.app_keys import (
    ACCOUNT_DELETIONS,
    ACCOUNT_SESSIONS,
    ACCOUNTS,
    ADMINISTRATION,
    API_KEYS,
    AUDIT,
    CLOCK,
    GROUPS,
    LOG_IN,
)
from auth_svc.asking import asker_of, current_session
from auth_svc.audit.audit import WORDS, about
from auth_svc.errors import LastAdministrator
from auth_svc.groups.models import Membership
from auth_svc.models import ShortText
from auth_svc.sessions.api import present_session
from auth_svc.sessions.devices import device_of
from common.audit import Actor, AuditEntry
from common.errors import Invalid, RateLimited, Refusal, Unauthenticated
from common.languages import N_, gettext
from common.web.exports import every, send_export
from common.web.keys import SITE
from common.web.pages import render
from common.web.requests import Query, read_form_fields, read_query, require_whole_principal, validated
from common.web.sessions import clear_session_cookie, known_device, set_known_device

SET_PASSWORD_PATH: Final = "/account/set-password"
PATH: Final = "/account"

_SHOWN: Final = 100


class PasswordForm(Query):
    current_password: ShortText
    new_password: ShortText
    end_api_keys: bool = False


class DeleteForm(Query):
    delete_password: ShortText


class AccountQuery(Query):
    """The page of recent activity, and what a form has done."""

    cursor: Annotated[str, Field(max_length=1024)] | None = None
    done: Annotated[str, Field(max_length=32)] = ""


# What a form has done, said on the page that it leads to.
_DONE: Final[Mapping[str, str]] = {
    "password": N_("Password changed. You have been logged out of all other devices."),
    "session": N_("Session ended."),
    "sessions": N_("You have been logged out of all other devices."),
    "key": N_("Key deleted. Apps using it lose access within 5 minutes."),
}


# What is wrong with a field, as a sentence.
_FAULT: Final = N_("This %(fault)s.")
_FAULTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("password", "current_password", "new_password", "delete_password"), N_("The password %(fault)s.")),
    "username": N_("The username %(fault)s."),
    "role": N_("The role %(fault)s."),
    "disabled": N_("The status %(fault)s."),
    "quota": N_("The quota %(fault)s."),
    "videos": N_("The choice for the videos %(fault)s."),
    "heir": N_("The new owner %(fault)s."),
    "account_id": N_("The account %(fault)s."),
    "confirm": N_("What you typed %(fault)s."),
}


async def home(request: web.Request) -> web.Response:
    """GET /: there is nothing to see here; the library is the home of the site."""
    return web.Response(status=303, headers={"Location": request.app[SITE].stream_url + "/"})


async def account_page(request: web.Request) -> web.Response:
    return await render_account(request, {})


async def change_password(request: web.Request) -> web.Response:
    by = asker_of(request)
    fields = await read_form_fields(request)
    try:
        form = validated(PasswordForm, fields)
        shown_next_time = await request.app[ACCOUNTS].change_password(
            by,
            form.current_password,
            form.new_password,
            known_device=known_device(request),
            end_api_keys=form.end_api_keys,
        )
    except (Invalid, RateLimited) as refusal:
        # Passwords are not shown again: a page is kept by browsers.
        return await render_account(request, {"password_errors": faults_of(refusal)}, refusal=refusal)
    response = back_to_account("password")
    set_known_device(request, response, shown_next_time)
    return response


async def delete_account(request: web.Request) -> web.Response:
    """POST /account/delete: with everything it owns; the visitor is logged out by it."""
    principal = require_whole_principal(request)
    fields = await read_form_fields(request)
    account = await request.app[ACCOUNTS].get(principal.account_id)
    if account is None:
        raise Unauthenticated
    try:
        form = validated(DeleteForm, fields)
        await request.app[LOG_IN].confirm(
            account, form.delete_password, address=request.remote or "", known_device=known_device(request)
        )
        # The password has just been given: that is more than any token or session.
        by = Actor(account.id, request.remote or "")
        await request.app[ACCOUNT_DELETIONS].delete(by, account, new_owner_id=None)
    except (Invalid, RateLimited, LastAdministrator) as refusal:
        errors = faults_of(refusal)
        # The form for another password has a field for the present one too.
        errors["delete_password"] = errors.pop("current_password", errors.get("delete_password", ""))
        return await render_account(request, {"delete_errors": errors}, refusal=refusal)
    response = web.Response(status=303, headers={"Location": "/login"})
    clear_session_cookie(request, response)
    return response


async def set_password_page(request: web.Request) -> web.Response:
    """GET /account/set-password: where a link leads by which somebody chooses their password."""
    token = request.query.get("token", "")
    account = await request.app[ADMINISTRATION].owner_of_link(token)
    return render(request, "set_password.html", {"token": token, "username": account.username, "errors": {}})


async def set_password(request: web.Request) -> web.Response:
    """POST /account/set-password: sets it, and leads to the log-in."""
    fields = await read_form_fields(request)
    token = fields.get("token", "")
    administration = request.app[ADMINISTRATION]
    try:
        await administration.choose_password(token, fields.get("password", ""), address=request.remote or "")
    except Invalid as refusal:
        account = await administration.owner_of_link(token)
        context = {"token": token, "username": account.username, "errors": faults_of(refusal)}
        return render(request, "set_password.html", context, status=refusal.status)
    return web.Response(status=303, headers={"Location": "/login"})


async def export(request: web.Request) -> web.StreamResponse:
    """GET /account/export: what auth_svc keeps about a person, except hashes of secrets."""
    account_id = require_whole_principal(request).account_id
    app = request.app
    account = await app[ACCOUNTS].get(account_id)
    if account is None:
        raise Unauthenticated
    sessions = every(lambda cursor: app[ACCOUNT_SESSIONS].list(account_id, cursor=cursor, limit=_SHOWN))
    keys = every(lambda cursor: app[API_KEYS].list(account_id, cursor=cursor, limit=_SHOWN))
    by = asker_of(request)
    groups = every(lambda cursor: app[GROUPS].list(by, is_own=True, cursor=cursor, limit=_SHOWN))
    entries = every(lambda cursor: app[AUDIT].list(account_id, cursor=cursor, limit=_SHOWN))
    current = current_session(request)
    return await send_export(
        request,
        "vss-account.json",
        {
            "sessions": (present_session(session, current) async for session in sessions),
            "api_keys": (present_api_key(key) async for key in keys),
            "groups": (Membership.model_validate(group) async for group in groups),
            "audit": (_present_entry(entry, account_id) async for entry in entries),
        },
        account=Me.model_validate(account),
    )


def _present_entry(entry: AuditEntry, account_id: str) -> Entry:
    by_me = entry.actor_id == account_id
    return Entry(
        at=entry.at,
        action=entry.action,
        by_me=by_me,
        # An administrator's address is not the account's business.
        address=entry.address if by_me or entry.actor_id is None else "",
        details=json.loads(entry.details),
    )


def back_to_account(done: str) -> web.Response:
    """To the page, which says what a form has done (`_DONE`)."""
    return web.Response(status=303, headers={"Location": f"{PATH}?done={done}"})


def faults_of(refusal: Refusal) -> dict[str, str]:
    """What is wrong with each field, as a sentence; under `` what belongs to none."""
    if isinstance(refusal, Invalid):
        faults = {fault["pointer"].removeprefix("#/"): fault["detail"] for fault in refusal.errors}
        return {name: gettext(_FAULTS.get(name, _FAULT)) % {"fault": detail} for name, detail in faults.items()}
    return {"": gettext(refusal.detail)}


async def render_account(
    request: web.Request, context: Mapping[str, object], *, refusal: Refusal | None = None
) -> web.Response:
    """The page, with `context` over what it shows otherwise, and the refusal of the form that was sent to it."""
    principal = require_whole_principal(request)
    account = await request.app[ACCOUNTS].get(principal.account_id)
    if account is None:
        raise Unauthenticated
    query = read_query(request, AccountQuery)
    sessions, _ = await request.app[ACCOUNT_SESSIONS].list(account.id, cursor=None, limit=_SHOWN)
    keys, _ = await request.app[API_KEYS].list(account.id, cursor=None, limit=_SHOWN)
    entries, next_cursor = await request.app[AUDIT].list(account.id, cursor=query.cursor, limit=20)
    groups, _ = await request.app[GROUPS].list(asker_of(request), is_own=True, cursor=None, limit=_SHOWN)
    current, now = current_session(request), request.app[CLOCK]()
    response = render(
        request,
        "account.html",
        {
            "owner": account,
            "sessions": [
                {
                    "session": session,
                    "device": device_of(session.user_agent),
                    "is_current": session.secret_hash == current,
                }
                for session in sorted(sessions, key=lambda session: session.secret_hash != current)
            ],
            "keys": [{"key": key, "scopes": scopes_in_words(key), "is_over": key.has_expired(now)} for key in keys],
            "entries": [
                {"entry": entry, "words": gettext(WORDS.get(entry.action, entry.action)), "about": about(entry)}
                for entry in entries
            ],
            "groups": groups,
            "older_url": None if next_cursor is None else str(request.rel_url.with_query(cursor=next_cursor)),
            "is_first": query.cursor is None,
            "done": gettext(_DONE.get(query.done, "")),
            # Whoever changes a password because somebody else may know it must know that these still work.
            "keys_that_stay": sum(not key.has_expired(now) for key in keys) if query.done == "password" else 0,
            "scope_choices": [(name, gettext(words)) for name, (_, words) in SCOPES.items()],
            "lifetime_choices": [(name, gettext(words)) for name, (_, words) in LIFETIMES.items()],
            "password_errors": {},
            "key_errors": {},
            "delete_errors": {},
            "key_form": {},
            "new_secret": None,
            **context,
        },
        status=200 if refusal is None else refusal.status,
    )
    if refusal is not None:
        response.headers.update(refusal.headers)
    return response
