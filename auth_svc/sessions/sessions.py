"""Sessions of browsers: started by log-in, exchanged for access tokens, ended."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from typing import Final

from auth_svc.accounts.standing import Asker
from auth_svc.audit.audit import Action, Audit
from auth_svc.errors import InvalidGrant
from auth_svc.login.login import LogIn
from auth_svc.opaque import hash_of, new_secret
from auth_svc.sessions.store import SESSION_ID_LENGTH, Session, SessionStore
from auth_svc.tokens.grants import Grants
from common.audit import Actor
from common.clock import Clock
from common.cursors import Cursors
from common.errors import NotFound
from common.tokens import Principal
from common.verifying import Verifier
from common.web.sessions import ExchangeCache, StartedSession

IDLE_LIFETIME: Final = timedelta(days=7)
ABSOLUTE_LIFETIME: Final = timedelta(days=30)
# `last_seen_at` is written at most this often: reading a page must not cost a write.
TOUCH_INTERVAL: Final = timedelta(minutes=5)

_ID: Final = re.compile(rf"[0-9a-f]{{{SESSION_ID_LENGTH}}}")


class AccountSessions:
    """auth_svc's own `common.web.sessions.Sessions`, and what the internal API gives to other services."""

    def __init__(
        self,
        store: SessionStore,
        log_in: LogIn,
        grants: Grants,
        verifier: Verifier,
        audit: Audit,
        *,
        cursors: Cursors,
        clock: Clock,
    ) -> None:
        self._store = store
        self._log_in = log_in
        self._grants = grants
        self._audit = audit
        self._cursors = cursors
        self._clock = clock
        self._cache = ExchangeCache(verifier, clock=clock)

    async def start(
        self, username: str, password: str, *, user_agent: str, address: str, known_device: str | None
    ) -> StartedSession:
        """Logs in: a new session with a new secret of 256 bits. Raises InvalidGrant and RateLimited."""
        account = await self._log_in.authenticate(username, password, address=address, known_device=known_device)
        secret = new_secret()
        now = self._clock()
        entry = self._audit.entry(Action.LOG_IN, Actor(account.id, address), kind="session")
        is_added = await self._store.add_session(
            Session(
                secret_hash=hash_of(secret),
                account_id=account.id,
                created_at=now,
                last_seen_at=now,
                expires_at=now + ABSOLUTE_LIFETIME,
                user_agent=user_agent,
                address=address,
            ),
            account,
            entry,
        )
        if not is_added:
            # Disabled, or given another password, in this very moment.
            raise InvalidGrant
        entry.log()
        return StartedSession(
            session=secret,
            lifetime_seconds=int(ABSOLUTE_LIFETIME.total_seconds()),
            known_device=self._log_in.remember_device(account, known_device),
        )

    async def exchange_for_token(self, secret: str) -> str | None:
        """An access token for the session's account; None when the session has ended or the account is disabled."""
        found = await self._store.get_session(hash_of(secret))
        if found is None:
            return None
        session, account = found
        now = self._clock()
        if account.is_disabled or now >= session.expires_at or now >= session.last_seen_at + IDLE_LIFETIME:
            return None
        if now >= session.last_seen_at + TOUCH_INTERVAL and not await self._store.touch_session(
            session.secret_hash, seen_at=now
        ):
            return None
        return await self._grants.issue_for(account)

    async def exchange(self, secret: str) -> Principal | None:
        return await self._cache.exchange(secret, self.exchange_for_token)

    async def list(self, account_id: str, *, cursor: str | None, limit: int) -> tuple[list[Session], str | None]:
        """The account's sessions, newest first, and the cursor of the next page. Raises Invalid."""
        now = self._clock()
        return await self._cursors.page(
            f"sessions:{account_id}",
            partial(self._store.list_sessions, account_id, used_after=now - IDLE_LIFETIME, now=now),
            lambda session: (session.created_at, session.id),
            cursor=cursor,
            limit=limit,
        )

    async def end_by_id(self, by: Asker, session_id: str) -> None:
        """Ends one of their sessions. Raises NotFound."""
        entry = self._audit.entry(Action.SESSION_ENDED, by, target_id=by.account_id)
        if not _ID.fullmatch(session_id) or not await self._store.end_session_by_id(by.account_id, session_id, entry):
            raise NotFound
        entry.log()

    async def end_others(self, by: Asker) -> None:
        """Ends all their sessions but the one by which they ask."""
        entry = self._audit.entry(Action.SESSION_ENDED, by, target_id=by.account_id, all_others=True)
        await self._store.end_other_sessions(by.account_id, keep_session=by.session_hash, entry=entry)
        entry.log()

    async def end(self, secret: str) -> None:
        self._cache.forget(secret)
        await self._store.end_session(hash_of(secret))
