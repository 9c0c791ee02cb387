"""What administrators do to accounts, each in one transaction, and the links by which people choose a password."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from auth_svc.accounts.standing import demand_standing
from auth_svc.accounts.store import Account, Role, account_of, end_everything, lock_administrators, new_account
from auth_svc.errors import LastAdministrator
from auth_svc.paging import Place, newest_first
from auth_svc.tables import ACCOUNTS, PASSWORD_LINKS, values_of
from common.audit import Actor, AuditEntry, write_down
from common.db import Queries, rows_changed
from common.errors import NotFound
from common.idempotency import Keep


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordLink:
    """Lets somebody choose the account's password, once; the secret itself is never stored."""

    secret_hash: str
    account_id: str
    expires_at: datetime


class AdministrationStore(Queries):
    """Queries of administrators. What takes `by` raises Unauthenticated and Forbidden for an Asker who may not."""

    async def page_of_accounts(self, words: Sequence[str], *, after: Place | None, limit: int) -> list[Account]:
        """Accounts with all these words in their names, newest first, after the place (created_at, id)."""
        found = select(ACCOUNTS).where(*(ACCOUNTS.c.username.contains(word, autoescape=True) for word in words))
        query = newest_first(found, ACCOUNTS.c.created_at, ACCOUNTS.c.id, after=after, limit=limit)
        return [account_of(row) for row in await self._database.rows(query)]

    async def create_account(
        self, by: Actor, account: Account, link: PasswordLink | None, entry: AuditEntry, keep: Keep | None = None
    ) -> bool:
        """Adds what is given, and `keep`s the answer about it; False when the username is taken."""
        try:
            async with self._database.write() as connection:
                await demand_standing(connection, by, is_administrators=True)
                await connection.execute(new_account(account))
                if link is not None:
                    await connection.execute(insert(PASSWORD_LINKS).values(**asdict(link)))
                if keep is not None:
                    await keep(connection)
                await write_down(connection, entry)
        except IntegrityError:
            return False
        return True

    async def change_account(
        self, by: Actor, account_id: str, changes: dict[str, Any], entry: AuditEntry, *, now: datetime
    ) -> None:
        """Sets columns; disabling an account, or another password, ends everything that it has open.

        At least one administrator who can log in stays, whatever is asked at the same time. Raises NotFound and
        LastAdministrator.
        """
        is_disabling = changes.get("is_disabled") is True
        async with self._database.write() as connection:
            await demand_standing(connection, by, is_administrators=True)
            is_removing = is_disabling or changes.get("role") == Role.MEMBER
            if is_removing and await lock_administrators(connection) == [account_id]:
                raise LastAdministrator
            change = update(ACCOUNTS).where(ACCOUNTS.c.id == account_id).values(**changes)
            if rows_changed(await connection.execute(change)) != 1:
                raise NotFound
            if is_disabling or "password_hash" in changes:
                await end_everything(connection, account_id, now=now)
            await write_down(connection, entry)

    async def replace_password_links(self, by: Actor, link: PasswordLink, entry: AuditEntry) -> None:
        """Adds the link, and removes all others of its account. Raises NotFound when the account does not exist."""
        async with self._database.write() as connection:
            await demand_standing(connection, by, is_administrators=True)
            # Locks the account, so that of two who do this at the same time one link stays.
            query = select(ACCOUNTS.c.id).where(ACCOUNTS.c.id == link.account_id).with_for_update()
            if (await connection.execute(query)).one_or_none() is None:
                raise NotFound
            await connection.execute(delete(PASSWORD_LINKS).where(PASSWORD_LINKS.c.account_id == link.account_id))
            await connection.execute(insert(PASSWORD_LINKS).values(**asdict(link)))
            await write_down(connection, entry)

    async def get_password_link(self, secret_hash: str) -> tuple[PasswordLink, Account] | None:
        query = select(PASSWORD_LINKS, ACCOUNTS).join(ACCOUNTS, ACCOUNTS.c.id == PASSWORD_LINKS.c.account_id)
        row = await self._database.row(query.where(PASSWORD_LINKS.c.secret_hash == secret_hash))
        return None if row is None else (PasswordLink(**values_of(row, PASSWORD_LINKS)), account_of(row))

    async def use_password_link(
        self, link: PasswordLink, password_hash: str, entry: AuditEntry, *, now: datetime
    ) -> bool:
        """Sets the password, and removes the link and everything that was open; False when the link is gone."""
        async with self._database.write() as connection:
            used = await connection.execute(
                delete(PASSWORD_LINKS).where(PASSWORD_LINKS.c.secret_hash == link.secret_hash)
            )
            if rows_changed(used) != 1:
                return False
            await connection.execute(
                update(ACCOUNTS).where(ACCOUNTS.c.id == link.account_id).values(password_hash=password_hash)
            )
            await end_everything(connection, link.account_id, now=now)
            await write_down(connection, entry)
            return True

    async def forget_expired_password_links(self, *, now: datetime) -> int:
        """Drops expired links; returns how many."""
        return await self._database.change(delete(PASSWORD_LINKS).where(PASSWORD_LINKS.c.expires_at <= now))
