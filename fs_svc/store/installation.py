"""Which installation this database belongs to, and what has been set aside in its bucket."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from common.db import Queries, rows_changed
from fs_svc.store.tables import INSTALLATION, SET_ASIDE

_THE_ROW: Final = 1


class Status(StrEnum):
    """Whether bucket and database are known to belong together."""

    # Bucket or database have not been seen before: the next run judges them.
    NEW = "new"
    AGREED = "agreed"
    # Too much is in the bucket that the database does not know of.
    UNPROVEN = "unproven"
    # The bucket has been marked by a later copy of the database than this one.
    OLDER = "older"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationRow:
    """`marked`: how often the marker in the bucket has been written, `looked_at`: when that was last."""

    id: str
    status: Status
    marked: int
    looked_at: datetime
    held_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """Something in the bucket without a row; `sightings` are runs on different days."""

    id: str
    first_seen_at: datetime
    last_seen_at: datetime
    sightings: int


class InstallationQueries(Queries):
    """The one row, and those of what is set aside."""

    async def get_installation(self) -> InstallationRow | None:
        """The row; None before the first check."""
        query = select(INSTALLATION).where(INSTALLATION.c.number == _THE_ROW)
        row = await self._database.row(query)
        if row is None:
            return None
        return InstallationRow(
            id=row.id,
            status=Status(row.status),
            marked=row.marked,
            looked_at=row.looked_at,
            held_until=row.held_until,
        )

    async def add_installation(self, installation_id: str, *, at: datetime) -> None:
        """Adds the row, unless it exists already."""
        values = {"id": installation_id, "status": Status.NEW.value, "marked": 0, "looked_at": at, "held_until": None}
        await self._database.add(insert(INSTALLATION).values(number=_THE_ROW, **values))

    async def mark(self, was: InstallationRow, now: InstallationRow, *, forgets: bool) -> bool:
        """Changes the row, and forgets what was set aside; False when somebody was faster."""
        change = (
            update(INSTALLATION)
            .where(INSTALLATION.c.number == _THE_ROW, INSTALLATION.c.marked == was.marked)
            .values(status=now.status.value, marked=now.marked, looked_at=now.looked_at, held_until=now.held_until)
        )
        async with self._database.write() as connection:
            if rows_changed(await connection.execute(change)) != 1:
                return False
            if forgets:
                await connection.execute(delete(SET_ASIDE))
            return True

    async def set_status(self, was: Status, status: Status) -> None:
        """Makes the transition, unless somebody was faster."""
        change = update(INSTALLATION).where(INSTALLATION.c.number == _THE_ROW, INSTALLATION.c.status == was.value)
        await self._database.change(change.values(status=status.value))

    async def ask_for_check(self, *, at: datetime) -> None:
        """Records that somebody waits for a comparison, if nobody does yet."""
        change = update(INSTALLATION).where(INSTALLATION.c.number == _THE_ROW, INSTALLATION.c.check_asked_at.is_(None))
        await self._database.change(change.values(check_asked_at=at))

    async def get_check(self) -> tuple[datetime | None, datetime | None]:
        """Since when a comparison is waited for, and until when one is leased."""
        query = select(INSTALLATION.c.check_asked_at, INSTALLATION.c.checking_until)
        row = await self._database.row(query.where(INSTALLATION.c.number == _THE_ROW))
        return (None, None) if row is None else (row.check_asked_at, row.checking_until)

    async def lease_check(self, *, now: datetime, until: datetime) -> bool:
        """Leases the comparison to one process; False while another has it."""
        leased = INSTALLATION.c.checking_until
        change = update(INSTALLATION).where(INSTALLATION.c.number == _THE_ROW, or_(leased.is_(None), leased <= now))
        return await self._database.change(change.values(checking_until=until)) == 1

    async def renew_check(self, was: datetime, *, until: datetime | None) -> bool:
        """Prolongs the lease, or ends it (None); False when it is another's by now."""
        change = update(INSTALLATION).where(INSTALLATION.c.number == _THE_ROW, INSTALLATION.c.checking_until == was)
        return await self._database.change(change.values(checking_until=until)) == 1

    async def answer_check(self, *, asked_until: datetime) -> None:
        """Nobody waits any more who has asked until then."""
        change = update(INSTALLATION).where(INSTALLATION.c.check_asked_at <= asked_until)
        await self._database.change(change.values(check_asked_at=None))

    async def list_set_aside(self) -> list[SetAside]:
        """All, unordered: there are never more than a run may remove."""
        return [SetAside(**row._asdict()) for row in await self._database.rows(select(SET_ASIDE))]

    async def replace_set_aside(self, items: Collection[SetAside]) -> None:
        """Replaces all of them with these."""
        values = [asdict(item) for item in items]
        try:
            async with self._database.write() as connection:
                await connection.execute(delete(SET_ASIDE))
                if values:
                    await connection.execute(insert(SET_ASIDE), values)
        except IntegrityError:
            return  # another run has just done the same
