"""The table of API keys."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from auth_svc.accounts.standing import Asker, demand_standing
from auth_svc.accounts.store import Account, account_of, distrust_tokens
from auth_svc.paging import Place, newest_first
from auth_svc.tables import ACCOUNTS, API_KEYS, values_of
from common.audit import AuditEntry, change_one, write_down
from common.db import Queries, rows_changed
from common.idempotency import Keep
from common.tokens import ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key for programs, with its scopes separated by spaces; the secret itself is never stored."""

    id: str
    account_id: str
    name: str
    secret_hash: str
    prefix: str
    scopes: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and now >= self.expires_at


class ApiKeyStore(Queries):
    async def add_api_key(self, by: Asker, key: ApiKey, entry: AuditEntry, keep: Keep | None = None) -> None:
        """Adds a key, and `keep`s the answer about it.

        Raises Unauthenticated when the session or token of `by` no longer counts.
        """
        async with self._database.write() as connection:
            await demand_standing(connection, by)
            await connection.execute(insert(API_KEYS).values(**asdict(key)))
            if keep is not None:
                await keep(connection)
            await write_down(connection, entry)

    async def get_api_key(self, secret_hash: str) -> tuple[ApiKey, Account] | None:
        """The key with this hash and its account, expired and disabled ones included."""
        query = select(API_KEYS, ACCOUNTS).join(ACCOUNTS, ACCOUNTS.c.id == API_KEYS.c.account_id)
        row = await self._database.row(query.where(API_KEYS.c.secret_hash == secret_hash))
        return None if row is None else (ApiKey(**values_of(row, API_KEYS)), account_of(row))

    async def list_api_keys(self, account_id: str, *, after: Place | None, limit: int) -> list[ApiKey]:
        """The account's keys, newest first, after the place (created_at, id)."""
        query = select(API_KEYS).where(API_KEYS.c.account_id == account_id)
        query = newest_first(query, API_KEYS.c.created_at, API_KEYS.c.id, after=after, limit=limit)
        return [ApiKey(**values_of(row, API_KEYS)) for row in await self._database.rows(query)]

    async def touch_api_key(self, key_id: str, *, used_at: datetime, entry: AuditEntry | None = None) -> bool:
        """Records the last use; False when the key is gone."""
        change = update(API_KEYS).where(API_KEYS.c.id == key_id).values(last_used_at=used_at)
        return await change_one(self._database, change, entry)

    async def delete_api_key(self, account_id: str, key_id: str, entry: AuditEntry, *, now: datetime) -> bool:
        """Removes the account's key; False when it has none with this id.

        Tokens of a key with the scope `all` could create another key, so they open nothing that lasts from now on.
        """
        here = API_KEYS.c.account_id == account_id, API_KEYS.c.id == key_id
        async with self._database.write() as connection:
            scopes = (await connection.execute(select(API_KEYS.c.scopes).where(*here))).scalar_one_or_none()
            # The account's row first, the order in which both are locked everywhere.
            if scopes is not None and ALL in scopes.split():
                await distrust_tokens(connection, account_id, now=now)
            if rows_changed(await connection.execute(delete(API_KEYS).where(*here))) != 1:
                return False
            await write_down(connection, entry)
            return True
