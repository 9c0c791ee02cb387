"""upload_svc's table of contents."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from common.tokens import READ, UPLOAD
from common.web.routes import IDEMPOTENCY, delete, get, patch, post, put
from contracts import media
from contracts.accounts import GranteeList
from contracts.objects import AskPartUrls, PartUrls
from upload_svc import api, exporting, internal_api, pages, previews_pages
from upload_svc.api import IF_MATCH
from upload_svc.collections import routes as collections
from upload_svc.companion.routes import COMPANION
from upload_svc.errors import COMPLETING, SIGNING
from upload_svc.guests import routes as guests
from upload_svc.models import (
    AskGrantees,
    Batch,
    BatchResults,
    ChoosePoster,
    CompleteUpload,
    CreateGrant,
    CreateShare,
    CreateUpload,
    EditUpload,
    Grant,
    GrantPage,
    Integrity,
    ListGrants,
    ListUploads,
    Upload,
    UploadPage,
)
from upload_svc.moderation import routes as moderation
from upload_svc.webhooks import routes as webhooks

API: Final = (
    post(
        "/v1/uploads",
        api.create_upload,
        {201: Upload},
        scopes=(UPLOAD,),
        body=CreateUpload,
        headers=IDEMPOTENCY,
        refusals=("quota-exceeded", "storage-unavailable"),
    ),
    get("/v1/uploads", api.list_uploads, {200: UploadPage}, scopes=(READ, UPLOAD), query=ListUploads),
    post(
        "/v1/uploads/batch",
        api.batch_uploads,
        {200: BatchResults},
        body=Batch,
        time_limit_seconds=60,
        call_weight=10.0,
    ),
    get(
        "/v1/uploads/{upload_id}",
        api.get_upload,
        {200: Upload},
        scopes=(READ, UPLOAD),
        refusals=("storage-unavailable",),
    ),
    post(
        "/v1/uploads/{upload_id}/part-urls",
        api.create_part_urls,
        {200: PartUrls},
        scopes=(UPLOAD,),
        body=AskPartUrls,
        refusals=(*SIGNING, "part-differs"),
    ),
    post(
        "/v1/uploads/{upload_id}/complete",
        api.complete_upload,
        {200: Upload, 202: Upload},
        scopes=(UPLOAD,),
        body=CompleteUpload,
        is_body_optional=True,
        time_limit_seconds=60,
        refusals=COMPLETING,
    ),
    get(
        "/v1/uploads/{upload_id}/integrity",
        api.get_integrity,
        {200: Integrity},
        scopes=(READ, UPLOAD),
        refusals=("conflict",),
    ),
    patch(
        "/v1/uploads/{upload_id}",
        api.edit_upload,
        {200: Upload},
        body=EditUpload,
        headers=IF_MATCH,
        refusals=("precondition-failed",),
    ),
    post(
        "/v1/uploads/{upload_id}/trash",
        api.trash_upload,
        {204: None},
        headers=IF_MATCH,
        refusals=("conflict", "precondition-failed"),
    ),
    post("/v1/uploads/{upload_id}/restore", api.restore_upload, {204: None}, refusals=("conflict",)),
    delete(
        "/v1/uploads/{upload_id}", api.delete_upload, {204: None}, headers=IF_MATCH, refusals=("precondition-failed",)
    ),
    post("/v1/uploads/{upload_id}/media/retry", api.retry_media, {204: None}, refusals=("conflict",)),
    put(
        "/v1/uploads/{upload_id}/poster",
        api.choose_poster,
        {204: None},
        body=ChoosePoster,
        other_contents=api.PICTURE_TYPES,
        time_limit_seconds=60,
        refusals=("conflict", "storage-unavailable"),
    ),
    get("/v1/uploads/{upload_id}/grants", api.list_grants, {200: GrantPage}, query=ListGrants),
    post(
        "/v1/uploads/{upload_id}/grants",
        api.create_grant,
        {201: Grant},
        body=CreateGrant,
        headers=IDEMPOTENCY,
        refusals=("conflict",),
    ),
    delete("/v1/uploads/{upload_id}/grants/{grant_id}", api.delete_grant, {204: None}),
    # Who somebody works with is nothing for a key that looks at videos.
    get("/v1/grantees", api.list_grantees, {200: GranteeList}, scopes=(), query=AskGrantees),
    get("/v1/uploads/{upload_id}/shares", api.list_shares, {200: GrantPage}, query=ListGrants),
    post(
        "/v1/uploads/{upload_id}/shares",
        api.create_share,
        {201: Grant},
        body=CreateShare,
        headers=IDEMPOTENCY,
        refusals=("conflict",),
    ),
    delete("/v1/uploads/{upload_id}/shares/{grant_id}", api.delete_share, {204: None}),
    *moderation.API,
    *collections.API,
    *guests.API,
    *webhooks.API,
    *COMPANION,
    post("/internal/jobs/take", internal_api.take_job, {200: media.Job, 204: None}, body=media.TakeJob),
    post(
        "/internal/jobs/{job_id}/renew",
        internal_api.renew_job,
        {200: media.Renewed},
        body=media.RenewJob,
        refusals=("conflict",),
    ),
    post(
        "/internal/jobs/{job_id}/outputs",
        internal_api.create_outputs,
        {200: media.Outputs},
        body=media.AskOutputs,
        refusals=("conflict",),
    ),
    post(
        "/internal/jobs/{job_id}/parts",
        internal_api.create_parts,
        {200: media.Outputs},
        body=media.AskParts,
        refusals=("conflict", "storage-unavailable"),
    ),
    post(
        "/internal/jobs/{job_id}/complete",
        internal_api.complete_job,
        {204: None},
        body=media.CompleteJob,
        refusals=("conflict",),
    ),
    post(
        "/internal/jobs/{job_id}/fail", internal_api.fail_job, {204: None}, body=media.FailJob, refusals=("conflict",)
    ),
    post(
        "/internal/jobs/{job_id}/release",
        internal_api.release_job,
        {204: None},
        body=media.ReleaseJob,
        refusals=("conflict",),
    ),
)

PAGES: Final = (
    web.get("/", pages.home, name="home"),
    web.get("/upload", pages.upload_page, name="upload-page"),
    web.get("/videos", pages.videos_page, name="videos-page"),
    web.get("/videos/export", exporting.export, name="export-videos"),
    *collections.PAGES,
    *guests.PAGES,
    *webhooks.PAGES,
    web.post("/videos/{upload_id}/retry-preview", pages.retry_preview, name="retry-preview"),
    web.get(previews_pages.PATH, previews_pages.previews_page, name="previews-page"),
    web.post(previews_pages.PATH, previews_pages.retry_previews, name="retry-previews"),
    web.post(
        "/videos/moderation/{upload_id}/retry-preview", previews_pages.retry_preview, name="retry-moderated-preview"
    ),
    *moderation.PAGES,
    web.post("/videos/batch", pages.batch_videos, name="batch-videos"),
    web.post("/videos/public-review", pages.review_public, name="review-public"),
    web.post("/videos/{upload_id}", pages.edit_video, name="edit-video"),
    web.post("/videos/{upload_id}/trash", pages.trash_video, name="trash-video"),
    web.post("/videos/{upload_id}/restore", pages.restore_video, name="restore-video"),
    web.post("/videos/{upload_id}/delete", pages.delete_video, name="delete-video"),
)
