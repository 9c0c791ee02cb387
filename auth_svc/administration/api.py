"""Accounts, for administrators."""

from __future__ import annotations

from aiohttp import web

from auth_svc.accounts.store import Account
from auth_svc.administration import models
from auth_svc.app_keys import ACCOUNT_DELETIONS
from auth_svc.asking import administration_for, asker_of
from auth_svc.models import ListQuery
from common.idempotency import Claim
from common.web.idempotency import create_once
from common.web.keys import SITE
from common.web.requests import id_in_path, read_json, read_query
from common.web.responses import json_response


async def create_account(request: web.Request) -> web.Response:
    """For administrators: creates an account; without a password, returns a link to set one."""
    administration = await administration_for(request)
    asked = await read_json(request, models.CreateAccount)

    async def create(claim: Claim | None) -> models.Account:
        remember = None if claim is None else lambda account: claim.keep(_account(account).model_dump_json())
        account, secret = await administration.add(
            asker_of(request),
            username=asked.username,
            password=asked.password,
            role=asked.role,
            quota_bytes=asked.quota_bytes,
            is_disabled=asked.disabled,
            remember=remember,
        )
        if secret is None:
            return _account(account)
        return _account(account, set_password_url(request, secret))

    created = await create_once(request, asked, models.Account, create)
    location = request.app.router["get-account"].url_for(account_id=created.id)
    return json_response(created, status=201, headers={"Location": str(location)})


async def list_accounts(request: web.Request) -> web.Response:
    """For administrators: all accounts, newest first."""
    administration = await administration_for(request)
    asked = read_query(request, ListQuery)
    accounts, next_cursor = await administration.list(cursor=asked.cursor, limit=asked.limit)
    return json_response(models.AccountPage(items=[_account(account) for account in accounts], next_cursor=next_cursor))


async def get_account(request: web.Request) -> web.Response:
    """For administrators: one account."""
    administration = await administration_for(request)
    return json_response(_account(await administration.get(id_in_path(request, "account_id"))))


async def edit_account(request: web.Request) -> web.Response:
    """For administrators: changes role, quota, password or status; access that is removed ends at once."""
    administration = await administration_for(request)
    asked = await read_json(request, models.EditAccount)
    given = asked.model_dump(mode="json", include=asked.model_fields_set)
    password = given.pop("password", None)
    if "disabled" in given:
        given["is_disabled"] = given.pop("disabled")
    account = await administration.change(
        asker_of(request), id_in_path(request, "account_id"), given, password=password
    )
    return json_response(_account(account))


async def delete_account(request: web.Request) -> web.Response:
    """For administrators: deletes an account; its videos are transferred to you or to `heir`, or deleted."""
    administration = await administration_for(request)
    asked = read_query(request, models.DeleteAccount)
    by = asker_of(request)
    new_owner_id = None if asked.videos is models.Videos.DELETE else asked.heir or by.account_id
    account = await administration.get(id_in_path(request, "account_id"))
    await request.app[ACCOUNT_DELETIONS].delete(by, account, new_owner_id=new_owner_id)
    return web.Response(status=204)


def set_password_url(request: web.Request, secret: str) -> str:
    """The absolute URL of the page on which the owner of the link's secret chooses a password."""
    page = request.app.router["set-password-page"].url_for().with_query(token=secret)
    return request.app[SITE].auth_url + str(page)


def _account(account: Account, set_password_url: str | None = None) -> models.Account:
    return models.Account(
        id=account.id,
        username=account.username,
        role=account.role,
        disabled=account.is_disabled,
        quota_bytes=account.quota_bytes,
        created_at=account.created_at,
        set_password_url=set_password_url,
    )
