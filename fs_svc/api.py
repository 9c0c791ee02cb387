"""fs_svc's JSON handlers; all its callers are services."""

from __future__ import annotations

from aiohttp import web

from common.errors import Unauthenticated
from common.tokens import Principal
from common.web.requests import id_in_path, read_json, read_query
from common.web.responses import json_response
from common.web.service_calls import SUBJECT_TOKEN_HEADER, require_service, subject_of
from contracts.derived import (
    AskDerivedPart,
    AskPictures,
    AskRenditions,
    AskSentPicture,
    CompleteInParts,
    CreateDerived,
    DeleteDerived,
    SignedPictures,
    SignedRenditions,
)
from contracts.objects import (
    AdoptObject,
    AskSources,
    AskUsage,
    CompleteObject,
    Describe,
    Described,
    HandedOver,
    HandOver,
    Hold,
    ListLost,
    LostObjects,
    QuotaUsage,
    SignedSources,
    State,
    Usage,
    UsageOfOwners,
)
from fs_svc.app_keys import (
    ADOPTING,
    DERIVED,
    FILMS,
    FORMS,
    IN_PARTS,
    INSTALLATION,
    PICTURES,
    RECONCILING,
    SOURCES,
    UPLOADS,
)
from fs_svc.models import AskPartUrls, CreateObject, present, present_derived

READ = "objects:read"
WRITE = "objects:write"
SETTLE = "objects:settle"
HAND_OVER = "objects:hand-over"
USAGE = "usage:read"
CHECK = "storage:check"
ADOPT = "objects:adopt"
DERIVE = "derived:write"

# A thousand parts.
_MOST_PARTS_BYTES = 2**18
# How soon to ask again about what is not settled yet.
RETRY_AFTER_SECONDS = 1


async def create_object(request: web.Request) -> web.Response:
    """Plans, reserves and opens an upload; idempotent by id."""
    subject = await _subject(request)
    object_id = id_in_path(request, "id")
    asked = await read_json(request, CreateObject)
    item = await request.app[UPLOADS].create(
        object_id,
        size=asked.size,
        content_type=asked.content_type,
        kind=asked.kind,
        part_checksums=asked.part_checksums,
        sha256=asked.sha256,
        subject=subject,
    )
    return json_response(present(item))


async def create_part_urls(request: web.Request) -> web.Response:
    """Presigned URLs for up to 100 parts."""
    subject = await _subject(request)
    object_id = id_in_path(request, "id")
    asked = await read_json(request, AskPartUrls)
    checksums = None if asked.checksums is None else {int(number): sha for number, sha in asked.checksums.items()}
    signed = await request.app[UPLOADS].part_urls(object_id, asked.part_numbers, checksums=checksums, subject=subject)
    return json_response(signed)


async def create_form(request: web.Request) -> web.Response:
    """A presigned form that accepts the whole file in one POST."""
    subject = await _subject(request)
    return json_response(await request.app[FORMS].sign(id_in_path(request, "id"), subject=subject))


async def get_object(request: web.Request) -> web.Response:
    """An object and, while it is open, the parts in S3."""
    subject = await _subject(request)
    item, received = await request.app[UPLOADS].get(id_in_path(request, "id"), subject=subject)
    return json_response(present(item, received))


async def complete_object(request: web.Request) -> web.Response:
    """Completes the object from its parts; idempotent."""
    subject = await _subject(request)
    object_id = id_in_path(request, "id")
    asked = await read_json(request, CompleteObject) if request.can_read_body else CompleteObject()
    item = await request.app[UPLOADS].complete(object_id, asked, subject=subject)
    if item.state is State.STORED and asked.sha256 in (None, item.sha256):
        return json_response(present(item))
    return json_response(present(item), status=202, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


async def delete_object(request: web.Request) -> web.Response:
    """Aborts an unfinished upload or deletes a stored object; repeat until it is aborted or deleted."""
    has_subject = SUBJECT_TOKEN_HEADER in request.headers
    await require_service(request, WRITE if has_subject else SETTLE)
    subject = await subject_of(request)
    return json_response(present(await request.app[UPLOADS].delete(id_in_path(request, "id"), subject=subject)))


async def describe_objects(request: web.Request) -> web.Response:
    """Up to 100 objects from this service's rows, without asking S3."""
    await require_service(request, SETTLE)
    asked = await read_json(request, Describe)
    items = await request.app[UPLOADS].describe(asked.ids)
    return json_response(Described(objects={item.id: present(item) for item in items}))


async def hand_over_objects(request: web.Request) -> web.Response:
    """Transfers up to 100 objects to another account, regardless of its quota; idempotent."""
    await require_service(request, HAND_OVER)
    asked = await read_json(request, HandOver)
    remaining = await request.app[UPLOADS].hand_over(
        asked.ids, old_owner_id=asked.old_owner_id, owner_id=asked.owner_id
    )
    return json_response(HandedOver(remaining=remaining))


async def get_usage(request: web.Request) -> web.Response:
    """How much storage an account uses, and its quota."""
    subject = await _subject(request)
    reserved, stored = await request.app[UPLOADS].usage(subject)
    return json_response(QuotaUsage(limit=subject.quota_bytes, stored=stored, reserved=reserved))


async def list_usage(request: web.Request) -> web.Response:
    """How much storage each of up to 100 accounts uses."""
    await require_service(request, USAGE)
    asked = await read_json(request, AskUsage)
    found = await request.app[UPLOADS].usage_of(asked.owner_ids)
    usage = {owner_id: Usage(stored=stored, reserved=reserved) for owner_id, (reserved, stored) in found.items()}
    return json_response(UsageOfOwners(usage=usage))


async def get_storage(request: web.Request) -> web.Response:
    """What is stored now, and the latest result of comparing the bucket with the rows."""
    await require_service(request, USAGE)
    return json_response(await request.app[RECONCILING].status())


async def check_storage(request: web.Request) -> web.Response:
    """Has bucket and rows compared within seconds; asking twice is asking once."""
    await require_service(request, CHECK)
    await request.app[RECONCILING].ask()
    return web.Response(status=204)


async def get_hold(request: web.Request) -> web.Response:
    """Whether deleting by age is on hold, because the database or the clock may be wrong."""
    await require_service(request, SETTLE)
    return json_response(Hold(is_held=await request.app[INSTALLATION].is_held()))


async def list_lost_objects(request: web.Request) -> web.Response:
    """Objects in the bucket without a row, in a part of the bucket."""
    await require_service(request, ADOPT)
    found, next_name = await request.app[ADOPTING].list(after=read_query(request, ListLost).after)
    return json_response(LostObjects(objects=found, next=next_name))


async def adopt_object(request: web.Request) -> web.Response:
    """Gives an object without a row one, as a stored object of an account; idempotent by id."""
    await require_service(request, ADOPT)
    object_id = id_in_path(request, "id")
    asked = await read_json(request, AdoptObject)
    return json_response(present(await request.app[ADOPTING].adopt(object_id, asked.name, owner_id=asked.owner_id)))


async def sign_sources(request: web.Request) -> web.Response:
    """Presigned URLs of up to 100 stored objects."""
    await require_service(request, READ)
    asked = await read_json(request, AskSources)
    return json_response(SignedSources(sources=await request.app[SOURCES].sign(asked.sources)))


async def create_derived(request: web.Request) -> web.Response:
    """Presigned URLs for the files that were made of a video; idempotent by id."""
    await require_service(request, DERIVE)
    derived_id = id_in_path(request, "id")
    return json_response(await request.app[DERIVED].create(derived_id, await read_json(request, CreateDerived)))


async def complete_derived(request: web.Request) -> web.Response:
    """Confirms that every file of a derived object is stored; idempotent."""
    await require_service(request, DERIVE)
    return json_response(present_derived(await request.app[DERIVED].complete(id_in_path(request, "id"))))


async def create_derived_part_url(request: web.Request) -> web.Response:
    """A presigned URL for a part of a derived object; the first part of an ID creates it."""
    await require_service(request, DERIVE)
    derived_id = id_in_path(request, "id")
    return json_response(await request.app[IN_PARTS].part_url(derived_id, await read_json(request, AskDerivedPart)))


async def complete_derived_parts(request: web.Request) -> web.Response:
    """Makes a derived object of its parts; idempotent."""
    await require_service(request, DERIVE)
    derived_id = id_in_path(request, "id")
    asked = await read_json(request, CompleteInParts, most_bytes=_MOST_PARTS_BYTES)
    return json_response(present_derived(await request.app[IN_PARTS].complete(derived_id, asked.parts)))


async def sign_sent_picture(request: web.Request) -> web.Response:
    """A presigned URL of a picture as its owner sent it."""
    await require_service(request, DERIVE)
    derived_id, asked = id_in_path(request, "id"), await read_json(request, AskSentPicture)
    return json_response(await request.app[DERIVED].sent_picture(derived_id, is_internal=asked.is_internal))


async def delete_derived(request: web.Request) -> web.Response:
    """Deletes up to 100 derived objects; those that are not there are ignored."""
    await require_service(request, DERIVE)
    await request.app[DERIVED].delete((await read_json(request, DeleteDerived)).ids)
    return web.Response(status=204)


async def sign_pictures(request: web.Request) -> web.Response:
    """Presigned URLs of the files of up to 100 derived objects, the same for days unless they are brief."""
    await require_service(request, READ)
    asked = await read_json(request, AskPictures)
    return json_response(SignedPictures(pictures=await request.app[PICTURES].sign(asked.ids, is_brief=asked.is_brief)))


async def sign_renditions(request: web.Request) -> web.Response:
    """Presigned URLs of up to 100 renditions."""
    await require_service(request, READ)
    asked = await read_json(request, AskRenditions)
    signed = await request.app[FILMS].sign(asked.ids, is_brief=asked.is_brief, filename=asked.filename)
    return json_response(SignedRenditions(renditions=signed))


async def _subject(request: web.Request) -> Principal:
    """The account on whose behalf a service that may write asks."""
    await require_service(request, WRITE)
    subject = await subject_of(request)
    if subject is None:
        raise Unauthenticated(f"Send the person's access token in {SUBJECT_TOKEN_HEADER}.")
    return subject
