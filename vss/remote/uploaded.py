"""Which files are uploaded already: told by their content, never by a name alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vss.remote.client import Client
from vss.remote.errors import NotThere
from vss.remote.plan import wire_name
from vss.remote.source import SourceFile


class Uploaded:
    """The account's ready videos, listed once; `under_any_name`: a file may be called otherwise by now."""

    def __init__(self, client: Client, *, under_any_name: bool) -> None:
        self._client = client
        self._uploads = f"{client.server.upload}/v1/uploads"
        self._under_any_name = under_any_name
        self._by_size: dict[int, list[dict[str, Any]]] | None = None

    async def find(self, source: SourceFile) -> dict[str, Any] | None:
        """The ready video with this file's content, by SHA-256. Raises a Refusal of vss.remote.errors."""
        if self._by_size is None:
            self._by_size = await self._list()
        name = wire_name(source.path)
        for video in self._by_size.get(source.size, ()):
            if not self._under_any_name and wire_name(Path(video["filename"])) != name:
                continue
            try:
                known = video["sha256"] or await self._read_back(video["id"])
                if known is None or known != await source.sha256():
                    continue
                # It may have been deleted since it was listed.
                now: dict[str, Any] = (await self._client.call("GET", f"{self._uploads}/{video['id']}")).content
            except NotThere:
                continue
            if now["state"] == "ready":
                return now
        return None

    async def _list(self) -> dict[int, list[dict[str, Any]]]:
        by_size: dict[int, list[dict[str, Any]]] = {}
        async for video in self._client.items(self._uploads, state="ready"):
            kept = {name: video[name] for name in ("id", "filename", "sha256")}
            by_size.setdefault(video["size"], []).append(kept)
        return by_size

    async def _read_back(self, video_id: str) -> str | None:
        """What the storage's own copy was when somebody last read it (`vss verify`)."""
        integrity = (await self._client.call("GET", f"{self._uploads}/{video_id}/integrity")).content
        sha256: str | None = (integrity["read_back"] or {}).get("sha256")
        return sha256
