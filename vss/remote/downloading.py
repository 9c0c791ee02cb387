"""One video to a file: straight from S3, from where an earlier attempt ended, and verified at the end."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO

import aiohttp
from yarl import URL

from common.media_types import BY_ENDING
from vss.errors import BadOption
from vss.remote.client import NETWORK_ERRORS, Client, reason_of
from vss.remote.errors import Damaged, FileUnusable, NotThere
from vss.remote.plan import clean_name, human_size, shortened
from vss.remote.progress import shown
from vss.remote.proxies import proxy_for
from vss.remote.source import BLOCK, sha256_of

_TRANSFER = aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=60)
# What `-o` calls standard output.
STDOUT = "-"
# Of a file name, in bytes, where the file system does not say.
_NAME_MAX = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """Where it is, its size in bytes, and its SHA-256 where it was compared with the one that the uploader gave."""

    name: str
    size: int
    sha256: str | None


async def download(client: Client, video_id: str, output: str | None, *, replace: bool, quiet: bool) -> Downloaded:
    """Writes the video to `output`: a file, a folder, a pipe or device, or STDOUT; by default its own name, here.

    Raises BadOption, FileUnusable, NotThere, NoAnswer, Damaged.
    """
    if output == "" or (output not in (None, STDOUT) and str(output).endswith("/") and not _is_folder(Path(output))):
        raise BadOption(f"-o: {output!r} is not a folder; give a file or a folder that exists")
    try:
        video: dict[str, Any] = (await client.call("GET", f"{client.server.stream}/v1/videos/{video_id}")).content
    except NotThere as gone:
        raise NotThere(f"{video_id}: {gone}") from gone
    mine = await _as_owner(client, video_id)
    wanted = _Wanted(video_id, int(video["size"]), None if mine is None else mine["sha256"], quiet)
    if output == STDOUT or (output is not None and _is_stream(Path(output))):
        found = await _to_stream(client, wanted, output)
        return Downloaded(name=output, size=wanted.size, sha256=found)
    target = Path(output or ".")
    if _is_folder(target):
        target /= _fitting(await _original_name(client, video), target, video_id)
    _refuse_existing(target, replace=replace)
    found = await _to_file(client, wanted, target, replace=replace)
    return Downloaded(name=str(target), size=wanted.size, sha256=found)


@dataclass(frozen=True, slots=True)
class _Wanted:
    video_id: str
    size: int
    # None where nobody knows it.
    sha256: str | None
    quiet: bool


def _is_folder(path: Path) -> bool:
    return (mode := _mode(path)) is not None and stat.S_ISDIR(mode)


def _is_stream(path: Path) -> bool:
    """Whether it is there and can only be written into: a device or a pipe is never replaced by a file."""
    return (mode := _mode(path)) is not None and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise FileUnusable(f"{path} cannot be written: {exc.strerror}") from exc


def _refuse_existing(target: Path, *, replace: bool) -> None:
    mode = _mode(target)
    if mode is None:
        return
    if stat.S_ISDIR(mode):
        raise FileUnusable(f"{target} is a folder: -o FILE takes another name")
    if not replace:
        raise FileUnusable(f"{target} already exists: --replace overwrites it, -o FILE takes another name")
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise FileUnusable(f"{target} is read-only and was not replaced")


async def _to_stream(client: Client, wanted: _Wanted, output: str) -> str | None:
    """Writes it as it comes; what was written cannot be taken back, so an interrupted one begins anew."""
    digest = hashlib.sha256()
    with _open_stream(output) as file, shown(output, wanted.size, quiet=wanted.quiet) as progress:

        def write(block: bytes) -> None:
            file.write(block)
            digest.update(block)

        try:
            await _fetch_all(client, wanted, write, 0, progress.moved)
            file.flush()
        except BrokenPipeError:
            if output == STDOUT:
                raise
            raise FileUnusable(f"{output}: nothing reads it any more") from None
        except OSError as exc:
            raise FileUnusable(f"{output} cannot be written: {exc.strerror}") from exc
    return _compared(wanted, digest.hexdigest() if wanted.sha256 else None, output)


@contextmanager
def _open_stream(output: str) -> Iterator[BinaryIO]:
    if output == STDOUT:
        if sys.stdout is None:
            raise FileUnusable("standard output is closed")
        yield sys.stdout.buffer
        return
    try:
        with Path(output).open("wb") as file:
            yield file
    except OSError as exc:
        raise FileUnusable(f"{output} cannot be written: {exc.strerror}") from exc


async def _to_file(client: Client, wanted: _Wanted, named: Path, *, replace: bool) -> str | None:
    # A link stays one: the file that it leads to is written.
    target = named.resolve()  # noqa: ASYNC240
    # Named after the video too: what lies here under it is a beginning of the same bytes, for objects never change.
    suffix = f".{wanted.video_id}.part"
    most = _name_max(target.parent) - len(suffix) - 1
    partial = target.with_name(f".{shortened(target.name, most, in_bytes=True)}{suffix}")
    try:
        with _open_partial(partial) as file, shown(named.name, wanted.size, quiet=wanted.quiet) as progress:
            _take(file, named)
            there = file.tell()
            if there > wanted.size:
                file.truncate(0)
                there = 0
            if there:
                progress.note(f"resuming after {human_size(there)}")
                progress.moved(there)
            await _fetch_all(client, wanted, file.write, there, progress.moved)
            file.flush()
            os.fsync(file.fileno())
        try:
            found = _compared(wanted, await sha256_of(partial) if wanted.sha256 else None, named.name)
        except Damaged:
            partial.unlink()
            raise
        _put_in_place(partial, target, replace=replace)
    except OSError as exc:
        kept = "; what was downloaded is kept: run the same command to resume" if exc.errno in _FULL else ""
        raise FileUnusable(f"{named} cannot be written: {exc.strerror}{kept}") from exc
    return found


_FULL = (errno.ENOSPC, errno.EDQUOT)


def _open_partial(partial: Path) -> BinaryIO:
    # Not through a link that somebody has put there in a folder that many write into.
    descriptor = os.open(partial, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileUnusable(f"{partial} is in the way: remove it")
    return os.fdopen(descriptor, "ab")


def _put_in_place(partial: Path, target: Path, *, replace: bool) -> None:
    """Gives the file its name; one that has come to be there meanwhile is replaced only when that was asked for."""
    if replace:
        partial.replace(target)
        return
    try:
        # Unlike a renaming, this never replaces.
        target.hardlink_to(partial)
    except FileExistsError:
        raise FileUnusable(f"{target} exists now: --replace overwrites it, -o FILE takes another name") from None
    except OSError:
        # A file system without links.
        _refuse_existing(target, replace=False)
        partial.replace(target)
    else:
        partial.unlink()


def _compared(wanted: _Wanted, found: str | None, name: str) -> str | None:
    if found != wanted.sha256:
        raise Damaged(f"{name}: its SHA-256 differs from the uploaded file; download it again")
    return found


def _take(file: BinaryIO, target: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FileUnusable(f"another vss is already downloading {target}") from None


async def _as_owner(client: Client, video_id: str) -> dict[str, Any] | None:
    try:
        video: dict[str, Any] = (await client.call("GET", f"{client.server.upload}/v1/uploads/{video_id}")).content
    except NotThere:
        return None
    return video


async def _original_name(client: Client, video: dict[str, Any]) -> str:
    """What the file was called when it was uploaded, as its download says; else one made from title and type."""
    url = f"{client.server.stream}/v1/videos/{video['id']}/source?download=1"
    source = await client.call("GET", url)
    try:
        location = URL(source.headers["Location"], encoded=True)
        async with client.session.get(
            location, headers={"Range": "bytes=0-0"}, timeout=_TRANSFER, proxy=proxy_for(location)
        ) as answer:
            disposition = answer.content_disposition
    except NETWORK_ERRORS:
        # The download itself waits for the storage.
        disposition = None
    if disposition is not None and disposition.filename:
        return disposition.filename
    ending = next((ending for ending, known in BY_ENDING.items() if known == video["content_type"]), "")
    return f"{video['title']}{ending}"


def _fitting(name: str, folder: Path, video_id: str) -> str:
    """The name as a file's here: what somebody else chose is never a path, a hidden file, or read as an option."""
    safe = clean_name(name).lstrip(".")
    if safe.startswith("-"):
        safe = f"_{safe[1:]}"
    return shortened(safe, _name_max(folder), in_bytes=True) or video_id


def _name_max(folder: Path) -> int:
    try:
        return min(os.pathconf(folder, "PC_NAME_MAX"), _NAME_MAX)
    except (OSError, ValueError):
        return _NAME_MAX


async def _fetch_all(
    client: Client, wanted: _Wanted, write: Callable[[bytes], object], there: int, moved: Callable[[int], None]
) -> None:
    while there < wanted.size:
        there = await _fetch(client, wanted, write, there, moved)


async def _fetch(
    client: Client, wanted: _Wanted, write: Callable[[bytes], object], there: int, moved: Callable[[int], None]
) -> int:
    """Fetches from `there` on; returns how much there is then. Raises NoAnswer after too much without any progress."""
    attempts = client.patience.attempts()
    while True:
        source = await client.call("GET", f"{client.server.stream}/v1/videos/{wanted.video_id}/source")
        start = there
        try:
            url = URL(source.headers["Location"], encoded=True)
            async with client.session.get(
                url, headers={"Range": f"bytes={there}-"}, timeout=_TRANSFER, proxy=proxy_for(url)
            ) as answer:
                if answer.status == HTTPStatus.PARTIAL_CONTENT and _begins_at(answer, there, wanted.size):
                    async for block in answer.content.iter_chunked(BLOCK):
                        write(block)
                        there += len(block)
                        moved(len(block))
                    trouble = None
                else:
                    trouble = f"the storage answers {answer.status}"
        except NETWORK_ERRORS as exc:
            trouble = f"the storage is not responding ({reason_of(exc)})"
        if there > start or trouble is None:
            return there
        await attempts.pause(trouble)


def _begins_at(answer: aiohttp.ClientResponse, start: int, size: int) -> bool:
    return answer.headers.get("Content-Range", "") == f"bytes {start}-{size - 1}/{size}"
