"""`vss share`, `vss collection share`: links for people without an account, and people and groups who may watch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from yarl import URL

from vss.remote import collections, groups
from vss.remote.client import Client, open_client
from vss.remote.errors import NotThere
from vss.remote.managing import WAIT_SECONDS
from vss.speaking import say, warn


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """What the options say of a link; None: nothing. `start_at` in seconds, `frame_ancestors` are sites."""

    expires_in: timedelta | None
    view_limit: int | None
    start_at: int | None
    password: str | None
    frame_ancestors: list[str] | None
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What is shared: a video by its ID, or a collection by its title or ID."""

    video_id: str = ""
    collection: str | None = None

    async def url(self, client: Client) -> str:
        """Where its grants are. Raises NotThere."""
        if self.collection is None:
            return f"{client.server.upload}/v1/uploads/{self.video_id}/grants"
        found = await collections.find(client, self.collection)
        return f"{client.server.upload}/v1/collections/{found['id']}/grants"


async def create(shared: Shared, new: NewLink, *, as_json: bool) -> int:
    """Makes a link and prints its address, or the HTML that embeds it, which nobody can be told again."""
    wanted: dict[str, object] = asdict(new)
    del wanted["expires_in"]
    wanted |= _end(new.expires_in)
    content = {name: value for name, value in wanted.items() if value is not None}
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        link = (await client.call("POST", await shared.url(client), content=content)).content
    html = link.get("embed_html")
    say(json.dumps(link) if as_json else html or link["url"])
    if not as_json:
        warn(f"vss: keep this {'code' if html else 'address'}: it can’t be shown again")
    return 0


async def share_with(
    shared: Shared,
    *,
    username: str | None,
    group: str | None,
    everybody: str | None = None,
    is_manager: bool = False,
    expires_in: timedelta | None,
    as_json: bool,
) -> int:
    """Lets the account of this name, or the group of this name or ID, watch; of one that may, the end changes.

    Of a collection `everybody` is all `members`, or `everyone`; who `is_manager` also manages it.
    """
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        url = await shared.url(client)
        if everybody is not None:
            subject = everybody
        elif group is None:
            subject = await _account(client, username or "")
        else:
            subject = f"group:{(await groups.find(client, group))['id']}"
        asked = {"subject": subject, **({"right": "manage"} if is_manager else {}), **_end(expires_in)}
        grant = (await client.call("POST", url, content=asked)).content
    what = "managed by" if is_manager else "shared with"
    say(json.dumps(grant) if as_json else f"{what} {grant['name'] or grant['subject']}, {_until(grant)}")
    return 0


async def list_links(shared: Shared, *, as_json: bool) -> int:
    """One line for each person, group and link, in this order, the newest first."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        found = [grant async for grant in client.items(await shared.url(client))]
    for grant in sorted(found, key=lambda grant: bool(grant["subject"] == "link")):
        say(json.dumps(grant) if as_json else _line(grant))
    if not found:
        warn(f"Shared with nobody, and no links. Create one: vss {'collection ' if shared.collection else ''}share ID")
    return 0


async def revoke(shared: Shared, link_id: str) -> int:
    """From now on the link opens nothing, or the person or the group may not watch."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        await client.call("DELETE", f"{await shared.url(client)}/{link_id}")
    say(f"{link_id}: revoked")
    return 0


def _line(grant: dict[str, Any]) -> str:
    line = f"{grant['id']}  {grant['created_at'][:16].replace('T', ' ')}  {_until(grant)}"
    if grant["subject"] != "link":
        manages = "  manages it" if grant["right"] == "manage" else ""
        return f"{line}  {grant['subject'].partition(':')[0]} {grant['name'] or ''}".rstrip() + manages
    views = str(grant["views"]) if grant["view_limit"] is None else f"{grant['views']} of {grant['view_limit']}"
    sites = f"  on {', '.join(grant['frame_ancestors'])}" if grant["frame_ancestors"] else ""
    name = f"  {grant['name']}" if grant["name"] else ""
    return f"{line}  {views} views{'  password' if grant['has_password'] else ''}{sites}{name}"


def _until(grant: dict[str, Any]) -> str:
    end = grant["expires_at"]
    return "no end" if end is None else f"until {end[:16].replace('T', ' ')}"


def _end(expires_in: timedelta | None) -> dict[str, str]:
    if expires_in is None:
        return {}
    return {"expires_at": (datetime.now(UTC) + expires_in).isoformat(timespec="seconds")}


async def _account(client: Client, username: str) -> str:
    """The account of this name, as what a grant is to. Raises NotThere."""
    url = URL(f"{client.server.upload}/v1/grantees").with_query(username=username)
    for one in (await client.call("GET", str(url))).content["items"]:
        subject: str = one["subject"]
        return subject
    raise NotThere("there is no account with this username")
