"""The tables of groups and their members. Who may change them is asked in the transaction that does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from auth_svc.accounts.standing import Asker, demand_standing
from auth_svc.accounts.store import Role
from auth_svc.errors import NotAManager, OnlyAdministrators, TooManyGroups
from auth_svc.groups.names import name_key
from auth_svc.tables import ACCOUNTS, GROUP_MEMBERS, GROUPS
from common.audit import AuditEntry, write_down
from common.db import AnyRow, Queries, rows_changed
from common.errors import NotFound
from common.idempotency import Keep
from common.tokens import MAX_GROUPS

# What a list is sorted by: a key of which there is one, and the id that every place has.
Place = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group as one account sees it, which is in it since `added_at`, or not (None), and manages it, or not."""

    id: str
    name: str
    created_at: datetime
    member_count: int = 0
    added_at: datetime | None = None
    is_manager: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An account in a group."""

    account_id: str
    username: str
    is_manager: bool
    added_at: datetime


class GroupStore(Queries):
    """Queries of groups. What takes `by` raises Unauthenticated, and Forbidden for an Asker who may not."""

    async def list_groups(
        self, seen_by: str, words: Sequence[str], *, is_own: bool, after: Place | None, limit: int
    ) -> list[Group]:
        """Groups with all these words in their names, by name, after the place; `is_own`: those `seen_by` is in."""
        query = _groups(seen_by, is_own=is_own).where(
            *(GROUPS.c.name_key.contains(word, autoescape=True) for word in words)
        )
        if after is not None:
            query = query.where(GROUPS.c.name_key > after[0])
        return [_group(row) for row in await self._database.rows(query.order_by(GROUPS.c.name_key).limit(limit))]

    async def get_group(self, group_id: str, *, seen_by: str) -> Group | None:
        row = await self._database.row(_groups(seen_by, is_own=False).where(GROUPS.c.id == group_id))
        return None if row is None else _group(row)

    async def list_members(self, group_id: str, *, after: Place | None, limit: int) -> list[Member]:
        """The group's members, by username, after the place."""
        query = (
            select(ACCOUNTS.c.username, GROUP_MEMBERS)
            .join(ACCOUNTS, ACCOUNTS.c.id == GROUP_MEMBERS.c.account_id)
            .where(GROUP_MEMBERS.c.group_id == group_id)
        )
        if after is not None:
            query = query.where(ACCOUNTS.c.username > after[0])
        return [
            Member(account_id=row.account_id, username=row.username, is_manager=row.is_manager, added_at=row.added_at)
            for row in await self._database.rows(query.order_by(ACCOUNTS.c.username).limit(limit))
        ]

    async def list_group_ids(self, account_id: str) -> list[str]:
        """The ids of the groups that the account is in, sorted; MAX_GROUPS at most."""
        query = select(GROUP_MEMBERS.c.group_id).where(GROUP_MEMBERS.c.account_id == account_id)
        return [row.group_id for row in await self._database.rows(query.order_by(GROUP_MEMBERS.c.group_id))]

    async def manages_any(self, account_id: str) -> bool:
        """Whether the account manages a group."""
        is_manager = GROUP_MEMBERS.c.account_id == account_id, GROUP_MEMBERS.c.is_manager.is_(True)
        return await self._database.row(select(GROUP_MEMBERS.c.group_id).where(*is_manager).limit(1)) is not None

    async def create_group(self, by: Asker, group: Group, entry: AuditEntry, keep: Keep | None = None) -> bool:
        """Adds the group, and `keep`s the answer about it; False when the name is taken. For administrators."""
        values = {"id": group.id, "created_at": group.created_at, **_named(group.name)}
        try:
            async with self._database.write() as connection:
                await demand_standing(connection, by, is_administrators=True)
                await connection.execute(insert(GROUPS).values(**values))
                if keep is not None:
                    await keep(connection)
                await write_down(connection, entry)
        except IntegrityError:
            return False
        return True

    async def rename_group(self, by: Asker, group_id: str, name: str, entry: AuditEntry) -> bool:
        """Sets the name; False when it is taken. For administrators. Raises NotFound."""
        try:
            async with self._database.write() as connection:
                await demand_standing(connection, by, is_administrators=True)
                change = update(GROUPS).where(GROUPS.c.id == group_id).values(**_named(name))
                if rows_changed(await connection.execute(change)) != 1:
                    raise NotFound
                await write_down(connection, entry)
        except IntegrityError:
            return False
        return True

    async def delete_group(self, by: Asker, group_id: str, entry: AuditEntry) -> None:
        """Removes the group and who is in it. For administrators. Raises NotFound."""
        async with self._database.write() as connection:
            await demand_standing(connection, by, is_administrators=True)
            # First, so that nobody is added meanwhile.
            group = select(GROUPS.c.id).where(GROUPS.c.id == group_id).with_for_update()
            if (await connection.execute(group)).one_or_none() is None:
                raise NotFound
            await connection.execute(delete(GROUP_MEMBERS).where(GROUP_MEMBERS.c.group_id == group_id))
            await connection.execute(delete(GROUPS).where(GROUPS.c.id == group_id))
            await write_down(connection, entry)

    async def put_member(
        self,
        by: Asker,
        group_id: str,
        account_id: str,
        *,
        is_manager: bool | None,
        now: datetime,
        added: AuditEntry,
        changed: AuditEntry,
    ) -> AuditEntry | None:
        """Puts the account into the group, as manager or not (None: as it is); returns the entry that says so.

        None when it is so already. Only administrators change who manages. Raises NotFound, TooManyGroups.
        """
        async with self._database.write() as connection:
            is_administrator, is_there = await _demand_manager(connection, by, group_id, account_id)
            if not is_there:
                raise NotFound
            own = select(GROUP_MEMBERS).where(GROUP_MEMBERS.c.account_id == account_id)
            # They stay as they are: whoever changes them has to lock the account first, as `_demand_manager` has.
            known = {row.group_id: bool(row.is_manager) for row in await connection.execute(own)}
            before = known.get(group_id)
            wanted = bool(before) if is_manager is None else is_manager
            if wanted != bool(before) and not is_administrator:
                raise OnlyAdministrators
            if before == wanted:
                return None
            if before is None:
                if len(known) >= MAX_GROUPS:
                    raise TooManyGroups
                member = {"group_id": group_id, "account_id": account_id, "is_manager": wanted, "added_at": now}
                await connection.execute(insert(GROUP_MEMBERS).values(**member))
                entry = added
            else:
                here = _membership(group_id, account_id)
                await connection.execute(update(GROUP_MEMBERS).where(here).values(is_manager=wanted))
                entry = changed
            await write_down(connection, entry)
            return entry

    async def remove_member(self, by: Asker, group_id: str, account_id: str, entry: AuditEntry) -> bool:
        """Takes the account out of the group; False when it was not in it. Managers: for administrators.

        Raises NotFound for the group alone.
        """
        async with self._database.write() as connection:
            is_administrator, _ = await _demand_manager(connection, by, group_id, account_id)
            here = _membership(group_id, account_id)
            is_manager = (await connection.execute(select(GROUP_MEMBERS.c.is_manager).where(here))).scalar_one_or_none()
            if is_manager is None:
                return False
            if is_manager and not is_administrator:
                raise OnlyAdministrators
            await connection.execute(delete(GROUP_MEMBERS).where(here))
            await write_down(connection, entry)
            return True


async def _demand_manager(connection: AsyncConnection, by: Asker, group_id: str, account_id: str) -> tuple[bool, bool]:
    """Whether `by` is an administrator, and whether the account exists; neither changes while the transaction lasts.

    Nor do memberships of the two, and the group stays. Raises Unauthenticated, NotFound for a group that `by` cannot
    see, and NotAManager.
    """
    # Both in one order: two managers may add each other at the same time.
    both = select(ACCOUNTS.c.id, ACCOUNTS.c.role).where(ACCOUNTS.c.id.in_({by.account_id, account_id}))
    there = await connection.execute(both.order_by(ACCOUNTS.c.id).with_for_update())
    roles = {row.id: row.role for row in there}
    await demand_standing(connection, by)
    is_administrator = roles.get(by.account_id) == Role.ADMIN.value
    group = select(GROUPS.c.id).where(GROUPS.c.id == group_id).with_for_update(read=True)
    if (await connection.execute(group)).one_or_none() is None:
        raise NotFound
    if not is_administrator:
        own = select(GROUP_MEMBERS.c.is_manager).where(_membership(group_id, by.account_id))
        is_manager = (await connection.execute(own)).scalar_one_or_none()
        if is_manager is None:
            raise NotFound
        if not is_manager:
            raise NotAManager
    return is_administrator, account_id in roles


def _groups(seen_by: str, *, is_own: bool) -> Select[Any]:
    mine = GROUP_MEMBERS.alias("mine")
    is_mine = and_(mine.c.group_id == GROUPS.c.id, mine.c.account_id == seen_by)
    count = select(func.count()).where(GROUP_MEMBERS.c.group_id == GROUPS.c.id).correlate(GROUPS).scalar_subquery()
    return select(
        GROUPS.c.id, GROUPS.c.name, GROUPS.c.created_at, count.label("member_count"), mine.c.is_manager, mine.c.added_at
    ).select_from(GROUPS.join(mine, is_mine, isouter=not is_own))


def _group(row: AnyRow) -> Group:
    return Group(
        id=row.id,
        name=row.name,
        created_at=row.created_at,
        member_count=row.member_count,
        added_at=row.added_at,
        is_manager=bool(row.is_manager),
    )


def _named(name: str) -> dict[str, str]:
    return {"name": name, "name_key": name_key(name)}


def _membership(group_id: str, account_id: str) -> ColumnElement[bool]:
    return and_(GROUP_MEMBERS.c.group_id == group_id, GROUP_MEMBERS.c.account_id == account_id)
