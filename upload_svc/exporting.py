"""What upload_svc keeps about a person, for them to download."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from aiohttp import web

from catalogue.videos import VideoState
from common.tokens import Principal
from common.web.exports import every, send_export
from common.web.keys import SITE
from common.web.requests import require_whole_principal
from upload_svc.app_keys import UPLOADS
from upload_svc.collections.app_keys import COLLECTIONS
from upload_svc.collections.models import ExportedCollection
from upload_svc.models import present
from upload_svc.uploads import Upload
from upload_svc.webhooks.app_keys import WEBHOOKS
from upload_svc.webhooks.models import present_webhook

_LIVE: Final = (VideoState.READY, VideoState.UPLOADING, VideoState.TRASHED)


async def export(request: web.Request) -> web.StreamResponse:
    """GET /videos/export: the person's videos, collections and webhooks."""
    principal = require_whole_principal(request)
    uploads, stream_url = request.app[UPLOADS], request.app[SITE].stream_url
    found = every(lambda cursor: uploads.list(principal, _LIVE, cursor=cursor, limit=100))
    videos = (present(_without_urls(upload), stream_url=stream_url) async for upload in found)
    hooks = every(lambda cursor: request.app[WEBHOOKS].list(principal, cursor=cursor, limit=100))
    webhooks = (present_webhook(webhook) async for webhook in hooks)
    lists = {"videos": videos, "collections": _collections(request, principal), "webhooks": webhooks}
    return await send_export(request, "vss-videos.json", lists)


async def _collections(request: web.Request, principal: Principal) -> AsyncIterator[ExportedCollection]:
    collections = request.app[COLLECTIONS]
    async for overview in every(lambda cursor: collections.list(principal, cursor=cursor, limit=100)):
        one = overview.collection
        yield ExportedCollection(
            id=one.id,
            title=one.title,
            description=one.description,
            created_at=one.created_at,
            updated_at=one.updated_at,
            videos=[*await collections.every_id(principal, one.id)],
        )


def _without_urls(upload: Upload) -> Upload:
    """For what is kept: whoever reads it later is not to see pictures by it."""
    return replace(upload, media=upload.media and replace(upload.media, poster_files={}))
