"""Links: each opens one video, or what is in one collection, to whoever has it, until it ends."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

from catalogue.tables import GRANTS
from common.db import AnyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Of a video or of a collection. `start_at` in seconds.

    `view_limit`: how many visitors may play; each counts once, when they first do. `expires_at` and `view_limit` are
    None where it has no such end. `password_hash` is argon2id's. `frame_ancestors`: the sites that may frame its
    player, as `catalogue.embeds.clean_site` has them.
    """

    id: str
    video_id: str | None = None
    collection_id: str | None = None
    created_at: datetime
    expires_at: datetime | None
    password_hash: str | None
    view_limit: int | None
    start_at: float | None
    frame_ancestors: tuple[str, ...] = ()


COLUMNS: Final = tuple(GRANTS.c[field.name] for field in fields(Link))


def to_link(row: AnyRow) -> Link:
    """The link of a row that has COLUMNS."""
    values = {column.name: getattr(row, column.name) for column in COLUMNS}
    return Link(**{**values, "frame_ancestors": tuple((row.frame_ancestors or "").split())})


def hash_of(token: str) -> str:
    """What is kept of a link's token: with 256 random bits nobody finds the token for it, without any salt."""
    return hashlib.sha256(token.encode()).hexdigest()
