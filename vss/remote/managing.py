"""`vss list`, `link`, `edit`, `rm` and `restore`: the account's videos, and what becomes of them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus

from vss.errors import Refusal
from vss.remote.client import Client, open_client
from vss.remote.errors import NoAnswer, NotLoggedIn, NotThere, Refused, SomeFailed
from vss.remote.plan import human_size
from vss.remote.table import Table
from vss.remote.values import WHO, video_id
from vss.speaking import say, warn

WAIT_SECONDS = 15.0


async def list_videos(state: str | None, *, as_json: bool) -> int:
    """One line a video, or a table for those who look."""
    query = {} if state is None else {"state": state}
    table = Table() if not as_json and sys.stdout is not None and sys.stdout.isatty() else None
    has_any = False
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        async for video in client.items(f"{client.server.upload}/v1/uploads", **query):
            has_any = True
            if as_json:
                say(json.dumps(video))
            elif table is not None:
                for line in table.lines(video):
                    say(line)
            else:
                when = video["created_at"][:16].replace("T", " ")
                size = "" if video["size"] is None else human_size(video["size"])
                say(f"{video['id']}  {video['state']:<9} {size:>9}  {when}  {video['visibility']:<8}  {video['title']}")
    if table is not None and not has_any:
        warn("No videos found. Upload one: vss upload FILE")
    return 0


async def link(named: Sequence[str], at: int | None) -> int:
    """The address of each, to copy; what keeps others from opening it is said beside it."""

    async def one(client: Client, url: str) -> None:
        video = (await client.call("GET", url)).content
        say(video["watch_url"] + ("" if at is None else f"?t={at}"))
        if video["hidden"]:
            warn("vss: an administrator has hidden it: only you can watch")
        elif video["state"] != "ready":
            warn(f"vss: nobody can watch it: it is {'in the trash' if video['state'] == 'trashed' else 'unfinished'}")
        elif video["visibility"] not in ("unlisted", "public"):
            warn(f"vss: {WHO[video['visibility']]} can watch it; `vss edit --visibility` changes that")

    return await _each(named, one, "found")


async def edit(named: Sequence[str], changes: Mapping[str, str]) -> int:
    """Changes what is given, and nothing else."""

    async def one(client: Client, url: str) -> str:
        video = (await client.call("PATCH", url, content=dict(changes))).content
        return f"saved; {WHO[video['visibility']]} can watch"

    return await _each(named, one, "changed")


async def remove(named: Sequence[str], *, is_permanent: bool) -> int:
    """Into the trash, or for good."""

    async def one(client: Client, url: str) -> str:
        if is_permanent:
            await client.call("DELETE", url)
            return "permanently deleted"
        try:
            await client.call("POST", f"{url}/trash")
        except Refused as refused:
            if refused.status == HTTPStatus.CONFLICT:
                raise Refused(refused.status, {"detail": "is unfinished: use --permanently to discard it"}) from refused
            raise
        return "moved to the trash; deletes in 7 days (vss restore brings it back)"

    return await _each(named, one, "deleted")


async def restore(named: Sequence[str]) -> int:
    """Out of the trash."""

    async def one(client: Client, url: str) -> str:
        await client.call("POST", f"{url}/restore")
        return "restored"

    return await _each(named, one, "restored")


async def name(named: Sequence[str]) -> int:
    """Says what these are called, before they are deleted."""

    async def one(client: Client, url: str) -> None:
        video = (await client.call("GET", url)).content
        warn(f"  {video['title']} ({'unfinished' if video['size'] is None else human_size(video['size'])})")

    return await _each(named, one, "found")


async def _each(named: Sequence[str], work: Callable[[Client, str], Awaitable[str | None]], done: str) -> int:
    """Does it with each video, as `each`."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        return await each(named, lambda given: work(client, _url(client, given)), f"videos {done}")


async def each(named: Sequence[str], work: Callable[[str], Awaitable[str | None]], done: str) -> int:
    """Does it with each in turn, and returns the exit code. Raises what concerns all of them, and SomeFailed.

    `done` is what was done with how many of them: "videos deleted".
    """
    failures: list[Refusal] = []
    for given in named:
        try:
            said = await work(given)
        except (NoAnswer, NotLoggedIn):
            raise
        except Refusal as refusal:
            failures.append(refusal)
            warn(f"vss: {given}: {refusal}")
        else:
            if said is not None:
                say(f"{given}: {said}")
    if failures and len(named) > 1:
        raise SomeFailed(f"{len(named) - len(failures)} of {len(named)} {done}")
    return failures[0].exit_code if failures else 0


def _url(client: Client, named: str) -> str:
    try:
        return f"{client.server.upload}/v1/uploads/{video_id(named)}"
    except argparse.ArgumentTypeError:
        raise NotThere("not an ID; `vss list` shows them") from None
