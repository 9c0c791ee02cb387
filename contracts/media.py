"""What media_svc is given to do by upload_svc, what it answers, and what fs_svc keeps of it; sizes in bytes.

A worker asks for a job, reads the video by `Job.source`, asks for URLs for the files it has made, and completes the
job. It holds the job by its attempt: what an attempt says after another has begun is refused (409 `conflict`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from common.web.requests import Input
from contracts.renditions import NewParts, Rendering, Renditions
from contracts.shape import Codec, Count, Id, Instant, Language, Sha256, Shape

_Text = Annotated[str, Field(max_length=100)]
FileName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}\.[a-z0-9]{1,8}$")]
# What may be sent as a picture.
PictureType = Literal["image/jpeg", "image/png", "image/webp"]
# The most that the pictures of one attempt may be.
MOST_FILES = 64
MOST_FILE_BYTES = 16 * 2**20


class Task(StrEnum):
    """What is to be made of a video: quick things first."""

    # Facts and poster.
    LOOK = "look"
    # A poster of a picture that the owner has sent.
    PICTURE = "picture"
    STORYBOARD = "storyboard"
    # The sound of all of it, for HLS.
    SOUND = "sound"
    # The pictures of a piece of it, for HLS.
    CHUNK = "chunk"


class Reason(StrEnum):
    """Why an attempt has made nothing; what people read of it is upload_svc's to say."""

    # Nothing that a decoder of ours knows.
    UNSUPPORTED = "unsupported"
    DAMAGED = "damaged"
    # Of dimensions, streams or packets without a frame.
    TOO_LARGE = "too-large"
    # Time or memory of the decoder.
    TOO_COSTLY = "too-costly"
    # The decoder died.
    CRASHED = "crashed"
    # The storage did not give or take the bytes.
    STORAGE = "storage"
    NO_PICTURE = "no-picture"


class Chapter(Shape):
    start_ms: Count
    title: _Text


class Facts(Shape):
    """What a file says of itself, bounded: a stranger wrote it. None or empty: it does not say.

    `width` and `height` as displayed: turned, with square pixels. `index` is where the index of an MP4 lies.
    """

    duration_ms: Count | None = None
    width: Annotated[int, Field(ge=1, le=16_384)] | None = None
    height: Annotated[int, Field(ge=1, le=16_384)] | None = None
    frame_rate: Annotated[float, Field(gt=0, le=1000)] | None = None
    container: _Text | None = None
    # Those of the streams that are played: the picture's first.
    codecs: Annotated[tuple[Codec, ...], Field(max_length=8)] = ()
    bit_rate: Count | None = None
    has_video: bool = False
    has_audio: bool = False
    is_hdr: bool = False
    audio_channels: Annotated[int, Field(ge=1, le=64)] | None = None
    audio_languages: Annotated[tuple[Language, ...], Field(max_length=16)] = ()
    index: Literal["front", "end"] | None = None
    index_size: Count | None = None
    chapters: Annotated[tuple[Chapter, ...], Field(max_length=200)] = ()
    # The original carries a place; it never reaches a derived file.
    has_location: bool = False


class Where(Input):
    """`is_outside`: the worker reaches the storage as browsers do, and not as services do; URLs are for that way."""

    is_outside: bool = False


class TakeJob(Where):
    """What this worker can do, and its name for the log. `has_landlock`: of its kernel; None: it has not looked yet."""

    tasks: Annotated[list[Task], Field(min_length=1, max_length=8)]
    worker: Annotated[str, Field(min_length=1, max_length=64)]
    has_landlock: bool | None = None


class JobSource(Shape):
    """The bytes to work on, the video's or those of the picture that was sent: a presigned GET that answers Range."""

    url: str
    size: int
    expires_at: Instant


class Job(Shape):
    """`poster_ms`: the moment that the owner has chosen for the poster; None: the one that says most.

    `facts`: what an earlier job has found, where it has. Without `renew` it is somebody else's in `lease_seconds`: no
    time of day, for the clocks of two machines differ. `rendering`: of CHUNK and SOUND, what is to be made.
    """

    id: Id
    task: Task
    attempt: int
    lease_seconds: float
    source: JobSource
    poster_ms: int | None = None
    facts: Facts | None = None
    rendering: Rendering | None = None


class RenewJob(Where):
    attempt: int
    # In per cent.
    progress: Annotated[int, Field(ge=0, le=100)] = 0


class Renewed(Shape):
    """How long the job is this attempt's, and where the bytes are from now on."""

    lease_seconds: float
    source: JobSource


class NewFile(Input):
    """A file that was made, and is to be stored; exactly these bytes are taken."""

    name: FileName
    content_type: Literal["image/webp", "image/jpeg", "image/png", "application/json"]
    size: Annotated[int, Field(ge=1, le=MOST_FILE_BYTES)]
    sha256: Sha256


def _each_once(files: list[NewFile]) -> list[NewFile]:
    if len({file.name for file in files}) < len(files):
        raise ValueError("list each file name once")
    return files


NewFiles = Annotated[list[NewFile], Field(min_length=1, max_length=MOST_FILES), AfterValidator(_each_once)]


class AskOutputs(Where):
    """All files of an attempt, once: the same again is answered with fresh URLs."""

    attempt: int
    files: NewFiles


class AskParts(Where):
    """All parts that an attempt at CHUNK or SOUND has made, once: the same again is answered with fresh URLs."""

    attempt: int
    parts: NewParts


class Put(Shape):
    """A presigned PUT, with the headers that it must be sent with."""

    url: str
    headers: dict[str, str]


class Outputs(Shape):
    """Where each file goes, by its name; each part by that of its rendition."""

    puts: dict[str, Put]
    expires_at: Instant


class CompleteJob(Input):
    """What was found; the files that were asked for with `outputs` are all stored. `facts` of a LOOK.

    `renditions` of CHUNK and SOUND: what is in the parts that were asked for with `parts`, which are stored too;
    offsets from the beginning of the part. A rendition is absent where the film has nothing at that time.
    """

    attempt: int
    facts: Facts | None = None
    # Where the poster was taken.
    poster_ms: Count | None = None
    renditions: Renditions | None = None


class FailJob(Input):
    """`is_final`: another attempt would end in the same way."""

    attempt: int
    reason: Reason
    is_final: bool = False


class ReleaseJob(Input):
    """Given back undone, as when the worker is being stopped: the attempt does not count."""

    attempt: int
