"""What is made of a film so that it plays everywhere: which sizes, in pieces of which length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field

from contracts.media import Facts, Task
from contracts.renditions import Rendering, Rung
from contracts.shape import Shape
from upload_svc.settings import Policy

# A multipart upload has 10,000 parts, and each attempt at a chunk brings another one.
MOST_CHUNKS: Final = 60
PARTS_OF_A_CHUNK: Final = 150
# Whole segments.
_STEP_MS: Final = 4_000
_LEAST_CHUNK_MS: Final = 60_000
# Of all parts but the last (S3).
LEAST_PART_BYTES: Final = 5 * 2**20
# Sounds of as many languages as workers make.
SOUNDS: Final = ("audio", *(f"audio-{number}" for number in range(2, 9)))
# What every browser plays begins so: H.264 in 8 bits, AAC.
_AVC: Final = ("avc1.42", "avc1.4d", "avc1.58", "avc1.64")
_AAC: Final = ("mp4a.40.2", "mp4a.40.5", "mp4a.40.29")
# More than this is not for a phone in a train; and the index is read whole before the first picture.
_MOST_BITS: Final = 8_000_000
_MOST_INDEX_BYTES: Final = 16 * 2**20
# What players begin with, before they know the line.
_FIRST_SIDE: Final = 480


class Plan(Shape):
    """Of one video; a chunk is `chunk_ms` long, and the last one whatever is left."""

    chunk_ms: Annotated[int, Field(ge=_STEP_MS)]
    chunks: Annotated[int, Field(ge=0, le=MOST_CHUNKS)]
    rungs: tuple[Rung, ...]
    has_sound: bool
    preset: str

    @property
    def file_names(self) -> tuple[str, ...]:
        """Of all renditions that there may be."""
        return (*(rung.name for rung in self.rungs), *(SOUNDS if self.has_sound else ()))

    def names_of(self, task: Task) -> tuple[str, ...]:
        """The renditions that such a job makes parts of."""
        return SOUNDS if task is Task.SOUND else tuple(rung.name for rung in self.rungs)

    def rendering(self, task: Task, chunk: int) -> Rendering:
        """What one job makes."""
        if task is Task.SOUND:
            return Rendering(preset=self.preset)
        is_last = chunk == self.chunks - 1
        return Rendering(
            start_ms=chunk * self.chunk_ms,
            end_ms=None if is_last else (chunk + 1) * self.chunk_ms,
            rungs=self.rungs,
            preset=self.preset,
            least_bytes=0 if is_last else LEAST_PART_BYTES,
        )


def plan_of(facts: Facts, policy: Policy, *, heights: Sequence[int], preset: str) -> Plan | None:
    """What is to be made; None: nothing. `heights`: of the short side, in pixels."""
    if policy is Policy.OFF or not (facts.has_video and facts.duration_ms and facts.width and facts.height):
        return None
    is_easy = plays_everywhere(facts)
    if policy is Policy.NEEDED and is_easy:
        return None
    side = min(facts.width, facts.height)
    # Of what plays everywhere the original is the largest.
    sides = sorted({height for height in heights if height < side or (height == side and not is_easy)})
    if not sides:
        sides = [max(2, side // 2 * 2)]
    first = _FIRST_SIDE if _FIRST_SIDE in sides else sides[0]
    rungs = [Rung(name=f"{one}p", short_side=one) for one in sorted(sides, key=lambda one: (one != first, one))]
    chunk_ms = max(_LEAST_CHUNK_MS, -(-facts.duration_ms // (MOST_CHUNKS * _STEP_MS)) * _STEP_MS)
    # A few pictures at the end are no job of their own.
    chunks = max(1, -(-max(1, facts.duration_ms - _STEP_MS) // chunk_ms))
    return Plan(
        chunk_ms=chunk_ms,
        chunks=chunks,
        rungs=tuple(rungs),
        has_sound=facts.has_audio,
        preset=preset,
    )


def plays_everywhere(facts: Facts) -> bool:
    """Whether every browser plays the file as it is, from its first second, on a line for films."""
    known = all(codec.lower().startswith((*_AVC, *_AAC)) for codec in facts.codecs)
    is_mp4 = facts.container is not None and "mp4" in facts.container.lower()
    is_at_once = facts.index == "front" and (facts.index_size or 0) <= _MOST_INDEX_BYTES
    return bool(facts.codecs) and known and is_mp4 and is_at_once and (facts.bit_rate or 0) <= _MOST_BITS


def part_number(chunk: int, attempt: int) -> int | None:
    """Of what an attempt at a chunk makes: a number that nothing else of that upload has. None: there are no more."""
    return None if attempt > PARTS_OF_A_CHUNK else chunk * PARTS_OF_A_CHUNK + attempt
