"""What the form for a new API key offers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Final

from pydantic import AfterValidator

from auth_svc.api_keys.models import KeyName
from auth_svc.api_keys.store import ApiKey
from common.languages import N_, gettext
from common.tokens import ALL, READ, UPLOAD
from common.web.requests import Query

# By the value of the form's field: the scopes, and what people read.
SCOPES: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "read-upload": ((READ, UPLOAD), N_("Watch and upload")),
    "read": ((READ,), N_("Watch")),
    "upload": ((UPLOAD,), N_("Upload")),
    "all": ((ALL,), N_("Full access")),
}
LIFETIMES: Final[Mapping[str, tuple[timedelta | None, str]]] = {
    "30": (timedelta(days=30), N_("In 30 days")),
    "90": (timedelta(days=90), N_("In 90 days")),
    "365": (timedelta(days=365), N_("In 1 year")),
    "none": (None, N_("Never")),
}


def _one_of(choices: Mapping[str, object]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in choices:
            raise ValueError(N_("must be one of the options"))
        return value

    return AfterValidator(check)


class ApiKeyForm(Query):
    name: KeyName
    scopes: Annotated[str, _one_of(SCOPES)]
    lifetime: Annotated[str, _one_of(LIFETIMES)]


def scopes_in_words(key: ApiKey) -> str:
    """What a key may be used for, as the form says it."""
    scopes = set(key.scopes.split())
    return next((gettext(words) for known, words in SCOPES.values() if set(known) == scopes), key.scopes)
