"""What is made of a video by workers: jobs, and how far they are."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from catalogue.content import Content, Files
from catalogue.facts import VideoFacts
from common.languages import N_
from contracts.media import Reason, Task

# After so many attempts without success a job has failed.
TRIES: Final = 3

# As long as no worker has asked, none is there: idle ones ask every few seconds, busy ones for more time.
SILENCE: Final = timedelta(minutes=5)

_DETAILS: Final = {
    Reason.UNSUPPORTED: N_("This format isn’t supported."),
    Reason.DAMAGED: N_("The file is damaged."),
    Reason.TOO_LARGE: N_("The picture is too large, or there are too many tracks."),
    Reason.TOO_COSTLY: N_("It took too long."),
    Reason.CRASHED: N_("The file couldn’t be read."),
    Reason.STORAGE: N_("The storage didn’t respond."),
    Reason.NO_PICTURE: N_("It has no picture."),
}
_UNREADABLE: Final = N_("This picture can’t be read. Choose another JPEG, PNG or WebP.")
_PICTURE_DETAILS: Final = {
    Reason.TOO_LARGE: N_("This picture has too many pixels. Choose a smaller one."),
    Reason.TOO_COSTLY: N_("This picture has too many pixels. Choose a smaller one."),
    Reason.STORAGE: N_("The storage didn’t respond. Send the picture again."),
}


class JobState(StrEnum):
    """waiting ⇄ running → done or failed; and from both of them → waiting when it is asked for again."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaJob:
    """One task of one video; `video_size` in bytes.

    An attempt is counted before its work starts, and its number is never used again. Nobody else takes the job before
    `leased_until`, and after that anybody may. `output_attempt` is the last attempt that was about to store files,
    `picture_attempt` the one that has brought the picture that the owner sent. `chunk` is the piece of the video, and
    `set_id` all that is made of it together, of a job for a piece.
    """

    id: str
    video_id: str
    video_size: int
    task: Task
    state: JobState
    attempt: int
    tries_left: int
    leased_until: datetime
    poster_ms: int | None
    is_backfill: bool
    output_attempt: int | None
    settle_after: datetime | None
    picture_attempt: int | None
    chunk: int
    set_id: str | None

    @property
    def kept_attempts(self) -> set[int | None]:
        """Those whose files are needed, whether or not the video has them: the poster may have to be made again of what
        was sent.
        """
        match self.state:
            case JobState.WAITING | JobState.DONE:
                return {self.picture_attempt}
            case JobState.RUNNING:
                return {self.picture_attempt, self.attempt}
            case JobState.FAILED:
                return set()

    def derived_id(self, attempt: int) -> str:
        """The id of what an attempt stores: another one for each, so that none can overwrite what another has made."""
        digest = hashlib.sha256(f"{self.id}/{attempt}".encode()).digest()
        return base64.b32encode(digest)[:26].decode().lower()


class MediaState(StrEnum):
    """How far the pictures and facts of a video are; off: to be made, and no worker is there to do so."""

    PREPARING = "preparing"
    OFF = "off"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPicture:
    """How far the picture is that the owner has sent; `reason` where it has failed: then the poster is as it was."""

    state: MediaState
    reason: Reason | None = None

    @property
    def detail(self) -> str | None:
        """Why it has failed, for its owner; in English."""
        return None if self.reason is None else _PICTURE_DETAILS.get(self.reason, _UNREADABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRenditions:
    """How far a video's renditions are, in per cent; `reason` where they have failed.

    `names` are those that the video is played from, which may be of the time before it was made again.
    """

    state: MediaState
    progress: int
    reason: Reason | None = None
    names: tuple[str, ...] = ()

    @property
    def detail(self) -> str | None:
        """Why they have failed, for the video's owner; in English."""
        return None if self.reason is None else _DETAILS[self.reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What is known of a video's content, and whether there is more to come; `reason` where it has failed.

    There may be facts in any state: of the time before it was asked for again.
    """

    state: MediaState
    reason: Reason | None = None
    facts: VideoFacts | None = None
    poster_files: Files = field(default_factory=dict)
    sent_picture: SentPicture | None = None
    renditions: MadeRenditions | None = None

    @property
    def content(self) -> Content:
        """As viewers see it."""
        return Content(facts=self.facts, poster_files=self.poster_files)

    @property
    def detail(self) -> str | None:
        """Why it has failed, for its owner; in English."""
        return None if self.reason is None else _DETAILS[self.reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedJob:
    """What there will be no further attempt of unless somebody asks; `at`: when the last one ended."""

    id: str
    video_id: str
    title: str
    owner_id: str
    owner_username: str
    task: Task
    reason: Reason
    attempts: int
    at: datetime

    @property
    def detail(self) -> str:
        """Why, in English."""
        return _DETAILS[self.reason]


@dataclass(frozen=True, slots=True)
class JobCount:
    """How many jobs of a task are in a state, and when the oldest of them was made."""

    task: Task
    state: JobState
    jobs: int
    oldest: datetime


def no_worker_is_there(asked_at: datetime | None, *, now: datetime) -> bool:
    """`asked_at`: when a worker has asked last; None: never."""
    return asked_at is None or now - asked_at > SILENCE
