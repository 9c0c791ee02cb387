"""The JSON shapes of groups."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from auth_svc.groups.names import MAX_NAME_LENGTH, clean_name
from common.web.requests import Input
from contracts.shape import Instant

GroupName = Annotated[str, AfterValidator(clean_name), Field(min_length=1, max_length=MAX_NAME_LENGTH)]


class CreateGroup(Input):
    """A name that no other group has, in whatever case: 1 to 64 characters, cleaned."""

    name: GroupName


class EditGroup(Input):
    """What is not named stays as it is."""

    name: GroupName = ""


class PutMember(Input):
    """Without `is_manager`, a member stays what they are, and a new one is no manager."""

    is_manager: bool | None = None


class Group(BaseModel, from_attributes=True):
    """A group; `is_manager`: whether you manage it."""

    id: str
    name: str
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
