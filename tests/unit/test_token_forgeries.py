"""Forged tokens: right signatures over what auth_svc would never sign, and other spellings of what it has signed."""

from __future__ import annotations

import hmac
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from common.tokens import (
    ACCESS_TOKEN_LIFETIME,
    LEEWAY,
    MAX_TOKEN_LENGTH,
    PERSON_AUDIENCE,
    SERVICE_AUDIENCE,
    InvalidToken,
    Principal,
    verify_access_token,
)
from tests.token_forge import ISSUER, NOW, decoded, encoded, forge, good_claims, good_header, issue, sign, signing_key

VALID = issue()
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
INSTANT = timedelta(microseconds=1)


def verify(token: str, *, audience: str = PERSON_AUDIENCE, now: datetime = NOW) -> Principal:
    key = signing_key().private_key.public_key()
    return verify_access_token(token, key=key, issuer=ISSUER, audience=audience, now=now)


def assert_refused(token: str, **how: Any) -> None:
    with pytest.raises(InvalidToken):
        verify(token, **how)


def assert_accepted(token: str, **how: Any) -> None:
    assert verify(token, **how).account_id == "alice"


def without(members: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in members.items() if key != name}


def test_a_forged_token_with_nothing_spoilt_is_valid() -> None:
    """Or the refusals below would prove nothing."""
    assert_accepted(forge())


def test_what_is_issued_is_accepted_and_says_who() -> None:
    principal = verify(VALID)
    assert (principal.account_id, principal.username, principal.role) == ("alice", "alice", "member")
    assert (principal.quota_bytes, sorted(principal.scopes)) == (1_000_000, ["all"])
    assert principal.expires_at == NOW + ACCESS_TOKEN_LIFETIME
    assert VALID not in repr(principal)


def test_a_token_signed_with_another_key_is_refused() -> None:
    key = signing_key("second").private_key.public_key()
    with pytest.raises(InvalidToken):
        verify_access_token(VALID, key=key, issuer=ISSUER, audience=PERSON_AUDIENCE, now=NOW)


@given(position=st.integers(0, len(VALID) - 1), other=st.text(st.characters(codec="ascii"), min_size=1, max_size=2))
def test_no_token_with_something_else_in_it_is_accepted(position: int, other: str) -> None:
    token = VALID[:position] + other + VALID[position + 1 :]
    if token != VALID:
        assert_refused(token)


@given(position=st.integers(0, len(VALID)), more=st.text(min_size=1) | st.text(ALPHABET + ".=", min_size=1))
def test_no_token_with_more_in_it_is_accepted(position: int, more: str) -> None:
    token = VALID[:position] + more + VALID[position:]
    if token != VALID:
        assert_refused(token)


@given(position=st.integers(0, len(VALID) - 1), length=st.integers(1, 40))
def test_no_token_with_less_in_it_is_accepted(position: int, length: int) -> None:
    assert_refused(VALID[:position] + VALID[position + length :])


@given(st.permutations(VALID.split(".")))
def test_no_token_with_its_segments_in_another_order_is_accepted(segments: list[str]) -> None:
    if ".".join(segments) != VALID:
        assert_refused(".".join(segments))


def test_each_segment_has_one_spelling_only() -> None:
    """The last character of base64 holds bits that decoders drop: all the others that decode alike are refused."""
    # Signatures end alike each time, headers and claims do not: a user name for each length modulo three.
    for username in ("a", "ab", "abc"):
        segments = forge(claims={**good_claims(), "preferred_username": username}).split(".")
        for index, segment in enumerate(segments):
            for character in ALPHABET.replace(segment[-1], ""):
                assert_refused(".".join([*segments[:index], segment[:-1] + character, *segments[index + 1 :]]))


@pytest.mark.parametrize("index", [0, 1])
def test_another_spelling_is_refused_even_when_it_was_signed(index: int) -> None:
    for username in ("a", "ab", "abc"):
        parts = [json.dumps({**good_header(), "kid": username}), json.dumps({**good_claims(), "jti": username})]
        segments = [encoded(part.encode()).decode() for part in parts]
        assert_accepted(sign(segments))
        segment = segments[index]
        for character in ALPHABET.replace(segment[-1], ""):
            other = segment[:-1] + character
            if decoded(other) == decoded(segment):
                assert_refused(sign([*segments[:index], other, *segments[index + 1 :]]))


@pytest.mark.parametrize("spoilt", [VALID + "=", VALID + "==", VALID + "\n", " " + VALID, VALID + ".", "." + VALID, ""])
def test_padding_and_white_space_are_refused(spoilt: str) -> None:
    assert_refused(spoilt)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_padding_inside_is_refused(index: int) -> None:
    segments = VALID.split(".")
    segments[index] += "=" * (-len(segments[index]) % 4 or 2)
    assert_refused(".".join(segments))


def test_a_token_longer_than_any_of_ours_is_refused() -> None:
    def with_scope(length: int) -> str:
        return forge(claims={**good_claims(), "scope": "a" * length})

    lengths = {len(with_scope(length)): length for length in range(2_400, 2_800)}
    just_short_enough = max(length for length in lengths if length <= MAX_TOKEN_LENGTH)
    just_too_long = min(length for length in lengths if length > MAX_TOKEN_LENGTH)
    assert_accepted(with_scope(lengths[just_short_enough]))
    assert_refused(with_scope(lengths[just_too_long]))


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS512"},
        {"alg": "rs256"},
        {"alg": ["RS256"]},
        {"alg": None},
        {"typ": "JWT"},
        {"typ": "at+JWT"},
        {"typ": None},
        {"kid": ""},
        {"kid": 1},
        {"kid": None},
        {"kid": ["first"]},
        {"crit": ["exp"]},
        {"b64": False},
    ],
)
def test_another_header_is_refused(changes: dict[str, Any]) -> None:
    assert_refused(forge({**good_header(), **changes}))


@pytest.mark.parametrize("name", ["alg", "typ", "kid"])
def test_every_member_of_the_header_is_needed(name: str) -> None:
    assert_refused(forge(without(good_header(), name)))


@pytest.mark.parametrize("signature", ["", "e30", VALID.split(".")[2]])
def test_an_unsigned_token_is_refused(signature: str) -> None:
    header = encoded(json.dumps({**good_header(), "alg": "none"}).encode()).decode()
    assert_refused(f"{header}.{VALID.split('.')[1]}.{signature}")
    assert_refused(f"{'.'.join(VALID.split('.')[:2])}.")


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_refused(encoding: Encoding) -> None:
    secret = signing_key().private_key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    for algorithm in ("HS256", "RS256"):
        header = encoded(json.dumps({**good_header(), "alg": algorithm}).encode()).decode()
        signed = f"{header}.{VALID.split('.')[1]}"
        signature = encoded(hmac.digest(secret, signed.encode(), "sha256")).decode()
        assert_refused(f"{signed}.{signature}")


@pytest.mark.parametrize("name", sorted(good_claims()))
def test_every_claim_is_needed(name: str) -> None:
    assert_refused(forge(claims=without(good_claims(), name)))


TEXTS = ("iss", "sub", "aud", "jti", "preferred_username", "role")
NOT_TEXT: list[object] = [None, 1, True, [], {}, ""]
NOT_A_QUOTA: list[object] = [True, "5", 1.0, -1, [], {}]
NOT_IDS: list[object] = [None, "a", 1, {}, {"a": 1}, [1], [""], [None], [["a"]]]
NOT_A_TIME: list[object] = [None, True, "1772366400", 1772366400.0, 1772366400.5, -1, 2**33, 10**30, [], {}]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in TEXTS for value in NOT_TEXT),
        *(("scope", value) for value in NOT_TEXT if value != ""),
        *((name, value) for name in ("iat", "exp") for value in NOT_A_TIME),
        *(("quota_bytes", value) for value in NOT_A_QUOTA),
        *(("groups", value) for value in NOT_IDS),
    ],
)
def test_a_claim_of_another_type_is_refused(name: str, value: object) -> None:
    assert_refused(forge(claims={**good_claims(), name: value}))


@pytest.mark.parametrize("quota_bytes", [None, 0, 2**62])
def test_a_quota_is_a_size_or_there_is_none(quota_bytes: int | None) -> None:
    assert verify(forge(claims={**good_claims(), "quota_bytes": quota_bytes})).quota_bytes == quota_bytes


def test_groups_are_ids_and_may_be_absent() -> None:
    assert verify(forge(claims={**good_claims(), "groups": ["b", "a"]})).groups == {"a", "b"}
    assert verify(forge()).groups == frozenset()


def test_scopes_are_words_and_there_may_be_none() -> None:
    assert verify(forge(claims={**good_claims(), "scope": "a  b"})).scopes == {"a", "b"}
    assert verify(forge(claims={**good_claims(), "scope": ""})).scopes == frozenset()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iss", ISSUER + "/"),
        ("iss", "http://other.example"),
        ("iss", [ISSUER]),
        ("aud", SERVICE_AUDIENCE),
        ("aud", [PERSON_AUDIENCE]),
        ("aud", [PERSON_AUDIENCE, SERVICE_AUDIENCE]),
        ("aud", PERSON_AUDIENCE.upper()),
    ],
)
def test_another_issuer_or_audience_is_refused(name: str, value: object) -> None:
    assert_refused(forge(claims={**good_claims(), name: value}))


def test_a_persons_token_and_a_services_never_stand_in_for_one_another() -> None:
    service = issue(subject="svc:upload", audience=SERVICE_AUDIENCE)
    assert verify(service, audience=SERVICE_AUDIENCE).account_id == "svc:upload"
    assert_refused(service, audience=PERSON_AUDIENCE)
    assert_refused(VALID, audience=SERVICE_AUDIENCE)


def test_a_token_ends_when_it_says_so_within_the_leeway() -> None:
    end = NOW + ACCESS_TOKEN_LIFETIME + LEEWAY
    assert_accepted(VALID, now=end - INSTANT)
    assert_refused(VALID, now=end)


def test_a_token_of_the_future_is_refused_within_the_leeway() -> None:
    assert_accepted(VALID, now=NOW - LEEWAY)
    assert_refused(VALID, now=NOW - LEEWAY - INSTANT)


@pytest.mark.parametrize(("seconds", "is_valid"), [(300, True), (1, True), (301, False), (0, False), (-1, False)])
def test_a_lifetime_is_bounded(seconds: int, *, is_valid: bool) -> None:
    claims = good_claims()
    token = forge(claims={**claims, "exp": claims["iat"] + seconds})
    if is_valid:
        assert_accepted(token)
    else:
        assert_refused(token)


@pytest.mark.parametrize(("name", "twice"), [("sub", "alice"), ("sub", "bob"), ("exp", 9_999_999_999)])
def test_a_claim_that_appears_twice_is_refused(name: str, twice: object) -> None:
    claims = json.dumps(good_claims())
    assert_refused(forge(claims=f"{claims[:-1]}, {json.dumps(name)}: {json.dumps(twice)}}}".encode()))
    assert_refused(forge(claims=f"{{{json.dumps(name)}: {json.dumps(twice)}, {claims[1:]}".encode()))


def test_a_member_of_the_header_that_appears_twice_is_refused() -> None:
    header = json.dumps(good_header())
    assert_refused(forge(f'{header[:-1]}, "alg": "RS256"}}'.encode()))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"alice"',
        b"{",
        b"\xff\xfe",
        b"[" * 2_000,
        b'{"a":' * 2_000,
        json.dumps(good_claims()).encode() + b"{}",
        json.dumps(good_claims()).encode("utf-16"),
        b"\xef\xbb\xbf" + json.dumps(good_claims()).encode(),
    ],
)
def test_what_is_not_one_object_in_utf_8_is_refused(raw: bytes) -> None:
    assert_refused(forge(claims=raw))
    assert_refused(forge(raw))


@given(st.text())
def test_any_text_is_refused_without_another_failure(text: str) -> None:
    assert_refused(text)


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_any_signed_bytes_are_refused_without_another_failure(header: bytes, claims: bytes) -> None:
    assert_refused(forge(header, claims))
    assert_refused(forge(claims=claims))


def test_a_token_is_issued_in_whole_seconds() -> None:
    """So that `iat` is never after the instant of issuing."""
    token = issue(now=NOW + timedelta(microseconds=999_999))
    assert verify(token, now=NOW).expires_at == NOW + ACCESS_TOKEN_LIFETIME
