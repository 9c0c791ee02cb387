"""Signing keys: created in time, kept in the database with the private part encrypted, published as a JWKS.

What a key is for follows from its age and that of the next one, so that replicas agree without talking: it is published
before it signs, and still verifies when it has stopped signing. Nobody is logged out by a rotation.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from jwt.algorithms import RSAAlgorithm

from auth_svc.tokens.access_tokens import SigningKey
from auth_svc.tokens.store import SigningKeyStore, StoredSigningKey
from common.clock import Clock
from common.tokens import ALGORITHM

logger = logging.getLogger(__name__)

_KEY_BITS: Final = 2048
_NONCE_SIZE: Final = 12
ROTATION_PERIOD: Final = timedelta(days=90)
# A new key is published this long before it signs: longer than a key set may be kept (see get_jwks), than replicas take
# to check again, and than their clocks may be apart.
PUBLISHED_AHEAD: Final = timedelta(minutes=15)
# An old one is published this long after the next one has begun to sign: every token that it signed has ended.
PUBLISHED_AFTER: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Key:
    signing_key: SigningKey
    created_at: datetime


class SigningKeys:
    """The keys as this process has read them last. `encryption_keys`: the one that encrypts, then previous ones."""

    def __init__(self, store: SigningKeyStore, *, encryption_keys: Sequence[bytes], clock: Clock) -> None:
        self._store = store
        self._cipher, *self._previous_ciphers = [AESGCM(key) for key in encryption_keys]
        self._encryption_key = encryption_keys[0]
        self._clock = clock
        self._keys: list[_Key] = []

    async def load(self) -> None:
        """Reads every key, creates the one that is due, and drops those that have verified their last token.

        Done at the start and at intervals. A key that cannot be decrypted is skipped and logged; one that a previous
        encryption key opens is encrypted again with the present one.
        """
        keys = await self._read()
        if not keys or self._clock() >= keys[-1].created_at + ROTATION_PERIOD:
            await self._make(after=keys[-1].signing_key.key_id if keys else None)
            # Read again: of replicas that check at the same time one has created the key, and all of them use it.
            keys = await self._read()
        for key, following in pairwise(keys):
            if self._clock() >= following.created_at + PUBLISHED_AHEAD + PUBLISHED_AFTER:
                await self._store.delete_signing_key(key.signing_key.key_id)
                logger.info("signing key dropped", extra={"key_id": key.signing_key.key_id})
                keys = [other for other in keys if other is not key]
        self._keys = keys
        if not self._keys:
            raise RuntimeError("the signing key in the database is damaged: remove its row and start again")

    async def rotate(self) -> str | None:
        """Creates the next key before it is due and returns its id; every running replica has it within seconds.

        None, and nothing is created, while the newest key does not sign yet: two commands in a row create one key.
        """
        keys = await self._read()
        if keys and self._clock() < keys[-1].created_at + PUBLISHED_AHEAD:
            return None
        await self._make(after=keys[-1].signing_key.key_id if keys else None)
        return (await self._read())[-1].signing_key.key_id

    async def revoke(self) -> str:
        """Creates another key, which signs at once, and removes every other; returns its id.

        For keys that somebody else may have. Tokens signed with them are refused everywhere within a minute; sessions,
        refresh tokens and API keys stay valid, and give tokens of the new key.
        """
        keys = await self._read()
        key = await self._new(after=keys[-1].signing_key.key_id if keys else None)
        await self._store.replace_signing_keys(self._encrypt(key))
        logger.warning("signing keys revoked", extra={"key_id": key.key_id})
        return key.key_id

    async def _make(self, *, after: str | None) -> None:
        key = await self._new(after=after)
        if await self._store.add_signing_key(self._encrypt(key)):
            logger.info("signing key made", extra={"key_id": key.key_id})

    async def _new(self, *, after: str | None) -> SigningKey:
        purpose = "first signing key" if after is None else f"signing key after {after}"
        # The same for all who have the encryption key, so that the database lets only one of them add it.
        key_id = _as_id(hmac.digest(self._encryption_key, purpose.encode(), "sha256"))
        private_key = await asyncio.to_thread(rsa.generate_private_key, 65537, _KEY_BITS)
        return SigningKey(key_id=key_id, private_key=private_key)

    async def _read(self) -> list[_Key]:
        keys = []
        for stored in await self._store.list_signing_keys():
            if key := self._decrypt(stored, self._cipher):
                keys.append(_Key(key, stored.created_at))
            elif key := next(filter(None, (self._decrypt(stored, old) for old in self._previous_ciphers)), None):
                keys.append(_Key(key, stored.created_at))
                await self._store.reencrypt_signing_key(stored, self._encrypt(key).encrypted_private_key)
                logger.info("signing key encrypted anew", extra={"key_id": stored.id})
            else:
                logger.warning("signing key cannot be decrypted with the configured key", extra={"key_id": stored.id})
        return keys

    @property
    def current(self) -> SigningKey:
        """The key that signs: the newest that has been published long enough; the only one in any case."""
        now = self._clock()
        old_enough = [key for key in self._keys if now >= key.created_at + PUBLISHED_AHEAD]
        return (old_enough or self._keys[:1])[-1].signing_key

    async def get(self, key_id: str) -> rsa.RSAPublicKey | None:
        """The verification key with this id (see common.verifying.VerificationKeys)."""
        return next((key.private_key.public_key() for key in self._signing_keys() if key.key_id == key_id), None)

    def to_jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The public keys (RFC 7517)."""
        return {
            "keys": [
                {
                    **RSAAlgorithm.to_jwk(key.private_key.public_key(), as_dict=True),
                    "kid": key.key_id,
                    "use": "sig",
                    "alg": ALGORITHM,
                }
                for key in self._signing_keys()
            ]
        }

    def _signing_keys(self) -> list[SigningKey]:
        return [key.signing_key for key in self._keys]

    def _encrypt(self, key: SigningKey) -> StoredSigningKey:
        der = key.private_key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        nonce = secrets.token_bytes(_NONCE_SIZE)
        # The id is bound to the content: a row cannot be given another's key.
        sealed = nonce + self._cipher.encrypt(nonce, der, key.key_id.encode())
        return StoredSigningKey(
            id=key.key_id, encrypted_private_key=base64.b64encode(sealed).decode(), created_at=self._clock()
        )

    @staticmethod
    def _decrypt(stored: StoredSigningKey, cipher: AESGCM) -> SigningKey | None:
        sealed = base64.b64decode(stored.encrypted_private_key)
        try:
            der = cipher.decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], stored.id.encode())
        except InvalidTag:
            return None
        # Decrypted, it is what this code generated; OpenSSL's own check of its numbers would take 60 ms each time.
        private_key = serialization.load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(private_key, rsa.RSAPrivateKey):
            raise TypeError("a signing key that is not RSA")
        return SigningKey(key_id=stored.id, private_key=private_key)


def _as_id(digest: bytes) -> str:
    return base64.b32encode(digest)[:26].decode().lower()
