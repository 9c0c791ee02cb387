"""The JSON shapes of groups."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, Field

from auth_svc.groups.names import MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH, clean_name
from common.text import clean_text
from common.web.requests import Input
from contracts.shape import Instant

MOST_MANAGERS: Final = 64

GroupName = Annotated[str, AfterValidator(clean_name), Field(min_length=1, max_length=MAX_NAME_LENGTH)]
GroupDescription = Annotated[str, AfterValidator(clean_text), Field(max_length=MAX_DESCRIPTION_LENGTH)]
# Ids of accounts.
Managers = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=MOST_MANAGERS)]


class CreateGroup(Input):
    """A name that no other group has, in whatever case: 1 to 64 characters, cleaned. `managers` are put into it."""

    name: GroupName
    description: GroupDescription = ""
    managers: Managers = Field(default_factory=list)


class EditGroup(Input):
    """What is not named stays as it is. Who is no longer one of the `managers` stays a member."""

    name: GroupName | None = None
    description: GroupDescription | None = None
    managers: Managers | None = None


class PutMember(Input):
    """Without `is_manager`, a member stays what they are, and a new one is no manager."""

    is_manager: bool | None = None


class Group(BaseModel, from_attributes=True):
    """A group; `managers` are ids of accounts, and `is_manager` says whether you are one of them."""

    id: str
    name: str
    description: str
    managers: list[str]
    member_count: int
    is_manager: bool
    created_at: Instant


class GroupPage(BaseModel):
    """One page of a list."""

    items: list[Group]
    next_cursor: str | None


class Membership(BaseModel, from_attributes=True):
    """A group in somebody's export."""

    id: str
    name: str
    is_manager: bool
    added_at: Instant


class Member(BaseModel, from_attributes=True):
    """An account in a group."""

    account_id: str
    username: str
    is_manager: bool
    added_at: Instant


class MemberPage(BaseModel):
    """One page of a list."""

    items: list[Member]
    next_cursor: str | None
