"""Signing keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from auth_svc.store.queries import Queries
from auth_svc.store.tables import signing_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSigningKey:
    """A signing key at rest."""

    id: str
    encrypted_private_key: str
    created_at: datetime


class SigningKeyQueries(Queries):
    """Queries of signing keys."""

    async def list_signing_keys(self) -> list[StoredSigningKey]:
        """Every signing key, the oldest first."""
        async with self._database.read() as connection:
            query = select(signing_keys).order_by(signing_keys.c.created_at, signing_keys.c.id)
            rows = (await connection.execute(query)).all()
        return [
            StoredSigningKey(id=row.id, encrypted_private_key=row.encrypted_private_key, created_at=row.created_at)
            for row in rows
        ]

    async def add_signing_key(self, key: StoredSigningKey) -> bool:
        """Adds a signing key; False when there is one with this id."""
        try:
            async with self._database.write() as connection:
                await connection.execute(
                    insert(signing_keys).values(
                        id=key.id, encrypted_private_key=key.encrypted_private_key, created_at=key.created_at
                    )
                )
        except IntegrityError:
            return False
        return True

    async def replace_signing_keys(self, key: StoredSigningKey) -> None:
        """Adds a signing key and removes every other; of those who do so at once, one key stays."""
        try:
            async with self._database.write() as connection:
                # First, so that the second of two waits for the first.
                await connection.execute(delete(signing_keys))
                await connection.execute(
                    insert(signing_keys).values(
                        id=key.id, encrypted_private_key=key.encrypted_private_key, created_at=key.created_at
                    )
                )
        except IntegrityError:
            # Somebody else has just put the same key in the place of all others.
            return

    async def reencrypt_signing_key(self, key: StoredSigningKey, encrypted_private_key: str) -> None:
        """The same key under another encryption, unless it has been changed since it was read."""
        async with self._database.write() as connection:
            await connection.execute(
                update(signing_keys)
                .where(signing_keys.c.id == key.id, signing_keys.c.encrypted_private_key == key.encrypted_private_key)
                .values(encrypted_private_key=encrypted_private_key)
            )

    async def delete_signing_key(self, key_id: str) -> None:
        """Removes the key, if it is there."""
        async with self._database.write() as connection:
            await connection.execute(delete(signing_keys).where(signing_keys.c.id == key_id))
