"""The table of sessions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, insert, select, update

from auth_svc.accounts.store import Account, account_of, end_sessions, is_unchanged
from auth_svc.paging import Place, newest_first
from auth_svc.tables import ACCOUNTS, SESSIONS, values_of
from common.audit import AuditEntry, change_one, write_down
from common.db import Queries

SESSION_ID_LENGTH: Final = 32


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

    @property
    def id(self) -> str:
        """Its name in the API: half of the hash, which opens nothing."""
        return self.secret_hash[:SESSION_ID_LENGTH]


class SessionStore(Queries):
    async def add_session(self, session: Session, account: Account, entry: AuditEntry | None = None) -> bool:
        """Adds the account's session, and removes its expired ones; False if the account has changed."""
        async with self._database.write() as connection:
            if not await is_unchanged(connection, account):
                return False
            await connection.execute(
                delete(SESSIONS).where(
                    SESSIONS.c.account_id == session.account_id, SESSIONS.c.expires_at <= session.created_at
                )
            )
            await connection.execute(insert(SESSIONS).values(**asdict(session)))
            await write_down(connection, entry)
        return True

    async def get_session(self, secret_hash: str) -> tuple[Session, Account] | None:
        """The session and its account, expired and disabled ones included."""
        query = select(SESSIONS, ACCOUNTS).join(ACCOUNTS, ACCOUNTS.c.id == SESSIONS.c.account_id)
        row = await self._database.row(query.where(SESSIONS.c.secret_hash == secret_hash))
        return None if row is None else (Session(**values_of(row, SESSIONS)), account_of(row))

    async def touch_session(self, secret_hash: str, *, seen_at: datetime) -> bool:
        """Records the last use; False when the session is gone."""
        change = update(SESSIONS).where(SESSIONS.c.secret_hash == secret_hash).values(last_seen_at=seen_at)
        return await self._database.change(change) == 1

    async def list_sessions(
        self, account_id: str, *, used_after: datetime, now: datetime, after: Place | None, limit: int
    ) -> list[Session]:
        """The account's sessions that have not ended, newest first, after the place (created_at, id)."""
        query = select(SESSIONS).where(
            SESSIONS.c.account_id == account_id, SESSIONS.c.expires_at > now, SESSIONS.c.last_seen_at > used_after
        )
        query = newest_first(query, SESSIONS.c.created_at, SESSIONS.c.secret_hash, after=after, limit=limit)
        return [Session(**values_of(row, SESSIONS)) for row in await self._database.rows(query)]

    async def end_session_by_id(self, account_id: str, session_id: str, entry: AuditEntry | None = None) -> bool:
        """Removes the account's session with this id; False when it has none."""
        has_id = func.substr(SESSIONS.c.secret_hash, 1, len(session_id)) == session_id
        end = delete(SESSIONS).where(SESSIONS.c.account_id == account_id, has_id)
        return await change_one(self._database, end, entry)

    async def end_other_sessions(
        self, account_id: str, *, keep_session: str | None, entry: AuditEntry | None = None
    ) -> None:
        """Ends the account's sessions, except the one with that hash."""
        async with self._database.write() as connection:
            await end_sessions(connection, account_id, keep_session=keep_session)
            await write_down(connection, entry)

    async def end_session(self, secret_hash: str) -> None:
        """Removes the session, if it is there."""
        await self._database.change(delete(SESSIONS).where(SESSIONS.c.secret_hash == secret_hash))
