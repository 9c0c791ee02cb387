"""`vss share`: links by which people without an account watch a video."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from vss.remote.client import open_client
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


async def create(video_id: str, new: NewLink, *, as_json: bool) -> int:
    """Makes a link and prints its address, or the HTML that embeds it, which nobody can be told again."""
    wanted: dict[str, object] = asdict(new)
    expires_in = wanted.pop("expires_in")
    if isinstance(expires_in, timedelta):
        wanted["expires_at"] = (datetime.now(UTC) + expires_in).isoformat(timespec="seconds")
    content = {name: value for name, value in wanted.items() if value is not None}
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        url = f"{client.server.upload}/v1/uploads/{video_id}/grants"
        link = (await client.call("POST", url, content=content)).content
    html = link.get("embed_html")
    say(json.dumps(link) if as_json else html or link["url"])
    if not as_json:
        warn(f"vss: keep this {'code' if html else 'address'}: it can’t be shown again")
    return 0


async def list_links(video_id: str, *, as_json: bool) -> int:
    """One line a link, the newest first."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        found = (await client.call("GET", f"{client.server.upload}/v1/uploads/{video_id}/grants")).content
    for link in found["items"]:
        say(json.dumps(link) if as_json else _line(link))
    if not found["items"]:
        warn("No links. Create one: vss share ID")
    return 0


async def revoke(video_id: str, link_id: str) -> int:
    """From now on the link opens nothing."""
    async with open_client(patience_seconds=WAIT_SECONDS) as client:
        await client.call("DELETE", f"{client.server.upload}/v1/uploads/{video_id}/grants/{link_id}")
    say(f"{link_id}: revoked")
    return 0


def _line(link: dict[str, Any]) -> str:
    made, expires_at = link["created_at"][:16].replace("T", " "), link["expires_at"]
    end = "no end" if expires_at is None else f"until {expires_at[:16].replace('T', ' ')}"
    views = str(link["views"]) if link["view_limit"] is None else f"{link['views']} of {link['view_limit']}"
    sites = f"  on {', '.join(link['frame_ancestors'])}" if link["frame_ancestors"] else ""
    return f"{link['id']}  {made}  {end}  {views} views{'  password' if link['has_password'] else ''}{sites}"
