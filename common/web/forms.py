"""Forms that a page has filled in before a person changes them: what has stayed as it was, and what has not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

_PREFIX: Final = "was_"


def as_shown(values: Mapping[str, str]) -> dict[str, str]:
    """Hidden fields for a form whose fields have these values: `was_<name>`, a fingerprint of each."""
    return {_PREFIX + name: _fingerprint(value) for name, value in values.items()}


def changed_fields(fields: Mapping[str, str], names: Iterable[str]) -> set[str]:
    """Which of the fields are not as the page showed them; all, where the form does not say what that was."""
    return {name for name in names if fields.get(_PREFIX + name) != _fingerprint(fields.get(name, ""))}


def _fingerprint(value: str) -> str:
    # Browsers send line ends as two characters.
    return hashlib.sha256(value.replace("\r\n", "\n").encode()).hexdigest()[:16]
