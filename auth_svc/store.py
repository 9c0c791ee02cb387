"""auth_svc's tables and queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, MetaData, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from common.db import Database, Instant, binary_text, human_text, identifier, long_text, rows_changed, size_in_bytes

METADATA: Final = MetaData()

_accounts: Final = Table(
    "accounts",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("username", binary_text(64), nullable=False, unique=True),
    Column("password_hash", binary_text(255), nullable=False),
    Column("role", binary_text(16), nullable=False),
    Column("is_disabled", Boolean(), nullable=False),
    Column("quota_bytes", size_in_bytes(), nullable=True),
    Column("created_at", Instant(), nullable=False),
)
_sessions: Final = Table(
    "sessions",
    METADATA,
    Column("secret_hash", binary_text(64), primary_key=True),
    Column("account_id", identifier(), ForeignKey("accounts.id"), nullable=False),
    Column("created_at", Instant(), nullable=False),
    Column("last_seen_at", Instant(), nullable=False),
    Column("expires_at", Instant(), nullable=False),
    Column("user_agent", human_text(255), nullable=False),
    Column("address", binary_text(64), nullable=False),
)
Index("sessions_account_id", _sessions.c.account_id)
_signing_keys: Final = Table(
    "signing_keys",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("encrypted_private_key", long_text(), nullable=False),
    Column("created_at", Instant(), nullable=False),
)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One log-in of one browser; the secret itself is never stored."""

    secret_hash: str
    account_id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    user_agent: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSigningKey:
    """A signing key at rest."""

    id: str
    encrypted_private_key: str
    created_at: datetime


class Store:
    """Queries of auth_svc."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_account(self, account: Account) -> bool:
        """Adds the account; False when the user name is taken."""
        try:
            async with self._database.write() as connection:
                await connection.execute(
                    insert(_accounts).values(
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
            row = (await connection.execute(select(_accounts).where(_accounts.c.id == account_id))).one_or_none()
        return None if row is None else _account(row)

    async def get_account_by_username(self, username: str) -> Account | None:
        """The account with this user name."""
        async with self._database.read() as connection:
            query = select(_accounts).where(_accounts.c.username == username)
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _account(row)

    async def add_session(self, session: Session) -> None:
        """Adds the session, and clears away those of the same account that have expired."""
        async with self._database.write() as connection:
            await connection.execute(
                delete(_sessions).where(
                    _sessions.c.account_id == session.account_id, _sessions.c.expires_at <= session.created_at
                )
            )
            await connection.execute(
                insert(_sessions).values(
                    secret_hash=session.secret_hash,
                    account_id=session.account_id,
                    created_at=session.created_at,
                    last_seen_at=session.last_seen_at,
                    expires_at=session.expires_at,
                    user_agent=session.user_agent,
                    address=session.address,
                )
            )

    async def get_session(self, secret_hash: str) -> tuple[Session, Account] | None:
        """The session and its account, expired and disabled ones included."""
        async with self._database.read() as connection:
            query = select(_sessions, _accounts).join(_accounts, _accounts.c.id == _sessions.c.account_id)
            row = (await connection.execute(query.where(_sessions.c.secret_hash == secret_hash))).one_or_none()
        if row is None:
            return None
        session = Session(
            secret_hash=row[0],
            account_id=row[1],
            created_at=row[2],
            last_seen_at=row[3],
            expires_at=row[4],
            user_agent=row[5],
            address=row[6],
        )
        return session, _account(row[7:])

    async def touch_session(self, secret_hash: str, *, seen_at: datetime) -> bool:
        """Records the last use; False when the session is gone."""
        async with self._database.write() as connection:
            change = update(_sessions).where(_sessions.c.secret_hash == secret_hash).values(last_seen_at=seen_at)
            return rows_changed(await connection.execute(change)) == 1

    async def end_session(self, secret_hash: str) -> None:
        """Removes the session, if it is there."""
        async with self._database.write() as connection:
            await connection.execute(delete(_sessions).where(_sessions.c.secret_hash == secret_hash))

    async def list_signing_keys(self) -> list[StoredSigningKey]:
        """Every signing key, the oldest first."""
        async with self._database.read() as connection:
            query = select(_signing_keys).order_by(_signing_keys.c.created_at, _signing_keys.c.id)
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
                    insert(_signing_keys).values(
                        id=key.id, encrypted_private_key=key.encrypted_private_key, created_at=key.created_at
                    )
                )
        except IntegrityError:
            return False
        return True


def _account(row: Sequence[Any]) -> Account:
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
