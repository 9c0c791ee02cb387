"""Companion's part of upload_svc's table of contents."""

from __future__ import annotations

from typing import Final

from common.errors import Conflict, Malformed, StorageUnavailable, TooLarge
from common.tokens import UPLOAD
from common.web.routes import Route
from upload_svc.companion import api
from upload_svc.companion.models import (
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
from upload_svc.errors import UploadNotOpen

COMPANION: Final = (
    Route(
        method="GET",
        path="/s3/params",
        handler=api.create_form,
        name="companion-create-form",
        scopes=(UPLOAD,),
        summary="For an Uppy: announces a file that is sent in one piece; a form to send it with.",
        query=AskForm,
        answers={200: FormParameters},
        refusals=(TooLarge, StorageUnavailable),
        is_unsafe=True,
    ),
    Route(
        method="GET",
        path="/s3/sts",
        handler=api.refuse_credentials,
        name="companion-credentials",
        scopes=(UPLOAD,),
        summary="For an Uppy: refused; nobody is given the storage's credentials.",
        answers={},
        refusals=(Malformed,),
    ),
    Route(
        method="POST",
        path="/s3/multipart",
        handler=api.create_multipart,
        name="companion-create-multipart",
        scopes=(UPLOAD,),
        summary="For an Uppy: announces a file that is sent in parts.",
        body=CreateMultipart,
        answers={200: Multipart},
        refusals=(TooLarge, StorageUnavailable),
    ),
    Route(
        method="GET",
        path="/s3/multipart/{upload_id}",
        handler=api.list_parts,
        name="companion-list-parts",
        scopes=(UPLOAD,),
        summary="For an Uppy: the parts that have been received.",
        query=Key,
        answers={200: ListedParts},
        refusals=(UploadNotOpen, StorageUnavailable),
    ),
    Route(
        method="GET",
        path="/s3/multipart/{upload_id}/batch",
        handler=api.sign_batch,
        name="companion-sign-batch",
        scopes=(UPLOAD,),
        summary="For an older Uppy: presigned URLs of up to 50 parts.",
        query=AskBatch,
        answers={200: PartUrlBatch},
        refusals=(Conflict, UploadNotOpen, TooLarge, StorageUnavailable),
    ),
    Route(
        method="GET",
        path="/s3/multipart/{upload_id}/{part_number}",
        handler=api.sign_part,
        name="companion-sign-part",
        scopes=(UPLOAD,),
        summary="For an Uppy: the presigned URL of a part.",
        query=Key,
        answers={200: PartUrl},
        refusals=(Conflict, UploadNotOpen, TooLarge, StorageUnavailable),
        # One for every 5 MiB, which no fast network should have to wait for.
        call_weight=0.1,
    ),
    Route(
        method="POST",
        path="/s3/multipart/{upload_id}/complete",
        handler=api.complete_multipart,
        name="companion-complete-multipart",
        scopes=(UPLOAD,),
        summary="For an Uppy: makes the parts one video; idempotent.",
        body=CompleteMultipart,
        query=Key,
        answers={200: Completed},
        refusals=(Conflict, UploadNotOpen, StorageUnavailable),
        time_limit_seconds=60,
    ),
    Route(
        method="DELETE",
        path="/s3/multipart/{upload_id}",
        handler=api.abort_multipart,
        name="companion-abort-multipart",
        scopes=(UPLOAD,),
        summary="For an Uppy: discards what is unfinished, and never what is complete.",
        query=Key,
        answers={200: Nothing},
        refusals=(UploadNotOpen,),
    ),
)
