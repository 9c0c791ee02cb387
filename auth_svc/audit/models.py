"""The JSON shapes of the audit log."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Entry(BaseModel):
    """An entry as the account that it concerns sees it; `by_me`: no other account did it."""

    at: str
    action: str
    by_me: bool
    address: str
    details: dict[str, Any]
