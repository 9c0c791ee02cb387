"""Access tokens: what is accepted is exactly what auth_svc issues."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from auth_svc.tokens.access_tokens import SigningKey, Subject, issue_access_token
from common.tokens import PERSON_AUDIENCE, SERVICE_AUDIENCE, InvalidToken, Principal, verify_access_token

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ISSUER = "http://127.0.0.1:8001"
KEY = SigningKey(key_id="k1", private_key=rsa.generate_private_key(65537, 2048))
ALICE = Subject(subject="a" * 26, audience=PERSON_AUDIENCE, username="alice", role="member", scope="all", quota_bytes=7)
TOKEN = issue_access_token(ALICE, signing_key=KEY, issuer=ISSUER, now=NOW)


def verify(token: str, **other: Any) -> Principal:
    known: dict[str, Any] = {"issuer": ISSUER, "audience": PERSON_AUDIENCE, "now": NOW}
    return verify_access_token(token, key=KEY.private_key.public_key(), **{**known, **other})


def signed(claims: dict[str, Any], **headers: Any) -> str:
    # Below the part of PyJWT that would refuse to sign what is wrong on purpose.
    raw = json.dumps(claims).encode()
    return jwt.api_jws.encode(raw, KEY.private_key, "RS256", {"typ": "at+jwt", "kid": "k1", **headers})


def claims() -> dict[str, Any]:
    read: dict[str, Any] = jwt.decode(TOKEN, options={"verify_signature": False})
    return read


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def test_what_is_issued_is_accepted_and_says_who() -> None:
    principal = verify(TOKEN)
    assert (principal.account_id, principal.username, principal.role) == ("a" * 26, "alice", "member")
    assert (principal.quota_bytes, sorted(principal.scopes)) == (7, ["all"])
    assert principal.expires_at == NOW + timedelta(minutes=5)
    assert TOKEN not in repr(principal)


@given(st.data())
@settings(max_examples=400)
def test_no_changed_token_is_accepted(data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(TOKEN) - 1))
    replacement = data.draw(st.text(st.characters(codec="ascii"), max_size=2))
    changed = TOKEN[:position] + replacement + TOKEN[position + 1 :]
    if changed != TOKEN:
        with pytest.raises(InvalidToken):
            verify(changed)


@pytest.mark.parametrize("suffix", ["=", "==", "\n", " ", ".", "A"])
def test_nothing_may_follow(suffix: str) -> None:
    with pytest.raises(InvalidToken):
        verify(TOKEN + suffix)


@pytest.mark.parametrize("name", sorted(set(claims()) - {"quota_bytes"}))
@pytest.mark.parametrize("value", [None, 5.5, True, [], {}, ""])
def test_every_claim_is_there_and_of_its_type(name: str, value: object) -> None:
    if name == "scope" and value == "":
        return
    with pytest.raises(InvalidToken):
        verify(signed({**claims(), name: value}))


@pytest.mark.parametrize("name", sorted(set(claims()) - {"quota_bytes"}))
def test_no_claim_may_be_missing(name: str) -> None:
    with pytest.raises(InvalidToken):
        verify(signed({key: value for key, value in claims().items() if key != name}))


@pytest.mark.parametrize("quota_bytes", [-1, "5", 1.5, True])
def test_a_quota_is_a_size(quota_bytes: object) -> None:
    with pytest.raises(InvalidToken):
        verify(signed({**claims(), "quota_bytes": quota_bytes}))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "http://127.0.0.1:9001"},
        {"aud": SERVICE_AUDIENCE},
        {"aud": [PERSON_AUDIENCE]},
        {"exp": int(NOW.timestamp()) + 3600},
        {"exp": str(int(NOW.timestamp()) + 60)},
        {"iat": int(NOW.timestamp()) + 60},
    ],
)
def test_a_claim_with_another_value_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        verify(signed({**claims(), **changed}))


def test_it_ends_when_it_says() -> None:
    verify(TOKEN, now=NOW + timedelta(minutes=5))
    with pytest.raises(InvalidToken):
        verify(TOKEN, now=NOW + timedelta(minutes=5, seconds=10))


@pytest.mark.parametrize("headers", [{"typ": "JWT"}, {"kid": ""}, {"kid": 5}, {"crit": ["exp"]}])
def test_the_header_is_exactly_ours(headers: dict[str, Any]) -> None:
    with pytest.raises((InvalidToken, TypeError, jwt.InvalidTokenError)):
        verify(signed(claims(), **headers))


def test_no_other_algorithm_is_accepted() -> None:
    body = TOKEN.split(".")[1]
    none = encoded(json.dumps({"alg": "none", "typ": "at+jwt", "kid": "k1"}).encode())
    hmac = jwt.encode(claims(), "s" * 64, "HS256", {"typ": "at+jwt", "kid": "k1"})
    for token in (f"{none}.{body}.", f"{none}.{body}.AAAA", hmac):
        with pytest.raises(InvalidToken):
            verify(token)


def test_a_claim_that_stands_twice_is_refused() -> None:
    raw = json.dumps(claims())
    twice = (raw[:-1] + ', "sub": "' + "b" * 26 + '"}').encode()
    token = jwt.api_jws.encode(twice, KEY.private_key, "RS256", {"typ": "at+jwt", "kid": "k1"})
    with pytest.raises(InvalidToken):
        verify(token)


def test_a_long_token_is_not_even_read() -> None:
    with pytest.raises(InvalidToken, match="longer"):
        verify(signed({**claims(), "jti": "j" * 5000}))


def test_another_key_is_refused() -> None:
    other = SigningKey(key_id="k1", private_key=rsa.generate_private_key(65537, 2048))
    with pytest.raises(InvalidToken):
        verify(issue_access_token(ALICE, signing_key=other, issuer=ISSUER, now=NOW))
