"""The tables of refresh tokens and signing keys."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from auth_svc.accounts.store import Account, account_of, distrust_tokens, is_unchanged
from auth_svc.tables import ACCOUNTS, REFRESH_TOKENS, SIGNING_KEYS, values_of
from common.audit import AuditEntry, write_down
from common.db import Queries


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshFamily:
    """All refresh tokens of one log-in; the hashes of the last two secrets are kept."""

    id: str
    account_id: str
    current_hash: str
    previous_hash: str | None
    created_at: datetime
    rotated_at: datetime
    expires_at: datetime


class RefreshTokenStore(Queries):
    async def add_refresh_family(
        self, family: RefreshFamily, account: Account, entry: AuditEntry | None = None
    ) -> bool:
        """Adds a family of the account; False if the account has changed since it was read."""
        async with self._database.write() as connection:
            if not await is_unchanged(connection, account):
                return False
            await connection.execute(insert(REFRESH_TOKENS).values(**asdict(family)))
            await write_down(connection, entry)
        return True

    async def get_refresh_family(self, family_id: str) -> tuple[RefreshFamily, Account] | None:
        """The family and its account, expired and disabled ones included."""
        query = select(REFRESH_TOKENS, ACCOUNTS).join(ACCOUNTS, ACCOUNTS.c.id == REFRESH_TOKENS.c.account_id)
        row = await self._database.row(query.where(REFRESH_TOKENS.c.id == family_id))
        return None if row is None else (RefreshFamily(**values_of(row, REFRESH_TOKENS)), account_of(row))

    async def rotate_refresh_family(
        self, family: RefreshFamily, *, new_hash: str, now: datetime, expires_at: datetime
    ) -> bool:
        """Makes the secret with `new_hash` the current one; False when somebody else has rotated or ended it."""
        change = (
            update(REFRESH_TOKENS)
            .where(REFRESH_TOKENS.c.id == family.id, REFRESH_TOKENS.c.current_hash == family.current_hash)
            .values(current_hash=new_hash, previous_hash=family.current_hash, rotated_at=now, expires_at=expires_at)
        )
        return await self._database.change(change) == 1

    async def end_refresh_family(self, family_id: str) -> bool:
        """Ends the family; False when it was not there."""
        return await self._database.change(delete(REFRESH_TOKENS).where(REFRESH_TOKENS.c.id == family_id)) == 1

    async def end_stolen_refresh_family(self, family: RefreshFamily, *, now: datetime, entry: AuditEntry) -> None:
        """Ends the family; access tokens that the thief may have open nothing that lasts."""
        async with self._database.write() as connection:
            # The account's row first, the order in which both are locked everywhere.
            await distrust_tokens(connection, family.account_id, now=now)
            await connection.execute(delete(REFRESH_TOKENS).where(REFRESH_TOKENS.c.id == family.id))
            await write_down(connection, entry)

    async def forget_expired_refresh_families(self, *, now: datetime) -> int:
        """Drops expired families; returns how many."""
        return await self._database.change(delete(REFRESH_TOKENS).where(REFRESH_TOKENS.c.expires_at <= now))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSigningKey:
    """A signing key at rest."""

    id: str
    encrypted_private_key: str
    created_at: datetime


class SigningKeyStore(Queries):
    async def list_signing_keys(self) -> list[StoredSigningKey]:
        """Every signing key, the oldest first."""
        query = select(SIGNING_KEYS).order_by(SIGNING_KEYS.c.created_at, SIGNING_KEYS.c.id)
        return [StoredSigningKey(**values_of(row, SIGNING_KEYS)) for row in await self._database.rows(query)]

    async def add_signing_key(self, key: StoredSigningKey) -> bool:
        """Adds a signing key; False when there is one with this id."""
        return await self._database.add(insert(SIGNING_KEYS).values(**asdict(key)))

    async def replace_signing_keys(self, key: StoredSigningKey) -> None:
        """Adds a signing key and removes every other; of those who do so at the same time, one key stays."""
        # Whoever fails has put the same key in the place of all others, a moment after somebody else.
        with suppress(IntegrityError):
            async with self._database.write() as connection:
                # First, so that the second of two waits for the first.
                await connection.execute(delete(SIGNING_KEYS))
                await connection.execute(insert(SIGNING_KEYS).values(**asdict(key)))

    async def reencrypt_signing_key(self, key: StoredSigningKey, encrypted_private_key: str) -> None:
        """The same key under another encryption, unless it has changed since it was read."""
        await self._database.change(
            update(SIGNING_KEYS)
            .where(SIGNING_KEYS.c.id == key.id, SIGNING_KEYS.c.encrypted_private_key == key.encrypted_private_key)
            .values(encrypted_private_key=encrypted_private_key)
        )

    async def delete_signing_key(self, key_id: str) -> None:
        """Removes the key, if it is there."""
        await self._database.change(delete(SIGNING_KEYS).where(SIGNING_KEYS.c.id == key_id))
