"""What a video is: its fields, its states and its visibilities."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from common.text import sort_key

# S3's own limit for one object: 5 TiB.
MAX_SIZE: Final = 5 * 2**40
TITLE_MAX: Final = 200
DESCRIPTION_MAX: Final = 5000


class VideoState(StrEnum):
    """uploading → ready ⇄ trashed, and from any of them → deleted."""

    UPLOADING = "uploading"
    READY = "ready"
    TRASHED = "trashed"
    DELETED = "deleted"


class Visibility(StrEnum):
    """Who may watch beside the owner: nobody, any account, whoever has the address (with the last two)."""

    PRIVATE = "private"
    MEMBERS = "members"
    UNLISTED = "unlisted"
    PUBLIC = "public"

    def is_narrower_than(self, other: Visibility) -> bool:
        """Whether somebody who may watch with the other may not with this one.

        Not whether it is found: whoever has found a video has its address, and may still watch when it is unlisted.
        """
        return _OPENNESS[self] < _OPENNESS[other]


_OPENNESS: Final = {Visibility.PRIVATE: 0, Visibility.MEMBERS: 1, Visibility.UNLISTED: 2, Visibility.PUBLIC: 2}
# These are in every account's library; the others are in their owner's alone.
LISTED: Final = frozenset({Visibility.MEMBERS, Visibility.PUBLIC})


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A catalogue entry; `part_size` and `part_count` are fs_svc's plan, None until it has answered and where it has
    none. `size` is None while only the uploading client knows it, `duration_ms` while nobody has looked at it.

    `sha256` is the whole file's as it was announced, `sent_sha256` as its sender has computed it while sending.
    `visibility` is who may watch now; while an administrator hides the video, `hidden_visibility` is what its owner
    has chosen for the time after that, and otherwise None.
    """

    id: str
    owner_id: str
    owner_username: str
    title: str
    description: str
    filename: str
    size: int | None
    content_type: str
    visibility: Visibility
    state: VideoState
    sha256: str | None
    part_size: int | None
    part_count: int | None
    created_at: datetime
    settle_after: datetime | None
    hidden_visibility: Visibility | None = None
    sent_sha256: str | None = None
    duration_ms: int | None = None

    @property
    def title_key(self) -> str:
        """What lists in the order of titles are sorted by."""
        return sort_key(self.title)

    @property
    def file_sha256(self) -> str | None:
        """The whole file's SHA-256, as far as its sender has said it."""
        return self.sha256 or self.sent_sha256

    @property
    def is_hidden(self) -> bool:
        """Whether an administrator has taken it away from everybody but its owner."""
        return self.hidden_visibility is not None

    @property
    def etag(self) -> str:
        """Another one after each change that its owner would see, whoever makes it."""
        seen = (self.title, self.description, self.chosen_visibility, self.is_hidden, self.state)
        return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:32]

    @property
    def chosen_visibility(self) -> Visibility:
        """Who may watch if it depends on the owner alone."""
        return self.visibility if self.hidden_visibility is None else self.hidden_visibility
