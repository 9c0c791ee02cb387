"""The JSON shapes of auth_svc's API, as they are parsed and as they are presented."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from auth_svc.passwords import normal_form
from auth_svc.store import Role
from auth_svc.usernames import fault_of_new_username, folded
from common.text import clean_line
from common.web.requests import Input, Query

ShortText = Annotated[str, Field(max_length=1024)]


class TokenRequest(Input):
    """RFC 6749, sections 4.3.2, 4.4.2 and 6; client credentials come by HTTP Basic.

    Parameters that are not known are passed over (section 3.2).
    """

    model_config = ConfigDict(extra="ignore")

    grant_type: ShortText
    username: ShortText | None = None
    password: ShortText | None = None
    refresh_token: ShortText | None = None
    api_key: ShortText | None = None


class TokenResponse(BaseModel):
    """RFC 6749, section 5.1; `expires_in` in seconds."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    refresh_token: str | None = Field(default=None, exclude_if=lambda value: value is None)


class RevocationRequest(Input):
    """RFC 7009, section 2.1. What kind of token it is can be seen by the token: the hint is passed over."""

    model_config = ConfigDict(extra="ignore")

    token: ShortText


class ServerMetadata(BaseModel):
    """RFC 8414, section 2."""

    issuer: str
    token_endpoint: str
    revocation_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
    response_types_supported: list[str]


class KeySet(BaseModel):
    """RFC 7517, section 5."""

    keys: list[dict[str, Any]]


class Me(BaseModel):
    """The account that asks; `quota_bytes` null: no limit."""

    id: str
    username: str
    role: Literal["admin", "member"]
    quota_bytes: int | None
    created_at: str


class ChangePassword(Input):
    """The password somebody has, and the one they want: 8 to 128 characters, none of the most common ones.

    API keys stay, unless `end_api_keys` is true.
    """

    current_password: ShortText
    new_password: ShortText
    end_api_keys: bool = False


class ListQuery(Query):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=1024)] | None = None


class SessionShown(BaseModel):
    """Where somebody is logged in; `current` is the one that asks."""

    id: str
    created_at: str
    last_seen_at: str
    user_agent: str
    address: str
    current: bool


class SessionPage(BaseModel):
    """One page of a list."""

    items: list[SessionShown]
    next_cursor: str | None


Scope = Literal["read", "upload", "all"]
KeyName = Annotated[str, AfterValidator(clean_line), Field(min_length=1, max_length=100)]


class CreateApiKey(Input):
    """A key for a program. Without scopes: what programs do, `read` and `upload`; without an end: until deleted."""

    name: KeyName
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=3, default_factory=lambda: ["read", "upload"])]
    expires_at: AwareDatetime | None = None


class ApiKeyShown(BaseModel):
    """A key; `api_key` is the secret itself, in the answer to its creation and never again."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    api_key: str | None = Field(default=None, exclude_if=lambda value: value is None)


class ApiKeyPage(BaseModel):
    """One page of a list."""

    items: list[ApiKeyShown]
    next_cursor: str | None


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


class Deed(BaseModel):
    """An entry of the audit log as whom it concerns sees it; `by_me`: no other account did it."""

    at: str
    action: str
    by_me: bool
    address: str
    details: dict[str, Any]


class DeleteAccount(Query):
    """What becomes of its videos: deleted, or handed over to `heir`, an account id; without one, to whoever asks."""

    videos: Literal["hand-over", "delete"] = "hand-over"
    heir: Annotated[str, Field(max_length=64)] | None = None


class AccountShown(BaseModel):
    """An account as administrators see it; `set_password_url` only in the answer to its creation."""

    id: str
    username: str
    role: Literal["admin", "member"]
    disabled: bool
    quota_bytes: int | None
    created_at: str
    set_password_url: str | None = Field(default=None, exclude_if=lambda value: value is None)


class AccountPage(BaseModel):
    """One page of a list."""

    items: list[AccountShown]
    next_cursor: str | None
