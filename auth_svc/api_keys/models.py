"""The JSON shapes of API keys."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from common import tokens
from common.text import clean_line
from common.web.requests import Input
from contracts.shape import Instant


class Scope(StrEnum):
    """What a key may be used for."""

    READ = tokens.READ
    UPLOAD = tokens.UPLOAD
    ALL = tokens.ALL


KeyName = Annotated[str, AfterValidator(clean_line), Field(min_length=1, max_length=100)]


class CreateApiKey(Input):
    """A key for a program. Without scopes: what programs do, `read` and `upload`; without an end: until deleted."""

    name: KeyName
    scopes: Annotated[
        list[Scope], Field(min_length=1, max_length=3, default_factory=lambda: [Scope.READ, Scope.UPLOAD])
    ]
    expires_at: AwareDatetime | None = None


class ApiKey(BaseModel):
    """A key; `api_key` is the secret itself, in the answer to its creation and never again."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None
    api_key: str | None = Field(default=None, exclude_if=lambda value: value is None)


class ApiKeyPage(BaseModel):
    """One page of a list."""

    items: list[ApiKey]
    next_cursor: str | None
