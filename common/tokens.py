"""Access tokens as everybody reads them: algorithm, claim names and strict verification (RFC 7519, RFC 9068).

Issuing lives in auth_svc. PyJWT checks the signature; everything about form and claims is checked here, because PyJWT
ignores `typ`, accepts duplicate claims and a textual `exp`, and verifies most claims only when they are present.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

ALGORITHM: Final = "RS256"
TOKEN_TYPE: Final = "at+jwt"
PERSON_AUDIENCE: Final = "vss"
SERVICE_AUDIENCE: Final = "vss-internal"
ACCESS_TOKEN_LIFETIME: Final = timedelta(minutes=5)
MAX_TOKEN_LENGTH: Final = 4096
# Of an account, so that its token stays below that.
MAX_GROUPS: Final = 64
# How far the clocks of two machines may be apart.
LEEWAY: Final = timedelta(seconds=10)

# What a person's token may be used for: looking, sending files, everything. Who logs in by hand has the last.
READ: Final = "read"
UPLOAD: Final = "upload"
ALL: Final = "all"

_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")


class InvalidToken(Exception):
    """The token is not one of ours, or no longer; the text says why, for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who a verified token speaks for: an account, or a service (`account_id` is then `svc:<name>`)."""

    account_id: str
    username: str
    role: str
    scopes: frozenset[str]
    quota_bytes: int | None
    # The ids of the groups they are in.
    groups: frozenset[str] = frozenset()
    # To the second, rounded down.
    issued_at: datetime
    expires_at: datetime
    token: str

    def __repr__(self) -> str:
        """Without the token: a principal may end up in a log."""
        return f"Principal({self.account_id!r}, role={self.role!r})"


def read_key_id(token: str) -> str:
    """The `kid` of a token whose signature is not yet checked. Raises InvalidToken unless the header is ours."""
    if len(token) > MAX_TOKEN_LENGTH:
        raise InvalidToken("longer than any token of ours")
    segments = token.split(".")
    if len(segments) != 3 or not all(_SEGMENT.fullmatch(segment) for segment in segments):
        raise InvalidToken("not a compact JWS")
    header = _read_object(segments[0])
    if header.get("alg") != ALGORITHM or header.get("typ") != TOKEN_TYPE or "crit" in header:
        raise InvalidToken("not an access token by its header")
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not key_id:
        raise InvalidToken("no key id")
    return key_id


def verify_access_token(token: str, *, key: RSAPublicKey, issuer: str, audience: str, now: datetime) -> Principal:
    """The principal of a token that `key` signed, for `audience`, valid at `now`. Raises InvalidToken otherwise."""
    read_key_id(token)
    try:
        jwt.api_jws.decode(token, key, algorithms=[ALGORITHM])
    except (jwt.InvalidTokenError, ValueError) as exc:
        raise InvalidToken(f"signature: {exc}") from exc
    claims = _read_object(token.split(".")[1])
    if claims.get("iss") != issuer:
        raise InvalidToken("another issuer")
    if claims.get("aud") != audience:
        raise InvalidToken("for another audience")
    issued_at = _instant(claims, "iat")
    expires_at = _instant(claims, "exp")
    if issued_at > now + LEEWAY:
        raise InvalidToken("issued in the future")
    if expires_at + LEEWAY <= now:
        raise InvalidToken("expired")
    if not timedelta() < expires_at - issued_at <= ACCESS_TOKEN_LIFETIME:
        raise InvalidToken("lives longer than any token of ours")
    if "quota_bytes" not in claims:
        # Null says that there is no limit; silence must not.
        raise InvalidToken("quota_bytes is missing")
    quota_bytes = claims["quota_bytes"]
    if quota_bytes is not None and (type(quota_bytes) is not int or quota_bytes < 0):
        raise InvalidToken("quota_bytes is not a size")
    _text(claims, "jti")
    return Principal(
        account_id=_text(claims, "sub"),
        username=_text(claims, "preferred_username"),
        role=_text(claims, "role"),
        scopes=frozenset(_text(claims, "scope", may_be_empty=True).split()),
        quota_bytes=quota_bytes,
        groups=_ids(claims, "groups"),
        issued_at=issued_at,
        expires_at=expires_at,
        token=token,
    )


def _read_object(segment: str) -> dict[str, object]:
    if len(segment) % 4 == 1:
        raise InvalidToken("not base64url")
    try:
        raw = base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
        # Decoded here, because given bytes json would also take UTF-16, UTF-32 and a byte order mark.
        value = json.loads(raw.decode(), object_pairs_hook=_without_duplicates)
    except (binascii.Error, UnicodeDecodeError, ValueError, RecursionError) as exc:
        raise InvalidToken("not JSON in base64url") from exc
    # One spelling a token: the unused low bits of the last character must be zero.
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != segment:
        raise InvalidToken("not canonical base64url")
    if not isinstance(value, dict):
        raise InvalidToken("not an object")
    return value


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise InvalidToken("a member appears twice")
    return value


def _text(claims: Mapping[str, object], name: str, *, may_be_empty: bool = False) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not (value or may_be_empty):
        raise InvalidToken(f"{name} is missing")
    return value


def _ids(claims: Mapping[str, object], name: str) -> frozenset[str]:
    """Empty where the claim is absent: services are in no group."""
    value = claims.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise InvalidToken(f"{name} is not a list of ids")
    return frozenset(value)


def _instant(claims: Mapping[str, object], name: str) -> datetime:
    value = claims.get(name)
    if type(value) is not int or not 0 <= value < 2**33:
        raise InvalidToken(f"{name} is not a time")
    return datetime.fromtimestamp(value, UTC)
