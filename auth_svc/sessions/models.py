"""The JSON shapes of somebody's own sessions."""

from pydantic import BaseModel


class Session(BaseModel):
    """Where somebody is logged in; `current` is the one that asks."""

    id: str
    created_at: str
    last_seen_at: str
    user_agent: str
    address: str
    current: bool


class SessionPage(BaseModel):
    """One page of a list."""

    items: list[Session]
    next_cursor: str | None
