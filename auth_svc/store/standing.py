"""Whether somebody may still do what lasts: asked of their row, in the transaction of what they ask for (I20)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from auth_svc.store.accounts import Account, Role, account_of
from auth_svc.store.tables import accounts, sessions
from common.audit import Actor
from common.errors import Forbidden, Unauthenticated
from common.languages import N_


@dataclass(frozen=True, slots=True)
class Asker(Actor):
    """Somebody who is logged in: by a session, which is there or not, or by a token, which says when it was issued."""

    token_issued_at: datetime
    session_hash: str | None


def require_standing(asker: Asker, account: Account | None, *, is_administrators: bool = False) -> None:
    """Raises Unauthenticated when something has ended what the asker came with, and Forbidden when it is not enough."""
    if account is None or account.is_disabled:
        raise Unauthenticated
    if asker.session_hash is None and account.tokens_valid_from and asker.token_issued_at < account.tokens_valid_from:
        raise Unauthenticated
    if is_administrators and account.role is not Role.ADMIN:
        raise Forbidden(N_("Only administrators can do this."))


async def demand_standing(connection: AsyncConnection, by: Actor, *, is_administrators: bool = False) -> None:
    """`require_standing` of the row, which stays as it is until the transaction ends. The command line passes."""
    if not isinstance(by, Asker):
        return
    query = select(accounts).where(accounts.c.id == by.account_id)
    if is_administrators:
        # All of them, in the order in which whoever changes administrators locks them.
        locked = select(accounts.c.id).where(accounts.c.role == Role.ADMIN.value, accounts.c.is_disabled.is_(False))
        await connection.execute(locked.order_by(accounts.c.id).with_for_update())
    row = (await connection.execute(query.with_for_update())).one_or_none()
    require_standing(by, None if row is None else account_of(row), is_administrators=is_administrators)
    if by.session_hash is not None:
        here = sessions.c.secret_hash == by.session_hash, sessions.c.account_id == by.account_id
        if (await connection.execute(select(sessions.c.account_id).where(*here))).one_or_none() is None:
            raise Unauthenticated
