"""Whether somebody may still do what gives lasting access: checked against their row, in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from auth_svc.accounts.store import Account, Role, account_of, lock_administrators
from auth_svc.tables import ACCOUNTS, SESSIONS
from common.audit import Actor
from common.errors import Forbidden, Unauthenticated
from common.languages import N_


@dataclass(frozen=True, slots=True)
class Asker(Actor):
    """Somebody who is logged in: by a session, which exists or not, or by a token, which says when it was issued."""

    account_id: str
    token_issued_at: datetime
    session_hash: str | None


def require_standing(asker: Asker, account: Account | None, *, is_administrators: bool = False) -> None:
    """Raises Unauthenticated when the asker's session or token no longer counts, and Forbidden when it is not enough.

    `is_administrators`: it takes an administrator.
    """
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
    if is_administrators:
        await lock_administrators(connection)
    query = select(ACCOUNTS).where(ACCOUNTS.c.id == by.account_id).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    require_standing(by, None if row is None else account_of(row), is_administrators=is_administrators)
    if by.session_hash is not None:
        here = SESSIONS.c.secret_hash == by.session_hash, SESSIONS.c.account_id == by.account_id
        if (await connection.execute(select(SESSIONS.c.account_id).where(*here))).one_or_none() is None:
            raise Unauthenticated
