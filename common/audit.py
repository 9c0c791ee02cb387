"""The audit log as every service writes it: one row a deed, in the transaction of what it tells, and one log line.

What a service writes down, and the words for it, are its own (its `Action`); rows are added and never changed.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Column, Executable, MetaData, Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import Database, Instant, binary_text, identifier, long_text, rows_changed
from common.ids import new_id
from common.logs import REQUEST_ID

logger = logging.getLogger(__name__)

_ADDRESS_LENGTH: Final = 64

# No foreign keys: an entry outlives what it speaks of.
AUDIT: Final = Table(
    "audit",
    MetaData(),
    Column("id", identifier(), primary_key=True),
    Column("at", Instant(), nullable=False),
    Column("action", binary_text(40), nullable=False),
    Column("actor_id", identifier(), nullable=True),
    Column("target_id", identifier(), nullable=True),
    Column("address", binary_text(_ADDRESS_LENGTH), nullable=False),
    Column("request_id", binary_text(64), nullable=False),
    # A JSON object.
    Column("details", long_text(), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, as far as known (None: nobody who is logged in), and from which address."""

    account_id: str | None
    address: str


# What loops do by themselves when its time has come.
NOBODY: Final = Actor(None, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what to whose account or videos, and from where; `details` is a JSON object without secrets."""

    id: str
    at: datetime
    action: str
    actor_id: str | None
    target_id: str | None
    address: str
    request_id: str
    details: str

    def log(self) -> None:
        """Writes the line in the process's log, for an entry that has been committed."""
        known = {"action": self.action, "actor_id": self.actor_id, "target_id": self.target_id}
        logger.info("audit", extra={**known, "address": self.address, "details": json.loads(self.details)})


def audit_entry(action: str, by: Actor, *, at: datetime, target_id: str | None = None, **details: object) -> AuditEntry:
    """An entry to hand to a store. `details` must be fit for every administrator's eyes."""
    return AuditEntry(
        id=new_id(),
        at=at,
        action=action,
        actor_id=by.account_id,
        target_id=target_id,
        address=by.address[:_ADDRESS_LENGTH],
        request_id=REQUEST_ID.get(),
        details=json.dumps(details, sort_keys=True),
    )


async def change_one(database: Database, change: Executable, entry: AuditEntry | None) -> bool:
    """Changes one row, and writes that down; False, and neither, when the row is no longer as it has to be."""
    async with database.write() as connection:
        if rows_changed(await connection.execute(change)) != 1:
            return False
        await write_down(connection, entry)
        return True


async def write_down(connection: AsyncConnection, entry: AuditEntry | None) -> None:
    """Adds the entry in the transaction of what it tells, so that there is neither without the other."""
    if entry is not None:
        await connection.execute(insert(AUDIT).values(**asdict(entry)))
