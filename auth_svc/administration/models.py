"""The JSON shapes of accounts as administrators see them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, Field

from auth_svc.accounts.store import Role
from auth_svc.accounts.usernames import fault_of_new_username, folded
from auth_svc.models import ShortText
from common.passwords import normal_form
from common.web.requests import Input, Query
from contracts.shape import Instant


class Videos(StrEnum):
    """What becomes of the videos of a deleted account."""

    TRANSFER = "hand-over"
    DELETE = "delete"


def _username(value: str) -> str:
    if fault := fault_of_new_username(value):
        raise ValueError(fault)
    return folded(value)


Username = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_username), Field(max_length=64)]
MAX_QUOTA_BYTES: Final = 2**53
QuotaBytes = Annotated[int, Field(ge=0, le=MAX_QUOTA_BYTES)]


class CreateAccount(Input):
    """Without a password the answer has a link by which the owner chooses one. `quota_bytes` null: no limit."""

    username: Username
    # In one form, so that the same request again is the same (`Idempotency-Key`).
    password: Annotated[ShortText, AfterValidator(normal_form)] | None = None
    role: Role = Role.MEMBER
    disabled: bool = False
    quota_bytes: QuotaBytes | None = None


class EditAccount(Input):
    """What is not named stays as it is; user names never change."""

    password: ShortText = ""
    role: Role = Role.MEMBER
    disabled: bool = False
    quota_bytes: QuotaBytes | None = None


class DeleteAccount(Query):
    """Its videos are deleted, or transferred to `heir`, an account id; without one, to whoever asks."""

    videos: Videos = Videos.TRANSFER
    heir: Annotated[str, Field(max_length=64)] | None = None


class Account(BaseModel):
    """An account as administrators see it; `set_password_url` only in the answer to its creation."""

    id: str
    username: str
    role: Role
    disabled: bool
    quota_bytes: int | None
    created_at: Instant
    set_password_url: str | None = Field(default=None, exclude_if=lambda value: value is None)


class AccountPage(BaseModel):
    """One page of a list."""

    items: list[Account]
    next_cursor: str | None
