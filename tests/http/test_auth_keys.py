"""Signing keys: made once, published in part, kept encrypted, and never taken for another's."""

from __future__ import annotations

import base64
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key

from auth_svc.tokens.access_tokens import Subject
from auth_svc.tokens.signing_keys import SigningKeys
from auth_svc.tokens.store import SigningKeyStore, StoredSigningKey
from common.clock import utc_now
from common.db import Database, open_database
from common.tokens import PERSON_AUDIENCE
from common.verifying import parse_key
from tests.auth_app import KEY_ENCRYPTION_KEY, running_auth_app

ENCRYPTION_KEY = bytes.fromhex(KEY_ENCRYPTION_KEY)
OTHER_ENCRYPTION_KEY = bytes.fromhex("0f" * 32)
ISSUER = "http://auth.example"
ALICE = Subject(subject="alice", audience=PERSON_AUDIENCE, username="alice", role="member", scope="", quota_bytes=None)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as database:
        yield database


async def loaded(database: Database, encryption_key: bytes = ENCRYPTION_KEY) -> SigningKeys:
    """The keys as a process has them that starts now."""
    keys = SigningKeys(SigningKeyStore(database), encryption_keys=[encryption_key], clock=utc_now)
    await keys.load()
    return keys


async def rows(database: Database) -> list[StoredSigningKey]:
    return await SigningKeyStore(database).list_signing_keys()


def key_ids(keys: SigningKeys) -> list[str]:
    return [key["kid"] for key in keys.to_jwks()["keys"]]


async def test_the_private_part_lies_encrypted(database: Database) -> None:
    keys = await loaded(database)
    (row,) = await rows(database)
    stored = base64.b64decode(row.encrypted_private_key)
    numbers = keys.current.private_key.private_numbers()
    for number in (numbers.d, numbers.p, numbers.q):
        assert number.to_bytes((number.bit_length() + 7) // 8, "big") not in stored
    # Neither behind the nonce nor anywhere else is there a key to be read.
    for start in range(32):
        with pytest.raises(ValueError, match=r"deserialize|parse|ASN"):
            load_der_private_key(stored[start:], password=None)


async def test_another_encryption_key_makes_another_key_and_leaves_the_old_one(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    old = await loaded(database)
    with caplog.at_level(logging.WARNING):
        new = await loaded(database, OTHER_ENCRYPTION_KEY)
    assert key_ids(new) == [new.current.key_id] != [old.current.key_id]
    assert any("cannot be decrypted" in record.message for record in caplog.records)
    assert {row.id for row in await rows(database)} == {old.current.key_id, new.current.key_id}
    # Whoever has the old encryption key still has the old key.
    assert key_ids(await loaded(database)) == [old.current.key_id]


async def test_a_row_cannot_be_given_anothers_key(database: Database) -> None:
    await loaded(database)
    (row,) = await rows(database)
    copy = StoredSigningKey(id="b" * 26, encrypted_private_key=row.encrypted_private_key, created_at=utc_now())
    assert await SigningKeyStore(database).add_signing_key(copy)
    assert key_ids(await loaded(database)) == [row.id]


async def test_the_key_set_is_public_and_nothing_else(sqlite_url: str) -> None:
    async with running_auth_app(sqlite_url) as app:
        answer = await app.send("GET", "/.well-known/jwks.json")
        assert answer.headers["Cache-Control"] == "public, max-age=30"
        assert answer.content_type == "application/json"
        key_set: dict[str, list[dict[str, Any]]] = await answer.json()
        assert set(key_set) == {"keys"}
        for key in key_set["keys"]:
            assert set(key) == {"kty", "n", "e", "kid", "use", "alg", "key_ops"}
            assert (key["kty"], key["use"], key["alg"], key["key_ops"]) == ("RSA", "sig", "RS256", ["verify"])
            assert parse_key(key).key_size >= 2048
