"""Somebody's own account."""

from __future__ import annotations

from aiohttp import web

from auth_svc.accounts import models
from auth_svc.app_keys import ACCOUNTS
from auth_svc.asking import asker_of
from common.errors import Unauthenticated
from common.web.requests import read_json, require_principal
from common.web.responses import json_response
from common.web.sessions import known_device


async def get_me(request: web.Request) -> web.Response:
    """The current account."""
    principal = require_principal(request)
    account = await request.app[ACCOUNTS].get(principal.account_id)
    if account is None:
        raise Unauthenticated
    return json_response(models.Me.model_validate(account))


async def change_password(request: web.Request) -> web.Response:
    """Changes the password; ends all other sessions and all refresh tokens."""
    by = asker_of(request)
    asked = await read_json(request, models.ChangePassword)
    await request.app[ACCOUNTS].change_password(
        by,
        asked.current_password,
        asked.new_password,
        known_device=known_device(request),
        end_api_keys=asked.end_api_keys,
    )
    return web.Response(status=204)
