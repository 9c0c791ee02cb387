"""The page of a collection: its videos in their order, to be watched one after the other; and those that are shared."""

from __future__ import annotations

from typing import Annotated, Final

from aiohttp import web
from pydantic import Field
from yarl import URL

from catalogue.content import spoken_time
from common.durations import clock_time
from common.web.keys import SITE
from common.web.pages import render
from common.web.requests import Query, read_query, require_principal
from stream_svc.app_keys import COLLECTIONS, LIBRARY
from stream_svc.models import WhichVideos
from stream_svc.pages import card_of, shared_collection_rows
from stream_svc.strangers import count_stranger

PATH: Final = "/collections/{collection_id}"
SHARED_PATH: Final = "/collections"


class ListRows(Query):
    """Which page of it."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=2048)] | None = None


async def shared_collections_page(request: web.Request) -> web.Response:
    """GET /collections: those that others have shared with this person."""
    principal, asked = require_principal(request), read_query(request, ListRows)
    shared, next_cursor = await request.app[COLLECTIONS].shared_with(principal, cursor=asked.cursor, limit=asked.limit)
    url = request.rel_url
    context = {
        "collections": shared_collection_rows(request, shared),
        "first_url": None if asked.cursor is None else str(url.without_query_params("cursor")),
        "next_url": None if next_cursor is None else str(url.update_query(cursor=next_cursor)),
    }
    return render(request, "shared_collections.html", context)


async def collection_page(request: web.Request) -> web.Response:
    """GET /collections/{collection_id}."""
    principal, library, collections = count_stranger(request), request.app[LIBRARY], request.app[COLLECTIONS]
    collection_id = request.match_info["collection_id"]
    shown = await collections.show(principal, collection_id)
    asked = read_query(request, ListRows)
    videos, next_cursor = await collections.videos(principal, collection_id, cursor=asked.cursor, limit=asked.limit)
    contents = await library.contents(videos)
    among = WhichVideos(collection=collection_id)
    seconds = shown.total.duration_ms / 1000
    url = URL(request.path)
    context = {
        "collection": {
            "title": shown.collection.title,
            "description": shown.collection.description,
            "count": shown.total.count,
            "length": clock_time(seconds) if seconds else None,
            "spoken_length": spoken_time(seconds) if seconds else None,
        },
        "feed_url": f"{request.app[SITE].stream_url}/feed.xml?collection={collection_id}"
        if principal is None
        else None,
        "cards": [card_of(request, begun, contents, {}, among) for begun in await library.begun(principal, videos)],
        "edit_url": None
        if not shown.may_change
        else f"{request.app[SITE].upload_url}/videos/collections/{collection_id}",
        "first_url": None if asked.cursor is None else str(url),
        "next_url": None if next_cursor is None else str(url.with_query(cursor=next_cursor)),
    }
    return render(request, "collection.html", context)
