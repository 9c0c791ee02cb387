"""Opaque secrets: so random that the database can hold a plain hash of them, because there is nothing to guess."""

from __future__ import annotations

import hashlib
import secrets


def new_secret() -> str:
    """256 random bits: 43 characters that are safe in URLs and cookies."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """What is stored of a secret, and what it is looked up by: 64 hexadecimal digits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
