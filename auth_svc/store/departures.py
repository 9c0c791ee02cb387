"""Accounts that have been deleted, while other services still have something of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from sqlalchemy import delete, insert, select, update

from auth_svc.store.accounts import Role, end_everything
from auth_svc.store.queries import Queries
from auth_svc.store.standing import demand_standing
from auth_svc.store.tables import accounts, departures, idempotency_keys
from common.audit import Actor, AuditEntry, write_down


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDeparture:
    """A deleted account, and who gets its videos; None: nobody, they are deleted."""

    account_id: str
    heir_id: str | None
    heir_username: str | None


class Removal(Enum):
    """How the deletion of an account ended."""

    DONE = auto()
    NOT_THERE = auto()
    NO_HEIR = auto()
    LAST_ADMINISTRATOR = auto()


class DepartureQueries(Queries):
    """Queries of departures."""

    async def remove_account(
        self, by: Actor, account_id: str, *, heir_id: str | None, left_at: datetime, entry: AuditEntry
    ) -> Removal:
        """Deletes the account with all that it can be reached by, and remembers what is to become of its videos.

        Raises Unauthenticated and Forbidden where `by` is an Asker and no administrator.

        At least one administrator stays who can log in, whatever is asked at the same time.
        """
        async with self._database.write() as connection:
            await demand_standing(connection, by, is_administrators=True)
            # Every lock in one order: first the administrators, as `change_account` takes them, then these two.
            administrators = select(accounts.c.id).where(
                accounts.c.role == Role.ADMIN.value, accounts.c.is_disabled.is_(False)
            )
            left = (await connection.execute(administrators.order_by(accounts.c.id).with_for_update())).scalars().all()
            both = select(accounts.c.id).where(accounts.c.id.in_({account_id, heir_id or account_id}))
            there = (await connection.execute(both.order_by(accounts.c.id).with_for_update())).scalars().all()
            if account_id not in there:
                return Removal.NOT_THERE
            if heir_id is not None and heir_id not in there:
                return Removal.NO_HEIR
            if list(left) == [account_id]:
                return Removal.LAST_ADMINISTRATOR
            await end_everything(connection, account_id, now=left_at)
            await connection.execute(delete(idempotency_keys).where(idempotency_keys.c.account_id == account_id))
            await connection.execute(delete(accounts).where(accounts.c.id == account_id))
            # What it was about to be given goes on to where its own goes.
            await connection.execute(
                update(departures).where(departures.c.heir_id == account_id).values(heir_id=heir_id)
            )
            await connection.execute(insert(departures).values(account_id=account_id, heir_id=heir_id, left_at=left_at))
            await write_down(connection, entry)
            return Removal.DONE

    async def list_departures(self, *, limit: int) -> list[StoredDeparture]:
        """Those that are not settled everywhere, the oldest first."""
        query = (
            select(departures.c.account_id, departures.c.heir_id, accounts.c.username)
            .outerjoin(accounts, accounts.c.id == departures.c.heir_id)
            .order_by(departures.c.left_at, departures.c.account_id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [StoredDeparture(account_id=row[0], heir_id=row[1], heir_username=row[2]) for row in rows]

    async def settle_departure(self, account_id: str, service: str, *, left_before: datetime, at: datetime) -> None:
        """Notes that `service` has nothing of the account any more; once all have said so, the departure is over.

        Of one that left at `left_before` or later nothing is noted.
        """
        said = {"upload": departures.c.videos_settled_at, "stream": departures.c.positions_settled_at}[service]
        here = departures.c.account_id == account_id
        async with self._database.write() as connection:
            await connection.execute(
                update(departures).where(here, departures.c.left_at < left_before).values({said: at})
            )
            await connection.execute(
                delete(departures).where(
                    here,
                    departures.c.videos_settled_at.is_not(None),
                    departures.c.positions_settled_at.is_not(None),
                )
            )
