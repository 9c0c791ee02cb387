"""The page /account: the password, where one is logged in, keys for programs, and what was done in one's name.

Forms that work without JavaScript: what succeeds leads back to the page, what does not shows it with what was typed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Final

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from auth_svc.api.asking import asker_of, current_session
from auth_svc.api.me import present_api_key, present_me, present_session
from auth_svc.app_keys import ACCOUNT_SESSIONS, ACCOUNTS, API_KEYS, AUDIT, CLOCK, CURSORS, DEPARTURES
from auth_svc.audit import WORDS, about
from auth_svc.devices import device_of
from auth_svc.errors import LastAdministrator
from auth_svc.models import Deed, KeyName, ShortText
from auth_svc.store import ApiKey
from common.audit import Actor, AuditEntry
from common.clock import rfc3339
from common.errors import Invalid, RateLimited, Refusal, Unauthenticated
from common.languages import N_, gettext
from common.tokens import ALL, READ, UPLOAD
from common.web.exports import every, send_export
from common.web.pages import render
from common.web.requests import (
    id_in_path,
    read_form_fields,
    read_query,
    require_principal,
    require_whole_principal,
    validated,
)
from common.web.sessions import clear_session_cookie, known_device, set_known_device

PATH: Final = "/account"

# What the form offers: how they are named in it, what they are, and what people read.
_SCOPES: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "read-upload": ((READ, UPLOAD), N_("Watch and upload")),
    "read": ((READ,), N_("Watch")),
    "upload": ((UPLOAD,), N_("Upload")),
    "all": ((ALL,), N_("Full access")),
}
_LIFETIMES: Final[Mapping[str, tuple[timedelta | None, str]]] = {
    "30": (timedelta(days=30), N_("In 30 days")),
    "90": (timedelta(days=90), N_("In 90 days")),
    "365": (timedelta(days=365), N_("In 1 year")),
    "none": (None, N_("Never")),
}
_SHOWN: Final = 100


class PasswordForm(BaseModel):
    """The form for another password."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    current_password: ShortText
    new_password: ShortText
    end_api_keys: bool = False


def _one_of(choices: Mapping[str, object]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in choices:
            raise ValueError(N_("must be one of the options"))
        return value

    return AfterValidator(check)


class ApiKeyForm(BaseModel):
    """The form for a new key."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: KeyName
    scopes: Annotated[str, _one_of(_SCOPES)]
    lifetime: Annotated[str, _one_of(_LIFETIMES)]


class DeleteForm(BaseModel):
    """The form that deletes the account."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    delete_password: ShortText


class AccountQuery(BaseModel):
    """What was done, from where in the list."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    cursor: Annotated[str, Field(max_length=1024)] | None = None
    done: Annotated[str, Field(max_length=32)] = ""


# What a form has done, told on the page that it leads to.
_DONE: Final[Mapping[str, str]] = {
    "password": N_("Password changed. You have been logged out of all other devices."),
    "session": N_("Session ended."),
    "sessions": N_("You have been logged out of all other devices."),
    "key": N_("Key deleted. Apps using it lose access within 5 minutes."),
}


async def account_page(request: web.Request) -> web.Response:
    """GET /account."""
    return await _page(request, {})


async def change_password(request: web.Request) -> web.Response:
    """POST /account/password."""
    principal = require_principal(request)
    fields = await read_form_fields(request)
    try:
        form = validated(PasswordForm, fields)
        shown_next_time = await request.app[ACCOUNTS].change_password(
            principal.account_id,
            form.current_password,
            form.new_password,
            address=request.remote or "",
            known_device=known_device(request),
            keep_session=current_session(request),
            end_api_keys=form.end_api_keys,
        )
    except (Invalid, RateLimited) as refusal:
        # Passwords are not shown again: a page is kept by browsers.
        return await _page(request, {"password_errors": _errors(refusal)}, refusal=refusal)
    response = _done("password")
    set_known_device(request, response, shown_next_time)
    return response


async def end_session(request: web.Request) -> web.Response:
    """POST /account/sessions/{session_id}/end."""
    principal = require_principal(request)
    await request.app[ACCOUNT_SESSIONS].end_by_id(
        asker_of(request), principal.account_id, request.match_info["session_id"]
    )
    return _done("session")


async def end_other_sessions(request: web.Request) -> web.Response:
    """POST /account/sessions/end-others."""
    principal = require_principal(request)
    await request.app[ACCOUNT_SESSIONS].end_others(
        asker_of(request), principal.account_id, keep_session=current_session(request)
    )
    return _done("sessions")


async def create_api_key(request: web.Request) -> web.Response:
    """POST /account/api-keys: the only page that ever shows the key itself."""
    principal = require_principal(request)
    fields = await read_form_fields(request)
    try:
        form = validated(ApiKeyForm, fields)
        lifetime = _LIFETIMES[form.lifetime][0]
        _, secret = await request.app[API_KEYS].add(
            asker_of(request),
            principal.account_id,
            name=form.name,
            scopes=_SCOPES[form.scopes][0],
            expires_at=None if lifetime is None else request.app[CLOCK]() + lifetime,
        )
    except Invalid as refusal:
        return await _page(request, {"key_errors": _errors(refusal), "key_form": fields}, refusal=refusal)
    return await _page(request, {"new_secret": secret})


async def delete_api_key(request: web.Request) -> web.Response:
    """POST /account/api-keys/{key_id}/delete."""
    principal = require_principal(request)
    await request.app[API_KEYS].delete(asker_of(request), principal.account_id, id_in_path(request, "key_id"))
    return _done("key")


async def delete_account(request: web.Request) -> web.Response:
    """POST /account/delete: with all that is its own; the visitor is logged out by it."""
    principal = require_whole_principal(request)
    accounts = request.app[ACCOUNTS]
    fields = await read_form_fields(request)
    account = await accounts.get(principal.account_id)
    if account is None:
        raise Unauthenticated
    try:
        form = validated(DeleteForm, fields)
        await accounts.confirm(
            account, form.delete_password, address=request.remote or "", known_device=known_device(request)
        )
        # The password has just been shown: that is more than any token or session.
        by = Actor(account.id, request.remote or "")
        await request.app[DEPARTURES].remove(by, account, heir_id=None)
    except (Invalid, RateLimited, LastAdministrator) as refusal:
        errors = _errors(refusal)
        # The form for another password has a field for the present one too.
        errors["delete_password"] = errors.pop("current_password", errors.get("delete_password", ""))
        return await _page(request, {"delete_errors": errors}, refusal=refusal)
    response = web.Response(status=303, headers={"Location": "/login"})
    clear_session_cookie(request, response)
    return response


async def export(request: web.Request) -> web.StreamResponse:
    """GET /account/export: what auth_svc keeps about a person, but for hashes of secrets."""
    account_id = require_whole_principal(request).account_id
    app = request.app
    account = await app[ACCOUNTS].get(account_id)
    if account is None:
        raise Unauthenticated
    sessions = every(lambda cursor: app[ACCOUNT_SESSIONS].list(account_id, cursor=cursor, limit=_SHOWN))
    keys = every(lambda cursor: app[API_KEYS].list(account_id, cursor=cursor, limit=_SHOWN))
    entries = every(lambda cursor: app[AUDIT].list(app[CURSORS], account_id, cursor=cursor, limit=_SHOWN))
    current = current_session(request)
    return await send_export(
        request,
        "vss-account.json",
        {
            "sessions": (present_session(session, current) async for session in sessions),
            "api_keys": (present_api_key(key) async for key in keys),
            "audit": (_deed(entry, account_id) async for entry in entries),
        },
        account=present_me(account),
    )


def _deed(entry: AuditEntry, account_id: str) -> Deed:
    by_me = entry.actor_id == account_id
    return Deed(
        at=rfc3339(entry.at),
        action=entry.action,
        by_me=by_me,
        # Where an administrator sat is theirs.
        address=entry.address if by_me or entry.actor_id is None else "",
        details=json.loads(entry.details),
    )


def _done(what: str) -> web.Response:
    return web.Response(status=303, headers={"Location": f"{PATH}?done={what}"})


def _errors(refusal: Refusal) -> dict[str, str]:
    """What is wrong with each field, as a sentence; under `` what belongs to none."""
    if isinstance(refusal, Invalid):
        faults = {fault["pointer"].removeprefix("#/"): fault["detail"] for fault in refusal.errors}
        password, other = gettext("The password %(fault)s."), gettext("This %(fault)s.")
        return {
            name: (password if name.endswith("password") else other) % {"fault": detail}
            for name, detail in faults.items()
        }
    return {"": gettext(refusal.detail)}


async def _page(request: web.Request, context: Mapping[str, object], *, refusal: Refusal | None = None) -> web.Response:
    principal = require_whole_principal(request)
    account = await request.app[ACCOUNTS].get(principal.account_id)
    if account is None:
        raise Unauthenticated
    query = read_query(request, AccountQuery)
    sessions, _ = await request.app[ACCOUNT_SESSIONS].list(account.id, cursor=None, limit=_SHOWN)
    keys, _ = await request.app[API_KEYS].list(account.id, cursor=None, limit=_SHOWN)
    entries, next_cursor = await request.app[AUDIT].list(
        request.app[CURSORS], account.id, cursor=query.cursor, limit=20
    )
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
                for session in sessions
            ],
            "keys": [{"key": key, "scopes": _in_words(key), "is_over": key.is_over(now)} for key in keys],
            "entries": [
                {"entry": entry, "words": gettext(WORDS.get(entry.action, entry.action)), "about": about(entry)}
                for entry in entries
            ],
            "older_url": None if next_cursor is None else str(request.rel_url.with_query(cursor=next_cursor)),
            "is_first": query.cursor is None,
            "done": gettext(_DONE.get(query.done, "")),
            # Who changes a password because somebody else may know it, must know that these are as good as before.
            "keys_that_stay": sum(not key.is_over(now) for key in keys) if query.done == "password" else 0,
            "scope_choices": [(name, gettext(words)) for name, (_, words) in _SCOPES.items()],
            "lifetime_choices": [(name, gettext(words)) for name, (_, words) in _LIFETIMES.items()],
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


def _in_words(key: ApiKey) -> str:
    scopes = set(key.scopes.split())
    return next((gettext(words) for known, words in _SCOPES.values() if set(known) == scopes), key.scopes)
