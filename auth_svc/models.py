"""The JSON shapes that several subjects share. A subject's own are in its room.

A request is named after what it asks for (`CreateAccount`), an answer after what it shows (`Account`).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from common.web.requests import Query

ShortText = Annotated[str, Field(max_length=1024)]


class ListQuery(Query):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=1024)] | None = None


class SearchQuery(ListQuery):
    """And what is searched for in it."""

    q: Annotated[str, Field(max_length=200)] = ""
