"""The routes of this room."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from common.web.routes import delete, get, put
from upload_svc.models import ListGrants
from upload_svc.moderation import api, pages
from upload_svc.moderation.models import Moderate, ModeratedGrantPage

API: Final = (
    put("/v1/uploads/{upload_id}/moderation", api.moderate_upload, {204: None}, body=Moderate),
    delete("/v1/uploads/{upload_id}/moderation", api.delete_moderated_upload, {204: None}),
    get(
        "/v1/uploads/{upload_id}/moderation/grants",
        api.list_moderated_grants,
        {200: ModeratedGrantPage},
        query=ListGrants,
    ),
    delete("/v1/uploads/{upload_id}/moderation/grants/{grant_id}", api.delete_moderated_grant, {204: None}),
)

PAGES: Final = (
    web.get(pages.PATH, pages.videos_page, name="moderation-page"),
    web.post("/videos/moderation/{upload_id}/hide", pages.hide_video, name="hide-video"),
    web.post("/videos/moderation/{upload_id}/show", pages.show_video, name="show-video"),
    web.post("/videos/moderation/{upload_id}/delete", pages.delete_video, name="delete-moderated-video"),
    web.post("/videos/moderation/{upload_id}/grants/{grant_id}/revoke", pages.revoke_grant, name="revoke-grant"),
)
