"""Opaque identifiers."""

from __future__ import annotations

import base64
import re
import secrets

_ID = re.compile(r"[a-z2-7]{26}")


def new_id() -> str:
    """A new random identifier: 26 lower-case base32 characters, 130 bits, safe in URLs, object keys and shells."""
    return base64.b32encode(secrets.token_bytes(17))[:26].decode().lower()


def is_id(text: str) -> bool:
    """Whether `text` has the form of an identifier made here."""
    return _ID.fullmatch(text) is not None
