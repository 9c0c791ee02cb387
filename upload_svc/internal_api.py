"""The door for workers: jobs, taken and given back with a service's token. Never routed from outside."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from common.web.requests import id_in_path, read_json
from common.web.responses import json_response
from common.web.service_calls import require_service
from contracts.media import AskOutputs, AskParts, CompleteJob, FailJob, ReleaseJob, RenewJob, TakeJob
from upload_svc.app_keys import JOBS

_WORK: Final = "jobs:work"
# A film has up to 200 chapters, each with a title in any script; and the sound of two days 43,200 segments.
_MOST_RESULT_BYTES: Final = 2**22


async def take_job(request: web.Request) -> web.Response:
    """The next job for this worker; no content when there is nothing to do."""
    await require_service(request, _WORK)
    job = await request.app[JOBS].take(await read_json(request, TakeJob))
    return web.Response(status=204) if job is None else json_response(job)


async def renew_job(request: web.Request) -> web.Response:
    """Extends the lease, and gives a fresh URL of the video."""
    await require_service(request, _WORK)
    job_id = id_in_path(request, "job_id")
    return json_response(await request.app[JOBS].renew(job_id, await read_json(request, RenewJob)))


async def create_outputs(request: web.Request) -> web.Response:
    """Presigned URLs for the files that this attempt has made."""
    await require_service(request, _WORK)
    job_id = id_in_path(request, "job_id")
    return json_response(await request.app[JOBS].outputs(job_id, await read_json(request, AskOutputs)))


async def create_parts(request: web.Request) -> web.Response:
    """Presigned URLs for the parts of renditions that this attempt has made."""
    await require_service(request, _WORK)
    job_id = id_in_path(request, "job_id")
    return json_response(await request.app[JOBS].parts(job_id, await read_json(request, AskParts)))


async def complete_job(request: web.Request) -> web.Response:
    """Ends the job: the video gets what was found and made. Idempotent by attempt."""
    await require_service(request, _WORK)
    job_id = id_in_path(request, "job_id")
    asked = await read_json(request, CompleteJob, most_bytes=_MOST_RESULT_BYTES)
    await request.app[JOBS].complete(job_id, asked)
    return web.Response(status=204)


async def fail_job(request: web.Request) -> web.Response:
    """Ends the attempt without a result."""
    await require_service(request, _WORK)
    job_id = id_in_path(request, "job_id")
    await request.app[JOBS].fail(job_id, await read_json(request, FailJob))
    return web.Response(status=204)


async def release_job(request: web.Request) -> web.Response:
    """Gives the job back undone; the attempt doesn't count."""
    await require_service(request, _WORK)
    job_id = id_in_path(request, "job_id")
    await request.app[JOBS].release(job_id, await read_json(request, ReleaseJob))
    return web.Response(status=204)
