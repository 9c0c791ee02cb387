"""upload_svc's table of contents."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from common.errors import Conflict, Forbidden, IdempotencyKeyReused, Invalid, StorageUnavailable, TooLarge
from common.tokens import READ, UPLOAD
from common.web.routes import IDEMPOTENCY, Route
from contracts.objects import AskPartUrls, PartUrls
from upload_svc import api, moderation_pages, pages
from upload_svc.companion.routes import COMPANION
from upload_svc.errors import FileDiffers, IdempotentRequestRunning, PreconditionFailed, UploadNotOpen
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

API: Final = (
    Route(
        method="POST",
        path="/v1/uploads",
        handler=api.create_upload,
        name="create-upload",
        scopes=(UPLOAD,),
        summary="Announces a file: plans its upload and reserves its place.",
        body=CreateUpload,
        headers=IDEMPOTENCY,
        answers={201: Upload},
        refusals=(IdempotencyKeyReused, IdempotentRequestRunning, TooLarge),
    ),
    Route(
        method="GET",
        path="/v1/uploads",
        handler=api.list_uploads,
        name="list-uploads",
        scopes=(READ, UPLOAD),
        summary="My uploads, newest first.",
        query=ListUploads,
        answers={200: UploadPage},
    ),
    Route(
        method="GET",
        path="/v1/uploads/{upload_id}",
        handler=api.get_upload,
        name="get-upload",
        scopes=(READ, UPLOAD),
        summary="One upload; while it is open, with the parts that have been received.",
        answers={200: Upload},
    ),
    Route(
        method="POST",
        path="/v1/uploads/{upload_id}/part-urls",
        handler=api.create_part_urls,
        name="create-part-urls",
        scopes=(UPLOAD,),
        summary="Presigned URLs for parts; each takes a body of exactly that part's size.",
        body=AskPartUrls,
        answers={200: PartUrls},
        refusals=(Conflict, UploadNotOpen, StorageUnavailable),
    ),
    Route(
        method="POST",
        path="/v1/uploads/{upload_id}/complete",
        handler=api.complete_upload,
        name="complete-upload",
        scopes=(UPLOAD,),
        summary="Makes the parts one video; idempotent, the content may be left out. 202: not certain yet, ask again.",
        body=CompleteUpload,
        is_body_optional=True,
        answers={200: Upload, 202: Upload},
        refusals=(Conflict, FileDiffers, Invalid, StorageUnavailable),
        # S3 puts up to 10,000 parts together.
        time_limit_seconds=60,
    ),
    Route(
        method="GET",
        path="/v1/uploads/{upload_id}/integrity",
        handler=api.get_integrity,
        name="get-integrity",
        scopes=(READ, UPLOAD),
        summary="How it is known that what is stored is what was sent.",
        answers={200: Integrity},
        refusals=(Conflict,),
    ),
    Route(
        method="PATCH",
        path="/v1/uploads/{upload_id}",
        handler=api.edit_upload,
        name="edit-upload",
        summary="Changes what is sent of title, description and visibility, and nothing else; answers have an ETag.",
        body=EditUpload,
        headers=IF_MATCH,
        answers={200: Upload},
        refusals=(PreconditionFailed,),
    ),
    Route(
        method="POST",
        path="/v1/uploads/{upload_id}/trash",
        handler=api.trash_upload,
        name="trash-upload",
        summary="Into the trash: nobody else finds it any more, and after seven days it is deleted. Idempotent.",
        headers=IF_MATCH,
        answers={204: None},
        refusals=(Conflict, PreconditionFailed),
    ),
    Route(
        method="POST",
        path="/v1/uploads/{upload_id}/restore",
        handler=api.restore_upload,
        name="restore-upload",
        summary="Out of the trash, as it was. Idempotent.",
        answers={204: None},
        refusals=(Conflict,),
    ),
    Route(
        method="DELETE",
        path="/v1/uploads/{upload_id}",
        handler=api.delete_upload,
        name="delete-upload",
        summary="Deletes for ever: aborts what is unfinished, deletes what is stored.",
        headers=IF_MATCH,
        answers={204: None},
        refusals=(PreconditionFailed,),
    ),
    Route(
        method="PUT",
        path="/v1/uploads/{upload_id}/moderation",
        handler=api.moderate_upload,
        name="moderate-upload",
        summary="For administrators: hides a video from everybody but its owner, or shows it again. Idempotent.",
        body=Moderate,
        answers={204: None},
        refusals=(Forbidden,),
    ),
    Route(
        method="DELETE",
        path="/v1/uploads/{upload_id}/moderation",
        handler=api.delete_moderated_upload,
        name="delete-moderated-upload",
        summary="For administrators: deletes anybody's video for ever.",
        answers={204: None},
        refusals=(Forbidden,),
    ),
    *COMPANION,
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
