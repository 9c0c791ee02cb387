"""The JSON shapes that several subjects share, and those of the internal API. A subject's own are in its room.

A request is named after what it asks for (`CreateAccount`), an answer after what it shows (`Account`).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from common.web.requests import Input, Query
from common.web.sessions import MAX_KNOWN_DEVICE_LENGTH

ShortText = Annotated[str, Field(max_length=1024)]


class ListQuery(Query):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=1024)] | None = None


class DisabledAccounts(BaseModel):
    """The ids of the accounts that are disabled."""

    ids: list[str]


class AskAccount(Input):
    """By its user name."""

    username: Annotated[str, Field(min_length=1, max_length=64)]


class AccountNamed(BaseModel):
    """The account with a user name."""

    id: str
    username: str


class HeirShown(BaseModel):
    """Who gets a deleted account's videos."""

    id: str
    username: str


class DepartureShown(BaseModel):
    """A deleted account; without an heir its videos are deleted."""

    account_id: str
    heir: HeirShown | None


class DepartureList(BaseModel):
    """What is not settled everywhere, the oldest first."""

    items: list[DepartureShown]


class StartSession(Input):
    """A log-in that a page of another service passes on, with the browser's own address and user agent."""

    username: ShortText
    password: ShortText
    user_agent: Annotated[str, Field(max_length=255)]
    address: Annotated[str, Field(max_length=64)]
    known_device: Annotated[str, Field(max_length=MAX_KNOWN_DEVICE_LENGTH)] | None = None


class StartedSession(BaseModel):
    """The secret for the session's cookie, and what the device's own cookie is to hold."""

    session: str
    lifetime_seconds: int
    known_device: str


class SessionSecret(Input):
    """The content of the cookie."""

    session: ShortText


class ExchangedSession(BaseModel):
    """An access token for the session's account; null when the session has ended."""

    access_token: str | None
