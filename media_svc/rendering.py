"""Renditions of a piece of a film; checked, whatever the child says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Annotated, Any, Final, Literal

import aiohttp
from pydantic import Field

from common.web.requests import Input
from contracts.media import Job, Reason, Task
from contracts.renditions import MOST_RENDITIONS, AudioRendition, Rendering, Renditions, Segment, VideoRendition
from contracts.shape import Count
from media_svc.blocks import Blocks, Renew
from media_svc.jail import Given, Jail, Limits, Order
from media_svc.made import Failed, Made, Spool

_MEMORY: Final = 3 * 2**30
# Of a picture of 3840 × 2160, for each second of film; and at least.
_CPU_SECONDS: Final = 30.0
_LEAST_CPU_SECONDS: Final = 6.0
_PIXELS: Final = 3840 * 2160


class _Rendition(Input):
    """As the child says: segments are sizes and durations (1/90000 s), one behind the other."""

    name: str
    kind: Literal["video", "audio"]
    codec: str
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    channels: int | None = None
    language: str | None = None
    init_size: Count
    segments: list[tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]]


class _Done(Input):
    renditions: Annotated[list[_Rendition], Field(max_length=MOST_RENDITIONS)]


class MakeRenditions:
    """What this worker can do with a piece."""

    def __init__(self, session: aiohttp.ClientSession, jail: Jail) -> None:
        self._session = session
        self._jail = jail

    async def make(self, job: Job, *, renew: Renew, on_progress: Callable[[int], None]) -> Made:
        """The pictures of a piece, or the sound of all; nothing where there is none. The caller closes its parts.

        As `Looking.look` otherwise.
        """
        rendering, size = job.rendering, job.source.size
        if rendering is None:
            raise Failed(Reason.CRASHED, "it is not said what to make")
        blocks = Blocks(self._session, job.source, renew, most_bytes=2 * size)
        duration_ms = None if job.facts is None else job.facts.duration_ms
        order = Order(task=job.task, duration_ms=duration_ms, rendering=rendering)
        given = await self._jail.run(order, blocks, limits=_limits(job, rendering), on_progress=on_progress)
        try:
            renditions, parts = _checked(job.task, rendering, given)
            for part in parts.values():
                part.fill(rendering.least_bytes)
        except ValueError as exc:
            given.close()
            raise Failed(Reason.CRASHED, "it says what cannot be") from exc
        except BaseException:
            given.close()
            raise
        return Made(
            renditions=renditions,
            parts=parts,
            bytes_read=blocks.bytes_read,
            peak_memory_bytes=given.peak_memory,
        )


def names_of(task: Task, rendering: Rendering) -> Sequence[str]:
    """What the child calls its files, by number."""
    if task is Task.SOUND:
        return ["audio", *(f"audio-{number}" for number in range(2, MOST_RENDITIONS + 1))]
    return [rung.name for rung in rendering.rungs]


def _limits(job: Job, rendering: Rendering) -> Limits:
    """They grow with the piece and its pictures, and end where nobody waits any longer."""
    facts = job.facts
    duration = ((facts and facts.duration_ms) or 0) if rendering.end_ms is None else rendering.end_ms
    seconds = max(0, duration - rendering.start_ms) / 1000
    pixels = ((facts and facts.width) or 3840) * ((facts and facts.height) or 2160)
    a_second = 0.5 if job.task is Task.SOUND else max(_LEAST_CPU_SECONDS, _CPU_SECONDS * pixels / _PIXELS)
    cpu_seconds = round(180 + seconds * a_second)
    wall = min(300 + 4 * cpu_seconds + job.source.size / 2**21, 12 * 3600)
    return Limits(cpu_seconds=cpu_seconds, seconds=wall, memory=_MEMORY)


def _checked(task: Task, rendering: Rendering, given: Given) -> tuple[Renditions, dict[str, Spool]]:
    """What was made, with offsets in its parts. Raises ValueError."""
    names = names_of(task, rendering)
    video, audio = [], []
    parts: dict[str, Spool] = {}
    # JSON has no tuples.
    for item in _Done.model_validate(given.done, strict=False).renditions:
        spool = given.spools.get(names.index(item.name))
        ends = list(accumulate((size for size, _ in item.segments), initial=item.init_size))
        if spool is None or ends[-1] != spool.size or item.name in parts:
            raise ValueError("its segments are not its bytes")
        about: dict[str, Any] = item.model_dump(exclude={"segments", "kind"}, exclude_none=True)
        about["segments"] = tuple(
            Segment(offset=offset, size=size, duration=duration)
            for offset, (size, duration) in zip(ends, item.segments, strict=False)
        )
        if item.kind == "video":
            video.append(VideoRendition(**about))
        else:
            audio.append(AudioRendition(**about))
        parts[item.name] = spool
    if len(parts) < len(given.spools):
        raise ValueError("there are bytes of which nothing is said")
    return Renditions(video=tuple(video), audio=tuple(audio)), parts
