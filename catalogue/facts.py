"""What is known of a video's content, as lists need it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from catalogue.tables import MEDIA_FACTS
from common.db import AnyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFacts:
    """What a file says of itself; None or empty: it does not say.

    `width` and `height` as displayed. `codecs` as RFC 6381 names them. `facts` is all of it, as a JSON object.
    `poster_id` and `storyboard_id` are derived objects of fs_svc, `poster_ms` is where the poster was taken.
    """

    video_id: str
    duration_ms: int | None
    width: int | None
    height: int | None
    frame_rate: float | None
    codecs: tuple[str, ...]
    has_video: bool
    has_audio: bool
    facts: str
    poster_id: str | None
    poster_ms: int | None
    storyboard_id: str | None


COLUMNS = tuple(MEDIA_FACTS.c[field.name] for field in fields(VideoFacts))


def to_facts(row: AnyRow) -> VideoFacts:
    """The facts of a row that has COLUMNS."""
    values = {field.name: getattr(row, field.name) for field in fields(VideoFacts)}
    return VideoFacts(**{**values, "codecs": tuple(values["codecs"].split())})
