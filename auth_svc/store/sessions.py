"""Sessions of browsers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from auth_svc.store.accounts import Account, account_of, is_unchanged
from auth_svc.store.queries import Queries
from auth_svc.store.tables import accounts, sessions
from common.db import rows_changed


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


class SessionQueries(Queries):
    """Queries of sessions."""

    async def add_session(self, session: Session, account: Account) -> bool:
        """Adds the account's session, and clears away those that have expired; False if the account has changed."""
        async with self._database.write() as connection:
            if not await is_unchanged(connection, account):
                return False
            await connection.execute(
                delete(sessions).where(
                    sessions.c.account_id == session.account_id, sessions.c.expires_at <= session.created_at
                )
            )
            await connection.execute(
                insert(sessions).values(
                    secret_hash=session.secret_hash,
                    account_id=session.account_id,
                    created_at=session.created_at,
                    last_seen_at=session.last_seen_at,
                    expires_at=session.expires_at,
                    user_agent=session.user_agent,
                    address=session.address,
                )
            )
        return True

    async def get_session(self, secret_hash: str) -> tuple[Session, Account] | None:
        """The session and its account, expired and disabled ones included."""
        async with self._database.read() as connection:
            query = select(sessions, accounts).join(accounts, accounts.c.id == sessions.c.account_id)
            row = (await connection.execute(query.where(sessions.c.secret_hash == secret_hash))).one_or_none()
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
        return session, account_of(row[7:])

    async def touch_session(self, secret_hash: str, *, seen_at: datetime) -> bool:
        """Records the last use; False when the session is gone."""
        async with self._database.write() as connection:
            change = update(sessions).where(sessions.c.secret_hash == secret_hash).values(last_seen_at=seen_at)
            return rows_changed(await connection.execute(change)) == 1

    async def end_session(self, secret_hash: str) -> None:
        """Removes the session, if it is there."""
        async with self._database.write() as connection:
            await connection.execute(delete(sessions).where(sessions.c.secret_hash == secret_hash))
