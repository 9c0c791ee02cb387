"""The table of accounts, and how everything that an account has open is ended."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Insert, Update, delete, insert, select, union_all, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from auth_svc.accounts.usernames import skeleton, spellings
from auth_svc.tables import ACCOUNTS, API_KEYS, DEPARTURES, PASSWORD_LINKS, REFRESH_TOKENS, SESSIONS, values_of
from common.audit import AuditEntry, write_down
from common.db import AnyRow, Queries, rows_changed
from common.tokens import LEEWAY

# Of many ends in one second: every service takes tokens from so far in the future, and clocks differ too.
AHEAD_AT_MOST: Final = LEEWAY / 2


class Role(StrEnum):
    """What an account may do."""

    ADMIN = "admin"
    MEMBER = "member"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person. Access tokens issued before `tokens_valid_from` open nothing that lasts."""

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


class AccountStore(Queries):
    async def add_account(self, account: Account) -> bool:
        """Adds the account; False when the username is taken."""
        return await self._database.add(new_account(account))

    async def rehash_password(self, account: Account, password_hash: str) -> bool:
        """Stores another hash of the same password; False when the password has been changed meanwhile."""
        return await self._database.change(_change_password(account, password_hash)) == 1

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
        """Sets the password and ends what the old one opened, except the session with that hash and, unless asked
        for, API keys.

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
        row = await self._database.row(select(ACCOUNTS).where(ACCOUNTS.c.id == account_id))
        return None if row is None else account_of(row)

    async def get_account_by_username(self, username: str) -> Account | None:
        """The account with this username, however it was typed."""
        names = spellings(username)
        rows = await self._database.rows(select(ACCOUNTS).where(ACCOUNTS.c.username.in_(names)))
        found = {account.username: account for account in map(account_of, rows)}
        return next((found[name] for name in names if name in found), None)

    async def get_usernames(self, account_ids: Collection[str]) -> dict[str, str]:
        """The usernames, by id, of those accounts that exist."""
        query = select(ACCOUNTS.c.id, ACCOUNTS.c.username).where(ACCOUNTS.c.id.in_(account_ids))
        return {row.id: row.username for row in await self._database.rows(query)}

    async def list_accounts(self) -> list[Account]:
        """Every account, by name."""
        return [account_of(row) for row in await self._database.rows(select(ACCOUNTS).order_by(ACCOUNTS.c.username))]

    async def list_disabled_account_ids(self) -> list[str]:
        """The ids of disabled accounts, and of deleted ones that still have videos."""
        disabled = select(ACCOUNTS.c.id).where(ACCOUNTS.c.is_disabled.is_(True))
        deleted = select(DEPARTURES.c.account_id)
        return sorted(row[0] for row in await self._database.rows(union_all(disabled, deleted)))

    async def has_accounts(self) -> bool:
        return await self._database.row(select(ACCOUNTS.c.id).limit(1)) is not None

    async def fill_skeletons(self) -> None:
        """Gives a skeleton to accounts that have none; of those that look alike, the oldest gets it."""
        query = select(ACCOUNTS.c.id, ACCOUNTS.c.username).where(ACCOUNTS.c.username_skeleton.is_(None))
        for row in await self._database.rows(query.order_by(ACCOUNTS.c.created_at, ACCOUNTS.c.id)):
            change = update(ACCOUNTS).where(ACCOUNTS.c.id == row.id)
            with suppress(IntegrityError):
                await self._database.change(change.values(username_skeleton=skeleton(row.username)))


def account_of(row: AnyRow) -> Account:
    """The account in a row of a query, joined or not."""
    values = values_of(row, ACCOUNTS)
    del values["username_skeleton"]
    return Account(**values | {"role": Role(values["role"])})


def new_account(account: Account) -> Insert:
    """Violates a constraint when the username, or one that looks like it, is taken."""
    values = {**asdict(account), "role": account.role.value, "username_skeleton": skeleton(account.username)}
    return insert(ACCOUNTS).values(**values)


def _change_password(account: Account, password_hash: str) -> Update:
    return (
        update(ACCOUNTS)
        .where(ACCOUNTS.c.id == account.id, ACCOUNTS.c.password_hash == account.password_hash)
        .values(password_hash=password_hash)
    )


async def lock_administrators(connection: AsyncConnection) -> list[str]:
    """The ids of all administrators who can log in; their rows stay as they are until the transaction ends.

    Whoever changes administrators locks all of them first, in this one order: two who are removed at the same time see
    each other, and nobody waits in a circle.
    """
    query = select(ACCOUNTS.c.id).where(ACCOUNTS.c.role == Role.ADMIN.value, ACCOUNTS.c.is_disabled.is_(False))
    return list((await connection.execute(query.order_by(ACCOUNTS.c.id).with_for_update())).scalars().all())


async def end_sessions(connection: AsyncConnection, account_id: str, *, keep_session: str | None) -> None:
    """Ends the account's sessions, except the one with that hash."""
    await connection.execute(
        delete(SESSIONS).where(SESSIONS.c.account_id == account_id, SESSIONS.c.secret_hash != (keep_session or ""))
    )


async def end_everything(
    connection: AsyncConnection,
    account_id: str,
    *,
    now: datetime,
    keep_session: str | None = None,
    keep_api_keys: bool = False,
) -> None:
    """Ends the account's sessions, except the one with that hash, refresh tokens, password links and API keys.

    Access tokens issued until now open nothing that lasts.
    """
    await end_sessions(connection, account_id, keep_session=keep_session)
    for table in (REFRESH_TOKENS, PASSWORD_LINKS) if keep_api_keys else (REFRESH_TOKENS, PASSWORD_LINKS, API_KEYS):
        await connection.execute(delete(table).where(table.c.account_id == account_id))
    await distrust_tokens(connection, account_id, now=now)


async def distrust_tokens(connection: AsyncConnection, account_id: str, *, now: datetime) -> None:
    """From now on, access tokens issued before open nothing that lasts.

    Tokens carry their time in whole seconds, rounded down: the next second is the first that is certainly later, and
    the one after what an end before this one has left, since a token may have been issued in between.
    """
    second, account = timedelta(seconds=1), ACCOUNTS.c.id == account_id
    valid_from = now.replace(microsecond=0) + second
    latest = valid_from + AHEAD_AT_MOST
    query = select(ACCOUNTS.c.tokens_valid_from).where(account).with_for_update()
    before: datetime | None = (await connection.execute(query)).scalar_one_or_none()
    if before is not None and before >= valid_from:
        valid_from = min(before + second, latest)
    await connection.execute(update(ACCOUNTS).where(account).values(tokens_valid_from=valid_from))


async def is_unchanged(connection: AsyncConnection, account: Account) -> bool:
    """Whether the account may still log in with the password it was read with; it stays so until the transaction ends.

    Asked before anything is begun for an account, so that nothing starts beside the change of a password or the
    disabling that would have ended it.
    """
    query = select(ACCOUNTS.c.id).where(
        ACCOUNTS.c.id == account.id,
        ACCOUNTS.c.password_hash == account.password_hash,
        ACCOUNTS.c.is_disabled.is_(False),
    )
    return (await connection.execute(query.with_for_update())).one_or_none() is not None
