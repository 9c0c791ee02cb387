"""Companion's handlers."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from typing import Final

from aiohttp import web

from catalogue.videos import VideoState
from common.clock import utc_now
from common.errors import Malformed, NotFound, StorageUnavailable
from common.ids import new_id
from common.languages import N_
from common.web.keys import SITE
from common.web.requests import id_in_path, read_json, read_query, require_principal
from common.web.responses import json_response
from contracts.objects import AskPartUrls, CompleteObject, Kind, PartUrls
from upload_svc.app_keys import UPLOADS
from upload_svc.companion import models
from upload_svc.errors import UploadNotOpen
from upload_svc.models import watch_url

# Its clients hand this on and look at nothing; the real name is nobody's business.
BUCKET: Final = "vss"
# Its clients do not ask again whether an upload is complete, so the answer waits until it is.
SETTLED_WITHIN_SECONDS: Final = 45.0
LOOK_AGAIN_SECONDS: Final = 1.0

_METADATA: Final = re.compile(r"metadata\[(.+)\]")


async def create_form(request: web.Request) -> web.Response:
    """For Uppy: creates an upload sent in one piece; returns a form to send it with."""
    principal = require_principal(request)
    asked = read_query(request, models.AskForm)
    metadata = {found[1]: value for name, value in request.query.items() if (found := _METADATA.fullmatch(name))}
    new = models.UppyFile.of(asked.filename, asked.type, metadata).to_domain(Kind.FORM)
    upload = await request.app[UPLOADS].create(principal, new, upload_id=new_id())
    form = await request.app[UPLOADS].form(principal, upload.video.id)
    return json_response(
        models.FormParameters(method="POST", url=form.url, fields=form.fields, expires=_seconds_until(form.expires_at))
    )


async def create_multipart(request: web.Request) -> web.Response:
    """For Uppy: creates an upload sent in parts."""
    principal = require_principal(request)
    asked = await read_json(request, models.CreateMultipart)
    new = models.UppyFile.of(asked.filename, asked.type or "", asked.metadata or {}).to_domain(Kind.FREE)
    upload = await request.app[UPLOADS].create(principal, new, upload_id=new_id())
    return json_response(models.Multipart(key=upload.video.id, uploadId=upload.video.id, bucket=BUCKET))


async def list_parts(request: web.Request) -> web.Response:
    """For Uppy: the parts received so far."""
    principal, upload_id = require_principal(request), _upload_id(request)
    listed = models.listed_parts(await request.app[UPLOADS].get(principal, upload_id))
    if listed is None:
        raise UploadNotOpen(N_("The upload is already complete. There is nothing left to send."))
    return json_response(listed)


async def sign_batch(request: web.Request) -> web.Response:
    """For older versions of Uppy: presigned URLs of up to 50 parts."""
    upload_id, asked = _upload_id(request), read_query(request, models.AskBatch)
    numbers = [int(number) for number in asked.partNumbers.split(",")]
    if len(set(numbers)) < len(numbers) or len(numbers) > models.PARTS_PER_CALL:
        raise Malformed(f"Request each part once, and at most {models.PARTS_PER_CALL} parts.")
    return json_response(models.PartUrlBatch(presignedUrls=(await _sign(request, upload_id, numbers)).urls))


async def sign_part(request: web.Request) -> web.Response:
    """For Uppy: the presigned URL of a part."""
    upload_id, number = _upload_id(request), request.match_info["part_number"]
    if not re.fullmatch(r"[1-9][0-9]{0,4}", number):
        raise Malformed("A part's number is from 1 to 10000.")
    signed = await _sign(request, upload_id, [int(number)])
    return json_response(models.PartUrl(url=signed.urls[number], expires=_seconds_until(signed.expires_at)))


async def complete_multipart(request: web.Request) -> web.Response:
    """For Uppy: completes an upload; idempotent."""
    principal, upload_id = require_principal(request), _upload_id(request)
    asked = await read_json(request, models.CompleteMultipart, most_bytes=models.COMPLETE_MOST_BYTES)
    said = CompleteObject(part_count=asked.part_count)
    try:
        async with asyncio.timeout(SETTLED_WITHIN_SECONDS):
            while True:
                upload = await request.app[UPLOADS].complete(principal, upload_id, said)
                if upload.video.state is not VideoState.UPLOADING:
                    break
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
    except TimeoutError as exc:
        raise StorageUnavailable(
            N_("The storage hasn’t confirmed this yet. Nothing is lost: the video will appear by itself.")
        ) from exc
    location = watch_url(request.app[SITE].stream_url, upload_id)
    return json_response(models.Completed(location=location, key=upload_id, bucket=BUCKET))


async def abort_multipart(request: web.Request) -> web.Response:
    """For Uppy: discards an unfinished upload, never a complete one."""
    principal, upload_id = require_principal(request), _upload_id(request)
    await request.app[UPLOADS].discard(principal, upload_id, address=request.remote or "")
    return json_response(models.Nothing())


async def refuse_credentials(request: web.Request) -> web.Response:
    """For Uppy: refused; storage credentials are never handed out."""
    require_principal(request)
    raise Malformed("Storage credentials are never handed out. Let this service sign the requests.")


def _upload_id(request: web.Request) -> str:
    upload_id = id_in_path(request, "upload_id")
    if read_query(request, models.Key).key != upload_id:
        raise NotFound
    return upload_id


async def _sign(request: web.Request, upload_id: str, part_numbers: list[int]) -> PartUrls:
    return await request.app[UPLOADS].part_urls(
        require_principal(request), upload_id, AskPartUrls(part_numbers=part_numbers)
    )


def _seconds_until(at: datetime) -> int:
    return max(0, int((at - utc_now()).total_seconds()))
