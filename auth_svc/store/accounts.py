"""Accounts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Update, delete, insert, select, union_all, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from auth_svc.store.queries import Queries
from auth_svc.store.tables import accounts, api_keys, departures, password_links, refresh_tokens, sessions
from auth_svc.usernames import skeleton, spellings
from common.audit import AuditEntry, write_down
from common.db import rows_changed


class Role(StrEnum):
    """What an account may do."""

    ADMIN = "admin"
    MEMBER = "member"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person."""

    id: str
    username: str
    password_hash: str
    role: Role
    is_disabled: bool
    quota_bytes: int | None
    created_at: datetime
    tokens_valid_from: datetime | None = None

    def __repr__(self) -> str:
        """Without the hash."""
        return f"Account({self.id!r}, {self.username!r})"


class AccountQueries(Queries):
    """Queries of accounts."""

    async def add_account(self, account: Account) -> bool:
        """Adds the account; False when the user name is taken."""
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(accounts).values(**account_values(account)))
        except IntegrityError:
            return False
        return True

    async def rehash_password(self, account: Account, password_hash: str) -> bool:
        """The same password, hashed anew; False when it has been changed meanwhile."""
        async with self._database.write() as connection:
            return rows_changed(await connection.execute(_change_password(account, password_hash))) == 1

    async def change_password(
        self,
        account: Account,
        password_hash: str,
        *,
        now: datetime,
        keep_session: str | None,
        end_api_keys: bool = False,
        entry: AuditEntry | None = None,
    ) -> bool:
        """Another password, and the end of all that the old one has opened but the session with that hash.

        API keys end where it is asked for.

        False, and nothing has changed, when the password has been changed meanwhile.
        """
        async with self._database.write() as connection:
            if rows_changed(await connection.execute(_change_password(account, password_hash))) != 1:
                return False
            await end_everything(
                connection, account.id, now=now, keep_session=keep_session, keep_api_keys=not end_api_keys
            )
            await write_down(connection, entry)
            return True

    async def get_account(self, account_id: str) -> Account | None:
        """The account with this id."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(accounts).where(accounts.c.id == account_id))).one_or_none()
        return None if row is None else account_of(row)

    async def list_accounts(self) -> list[Account]:
        """Every account, by name."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(accounts).order_by(accounts.c.username))).all()
        return [account_of(row) for row in rows]

    async def list_disabled_account_ids(self) -> list[str]:
        """The ids of all accounts that are disabled, and of those that have been deleted and still have videos."""
        async with self._database.read() as connection:
            disabled = select(accounts.c.id).where(accounts.c.is_disabled.is_(True))
            departed = select(departures.c.account_id)
            return sorted((await connection.execute(union_all(disabled, departed))).scalars().all())

    async def has_accounts(self) -> bool:
        """Whether there is any."""
        async with self._database.read() as connection:
            return (await connection.execute(select(accounts.c.id).limit(1))).one_or_none() is not None

    async def get_account_by_username(self, username: str) -> Account | None:
        """The account with this user name, however it was typed."""
        names = spellings(username)
        async with self._database.read() as connection:
            rows = (await connection.execute(select(accounts).where(accounts.c.username.in_(names)))).all()
        found = {account.username: account for account in map(account_of, rows)}
        return next((found[name] for name in names if name in found), None)

    async def fill_skeletons(self) -> None:
        """Gives accounts of before their skeleton; of those that look alike the oldest has it."""
        async with self._database.read() as connection:
            query = select(accounts.c.id, accounts.c.username).where(accounts.c.username_skeleton.is_(None))
            rows = (await connection.execute(query.order_by(accounts.c.created_at, accounts.c.id))).all()
        for row in rows:
            change = update(accounts).where(accounts.c.id == row.id)
            with suppress(IntegrityError):
                async with self._database.write() as connection:
                    await connection.execute(change.values(username_skeleton=skeleton(row.username)))


def account_values(account: Account) -> dict[str, Any]:
    """The account as a row."""
    return {**asdict(account), "role": account.role.value, "username_skeleton": skeleton(account.username)}


def _change_password(account: Account, password_hash: str) -> Update:
    return (
        update(accounts)
        .where(accounts.c.id == account.id, accounts.c.password_hash == account.password_hash)
        .values(password_hash=password_hash)
    )


async def end_sessions(connection: AsyncConnection, account_id: str, *, keep_session: str | None) -> None:
    """Ends the account's sessions, but for the one with that hash."""
    await connection.execute(
        delete(sessions).where(sessions.c.account_id == account_id, sessions.c.secret_hash != (keep_session or ""))
    )


async def end_everything(
    connection: AsyncConnection,
    account_id: str,
    *,
    now: datetime,
    keep_session: str | None = None,
    keep_api_keys: bool = False,
) -> None:
    """Ends the account's sessions, but for the one with that hash, refresh tokens, links for a password and API keys.

    With access tokens of before nothing that lasts can be done any more.
    """
    await end_sessions(connection, account_id, keep_session=keep_session)
    for table in (refresh_tokens, password_links) if keep_api_keys else (refresh_tokens, password_links, api_keys):
        await connection.execute(delete(table).where(table.c.account_id == account_id))
    await distrust_tokens(connection, account_id, now=now)


async def distrust_tokens(connection: AsyncConnection, account_id: str, *, now: datetime) -> None:
    """From now on nothing that lasts can be done with access tokens of before.

    Tokens tell their time in whole seconds, rounded down: the next second is the first that cannot be one of before.
    """
    valid_from = now.replace(microsecond=0) + timedelta(seconds=1)
    await connection.execute(update(accounts).where(accounts.c.id == account_id).values(tokens_valid_from=valid_from))


async def is_unchanged(connection: AsyncConnection, account: Account) -> bool:
    """Whether the account still may log in with the password it was read with; so it stays until the transaction ends.

    Who begins something for an account asks this first: what a change of its password or its disabling ends, must not
    be begun beside it.
    """
    query = select(accounts.c.id).where(
        accounts.c.id == account.id,
        accounts.c.password_hash == account.password_hash,
        accounts.c.is_disabled.is_(False),
    )
    return (await connection.execute(query.with_for_update())).one_or_none() is not None


def account_of(row: Sequence[Any]) -> Account:
    """The account in a row that holds nothing else."""
    account_id, username, password_hash, role, is_disabled, quota_bytes, created_at, tokens_valid_from, _ = row
    return Account(
        id=account_id,
        username=username,
        password_hash=password_hash,
        role=Role(role),
        is_disabled=is_disabled,
        quota_bytes=quota_bytes,
        created_at=created_at,
        tokens_valid_from=tokens_valid_from,
    )
