"""Issuing access tokens (RFC 9068): the one place that signs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from common.ids import new_id
from common.tokens import ACCESS_TOKEN_LIFETIME, ALGORITHM, TOKEN_TYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key and the `kid` by which verifiers find its public part."""

    key_id: str
    private_key: RSAPrivateKey

    def __repr__(self) -> str:
        """Without the key."""
        return f"SigningKey({self.key_id!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a token speaks for, and to whom: the claims that differ from token to token."""

    subject: str
    audience: str
    username: str
    role: str
    scope: str
    quota_bytes: int | None
    # The earliest `iat`: what ended the tokens before may have happened in this very second.
    not_before: datetime | None = None
    # The ids of a person's groups, sorted, MAX_GROUPS at most; None for a service.
    groups: Sequence[str] | None = None


def issue_access_token(subject: Subject, *, signing_key: SigningKey, issuer: str, now: datetime) -> str:
    """An access token for `subject`, valid from `now`, or a moment later, for ACCESS_TOKEN_LIFETIME."""
    issued_at = int(max(now, subject.not_before or now).timestamp())
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": subject.subject,
        "aud": subject.audience,
        "iat": issued_at,
        "exp": issued_at + int(ACCESS_TOKEN_LIFETIME.total_seconds()),
        "jti": new_id(),
        "preferred_username": subject.username,
        "role": subject.role,
        "scope": subject.scope,
        "quota_bytes": subject.quota_bytes,
    }
    if subject.groups is not None:
        claims["groups"] = subject.groups
    headers = {"typ": TOKEN_TYPE, "kid": signing_key.key_id}
    return jwt.encode(claims, signing_key.private_key, algorithm=ALGORITHM, headers=headers, json_encoder=_Utf8)


class _Utf8(json.JSONEncoder):
    """Writes letters as they are: escaped, a long username and all groups would be longer than a token may be."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "ensure_ascii": False})
