"""What administrators see and do in a browser: accounts, and one account."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Annotated, Final

from aiohttp import web
from pydantic import PlainValidator
from yarl import URL

from auth_svc.accounts.pages import faults_of
from auth_svc.accounts.store import Account, Role
from auth_svc.accounts.usernames import spellings
from auth_svc.administration.administration import LINK_LIFETIME
from auth_svc.administration.api import set_password_url
from auth_svc.administration.models import MAX_QUOTA_BYTES, Username, Videos
from auth_svc.app_keys import ACCOUNT_DELETIONS, AUDIT, FS
from auth_svc.asking import administration_for, asker_of
from auth_svc.audit.audit import Action
from auth_svc.audit.pages import entries_in_words
from auth_svc.errors import LastAdministrator
from auth_svc.models import SearchQuery, ShortText
from common.errors import Invalid, Unavailable
from common.languages import N_, gettext
from common.web.forms import as_shown, changed_fields
from common.web.keys import SITE
from common.web.pages import render
from common.web.requests import Query, id_in_path, read_form_fields, read_query, require_whole_principal, validated
from contracts.objects import Usage

GB: Final = 10**9
# To the byte, and no further; in the digits of any script, which Decimal reads as well.
_GIGABYTES: Final = re.compile(r"\d{1,9}(?:\.\d{1,9})?")
_ENTRIES_OF_AN_ACCOUNT: Final = 50
_NOTHING: Final = Usage(stored=0, reserved=0)
_NEW_ACCOUNT: Final[Mapping[str, str]] = {"username": "", "role": Role.MEMBER.value, "quota": ""}


def _quota(typed: object) -> int | None:
    """Gigabytes as somebody types them, in bytes; nothing is no limit."""
    text = str(typed).strip()
    if not text:
        return None
    size = int(Decimal(text) * GB) if _GIGABYTES.fullmatch(text) else -1
    if not 0 <= size <= MAX_QUOTA_BYTES:
        raise ValueError(N_("must be a number of GB from 0 to 9007199, such as 50 or 1.5, or empty for no limit"))
    return size


Quota = Annotated[int | None, PlainValidator(_quota)]


class NewAccountForm(Query):
    """The form for a new account; without a password there is a link."""

    username: Username
    password: ShortText = ""
    role: Role
    quota: Quota


class AccountForm(Query):
    role: Role
    disabled: bool
    quota: Quota


# What the form changes, by its fields.
_COLUMNS: Final = {"role": "role", "disabled": "is_disabled", "quota": "quota_bytes"}


class DeleteAccountForm(Query):
    """The form that deletes an account; `confirm` is its name, typed once more."""

    videos: Videos
    heir: ShortText = ""
    confirm: ShortText


async def accounts_page(request: web.Request) -> web.Response:
    """GET /admin: all accounts, or those that were searched for, and how the storage is."""
    administration = await administration_for(request)
    asked = read_query(request, SearchQuery)
    accounts, next_cursor = await administration.list(q=asked.q, cursor=asked.cursor, limit=asked.limit)
    # Who searches, or reads on, has other questions.
    has_storage = not asked.q and asked.cursor is None
    # Together: fs_svc may be away, and each waits a while for it.
    usage, storage = await asyncio.gather(
        _usage(request, [account.id for account in accounts]), request.app[FS].storage() if has_storage else _nothing()
    )
    context = {
        "accounts": accounts,
        "usage": usage,
        "searched": asked.q,
        "is_first_page": asked.cursor is None,
        "has_storage": has_storage,
        "storage": storage,
        "moderation_url": f"{request.app[SITE].upload_url}/videos/moderation",
        "first_url": request.rel_url.without_query_params("cursor"),
        "next_url": None if next_cursor is None else request.rel_url.update_query(cursor=next_cursor),
    }
    return render(request, "admin.html", context)


async def check_storage(request: web.Request) -> web.Response:
    """POST /admin/storage/check: has bucket and rows compared, and leads to where the outcome will be."""
    await administration_for(request)
    # Where fs_svc is away the page says so, and nothing has been done.
    with suppress(Unavailable):
        await request.app[FS].check_storage()
        await request.app[AUDIT].record(Action.STORAGE_CHECKED, asker_of(request))
    return web.Response(status=303, headers={"Location": "/admin#storage"})


async def new_account_page(request: web.Request) -> web.Response:
    await administration_for(request)
    return _new_account(request)


async def add_account(request: web.Request) -> web.Response:
    """POST /admin/accounts; without a password the answer is the one place where the link for it is shown."""
    administration = await administration_for(request)
    fields = await read_form_fields(request)
    try:
        form = validated(NewAccountForm, fields)
        account, secret = await administration.add(
            asker_of(request),
            username=form.username,
            password=form.password or None,
            role=form.role,
            quota_bytes=form.quota,
        )
    except Invalid as refusal:
        return _new_account(request, form=fields, refusal=refusal)
    if secret is None:
        return web.Response(status=303, headers={"Location": str(_address_of(request, account.id))})
    return await _account(request, account, secret=secret, status=201)


async def account_page(request: web.Request) -> web.Response:
    administration = await administration_for(request)
    return await _account(request, await administration.get(id_in_path(request, "account_id")))


async def change_account(request: web.Request) -> web.Response:
    administration = await administration_for(request)
    account = await administration.get(id_in_path(request, "account_id"))
    fields = await read_form_fields(request)
    try:
        form = validated(AccountForm, fields)
        asked = {"role": form.role.value, "disabled": form.disabled, "quota": form.quota}
        # What stays as the page showed it, or is so already, is no change: neither for somebody who has changed it
        # meanwhile, nor in the audit log, nor for who is logged in.
        changes = {
            column: asked[name]
            for name, column in _COLUMNS.items()
            if name in changed_fields(fields, _COLUMNS) and asked[name] != getattr(account, column)
        }
        await administration.change(asker_of(request), account.id, changes)
    except (Invalid, LastAdministrator) as refusal:
        return await _account(request, account, form=fields, refusal=refusal)
    return web.Response(status=303, headers={"Location": str(_address_of(request, account.id))})


async def delete_account(request: web.Request) -> web.Response:
    administration = await administration_for(request)
    account = await administration.get(id_in_path(request, "account_id"))
    fields = await read_form_fields(request)
    try:
        form = validated(DeleteAccountForm, fields)
        if account.username not in spellings(form.confirm):
            raise Invalid([{"pointer": "#/confirm", "detail": gettext("doesn’t match this account’s username")}])
        new_owner_id = None if form.videos is Videos.DELETE else await administration.new_owner_id(form.heir)
        await request.app[ACCOUNT_DELETIONS].delete(asker_of(request), account, new_owner_id=new_owner_id)
    except (Invalid, LastAdministrator) as refusal:
        return await _account(request, account, delete_form=fields, refusal=refusal)
    return web.Response(status=303, headers={"Location": str(request.app.router["admin-page"].url_for())})


async def renew_password_link(request: web.Request) -> web.Response:
    """POST /admin/accounts/{account_id}/password-link; the answer is the one place where the link is shown."""
    administration = await administration_for(request)
    account, secret = await administration.renew_password_link(asker_of(request), id_in_path(request, "account_id"))
    return await _account(request, account, secret=secret)


def _new_account(
    request: web.Request, *, form: Mapping[str, str] = _NEW_ACCOUNT, refusal: Invalid | None = None
) -> web.Response:
    context = {"form": {**_NEW_ACCOUNT, **form}, "errors": {} if refusal is None else faults_of(refusal)}
    return render(request, "admin_new_account.html", context, status=refusal.status if refusal else 200)


async def _account(
    request: web.Request,
    account: Account,
    *,
    form: Mapping[str, str] | None = None,
    delete_form: Mapping[str, str] | None = None,
    refusal: Invalid | LastAdministrator | None = None,
    secret: str | None = None,
    status: int = 200,
) -> web.Response:
    entries, _ = await request.app[AUDIT].list(account.id, cursor=None, limit=_ENTRIES_OF_AN_ACCOUNT)
    stored = {
        "role": account.role.value,
        "disabled": "true" if account.is_disabled else "false",
        "quota": "" if account.quota_bytes is None else _gigabytes(account.quota_bytes),
    }
    context = {
        "shown": account,
        "usage": await _usage(request, [account.id]),
        "entries": await entries_in_words(request, entries, page_of=account.id),
        "form": {**stored, **as_shown(stored), **(form or {})},
        "delete_form": {
            "videos": Videos.TRANSFER.value,
            "heir": require_whole_principal(request).username,
            **(delete_form or {}),
        },
        "errors": {} if refusal is None else faults_of(refusal),
        "trouble": refusal if isinstance(refusal, LastAdministrator) else None,
        "set_password_url": None if secret is None else set_password_url(request, secret),
        "link_days": LINK_LIFETIME.days,
    }
    return render(request, "admin_account.html", context, status=refusal.status if refusal else status)


async def _usage(request: web.Request, account_ids: Sequence[str]) -> Mapping[str, Usage] | None:
    """What the accounts hold; those that have never uploaded hold nothing. None: it is not known now."""
    usage = await request.app[FS].usage(account_ids) if account_ids else {}
    return None if usage is None else {account_id: usage.get(account_id, _NOTHING) for account_id in account_ids}


async def _nothing() -> None:
    """Nothing is asked."""


def _gigabytes(size: int) -> str:
    return format((Decimal(size) / GB).normalize(), "f")


def _address_of(request: web.Request, account_id: str) -> URL:
    return request.app.router["admin-account-page"].url_for(account_id=account_id)
