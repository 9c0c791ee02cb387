"""Collections for programs: one's own and those that one manages, and the videos in them."""

from __future__ import annotations

from aiohttp import web

from catalogue.access import Right
from common.idempotency import Claim
from common.web.idempotency import create_once
from common.web.keys import SITE
from common.web.requests import id_in_path, read_json, read_query, require_principal
from common.web.responses import json_response
from upload_svc.api import create_grant_of, delete_grant_of, if_match, list_grants_of
from upload_svc.collections import models
from upload_svc.collections.app_keys import COLLECTIONS
from upload_svc.collections.collections import Overview
from upload_svc.grant_store import Target
from upload_svc.guests.api import create_upload_link, list_upload_links


async def create_collection(request: web.Request) -> web.Response:
    """Creates an empty collection."""
    principal = require_principal(request)
    asked = await read_json(request, models.CreateCollection)

    async def create(claim: Claim | None) -> models.Collection:
        remember = None if claim is None else lambda made: claim.keep(_shown(request, made).model_dump_json())
        made = await request.app[COLLECTIONS].create(
            principal, title=asked.title, description=asked.description, remember=remember
        )
        return _shown(request, made)

    created = await create_once(request, asked, models.Collection, create)
    location = request.app.router["get-collection"].url_for(collection_id=created.id)
    return json_response(created, status=201, headers={"Location": str(location)})


async def list_collections(request: web.Request) -> web.Response:
    """Your collections, by title; with `right=manage` others' that you manage."""
    principal = require_principal(request)
    asked = read_query(request, models.ListCollections)
    found, next_cursor = await request.app[COLLECTIONS].list(
        principal, q=asked.q, is_managed=asked.right == "manage", cursor=asked.cursor, limit=asked.limit
    )
    items = [_shown(request, overview) for overview in found]
    return json_response(models.CollectionPage(items=items, next_cursor=next_cursor))


async def get_collection(request: web.Request) -> web.Response:
    """One collection; the response has an ETag."""
    principal = require_principal(request)
    return _one(request, await request.app[COLLECTIONS].get(principal, id_in_path(request, "collection_id")))


async def edit_collection(request: web.Request) -> web.Response:
    """Changes title or description, only the fields sent; the response has an ETag."""
    principal, collection_id = require_principal(request), id_in_path(request, "collection_id")
    asked = await read_json(request, models.EditCollection)
    changed = await request.app[COLLECTIONS].edit(
        principal, collection_id, title=asked.title, description=asked.description, if_match=if_match(request)
    )
    return _one(request, changed)


async def delete_collection(request: web.Request) -> web.Response:
    """Deletes a collection of yours; its videos stay."""
    principal, collection_id = require_principal(request), id_in_path(request, "collection_id")
    await request.app[COLLECTIONS].delete(
        principal, collection_id, address=request.remote or "", if_match=if_match(request)
    )
    return web.Response(status=204)


async def list_collection_videos(request: web.Request) -> web.Response:
    """A collection's videos in its order; those in the trash are left out."""
    principal, collection_id = require_principal(request), id_in_path(request, "collection_id")
    asked = read_query(request, models.ListCollected)
    uploads, next_cursor = await request.app[COLLECTIONS].videos(
        principal, collection_id, cursor=asked.cursor, limit=asked.limit
    )
    stream_url = request.app[SITE].stream_url
    items = [
        models.present_collected(upload, stream_url=stream_url, account_id=principal.account_id) for upload in uploads
    ]
    return json_response(models.CollectedPage(items=items, next_cursor=next_cursor))


async def put_collection_video(request: web.Request) -> web.Response:
    """Adds one of your videos to a collection of yours, or moves what is in one; the content is optional. Idempotent.

    Who manages another's collection moves what is in it.
    """
    principal, collection_id = require_principal(request), id_in_path(request, "collection_id")
    video_id, collections = id_in_path(request, "video_id"), request.app[COLLECTIONS]
    asked = await read_json(request, models.PlaceVideo) if request.can_read_body else models.PlaceVideo()
    if "after" in asked.model_fields_set:
        await collections.place(principal, collection_id, video_id, after=asked.after)
    else:
        await collections.add(principal, collection_id, [video_id])
    return web.Response(status=204)


async def remove_collection_video(request: web.Request) -> web.Response:
    """Takes a video out of a collection; the video stays. Idempotent."""
    principal, collection_id = require_principal(request), id_in_path(request, "collection_id")
    await request.app[COLLECTIONS].remove(principal, collection_id, [id_in_path(request, "video_id")])
    return web.Response(status=204)


async def list_collection_grants(request: web.Request) -> web.Response:
    """Who else may watch or manage a collection, the newest first; with `right=upload` the links by which guests send.

    What has ended is listed too: a link always, others for about a minute.
    """
    target, asked = _target(request), read_query(request, models.ListCollectionGrants)
    if asked.right == "upload":
        return await list_upload_links(request, target.id, asked)
    return await list_grants_of(request, target)


async def create_collection_grant(request: web.Request) -> web.Response:
    """Lets an account, a group, all members, everyone, or whoever has the link that is made watch what is in it.

    Of those that may already, right and end change. Lists have the videos a moment later. With the right `manage` an
    account or a group does nearly what its owner does, who alone gives it. With the right `upload` it makes a link by
    which whoever has it sends videos into it. A link's `url` is told once: what is sent again with its
    `Idempotency-Key` is answered without it.
    """
    target, asked = _target(request), await read_json(request, models.CreateCollectionGrant)
    if asked.right == Right.UPLOAD:
        return await create_upload_link(request, target.id, asked, asked.new_upload_link)
    return await create_grant_of(request, _target(request), models.CreateCollectionGrant)


async def delete_collection_grant(request: web.Request) -> web.Response:
    """Revokes a grant: it opens nothing from now on. What it has opened plays on until its URL ends. Idempotent.

    The right `manage` is its owner's alone to revoke.
    """
    return await delete_grant_of(request, _target(request))


def _target(request: web.Request) -> Target:
    return Target(id_in_path(request, "collection_id"), is_collection=True)


def _one(request: web.Request, overview: Overview) -> web.Response:
    return json_response(_shown(request, overview), headers={"ETag": f'"{overview.collection.etag}"'})


def _shown(request: web.Request, overview: Overview) -> models.Collection:
    return models.present_collection(overview, stream_url=request.app[SITE].stream_url)
