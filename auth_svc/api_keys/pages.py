"""The forms of /account for API keys; they work without JavaScript and show the page again."""

from __future__ import annotations

from aiohttp import web

from auth_svc.accounts.pages import back_to_account, faults_of, render_account
from auth_svc.api_keys.form import LIFETIMES, SCOPES, ApiKeyForm
from auth_svc.app_keys import API_KEYS, CLOCK
from auth_svc.asking import asker_of
from common.errors import Invalid
from common.web.requests import id_in_path, read_form_fields, validated


async def create_api_key(request: web.Request) -> web.Response:
    """POST /account/api-keys: the only page that ever shows the key itself."""
    by = asker_of(request)
    fields = await read_form_fields(request)
    try:
        form = validated(ApiKeyForm, fields)
        lifetime = LIFETIMES[form.lifetime][0]
        _, secret = await request.app[API_KEYS].add(
            by,
            name=form.name,
            scopes=SCOPES[form.scopes][0],
            expires_at=None if lifetime is None else request.app[CLOCK]() + lifetime,
        )
    except Invalid as refusal:
        return await render_account(request, {"key_errors": faults_of(refusal), "key_form": fields}, refusal=refusal)
    return await render_account(request, {"new_secret": secret})


async def delete_api_key(request: web.Request) -> web.Response:
    await request.app[API_KEYS].delete(asker_of(request), id_in_path(request, "key_id"))
    return back_to_account("key")
