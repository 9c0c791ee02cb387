"""One video to a file: straight from S3, from where an earlier attempt ended, and verified at the end."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO

import aiohttp
from yarl import URL

from vss.remote.client import NETWORK_ERRORS, Client, reason_of
from vss.remote.errors import Damaged, FileUnusable, NotThere
from vss.remote.plan import human_size
from vss.remote.progress import shown
from vss.remote.source import BLOCK

_TRANSFER = aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """Where it is, its size in bytes, and its SHA-256 where it was compared with the one that the uploader gave."""

    path: Path
    size: int
    sha256: str | None


async def download(client: Client, video_id: str, output: Path | None, *, replace: bool, quiet: bool) -> Downloaded:
    """Writes the video to `output`, a file or a folder; by default under its own name, here.

    Raises FileUnusable, NotThere, NoAnswer, Damaged.
    """
    video: dict[str, Any] = (await client.call("GET", f"{client.server.stream}/v1/videos/{video_id}")).content
    mine = await _as_owner(client, video_id)
    target = _target(output, video, mine)
    if target.exists() and not replace:
        raise FileUnusable(f"{target} is there already: --replace writes over it, -o FILE takes another name")
    size, sha256 = int(video["size"]), None if mine is None else mine["sha256"]
    # Named after the video too: what lies here under it is a beginning of the same bytes, for objects never change.
    partial = target.with_name(f".{target.name[:180]}.{video_id}.part")
    try:
        with partial.open("ab") as file, shown(target.name, size, quiet=quiet) as progress:
            _take(file, target)
            there = file.tell()
            if there > size:
                file.truncate(0)
                there = 0
            if there:
                progress.note(f"goes on after {human_size(there)}")
                progress.moved(there)
            while there < size:
                there = await _fetch(client, video_id, file, there, size=size, moved=progress.moved)
            file.flush()
            os.fsync(file.fileno())
        found = await asyncio.to_thread(_sha256, partial) if sha256 else None
        if found != sha256:
            partial.unlink()
            raise Damaged(f"{target.name}: its SHA-256 is not that of the file that was uploaded; download it again")
        partial.replace(target)
    except OSError as exc:
        raise FileUnusable(f"{target} cannot be written: {exc.strerror}") from exc
    return Downloaded(path=target, size=size, sha256=found)


def _take(file: BinaryIO, target: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FileUnusable(f"another vss is downloading {target} right now") from None


async def _as_owner(client: Client, video_id: str) -> dict[str, Any] | None:
    try:
        video: dict[str, Any] = (await client.call("GET", f"{client.server.upload}/v1/uploads/{video_id}")).content
    except NotThere:
        return None
    return video


def _target(output: Path | None, video: dict[str, Any], mine: dict[str, Any] | None) -> Path:
    if output is not None and not output.is_dir():
        return output
    name = mine["filename"] if mine else f"{video['title']}.{str(video['content_type']).rpartition('/')[2]}"
    # What a server says is never a path, nor a hidden file.
    safe = name.replace("/", "_").replace("\0", "_").lstrip(".")[:200] or str(video["id"])
    return (output or Path()) / safe


async def _fetch(
    client: Client, video_id: str, file: BinaryIO, there: int, *, size: int, moved: Callable[[int], None]
) -> int:
    """Fetches from `there` on; returns how much there is then. Raises NoAnswer after too much without any progress."""
    attempts = client.patience.attempts()
    while True:
        source = await client.call("GET", f"{client.server.stream}/v1/videos/{video_id}/source")
        start = there
        try:
            async with client.session.get(
                URL(source.headers["Location"], encoded=True),
                headers={"Range": f"bytes={there}-"},
                timeout=_TRANSFER,
            ) as answer:
                if answer.status == HTTPStatus.PARTIAL_CONTENT and _begins_at(answer, there, size):
                    async for block in answer.content.iter_chunked(BLOCK):
                        file.write(block)
                        there += len(block)
                        moved(len(block))
                    trouble = None
                else:
                    trouble = f"the storage answers {answer.status}"
        except NETWORK_ERRORS as exc:
            trouble = f"the storage does not answer ({reason_of(exc)})"
        if there > start or trouble is None:
            return there
        await attempts.pause(trouble)


def _begins_at(answer: aiohttp.ClientResponse, start: int, size: int) -> bool:
    return answer.headers.get("Content-Range", "") == f"bytes {start}-{size - 1}/{size}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
