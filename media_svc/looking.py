"""What is made of a video: facts, poster, storyboard; and of a picture a poster; checked, whatever the child says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

import aiohttp
from pydantic import Field

from common.characters import without_controls
from common.web.requests import Input
from contracts.media import MOST_FILE_BYTES, Facts, Job, Reason, Task
from contracts.shape import Count
from media_svc.blocks import Blocks, Renew
from media_svc.jail import Given, Jail, Limits, Order
from media_svc.made import Failed, Made, MadeFile

# To look takes the same of every film; its index is read whole, which is 35 MB of a long one.
LOOK_LIMITS: Final = Limits(cpu_seconds=60, seconds=300)
_LOOK_MOST_BYTES: Final = 256 * 2**20
_COLUMNS: Final = 10
_TILES_OF_A_SPRITE: Final = 100

_POSTER: Final = re.compile(r"poster-[1-9][0-9]{0,4}\.(webp|jpg)")
_NAMES: Final = {
    Task.LOOK: _POSTER,
    Task.PICTURE: _POSTER,
    Task.STORYBOARD: re.compile(r"storyboard-[0-2]\.webp"),
}


class _Done(Input):
    """What the child says in the end."""

    poster_ms: Count | None = None
    interval_ms: Count = 0
    tiles: int = Field(default=0, ge=0, le=300)
    width: int = Field(default=0, ge=0, le=160)
    height: int = Field(default=0, ge=0, le=160)


class Looking:
    """What this worker can do with a video."""

    def __init__(self, session: aiohttp.ClientSession, jail: Jail, *, look_limits: Limits = LOOK_LIMITS) -> None:
        self._session = session
        self._jail = jail
        self._look_limits = look_limits

    async def look(self, job: Job, *, renew: Renew, on_progress: Callable[[int], None]) -> Made:
        """Facts and poster: of `job.poster_ms`, or of the moment that says most. Without a picture there are no files.

        `renew` is called when the URL has run out, `on_progress` with per cents. Raises Failed, and what `renew` does.
        """
        blocks = Blocks(self._session, job.source, renew, most_bytes=min(job.source.size, _LOOK_MOST_BYTES))
        order = Order(task=Task.LOOK, poster_ms=job.poster_ms)
        return await self._make(order, blocks, limits=self._look_limits, on_progress=on_progress)

    async def picture(self, job: Job, *, renew: Renew, on_progress: Callable[[int], None]) -> Made:
        """A poster of the picture that `job.source` is; as `look`."""
        blocks = Blocks(self._session, job.source, renew, most_bytes=job.source.size)
        made = await self._make(Order(task=Task.PICTURE), blocks, limits=self._look_limits, on_progress=on_progress)
        if not made.files:
            raise Failed(Reason.CRASHED, "there is no poster")
        return made

    async def storyboard(self, job: Job, *, renew: Renew, on_progress: Callable[[int], None]) -> Made:
        """Sprites and their index, `storyboard.json`; as `look`."""
        size, duration_ms = job.source.size, (job.facts and job.facts.duration_ms) or 0
        # A little goes out of memory before it is wanted again.
        blocks = Blocks(self._session, job.source, renew, most_bytes=size + size // 4)
        order = Order(task=Task.STORYBOARD, duration_ms=duration_ms)
        return await self._make(order, blocks, limits=storyboard_limits(duration_ms, size), on_progress=on_progress)

    async def _make(self, order: Order, blocks: Blocks, *, limits: Limits, on_progress: Callable[[int], None]) -> Made:
        given = await self._jail.run(order, blocks, limits=limits, on_progress=on_progress)
        try:
            done = _Done.model_validate(given.done)
            facts = _facts(given) if order.task is Task.LOOK else None
            files = [_file(order.task, name, content) for name, content in given.files.items()]
        except ValueError as exc:
            raise Failed(Reason.CRASHED, "it says what cannot be") from exc
        if order.task is Task.STORYBOARD:
            files.append(_index(done, files))
        return Made(
            facts=facts,
            files=files,
            poster_ms=done.poster_ms,
            bytes_read=blocks.bytes_read,
            peak_memory_bytes=given.peak_memory,
        )


def storyboard_limits(duration_ms: int, size: int) -> Limits:
    """They grow with the film, and end where nobody waits any longer."""
    cpu_seconds = min(60 + duration_ms // 10_000, 3600)
    # At 2 MiB a second.
    return Limits(cpu_seconds=cpu_seconds, seconds=min(120 + 3 * cpu_seconds + size / 2**21, 4 * 3600))


def _facts(given: Given) -> Facts:
    facts = Facts.model_validate_json(given.facts or b"{}", strict=True)
    chapters = tuple(item.model_copy(update={"title": without_controls(item.title).strip()}) for item in facts.chapters)
    return facts.model_copy(update={"chapters": chapters})


def _file(task: Task, name: str, content: bytes) -> MadeFile:
    """A picture that is one by its first bytes and has a name of ours. Raises ValueError."""
    if not _NAMES[task].fullmatch(name) or len(content) > MOST_FILE_BYTES:
        raise ValueError("no file of ours")
    if name.endswith(".webp") and content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return MadeFile(name=name, content_type="image/webp", content=content)
    if name.endswith(".jpg") and content.startswith(b"\xff\xd8\xff"):
        return MadeFile(name=name, content_type="image/jpeg", content=content)
    raise ValueError("no picture")


def _index(done: _Done, sprites: list[MadeFile]) -> MadeFile:
    """Where each tile lies: the n-th, from 0, begins at n × `interval_ms`, and lies in sprite n // 100."""
    if not (done.tiles and done.width and done.height and done.interval_ms):
        raise Failed(Reason.NO_PICTURE, is_final=True)
    if [file.name for file in sprites] != [f"storyboard-{n}.webp" for n in range(-(-done.tiles // _TILES_OF_A_SPRITE))]:
        raise Failed(Reason.CRASHED, "sprites are missing")
    index: dict[str, Any] = {
        "interval_ms": done.interval_ms,
        "tiles": done.tiles,
        "columns": _COLUMNS,
        "rows": _TILES_OF_A_SPRITE // _COLUMNS,
        "width": done.width,
        "height": done.height,
        "sprites": [file.name for file in sprites],
    }
    return MadeFile(name="storyboard.json", content_type="application/json", content=json.dumps(index).encode())
