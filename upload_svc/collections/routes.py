"""The routes of this room."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from common.web.routes import IDEMPOTENCY, delete, get, patch, post, put
from upload_svc.api import IF_MATCH
from upload_svc.collections import api, pages
from upload_svc.collections.models import (
    CollectedPage,
    Collection,
    CollectionPage,
    CreateCollection,
    CreateCollectionGrant,
    EditCollection,
    ListCollected,
    ListCollectionGrants,
    ListCollections,
    PlaceVideo,
)
from upload_svc.models import Grant, GrantPage

API: Final = (
    get("/v1/collections", api.list_collections, {200: CollectionPage}, query=ListCollections),
    post(
        "/v1/collections",
        api.create_collection,
        {201: Collection},
        body=CreateCollection,
        headers=IDEMPOTENCY,
        refusals=("conflict",),
    ),
    get("/v1/collections/{collection_id}", api.get_collection, {200: Collection}),
    patch(
        "/v1/collections/{collection_id}",
        api.edit_collection,
        {200: Collection},
        body=EditCollection,
        headers=IF_MATCH,
        refusals=("precondition-failed",),
    ),
    delete(
        "/v1/collections/{collection_id}",
        api.delete_collection,
        {204: None},
        headers=IF_MATCH,
        refusals=("precondition-failed",),
    ),
    get(
        "/v1/collections/{collection_id}/videos",
        api.list_collection_videos,
        {200: CollectedPage},
        query=ListCollected,
    ),
    put(
        "/v1/collections/{collection_id}/videos/{video_id}",
        api.put_collection_video,
        {204: None},
        body=PlaceVideo,
        is_body_optional=True,
        refusals=("conflict",),
    ),
    delete("/v1/collections/{collection_id}/videos/{video_id}", api.remove_collection_video, {204: None}),
    get(
        "/v1/collections/{collection_id}/grants",
        api.list_collection_grants,
        {200: GrantPage},
        query=ListCollectionGrants,
    ),
    post(
        "/v1/collections/{collection_id}/grants",
        api.create_collection_grant,
        {201: Grant},
        body=CreateCollectionGrant,
        headers=IDEMPOTENCY,
        refusals=("conflict",),
    ),
    delete("/v1/collections/{collection_id}/grants/{grant_id}", api.delete_collection_grant, {204: None}),
)

# Before those below /videos/{upload_id}.
PAGES: Final = (
    web.get(pages.PATH, pages.collections_page, name="collections-page"),
    web.post(pages.PATH, pages.add_collection, name="add-collection"),
    web.get(pages.CHOOSE_PATH, pages.choose_page, name="choose-collections-page"),
    web.post(pages.CHOOSE_PATH, pages.choose_collections, name="choose-collections"),
    web.get("/videos/collections/{collection_id}", pages.collection_page, name="collection-page"),
    web.post("/videos/collections/{collection_id}", pages.save_collection, name="save-collection"),
    web.post("/videos/collections/{collection_id}/delete", pages.drop_collection, name="drop-collection"),
    web.post("/videos/collections/{collection_id}/videos/{video_id}/move", pages.move_collected, name="move-collected"),
    web.post(
        "/videos/collections/{collection_id}/videos/{video_id}/remove", pages.remove_collected, name="remove-collected"
    ),
)
