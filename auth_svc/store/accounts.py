"""Accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from auth_svc.store.queries import Queries
from auth_svc.store.tables import accounts


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

    def __repr__(self) -> str:
        """Without the hash."""
        return f"Account({self.id!r}, {self.username!r})"


class AccountQueries(Queries):
    """Queries of accounts."""

    async def add_account(self, account: Account) -> bool:
        """Adds the account; False when the user name is taken."""
        try:
            async with self._database.write() as connection:
                await connection.execute(
                    insert(accounts).values(
                        id=account.id,
                        username=account.username,
                        password_hash=account.password_hash,
                        role=account.role.value,
                        is_disabled=account.is_disabled,
                        quota_bytes=account.quota_bytes,
                        created_at=account.created_at,
                    )
                )
        except IntegrityError:
            return False
        return True

    async def get_account(self, account_id: str) -> Account | None:
        """The account with this id."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(accounts).where(accounts.c.id == account_id))).one_or_none()
        return None if row is None else account_of(row)

    async def get_account_by_username(self, username: str) -> Account | None:
        """The account with this user name."""
        async with self._database.read() as connection:
            query = select(accounts).where(accounts.c.username == username)
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else account_of(row)


def account_of(row: Sequence[Any]) -> Account:
    """The account in a row that holds nothing else."""
    account_id, username, password_hash, role, is_disabled, quota_bytes, created_at = row
    return Account(
        id=account_id,
        username=username,
        password_hash=password_hash,
        role=Role(role),
        is_disabled=is_disabled,
        quota_bytes=quota_bytes,
        created_at=created_at,
    )
