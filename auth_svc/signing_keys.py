"""Signing keys: made when there is none, kept in the database with the private part encrypted, published as a JWKS."""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import secrets
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from jwt.algorithms import RSAAlgorithm

from auth_svc.store import Store, StoredSigningKey
from auth_svc.tokens import SigningKey
from common.clock import Clock
from common.tokens import ALGORITHM

logger = logging.getLogger(__name__)

_KEY_BITS: Final = 2048
_NONCE_SIZE: Final = 12


class SigningKeys:
    """The keys as this process read them when it started."""

    def __init__(self, store: Store, *, encryption_key: bytes, clock: Clock) -> None:
        self._store = store
        self._cipher = AESGCM(encryption_key)
        # The same for all who have the encryption key, so that the database lets only one of them add the first key.
        self._first_key_id = _as_id(hmac.digest(encryption_key, b"first signing key", "sha256"))
        self._clock = clock
        self._keys: list[SigningKey] = []

    async def load(self) -> None:
        """Reads every key, and makes the first. A key that cannot be decrypted is passed over, and said so."""
        self._keys = await self._read()
        if not self._keys:
            private_key = await asyncio.to_thread(rsa.generate_private_key, 65537, _KEY_BITS)
            key = SigningKey(key_id=self._first_key_id, private_key=private_key)
            if await self._store.add_signing_key(self._encrypt(key)):
                logger.info("signing key made", extra={"key_id": key.key_id})
            # Read again: of replicas that start together one has made the key, and all of them use it.
            self._keys = await self._read()
        if not self._keys:
            raise RuntimeError("the signing key in the database is damaged: remove its row and start again")

    async def _read(self) -> list[SigningKey]:
        return [key for stored in await self._store.list_signing_keys() if (key := self._decrypt(stored))]

    @property
    def current(self) -> SigningKey:
        """The key that signs: the newest."""
        return self._keys[-1]

    async def get(self, key_id: str) -> rsa.RSAPublicKey | None:
        """The verification key with this id (see common.verifying.VerificationKeys)."""
        return next((key.private_key.public_key() for key in self._keys if key.key_id == key_id), None)

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
                for key in self._keys
            ]
        }

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

    def _decrypt(self, stored: StoredSigningKey) -> SigningKey | None:
        sealed = base64.b64decode(stored.encrypted_private_key)
        try:
            der = self._cipher.decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], stored.id.encode())
        except InvalidTag:
            logger.warning("signing key cannot be decrypted with the configured key", extra={"key_id": stored.id})
            return None
        private_key = serialization.load_der_private_key(der, password=None)
        if not isinstance(private_key, rsa.RSAPrivateKey):
            raise TypeError("a signing key that is not RSA")
        return SigningKey(key_id=stored.id, private_key=private_key)


def _as_id(digest: bytes) -> str:
    return base64.b32encode(digest)[:26].decode().lower()
