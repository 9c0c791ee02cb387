"""Collections in a browser: all that one has or manages, one with its videos in order, and where videos are put into
them.

Their forms work without JavaScript: what succeeds leads back to the page, what does not shows it with what was typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field
from yarl import URL

from catalogue.content import Content, card_picture, spoken_time
from catalogue.videos import DESCRIPTION_MAX, TITLE_MAX
from common.durations import clock_time
from common.errors import Invalid, NotFound, Refusal
from common.ids import is_id
from common.languages import N_, gettext
from common.tokens import Principal
from common.web.forms import as_shown, changed_fields
from common.web.keys import SITE
from common.web.pages import render
from common.web.requests import (
    Query,
    id_in_path,
    read_form,
    read_form_fields,
    read_form_list,
    read_query,
    require_principal,
    validated,
)
from upload_svc.collections.app_keys import COLLECTIONS
from upload_svc.collections.collections import Move, Overview
from upload_svc.collections.models import ListCollections, collection_url
from upload_svc.models import BATCH_MAX, Description, Title, watch_url
from upload_svc.pages import back
from upload_svc.uploads import Upload

PATH: Final = "/videos/collections"
CHOOSE_PATH: Final = f"{PATH}/choose"
MOST_MANAGED: Final = 100


class CollectionForm(Query):
    title: Title
    description: Description = ""


class MoveForm(Query):
    to: Move


class ListRows(Query):
    """Which page of a collection."""

    limit: Annotated[int, Field(ge=1, le=100)] = 100
    cursor: Annotated[str, Field(max_length=2048)] | None = None


class Choose(Query):
    """Collections with which words in their titles; `q` is the list's that one comes from."""

    named: Annotated[str, Field(max_length=200)] = ""


async def collections_page(request: web.Request) -> web.Response:
    """GET /videos/collections."""
    return await _collections(request, require_principal(request))


async def add_collection(request: web.Request) -> web.Response:
    """POST /videos/collections, which leads to the new one."""
    principal, fields = require_principal(request), await read_form_fields(request)
    try:
        form = validated(CollectionForm, fields)
        made = await request.app[COLLECTIONS].create(principal, title=form.title, description=form.description)
    except Refusal as refusal:
        return await _collections(request, principal, form=fields, refusal=refusal)
    return _see_other(f"{PATH}/{made.collection.id}")


async def collection_page(request: web.Request) -> web.Response:
    """GET /videos/collections/{collection_id}: one of them, with its videos in their order."""
    return await _collection(request, require_principal(request))


async def save_collection(request: web.Request) -> web.Response:
    """POST /videos/collections/{collection_id}: its title and description."""
    principal, fields = require_principal(request), await read_form_fields(request)
    collection_id = id_in_path(request, "collection_id")
    try:
        form = validated(CollectionForm, fields)
    except Invalid as refusal:
        return await _collection(request, principal, form=fields, refusal=refusal)
    # Who saves a form of yesterday without typing undoes nobody's change.
    changed = changed_fields(fields, CollectionForm.model_fields)
    texts = {name: getattr(form, name) for name in changed}
    await request.app[COLLECTIONS].edit(principal, collection_id, **texts)
    return _see_other(f"{PATH}/{collection_id}")


async def drop_collection(request: web.Request) -> web.Response:
    """POST /videos/collections/{collection_id}/delete: the videos stay."""
    principal, collection_id = require_principal(request), id_in_path(request, "collection_id")
    await request.app[COLLECTIONS].delete(principal, collection_id, address=request.remote or "")
    return _see_other(PATH)


async def move_collected(request: web.Request) -> web.Response:
    """POST …/videos/{video_id}/move: up, down, first or last."""
    principal, collection_id = require_principal(request), id_in_path(request, "collection_id")
    form, video_id = await read_form(request, MoveForm), id_in_path(request, "video_id")
    await request.app[COLLECTIONS].move(principal, collection_id, video_id, form.to)
    return _rows(request, collection_id, f"video-{video_id}")


async def remove_collected(request: web.Request) -> web.Response:
    """POST …/videos/{video_id}/remove: takes the video out; it stays in My videos."""
    principal, collection_id = require_principal(request), id_in_path(request, "collection_id")
    await request.app[COLLECTIONS].remove(principal, collection_id, [id_in_path(request, "video_id")])
    return _rows(request, collection_id, "videos-heading")


async def choose_page(request: web.Request) -> web.Response:
    """GET /videos/collections/choose?ids=…: into which collections these videos go."""
    principal, ids = require_principal(request), request.query.getall("ids", [])
    return await _choice(request, principal, ids)


async def choose_collections(request: web.Request) -> web.Response:
    """POST /videos/collections/choose: into those that are ticked, out of those that are no longer; or a new one."""
    principal, fields = require_principal(request), await read_form_list(request)
    ids, ticked, were = (
        list(dict.fromkeys(value for name, value in fields if name == wanted))
        for wanted in ("ids", "collections", "were")
    )
    if any(not is_id(one) for one in (*ids, *ticked, *were)):
        raise NotFound
    title, collections = dict(fields).get("title", ""), request.app[COLLECTIONS]
    ids = [video.id for video in await collections.collectable(principal, ids[:BATCH_MAX])]
    said = {"collected": str(len(ids))}
    try:
        if title.strip():
            form = validated(CollectionForm, {"title": title})
            made = await collections.create(principal, title=form.title, description="")
            ticked.append(made.collection.id)
            # For scripts, which put more videos into it than one form takes.
            said["made"] = made.collection.id
            # If what follows is refused, it is there and ticked, and typed it would be made again.
            title = ""
        for collection_id in ticked:
            if collection_id not in were:
                await collections.add(principal, collection_id, ids)
        for collection_id in were:
            if collection_id not in ticked:
                await collections.remove(principal, collection_id, ids)
    except NotFound:
        # One that was deleted meanwhile: the others are as they were asked for, or are still there to be.
        return await _choice(request, principal, ids, title=title, detail=gettext("A collection no longer exists."))
    except Refusal as refusal:
        return await _choice(request, principal, ids, title=title, detail=_in_words(refusal))
    return back(request, **said)


async def _collections(
    request: web.Request,
    principal: Principal,
    *,
    form: Mapping[str, str] | None = None,
    refusal: Refusal | None = None,
) -> web.Response:
    asked = read_query(request, ListCollections)
    found, next_cursor = await request.app[COLLECTIONS].list(
        principal, q=asked.q, cursor=asked.cursor, limit=asked.limit
    )
    # Below the first page of one's own; who manages more searches for one.
    managed: Sequence[Overview] = ()
    if asked.cursor is None:
        managed, _ = await request.app[COLLECTIONS].list(
            principal, q=asked.q, is_managed=True, cursor=None, limit=MOST_MANAGED
        )
    context = {
        "collections": [_card(overview) for overview in found],
        "managed": [_card(overview) for overview in managed],
        "is_searchable": bool(asked.q) or len(managed) == MOST_MANAGED,
        "q": asked.q,
        "form": form or {},
        "errors": {} if refusal is None else {"title": _in_words(refusal)},
        "title_max": TITLE_MAX,
        "description_max": DESCRIPTION_MAX,
        **_pagination(request.rel_url, asked.cursor, next_cursor),
    }
    return render(request, "collections.html", context, status=200 if refusal is None else refusal.status)


async def _collection(
    request: web.Request,
    principal: Principal,
    *,
    form: Mapping[str, str] | None = None,
    refusal: Invalid | None = None,
) -> web.Response:
    asked, collection_id = read_query(request, ListRows), id_in_path(request, "collection_id")
    collections = request.app[COLLECTIONS]
    overview = await collections.get(principal, collection_id)
    page = await collections.page(principal, collection_id, cursor=asked.cursor, limit=asked.limit)
    stream_url, texts = request.app[SITE].stream_url, _texts(overview)
    url = request.rel_url.with_path(f"{PATH}/{collection_id}", keep_query=True)
    context = {
        "collection": {**_card(overview), "viewers_url": collection_url(stream_url, collection_id)},
        "videos": [_row(request, upload, collection_id) for upload in page.uploads],
        "offset": page.offset,
        "previous_id": page.previous_id,
        # What the forms of this page keep.
        "place": "" if asked.cursor is None else f"?{url.with_query(cursor=asked.cursor).raw_query_string}",
        "form": {**texts, **as_shown(texts), **(form or {})},
        "errors": {fault["pointer"].removeprefix("#/"): fault["detail"] for fault in refusal.errors} if refusal else {},
        "title_max": TITLE_MAX,
        "description_max": DESCRIPTION_MAX,
        **_pagination(url, asked.cursor, page.next_cursor),
    }
    return render(request, "collection.html", context, status=200 if refusal is None else refusal.status)


async def _choice(
    request: web.Request, principal: Principal, ids: Sequence[str], *, title: str = "", detail: str | None = None
) -> web.Response:
    asked, collections = read_query(request, Choose), request.app[COLLECTIONS]
    videos = await collections.collectable(principal, [one for one in ids[:BATCH_MAX] if is_id(one)])
    if not videos:
        raise NotFound(N_("None of these can be put into a collection: they are unfinished, or no longer there."))
    offers, has_more = await collections.offers(principal, [video.id for video in videos], q=asked.named)
    context = {
        "videos": videos,
        "offers": [
            {
                "id": offer.collection.id,
                "title": offer.collection.title,
                "count": offer.count,
                "has_all": offer.count == len(videos),
            }
            for offer in offers
        ],
        "has_more": has_more,
        "named": asked.named,
        "title": title,
        "detail": detail,
        "title_max": TITLE_MAX,
        "close_url": (close_url := back(request).headers["Location"]),
        # What the forms keep: the list that one comes from.
        "kept": [*URL(close_url).query.items()],
        "place": f"?{query}" if (query := URL(close_url).raw_query_string) else "",
    }
    return render(request, "choose_collections.html", context, status=200 if detail is None else 409)


def _card(overview: Overview) -> dict[str, object]:
    collection, total = overview.collection, overview.total
    seconds = total.duration_ms / 1000
    return {
        "id": collection.id,
        "url": f"{PATH}/{collection.id}",
        **_texts(overview),
        "is_mine": overview.is_mine,
        "owner_name": overview.owner_name,
        "count": total.count,
        "length": clock_time(seconds) if seconds else None,
        "spoken_length": spoken_time(seconds) if seconds else None,
        # The picture says how long all of it is.
        "picture": {**_picture(overview.first), "length": None},
        "hue": (overview.first.video.size or 0) % 12 if overview.first else 0,
    }


def _texts(overview: Overview) -> dict[str, str]:
    return {"title": overview.collection.title, "description": overview.collection.description}


def _row(request: web.Request, upload: Upload, collection_id: str) -> dict[str, object]:
    video = upload.video
    url = URL(watch_url(request.app[SITE].stream_url, video.id)).with_query(collection=collection_id)
    return {
        "id": video.id,
        "title": video.title,
        "hue": (video.size or 0) % 12,
        "picture": _picture(upload),
        "watch_url": str(url),
        "visibility": video.chosen_visibility.value,
        "is_hidden": video.is_hidden,
    }


def _picture(upload: Upload | None) -> dict[str, object]:
    return card_picture(Content() if upload is None or upload.media is None else upload.media.content)


def _pagination(url: URL, cursor: str | None, next_cursor: str | None) -> dict[str, object]:
    return {
        "first_url": None if cursor is None else url.without_query_params("cursor"),
        "next_url": None if next_cursor is None else url.update_query(cursor=next_cursor),
    }


def _in_words(refusal: Refusal) -> str:
    return refusal.errors[0]["detail"] if isinstance(refusal, Invalid) else gettext(refusal.detail)


def _rows(request: web.Request, collection_id: str, fragment: str) -> web.Response:
    """To the page of the collection from which the form came."""
    cursor = request.query.get("cursor")
    url = URL(f"{PATH}/{collection_id}").with_query({} if cursor is None else {"cursor": cursor})
    return _see_other(str(url.with_fragment(fragment)))


def _see_other(location: str) -> web.Response:
    return web.Response(status=303, headers={"Location": location})
