"""The JSON shapes of somebody's own sessions."""

from __future__ import annotations

from pydantic import BaseModel

from contracts.shape import Instant


class Session(BaseModel):
    """Where somebody is logged in; `current` is the one that asks."""

    id: str
    created_at: Instant
    last_seen_at: Instant
    user_agent: str
    address: str
    current: bool


class SessionPage(BaseModel):
    """One page of a list."""

    items: list[Session]
    next_cursor: str | None
