"""What the shapes are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

from common.clock import rfc3339

MOST_AT_ONCE = 100


class Shape(BaseModel):
    """The base of answers: members that a newer service has added are ignored."""

    model_config = ConfigDict(frozen=True)


# RFC 3339 in JSON.
Instant = Annotated[AwareDatetime, PlainSerializer(rfc3339, when_used="json")]
Id = Annotated[str, Field(max_length=32)]
Ids = Annotated[list[Id], Field(min_length=1, max_length=MOST_AT_ONCE)]
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
# A codec as the `codecs` parameter of a media type names it (RFC 6381).
Codec = Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-]{1,64}$")]
# A language tag (RFC 5646), as far as files say one.
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$")]
# In hexadecimal digits.
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def is_absent(value: object) -> bool:
    """For members that are left out where there is nothing to say."""
    return value is None
