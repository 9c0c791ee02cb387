"""Families of refresh tokens."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from auth_svc.store.accounts import Account, account_of, distrust_tokens, is_unchanged
from auth_svc.store.queries import Queries
from auth_svc.store.tables import accounts, refresh_tokens
from common.audit import AuditEntry, write_down
from common.db import rows_changed


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshFamily:
    """All the refresh tokens that have come from one log-in; of their secrets the last two hashes are kept."""

    id: str
    account_id: str
    current_hash: str
    previous_hash: str | None
    created_at: datetime
    rotated_at: datetime
    expires_at: datetime


class RefreshTokenQueries(Queries):
    """Queries of refresh tokens."""

    async def add_refresh_family(
        self, family: RefreshFamily, account: Account, entry: AuditEntry | None = None
    ) -> bool:
        """Adds a family of the account; False if the account has changed since it was read."""
        async with self._database.write() as connection:
            if not await is_unchanged(connection, account):
                return False
            await connection.execute(insert(refresh_tokens).values(**asdict(family)))
            await write_down(connection, entry)
        return True

    async def get_refresh_family(self, family_id: str) -> tuple[RefreshFamily, Account] | None:
        """The family and its account, expired and disabled ones included."""
        query = select(refresh_tokens, accounts).join(accounts, accounts.c.id == refresh_tokens.c.account_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query.where(refresh_tokens.c.id == family_id))).one_or_none()
        if row is None:
            return None
        family = RefreshFamily(
            id=row[0],
            account_id=row[1],
            current_hash=row[2],
            previous_hash=row[3],
            created_at=row[4],
            rotated_at=row[5],
            expires_at=row[6],
        )
        return family, account_of(row[7:])

    async def rotate_refresh_family(
        self, family: RefreshFamily, *, new_hash: str, now: datetime, expires_at: datetime
    ) -> bool:
        """Makes the secret with `new_hash` the current one; False when somebody else has rotated or ended it."""
        change = (
            update(refresh_tokens)
            .where(refresh_tokens.c.id == family.id, refresh_tokens.c.current_hash == family.current_hash)
            .values(current_hash=new_hash, previous_hash=family.current_hash, rotated_at=now, expires_at=expires_at)
        )
        async with self._database.write() as connection:
            return rows_changed(await connection.execute(change)) == 1

    async def end_refresh_family(self, family_id: str) -> bool:
        """Ends the family; False when it was not there."""
        async with self._database.write() as connection:
            ended = await connection.execute(delete(refresh_tokens).where(refresh_tokens.c.id == family_id))
            return rows_changed(ended) == 1

    async def end_stolen_refresh_family(self, family: RefreshFamily, *, now: datetime, entry: AuditEntry) -> None:
        """Ends the family; nothing that lasts can be done with the access tokens that the thief may have."""
        async with self._database.write() as connection:
            # The account's row first, as everybody who changes both locks them.
            await distrust_tokens(connection, family.account_id, now=now)
            await connection.execute(delete(refresh_tokens).where(refresh_tokens.c.id == family.id))
            await write_down(connection, entry)

    async def forget_expired_refresh_families(self, *, now: datetime) -> int:
        """Drops what has run out; returns how many."""
        async with self._database.write() as connection:
            return rows_changed(
                await connection.execute(delete(refresh_tokens).where(refresh_tokens.c.expires_at <= now))
            )
