"""The JSON shapes of auth_svc's API, as they are parsed and as they are presented."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

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
    """The password somebody has, and the one they want: 8 to 128 characters, none of the most common ones."""

    current_password: ShortText
    new_password: ShortText


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


class StartSession(Input):
    """A log-in that a page of another service passes on, with the browser's own address and user agent."""

    username: ShortText
    password: ShortText
    user_agent: Annotated[str, Field(max_length=255)]
    address: Annotated[str, Field(max_length=64)]


class StartedSession(BaseModel):
    """The secret for the cookie."""

    session: str
    lifetime_seconds: int


class SessionSecret(Input):
    """The content of the cookie."""

    session: ShortText


class ExchangedSession(BaseModel):
    """An access token for the session's account; null when the session has ended."""

    access_token: str | None
