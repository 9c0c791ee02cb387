"""What `vss group` does: groups by name or ID, and their members by username."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import uuid4

from yarl import URL

from common.ids import is_id
from vss.remote.client import Client, open_client
from vss.remote.errors import NotThere
from vss.remote.managing import WAIT_SECONDS, each
from vss.speaking import say, warn


async def list_groups(*, as_json: bool) -> int:
    """One line a group: its ID, how many are in it, whether you manage it, its name."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        async for group in client.items(_url(client)):
            manager = "manager" if group["is_manager"] else ""
            line = f"{group['id']}  {group['member_count']:>6}  {manager:<7}  {group['name']}"
            say(json.dumps(group) if as_json else line)
    return 0


async def create(name: str, *, description: str) -> int:
    """Prints its ID."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        key = {"Idempotency-Key": uuid4().hex}
        made = (
            await client.call("POST", _url(client), content={"name": name, "description": description}, headers=key)
        ).content
    say(f"{made['id']}  {made['name']}")
    return 0


async def rename(named: str, to: str) -> int:
    """Says what it is called now: names are cleaned."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        group = await find(client, named)
        renamed = (await client.call("PATCH", _url(client, group["id"]), content={"name": to})).content
    say(f"{group['name']}: renamed to {renamed['name']}")
    return 0


async def describe(named: str, description: str) -> int:
    """Says what the group is for."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        group = await find(client, named)
        await client.call("PATCH", _url(client, group["id"]), content={"description": description})
    say(f"{group['name']}: described")
    return 0


async def name(named: str) -> int:
    """Says which one it is, before it is deleted."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        group = await find(client, named)
    warn(f"  {group['name']} ({group['member_count']} members)")
    return 0


async def delete(named: str) -> int:
    """For good."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        group = await find(client, named)
        await client.call("DELETE", _url(client, group["id"]))
    say(f"{group['name']}: deleted")
    return 0


async def list_members(named: str, *, as_json: bool) -> int:
    """One line a member, by username."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        group = await find(client, named)
        async for member in client.items(_url(client, group["id"], "members")):
            line = f"{'manager' if member['is_manager'] else 'member':<7}  {member['username']}"
            say(json.dumps(member) if as_json else line)
    return 0


async def add(named: str, usernames: Sequence[str], *, is_manager: bool | None) -> int:
    """Puts each into the group; None: managers stay what they are."""

    async def one(client: Client, url: str) -> str:
        await client.call("PUT", url, content={"is_manager": is_manager})
        return "in the group" if is_manager is None else f"in the group, {'' if is_manager else 'not '}as a manager"

    return await _each(named, usernames, one)


async def remove(named: str, usernames: Sequence[str]) -> int:
    """Takes each out of the group, if they are in it."""

    async def one(client: Client, url: str) -> str:
        await client.call("DELETE", url)
        return "not in the group; access ends within 5 minutes"

    return await _each(named, usernames, one)


async def _each(named: str, usernames: Sequence[str], work: Callable[[Client, str], Awaitable[str]]) -> int:
    """Does it with each account of them, as `each`."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        group = await find(client, named)

        async def one(username: str) -> str:
            return await work(client, _url(client, group["id"], "members", await _account_id(client, username)))

        return await each(usernames, one, "accounts changed")


async def find(client: Client, named: str) -> dict[str, Any]:
    """The group with this name, in whatever case, or this ID. Raises NotThere."""
    try:
        if is_id(named):
            group: dict[str, Any] = (await client.call("GET", _url(client, named))).content
            return group
        async for group in client.items(_url(client), q=named[:200]):
            if _key(group["name"]) == _key(named):
                return group
    except NotThere:
        pass
    raise NotThere(f"no group {named!r}, or this account has no access to it; `vss group list` shows them")


async def _account_id(client: Client, username: str) -> str:
    """Raises NotThere."""
    url = URL(f"{client.server.auth}/v1/accounts/named").with_query(username=username)
    try:
        account_id: str = (await client.call("GET", str(url))).content["id"]
    except NotThere:
        raise NotThere("there is no account with this username") from None
    return account_id


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()


def _url(client: Client, *more: str) -> str:
    return "/".join((client.server.auth, "v1/groups", *more))
