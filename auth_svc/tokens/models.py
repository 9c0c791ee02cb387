"""The JSON shapes of the token endpoint and its metadata, named as the RFCs name them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from auth_svc.models import ShortText
from common.web.requests import Input


class GrantType(StrEnum):
    """What can be presented for an access token."""

    PASSWORD = "password"
    REFRESH_TOKEN = "refresh_token"
    API_KEY = "api_key"
    CLIENT_CREDENTIALS = "client_credentials"


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
