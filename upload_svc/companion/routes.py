"""Companion's part of upload_svc's table of contents."""

from __future__ import annotations

from typing import Final

from common.tokens import UPLOAD
from common.web.routes import delete, get, post
from upload_svc.companion import api, models
from upload_svc.errors import COMPLETING, SIGNING

COMPANION: Final = (
    get(
        "/s3/params",
        api.create_form,
        {200: models.FormParameters},
        scopes=(UPLOAD,),
        query=models.AskForm,
        is_unsafe=True,
        refusals=("quota-exceeded", "storage-unavailable", "upload-not-open"),
    ),
    get("/s3/sts", api.refuse_credentials, {}, scopes=(UPLOAD,), refusals=("malformed",)),
    post(
        "/s3/multipart",
        api.create_multipart,
        {200: models.Multipart},
        scopes=(UPLOAD,),
        body=models.CreateMultipart,
        refusals=("quota-exceeded", "storage-unavailable"),
    ),
    get(
        "/s3/multipart/{upload_id}",
        api.list_parts,
        {200: models.ListedParts},
        scopes=(UPLOAD,),
        query=models.Key,
        refusals=("storage-unavailable", "upload-not-open"),
    ),
    get(
        "/s3/multipart/{upload_id}/batch",
        api.sign_batch,
        {200: models.PartUrlBatch},
        scopes=(UPLOAD,),
        query=models.AskBatch,
        refusals=SIGNING,
    ),
    get(
        "/s3/multipart/{upload_id}/{part_number}",
        api.sign_part,
        {200: models.PartUrl},
        scopes=(UPLOAD,),
        query=models.Key,  # One for every 5 MiB, which no fast network should have to wait for.
        call_weight=0.1,
        refusals=SIGNING,
    ),
    post(
        "/s3/multipart/{upload_id}/complete",
        api.complete_multipart,
        {200: models.Completed},
        scopes=(UPLOAD,),
        query=models.Key,
        body=models.CompleteMultipart,
        time_limit_seconds=60,
        refusals=COMPLETING,
    ),
    delete(
        "/s3/multipart/{upload_id}",
        api.abort_multipart,
        {200: models.Nothing},
        scopes=(UPLOAD,),
        query=models.Key,
        refusals=("upload-not-open",),
    ),
)
