"""Deleted accounts, while other services still have something of theirs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select, update

from auth_svc.accounts.standing import demand_standing
from auth_svc.accounts.store import end_everything, lock_administrators
from auth_svc.errors import LastAdministrator, NoSuchNewOwner
from auth_svc.tables import ACCOUNTS, DEPARTURES, GROUP_MEMBERS, IDEMPOTENCY_KEYS
from common.audit import Actor, AuditEntry, write_down
from common.db import Queries
from common.errors import NotFound
from contracts.accounts import AccountDeletion, NamedAccount


class AccountDeletionStore(Queries):
    async def delete_account(
        self, by: Actor, account_id: str, *, new_owner_id: str | None, now: datetime, entry: AuditEntry
    ) -> None:
        """Deletes the account and everything that opens it, and records what is to happen to its videos.

        At least one administrator who can log in stays, whatever is asked at the same time. Raises NotFound,
        NoSuchNewOwner, LastAdministrator, and where `by` is an Asker, Unauthenticated and Forbidden.
        """
        async with self._database.write() as connection:
            await demand_standing(connection, by, is_administrators=True)
            # Every lock in one order: first the administrators, then these two.
            administrators = await lock_administrators(connection)
            both = select(ACCOUNTS.c.id).where(ACCOUNTS.c.id.in_({account_id, new_owner_id or account_id}))
            there = (await connection.execute(both.order_by(ACCOUNTS.c.id).with_for_update())).scalars().all()
            if account_id not in there:
                raise NotFound
            if new_owner_id is not None and new_owner_id not in there:
                raise NoSuchNewOwner
            if administrators == [account_id]:
                raise LastAdministrator
            await end_everything(connection, account_id, now=now)
            for table in (IDEMPOTENCY_KEYS, GROUP_MEMBERS):
                await connection.execute(delete(table).where(table.c.account_id == account_id))
            await connection.execute(delete(ACCOUNTS).where(ACCOUNTS.c.id == account_id))
            # Videos that it was about to get go where its own go.
            await connection.execute(
                update(DEPARTURES).where(DEPARTURES.c.heir_id == account_id).values(heir_id=new_owner_id)
            )
            await connection.execute(
                insert(DEPARTURES).values(account_id=account_id, heir_id=new_owner_id, left_at=now)
            )
            await write_down(connection, entry)

    async def list_deletions(self, *, limit: int) -> list[AccountDeletion]:
        """Those that are not settled everywhere, the oldest first."""
        query = (
            select(DEPARTURES.c.account_id, DEPARTURES.c.heir_id, ACCOUNTS.c.username)
            .outerjoin(ACCOUNTS, ACCOUNTS.c.id == DEPARTURES.c.heir_id)
            .order_by(DEPARTURES.c.left_at, DEPARTURES.c.account_id)
            .limit(limit)
        )
        return [
            AccountDeletion(
                account_id=row.account_id,
                new_owner=row.heir_id and NamedAccount(id=row.heir_id, username=row.username or ""),
            )
            for row in await self._database.rows(query)
        ]

    async def settle_deletion(self, account_id: str, service: str, *, deleted_before: datetime, now: datetime) -> None:
        """Records that `service` has nothing of the account left; once all have said so, the row goes.

        Of an account that was deleted at `deleted_before` or later nothing is recorded.
        """
        settled_at = {"upload": DEPARTURES.c.videos_settled_at, "stream": DEPARTURES.c.positions_settled_at}[service]
        here = DEPARTURES.c.account_id == account_id
        async with self._database.write() as connection:
            await connection.execute(
                update(DEPARTURES).where(here, DEPARTURES.c.left_at < deleted_before).values({settled_at: now})
            )
            await connection.execute(
                delete(DEPARTURES).where(
                    here, DEPARTURES.c.videos_settled_at.is_not(None), DEPARTURES.c.positions_settled_at.is_not(None)
                )
            )
