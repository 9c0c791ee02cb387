"""The JSON shapes of somebody's own account and its export."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from auth_svc.accounts.store import Role
from auth_svc.models import ShortText
from common.web.requests import Input
from contracts.shape import Instant


class Me(BaseModel, from_attributes=True):
    """The account that asks; `quota_bytes` null: no limit."""

    id: str
    username: str
    role: Role
    quota_bytes: int | None
    created_at: Instant


class ChangePassword(Input):
    """The password somebody has, and the one they want: 8 to 128 characters, none of the most common ones.

    API keys stay, unless `end_api_keys` is true.
    """

    current_password: ShortText
    new_password: ShortText
    end_api_keys: bool = False


class Entry(BaseModel):
    """An entry of the audit log as the account that it concerns sees it; `by_me`: no other account did it."""

    at: Instant
    action: str
    by_me: bool
    address: str
    details: dict[str, Any]
