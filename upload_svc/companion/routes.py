"""Companion's part of upload_svc's table of contents."""

from __future__ import annotations

from typing import Final

from common.tokens import UPLOAD
from common.web.routes import delete, get, post
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
from upload_svc.errors import COMPLETING, SIGNING

COMPANION: Final = (
    get(
        "/s3/params",
        api.create_form,
        {200: FormParameters},
        scopes=(UPLOAD,),
        query=AskForm,
        is_unsafe=True,
        refusals=("quota-exceeded", "storage-unavailable", "upload-not-open"),
    ),
    get("/s3/sts", api.refuse_credentials, {}, scopes=(UPLOAD,), refusals=("malformed",)),
    post(
        "/s3/multipart",
        api.create_multipart,
        {200: Multipart},
        scopes=(UPLOAD,),
        body=CreateMultipart,
        refusals=("quota-exceeded", "storage-unavailable"),
    ),
    get(
        "/s3/multipart/{upload_id}",
        api.list_parts,
        {200: ListedParts},
        scopes=(UPLOAD,),
        query=Key,
        refusals=("storage-unavailable", "upload-not-open"),
    ),
    get(
        "/s3/multipart/{upload_id}/batch",
        api.sign_batch,
        {200: PartUrlBatch},
        scopes=(UPLOAD,),
        query=AskBatch,
        refusals=SIGNING,
    ),
    get(
        "/s3/multipart/{upload_id}/{part_number}",
        api.sign_part,
        {200: PartUrl},
        scopes=(UPLOAD,),
        query=Key,  # One for every 5 MiB, which no fast network should have to wait for.
        call_weight=0.1,
        refusals=SIGNING,
    ),
    post(
        "/s3/multipart/{upload_id}/complete",
        api.complete_multipart,
        {200: Completed},
        scopes=(UPLOAD,),
        query=Key,
        body=CompleteMultipart,
        time_limit_seconds=60,
        refusals=COMPLETING,
    ),
    delete(
        "/s3/multipart/{upload_id}",
        api.abort_multipart,
        {200: Nothing},
        scopes=(UPLOAD,),
        query=Key,
        refusals=("upload-not-open",),
    ),
)
