"""Tokens of every kind, most of which auth_svc would never issue: any header and any claims, really signed."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from auth_svc.tokens.access_tokens import SigningKey, Subject, issue_access_token
from common.tokens import PERSON_AUDIENCE

ISSUER = "http://auth.example"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def signing_key(key_id: str = "first") -> SigningKey:
    """A key of the tests' own, the same each time for the same id."""
    return SigningKey(key_id=key_id, private_key=_private_key(key_id))


@cache
def _private_key(key_id: str) -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def issue(
    key_id: str = "first", *, subject: str = "alice", audience: str = PERSON_AUDIENCE, now: datetime = NOW
) -> str:
    """A token as auth_svc issues it."""
    asked = Subject(
        subject=subject, audience=audience, username=subject, role="member", scope="all", quota_bytes=1_000_000
    )
    return issue_access_token(asked, signing_key=signing_key(key_id), issuer=ISSUER, now=now)


def good_header() -> dict[str, Any]:
    """The header of a valid token, to be spoilt."""
    header: dict[str, Any] = json.loads(decoded(issue().split(".")[0]))
    return header


def good_claims() -> dict[str, Any]:
    """The claims of a valid token, to be spoilt."""
    claims: dict[str, Any] = json.loads(decoded(issue().split(".")[1]))
    return claims


def forge(
    header: dict[str, Any] | bytes | None = None,
    claims: dict[str, Any] | bytes | None = None,
    *,
    key: RSAPrivateKey | None = None,
) -> str:
    """A token with a right signature over this header and these claims; what is not given is as it should be."""
    parts = (good_header() if header is None else header, good_claims() if claims is None else claims)
    segments = [encoded(part if isinstance(part, bytes) else json.dumps(part).encode()).decode() for part in parts]
    return sign(segments, key=key)


def sign(segments: list[str], *, key: RSAPrivateKey | None = None) -> str:
    """The token of these two segments, whatever they are."""
    signed = ".".join(segments)
    signature = (key or signing_key().private_key).sign(signed.encode(), PKCS1v15(), SHA256())
    return f"{signed}.{encoded(signature).decode()}"


def encoded(raw: bytes) -> bytes:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def decoded(segment: str) -> bytes:
    """The bytes of a segment."""
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
