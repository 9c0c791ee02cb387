"""upload_svc's table of contents."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from common.tokens import READ, UPLOAD
from common.web.routes import IDEMPOTENCY, delete, get, patch, post, put
from contracts.objects import AskPartUrls, PartUrls
from upload_svc import api, companion, moderation_pages, pages
from upload_svc.companion_models import (
    AskBatch,
    AskForm,
    Completed,
    CompleteMultipart,
    CreateMultipart,
    FormParameters,
    Key,
    ListedParts,
    Multipart,
    Nothing,
    PartUrl,
    PartUrlBatch,
)
from upload_svc.errors import COMPLETING, SIGNING
from upload_svc.models import (
    CompleteUpload,
    CreateUpload,
    EditUpload,
    Integrity,
    ListUploads,
    Moderate,
    Upload,
    UploadPage,
)

# The header of changes that somebody makes to what they have seen.
IF_MATCH: Final = {
    "If-Match": "The ETag of a GET, or of a change: the change is made only while it is the present one."
}

# S3 puts up to 10,000 parts together.
_COMPLETE_SECONDS: Final = 60

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
        time_limit_seconds=_COMPLETE_SECONDS,
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
    post("/v1/uploads/{upload_id}/trash", api.trash_upload, {204: None}, refusals=("conflict",)),
    post("/v1/uploads/{upload_id}/restore", api.restore_upload, {204: None}, refusals=("conflict",)),
    delete("/v1/uploads/{upload_id}", api.delete_upload, {204: None}),
    put("/v1/uploads/{upload_id}/moderation", api.moderate_upload, {204: None}, body=Moderate),
    delete("/v1/uploads/{upload_id}/moderation", api.delete_moderated_upload, {204: None}),
    get(
        "/s3/params",
        companion.create_form,
        {200: FormParameters},
        scopes=(UPLOAD,),
        query=AskForm,
        is_unsafe=True,
        refusals=("quota-exceeded", "storage-unavailable", "upload-not-open"),
    ),
    get("/s3/sts", companion.refuse_credentials, {}, scopes=(UPLOAD,), refusals=("malformed",)),
    post(
        "/s3/multipart",
        companion.create_multipart,
        {200: Multipart},
        scopes=(UPLOAD,),
        body=CreateMultipart,
        refusals=("quota-exceeded", "storage-unavailable"),
    ),
    get(
        "/s3/multipart/{upload_id}",
        companion.list_parts,
        {200: ListedParts},
        scopes=(UPLOAD,),
        query=Key,
        refusals=("storage-unavailable", "upload-not-open"),
    ),
    get(
        "/s3/multipart/{upload_id}/batch",
        companion.sign_batch,
        {200: PartUrlBatch},
        scopes=(UPLOAD,),
        query=AskBatch,
        refusals=SIGNING,
    ),
    get(
        "/s3/multipart/{upload_id}/{part_number}",
        companion.sign_part,
        {200: PartUrl},
        scopes=(UPLOAD,),
        query=Key,
        # One for every 5 MiB, which no fast network should have to wait for.
        call_weight=0.1,
        refusals=SIGNING,
    ),
    post(
        "/s3/multipart/{upload_id}/complete",
        companion.complete_multipart,
        {200: Completed},
        scopes=(UPLOAD,),
        query=Key,
        body=CompleteMultipart,
        time_limit_seconds=_COMPLETE_SECONDS,
        refusals=COMPLETING,
    ),
    delete(
        "/s3/multipart/{upload_id}",
        companion.abort_multipart,
        {200: Nothing},
        scopes=(UPLOAD,),
        query=Key,
        refusals=("upload-not-open",),
    ),
)

PAGES: Final = (
    web.get("/", pages.home, name="home"),
    web.get("/upload", pages.upload_page, name="upload-page"),
    web.get("/videos", pages.videos_page, name="videos-page"),
    web.get("/videos/export", pages.export, name="export-videos"),
    web.get(moderation_pages.PATH, moderation_pages.videos_page, name="moderation-page"),
    web.post("/videos/moderation/{upload_id}/hide", moderation_pages.hide_video, name="hide-video"),
    web.post("/videos/moderation/{upload_id}/show", moderation_pages.show_video, name="show-video"),
    web.post("/videos/moderation/{upload_id}/delete", moderation_pages.delete_video, name="delete-moderated-video"),
    web.post("/videos/{upload_id}", pages.edit_video, name="edit-video"),
    web.post("/videos/{upload_id}/trash", pages.trash_video, name="trash-video"),
    web.post("/videos/{upload_id}/restore", pages.restore_video, name="restore-video"),
    web.post("/videos/{upload_id}/delete", pages.delete_video, name="delete-video"),
)
