"""What `vss collection` does: collections by title or ID, and the account's videos in them."""

from __future__ import annotations

import argparse
import json
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from common.ids import is_id
from vss.remote.client import Client, open_client
from vss.remote.errors import NotThere
from vss.remote.managing import WAIT_SECONDS, each
from vss.remote.values import video_id
from vss.speaking import say, warn


async def list_collections(*, is_managed: bool = False, as_json: bool) -> int:
    """One line a collection: its ID, how many videos are in it, its title; of others' (`is_managed`) also whose."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        async for one in client.items(_url(client), right="manage" if is_managed else "owner"):
            whose = f"  by {one['owner']}" if one.get("owner") else ""
            say(json.dumps(one) if as_json else f"{one['id']}  {one['video_count']:>6}  {one['title']}{whose}")
    return 0


async def create(title: str, description: str) -> int:
    """Prints its ID."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        content, key = {"title": title, "description": description}, {"Idempotency-Key": uuid4().hex}
        made = (await client.call("POST", _url(client), content=content, headers=key)).content
    say(f"{made['id']}  {made['title']}")
    return 0


async def show(named: str, *, as_json: bool) -> int:
    """One line a video, in the collection's order."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        collection = await find(client, named)
        async for video in client.items(_url(client, collection["id"], "videos")):
            say(json.dumps(video) if as_json else f"{video['id']}  {video['visibility']:<8}  {video['title']}")
    return 0


async def add(named: str, videos: Sequence[str]) -> int:
    """Puts each at the end, in this order; what is in it stays where it is."""

    async def one(client: Client, url: str) -> str:
        await client.call("PUT", url)
        return "in the collection"

    return await _each(named, videos, one)


async def remove(named: str, videos: Sequence[str]) -> int:
    """Takes each out, if it is in it; the videos stay."""

    async def one(client: Client, url: str) -> str:
        await client.call("DELETE", url)
        return "not in the collection"

    return await _each(named, videos, one)


async def move(named: str, video: str, *, after: str | None, is_last: bool) -> int:
    """Puts a video behind another one, last, or with neither of them first."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        collection_id, moved = (await find(client, named))["id"], _video_id(video)
        behind = None if after is None else _video_id(after)
        if is_last:
            async for other in client.items(_url(client, collection_id, "videos")):
                behind = other["id"] if other["id"] != moved else behind
        await client.call("PUT", _url(client, collection_id, "videos", moved), content={"after": behind})
    say(f"{video}: moved")
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUploadLink:
    """What the options say of a link by which guests send; None: nothing. `max_size` in bytes."""

    note: str | None
    max_files: int | None
    max_size: int | None
    expires_in: timedelta | None


async def ask_for(named: str, new: NewUploadLink, *, as_json: bool) -> int:
    """Makes a link and prints its address, which nobody can be told again."""
    wanted: dict[str, object] = {"note": new.note, "max_files": new.max_files, "max_size": new.max_size}
    if new.expires_in is not None:
        wanted["expires_at"] = (datetime.now(UTC) + new.expires_in).isoformat(timespec="seconds")
    content = {name: value for name, value in wanted.items() if value is not None}
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        url = _url(client, (await find(client, named))["id"], "grants")
        asked = {"subject": "link", "right": "upload", **content}
        link = (await client.call("POST", url, content=asked)).content
    say(json.dumps(link) if as_json else link["url"])
    if not as_json:
        warn("vss: keep this address: it can’t be shown again")
    return 0


async def name(named: str) -> int:
    """Says which one it is, before it is deleted."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        collection = await find(client, named)
    warn(f"  {collection['title']} ({collection['video_count']} videos)")
    return 0


async def delete(named: str) -> int:
    """For good; the videos stay."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        collection = await find(client, named)
        await client.call("DELETE", _url(client, collection["id"]))
    say(f"{collection['title']}: deleted")
    return 0


async def _each(named: str, videos: Sequence[str], work: Callable[[Client, str], Awaitable[str]]) -> int:
    """Does it with each video of them, as `each`."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        collection = await find(client, named)

        async def one(video: str) -> str:
            return await work(client, _url(client, collection["id"], "videos", _video_id(video)))

        return await each(videos, one, "videos changed")


async def find(client: Client, named: str) -> dict[str, Any]:
    """The collection with this ID, or the only one of theirs with this title, in whatever case. Raises NotThere.

    Of another's that they manage the title does not count: anybody can call one as theirs is called.
    """
    try:
        if is_id(named):
            collection: dict[str, Any] = (await client.call("GET", _url(client, named))).content
            return collection
        found = [one async for one in client.items(_url(client), q=named[:200]) if _key(one["title"]) == _key(named)]
    except NotThere:
        found = []
    if len(found) > 1:
        raise NotThere(f"{len(found)} collections are called {named!r}; name one by its ID: `vss collection list`")
    if not found:
        raise NotThere(f"you have no collection {named!r}; `vss collection list` shows yours")
    return found[0]


def _video_id(named: str) -> str:
    try:
        return video_id(named)
    except argparse.ArgumentTypeError:
        raise NotThere("not an ID; `vss list` shows them") from None


def _key(title: str) -> str:
    return unicodedata.normalize("NFKC", " ".join(title.split())).casefold()


def _url(client: Client, *more: str) -> str:
    return "/".join((client.server.upload, "v1/collections", *more))
