"""Somebody's own API keys."""

from __future__ import annotations

from aiohttp import web

from auth_svc.api_keys import models
from auth_svc.api_keys.store import ApiKey
from auth_svc.app_keys import API_KEYS
from auth_svc.asking import asker_of
from auth_svc.models import ListQuery
from common.idempotency import Claim
from common.web.idempotency import create_once
from common.web.requests import id_in_path, read_json, read_query, require_principal
from common.web.responses import json_response


async def create_api_key(request: web.Request) -> web.Response:
    """Creates an API key; only this response contains its secret."""
    by = asker_of(request)
    asked = await read_json(request, models.CreateApiKey)

    async def create(claim: Claim | None) -> models.ApiKey:
        key, secret = await request.app[API_KEYS].add(
            by,
            name=asked.name,
            scopes=asked.scopes,
            expires_at=asked.expires_at,
            remember=None if claim is None else lambda key: claim.keep(present_api_key(key).model_dump_json()),
        )
        return present_api_key(key, secret)

    created = await create_once(request, asked, models.ApiKey, create)
    location = request.app.router["delete-api-key"].url_for(key_id=created.id)
    return json_response(created, status=201, headers={"Location": str(location)})


async def list_api_keys(request: web.Request) -> web.Response:
    """Your API keys, newest first."""
    principal = require_principal(request)
    asked = read_query(request, ListQuery)
    keys, next_cursor = await request.app[API_KEYS].list(principal.account_id, cursor=asked.cursor, limit=asked.limit)
    return json_response(models.ApiKeyPage(items=[present_api_key(key) for key in keys], next_cursor=next_cursor))


async def delete_api_key(request: web.Request) -> web.Response:
    """Deletes an API key; access tokens it has given stay valid for their five minutes."""
    await request.app[API_KEYS].delete(asker_of(request), id_in_path(request, "key_id"))
    return web.Response(status=204)


def present_api_key(key: ApiKey, secret: str | None = None) -> models.ApiKey:
    """A key as its owner sees it; `secret` only when it has just been created."""
    return models.ApiKey(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        scopes=key.scopes.split(),
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        api_key=secret,
    )
