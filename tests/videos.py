"""Rows of the catalogue, for tests that need no bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from catalogue.videos import Video, VideoState, Visibility
from common.ids import new_id

NOW = datetime(2026, 11, 24, 8, 0, 0, 123_456, tzinfo=UTC)
OWNER = new_id()


def video(**fields: Any) -> Video:
    """A video of `OWNER`, ready and private where `fields` say nothing else."""
    known = {
        "id": new_id(),
        "owner_id": OWNER,
        "owner_username": "alice",
        "title": "A film",
        "description": "",
        "filename": "film.mp4",
        "size": 5,
        "content_type": "video/mp4",
        "visibility": Visibility.PRIVATE,
        "state": VideoState.READY,
        "sha256": None,
        "part_size": None,
        "part_count": None,
        "created_at": NOW,
        "settle_after": None,
    }
    return Video(**{**known, **fields})
