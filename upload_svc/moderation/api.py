"""The JSON handlers of this room."""

from __future__ import annotations

from aiohttp import web

from common.web.requests import id_in_path, read_json, read_query, require_principal
from common.web.responses import json_response
from upload_svc.api import page_of_grants
from upload_svc.grant_store import Target
from upload_svc.models import ListGrants
from upload_svc.moderation.app_keys import MODERATION
from upload_svc.moderation.models import Moderate, ModeratedGrantPage, present_moderated_link


async def moderate_upload(request: web.Request) -> web.Response:
    """For administrators: hides a video from everyone but its owner, or unhides it. Idempotent."""
    principal, upload_id = require_principal(request), id_in_path(request, "upload_id")
    asked = await read_json(request, Moderate)
    moderation = request.app[MODERATION]
    change = moderation.hide if asked.hidden else moderation.show
    await change(principal, upload_id, address=request.remote or "")
    return web.Response(status=204)


async def delete_moderated_upload(request: web.Request) -> web.Response:
    """For administrators: permanently deletes any video."""
    principal = require_principal(request)
    await request.app[MODERATION].delete(principal, id_in_path(request, "upload_id"), address=request.remote or "")
    return web.Response(status=204)


async def list_moderated_grants(request: web.Request) -> web.Response:
    """For administrators: who else may watch any video, as its owner sees it, and by which links guests send to it."""
    principal, asked, target = (
        require_principal(request),
        read_query(request, ListGrants),
        Target(id_in_path(request, "upload_id")),
    )
    moderation = request.app[MODERATION]
    video, listed, next_cursor = await moderation.access(principal, target.id, cursor=asked.cursor, limit=asked.limit)
    page = await page_of_grants(request, target, listed, next_cursor)
    links = [
        present_moderated_link(one, title, owner=video.owner_username)
        for one, title in await moderation.upload_links(principal, video)
    ]
    return json_response(ModeratedGrantPage(**dict(page), upload_links=links))


async def delete_moderated_grant(request: web.Request) -> web.Response:
    """For administrators: revokes a grant or a link of any video, or of a collection that it is in. Idempotent."""
    principal, upload_id = require_principal(request), id_in_path(request, "upload_id")
    grant_id = id_in_path(request, "grant_id")
    await request.app[MODERATION].revoke(principal, upload_id, grant_id, address=request.remote or "")
    return web.Response(status=204)
