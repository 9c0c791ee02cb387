"""upload_svc's table of contents."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from common.tokens import READ, UPLOAD
from common.web.routes import IDEMPOTENCY, delete, get, patch, post, put
from contracts import media
from contracts.objects import AskPartUrls, PartUrls
from upload_svc import api, internal_api, moderation_pages, pages, previews_pages
from upload_svc.companion.routes import COMPANION
from upload_svc.errors import COMPLETING, SIGNING
from upload_svc.models import (
    Batch,
    BatchResults,
    ChoosePoster,
    CompleteUpload,
    CreateGrant,
    CreateUpload,
    EditUpload,
    Grant,
    GrantList,
    Integrity,
    ListUploads,
    Moderate,
    Upload,
    UploadPage,
)
from upload_svc.webhooks import api as webhooks_api
from upload_svc.webhooks import models as webhooks
from upload_svc.webhooks import pages as webhooks_pages

# The header of changes that somebody makes to what they have seen.
IF_MATCH: Final = {
    "If-Match": "The ETag of a GET, or of a change: the change is made only while it is the present one."
}

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
    get("/v1/uploads/{upload_id}/grants", api.list_grants, {200: GrantList}),
    post("/v1/uploads/{upload_id}/grants", api.create_grant, {201: Grant}, body=CreateGrant, refusals=("conflict",)),
    delete("/v1/uploads/{upload_id}/grants/{grant_id}", api.delete_grant, {204: None}),
    put("/v1/uploads/{upload_id}/moderation", api.moderate_upload, {204: None}, body=Moderate),
    delete("/v1/uploads/{upload_id}/moderation", api.delete_moderated_upload, {204: None}),
    post(
        "/v1/webhooks",
        webhooks_api.create_webhook,
        {201: webhooks.Webhook},
        body=webhooks.CreateWebhook,
        headers=IDEMPOTENCY,
        refusals=("conflict",),
    ),
    get(
        "/v1/webhooks", webhooks_api.list_webhooks, {200: webhooks.WebhookPage}, scopes=(), query=webhooks.ListWebhooks
    ),
    delete("/v1/webhooks/{webhook_id}", webhooks_api.delete_webhook, {204: None}),
    get(
        "/v1/webhooks/{webhook_id}/deliveries",
        webhooks_api.list_deliveries,
        {200: webhooks.DeliveryPage},
        scopes=(),
        query=webhooks.ListWebhooks,
    ),
    post("/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", webhooks_api.replay_delivery, {202: None}),
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
    web.get(webhooks_pages.PATH, webhooks_pages.webhooks_page, name="webhooks-page"),
    web.post(webhooks_pages.PATH, webhooks_pages.create_webhook, name="new-webhook"),
    web.get("/videos/webhooks/{webhook_id}", webhooks_pages.webhook_page, name="webhook-page"),
    web.post("/videos/webhooks/{webhook_id}/test", webhooks_pages.test_webhook, name="test-webhook"),
    web.post("/videos/webhooks/{webhook_id}/delete", webhooks_pages.remove_webhook, name="remove-webhook"),
    web.post(
        "/videos/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
        webhooks_pages.resend_delivery,
        name="resend-delivery",
    ),
    web.get("/videos/export", pages.export, name="export-videos"),
    web.post("/videos/{upload_id}/retry-preview", pages.retry_preview, name="retry-preview"),
    web.get(moderation_pages.PATH, moderation_pages.videos_page, name="moderation-page"),
    web.get(previews_pages.PATH, previews_pages.previews_page, name="previews-page"),
    web.post(previews_pages.PATH, previews_pages.retry_previews, name="retry-previews"),
    web.post(
        "/videos/moderation/{upload_id}/retry-preview", previews_pages.retry_preview, name="retry-moderated-preview"
    ),
    web.post("/videos/moderation/{upload_id}/hide", moderation_pages.hide_video, name="hide-video"),
    web.post("/videos/moderation/{upload_id}/show", moderation_pages.show_video, name="show-video"),
    web.post("/videos/moderation/{upload_id}/delete", moderation_pages.delete_video, name="delete-moderated-video"),
    web.post("/videos/batch", pages.batch_videos, name="batch-videos"),
    web.post("/videos/public-review", pages.review_public, name="review-public"),
    web.post("/videos/{upload_id}", pages.edit_video, name="edit-video"),
    web.post("/videos/{upload_id}/trash", pages.trash_video, name="trash-video"),
    web.post("/videos/{upload_id}/restore", pages.restore_video, name="restore-video"),
    web.post("/videos/{upload_id}/delete", pages.delete_video, name="delete-video"),
)
