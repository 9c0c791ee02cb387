"""What administrators do to accounts, each in one transaction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from auth_svc.store.accounts import Account, Role, account_of, account_values, end_everything
from auth_svc.store.queries import Queries, newest_first
from auth_svc.store.standing import demand_standing
from auth_svc.store.tables import accounts, password_links
from common.audit import Actor, AuditEntry, write_down
from common.db import rows_changed
from common.idempotency import Keep


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordLink:
    """Lets somebody choose the account's password, once; the secret itself is never stored."""

    secret_hash: str
    account_id: str
    expires_at: datetime


class Outcome(Enum):
    """How a change ended."""

    DONE = auto()
    NOT_THERE = auto()
    LAST_ADMINISTRATOR = auto()


class AdministrationQueries(Queries):
    """Queries of administrators. What changes something raises Unauthenticated and Forbidden of whom it is done by."""

    async def page_of_accounts(self, *, after: tuple[datetime, str] | None, limit: int) -> list[Account]:
        """Accounts, newest first, behind the place `after` (created_at, id)."""
        query = newest_first(select(accounts), accounts.c.created_at, accounts.c.id, after=after, limit=limit)
        async with self._database.read() as connection:
            return [account_of(row) for row in (await connection.execute(query)).all()]

    async def get_usernames(self, account_ids: Collection[str]) -> dict[str, str]:
        """The user names of those accounts that there are, by id."""
        query = select(accounts.c.id, accounts.c.username).where(accounts.c.id.in_(account_ids))
        async with self._database.read() as connection:
            return {row.id: row.username for row in (await connection.execute(query)).all()}

    async def make_account(
        self,
        by: Actor,
        account: Account,
        link: PasswordLink | None,
        entry: AuditEntry,
        keep: Keep | None = None,
    ) -> bool:
        """Adds what there is, and `keep`s the answer about it; False when the user name is taken."""
        try:
            async with self._database.write() as connection:
                await demand_standing(connection, by, is_administrators=True)
                await connection.execute(insert(accounts).values(**account_values(account)))
                if link is not None:
                    await connection.execute(insert(password_links).values(**asdict(link)))
                if keep is not None:
                    await keep(connection)
                await write_down(connection, entry)
        except IntegrityError:
            return False
        return True

    async def change_account(
        self, by: Actor, account_id: str, changes: dict[str, Any], entry: AuditEntry, *, now: datetime
    ) -> Outcome:
        """Sets columns. A disabled account, and one with another password, has nothing open any more.

        At least one administrator stays who can log in, whatever is asked at the same time.
        """
        ends = changes.get("is_disabled") is True or "password_hash" in changes
        async with self._database.write() as connection:
            await demand_standing(connection, by, is_administrators=True)
            if changes.get("is_disabled") is True or changes.get("role") == Role.MEMBER.value:
                # Locks every administrator's row in one order, so that two who are removed at once see each other.
                query = select(accounts.c.id).where(
                    accounts.c.role == Role.ADMIN.value, accounts.c.is_disabled.is_(False)
                )
                found = (await connection.execute(query.order_by(accounts.c.id).with_for_update())).scalars().all()
                if list(found) == [account_id]:
                    return Outcome.LAST_ADMINISTRATOR
            change = update(accounts).where(accounts.c.id == account_id).values(**changes)
            if rows_changed(await connection.execute(change)) != 1:
                return Outcome.NOT_THERE
            if ends:
                await end_everything(connection, account_id, now=now)
            await write_down(connection, entry)
            return Outcome.DONE

    async def replace_password_links(self, by: Actor, link: PasswordLink, entry: AuditEntry) -> bool:
        """Adds the link, and takes away all others of its account; False when the account is not there."""
        async with self._database.write() as connection:
            await demand_standing(connection, by, is_administrators=True)
            # Locks the account, so that of two who do this at once one link stays.
            query = select(accounts.c.id).where(accounts.c.id == link.account_id).with_for_update()
            if (await connection.execute(query)).one_or_none() is None:
                return False
            await connection.execute(delete(password_links).where(password_links.c.account_id == link.account_id))
            await connection.execute(insert(password_links).values(**asdict(link)))
            await write_down(connection, entry)
            return True

    async def get_password_link(self, secret_hash: str) -> tuple[PasswordLink, Account] | None:
        """The link and its account."""
        query = select(password_links, accounts).join(accounts, accounts.c.id == password_links.c.account_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query.where(password_links.c.secret_hash == secret_hash))).one_or_none()
        if row is None:
            return None
        return PasswordLink(secret_hash=row[0], account_id=row[1], expires_at=row[2]), account_of(row[3:])

    async def use_password_link(
        self, link: PasswordLink, password_hash: str, entry: AuditEntry, *, now: datetime
    ) -> bool:
        """Sets the password, and takes the link away with all that was open; False when it is gone already."""
        async with self._database.write() as connection:
            used = await connection.execute(
                delete(password_links).where(password_links.c.secret_hash == link.secret_hash)
            )
            if rows_changed(used) != 1:
                return False
            await connection.execute(
                update(accounts).where(accounts.c.id == link.account_id).values(password_hash=password_hash)
            )
            await end_everything(connection, link.account_id, now=now)
            await write_down(connection, entry)
            return True

    async def forget_expired_password_links(self, *, now: datetime) -> int:
        """Drops what has run out; returns how many."""
        async with self._database.write() as connection:
            return rows_changed(
                await connection.execute(delete(password_links).where(password_links.c.expires_at <= now))
            )
