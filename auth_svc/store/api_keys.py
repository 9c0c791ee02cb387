"""API keys."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from auth_svc.store.accounts import Account, account_of, distrust_tokens
from auth_svc.store.queries import Queries, newest_first
from auth_svc.store.standing import demand_standing
from auth_svc.store.tables import accounts, api_keys
from common.audit import Actor, AuditEntry, write_down
from common.db import rows_changed
from common.idempotency import Keep
from common.tokens import ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key for programs; the key itself is never stored."""

    id: str
    account_id: str
    name: str
    secret_hash: str
    prefix: str
    scopes: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None

    def is_over(self, now: datetime) -> bool:
        """Whether it has expired."""
        return self.expires_at is not None and now >= self.expires_at


class ApiKeyQueries(Queries):
    """Queries of API keys."""

    async def add_api_key(self, by: Actor, key: ApiKey, entry: AuditEntry, keep: Keep | None = None) -> None:
        """Adds a key, and `keep`s the answer about it. Raises Unauthenticated when what `by` came with has ended."""
        async with self._database.write() as connection:
            await demand_standing(connection, by)
            await connection.execute(insert(api_keys).values(**asdict(key)))
            if keep is not None:
                await keep(connection)
            await write_down(connection, entry)

    async def get_api_key(self, secret_hash: str) -> tuple[ApiKey, Account] | None:
        """The key with this hash and its account, expired and disabled ones included."""
        query = select(api_keys, accounts).join(accounts, accounts.c.id == api_keys.c.account_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query.where(api_keys.c.secret_hash == secret_hash))).one_or_none()
        if row is None:
            return None
        key = ApiKey(
            id=row[0],
            account_id=row[1],
            name=row[2],
            secret_hash=row[3],
            prefix=row[4],
            scopes=row[5],
            created_at=row[6],
            expires_at=row[7],
            last_used_at=row[8],
        )
        return key, account_of(row[9:])

    async def list_api_keys(self, account_id: str, *, after: tuple[datetime, str] | None, limit: int) -> list[ApiKey]:
        """The account's keys, newest first, behind the place `after` (created_at, id)."""
        query = select(api_keys).where(api_keys.c.account_id == account_id)
        query = newest_first(query, api_keys.c.created_at, api_keys.c.id, after=after, limit=limit)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [ApiKey(**row._mapping) for row in rows]  # noqa: SLF001 (public, despite its name)

    async def touch_api_key(self, key_id: str, *, used_at: datetime, entry: AuditEntry | None = None) -> bool:
        """Records the last use; False when the key is gone."""
        async with self._database.write() as connection:
            change = update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=used_at)
            if rows_changed(await connection.execute(change)) != 1:
                return False
            await write_down(connection, entry)
            return True

    async def delete_api_key(self, account_id: str, key_id: str, entry: AuditEntry, *, now: datetime) -> bool:
        """Removes the account's key; False when it has none with this id.

        With tokens of a key for everything one could make another: nothing that lasts can be done with them any more.
        """
        here = api_keys.c.account_id == account_id, api_keys.c.id == key_id
        async with self._database.write() as connection:
            scopes = (await connection.execute(select(api_keys.c.scopes).where(*here))).scalar_one_or_none()
            # The account's row first, as everybody who changes both locks them.
            if scopes is not None and ALL in scopes.split():
                await distrust_tokens(connection, account_id, now=now)
            if rows_changed(await connection.execute(delete(api_keys).where(*here))) != 1:
                return False
            await write_down(connection, entry)
            return True
