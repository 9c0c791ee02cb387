"""The tables of groups and their members. Who may change them is asked in the transaction that does it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from auth_svc.accounts.standing import Asker, demand_standing
from auth_svc.accounts.store import Role
from auth_svc.audit.audit import Action
from auth_svc.errors import GroupNameTaken, NotAManager, OnlyAdministrators, TooManyGroups, UnknownManagers
from auth_svc.groups.names import name_key
from auth_svc.tables import ACCOUNTS, GROUP_MEMBERS, GROUPS
from common.audit import AuditEntry, write_down
from common.db import AnyRow, Queries
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
    description: str
    created_at: datetime
    member_count: int = 0
    managers: tuple[str, ...] = ()
    added_at: datetime | None = None
    is_manager: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An account in a group."""

    account_id: str
    username: str
    is_manager: bool
    added_at: datetime


class EntryOf(Protocol):
    """Makes the entry about an account's place in a group."""

    def __call__(self, action: Action, account_id: str, *, is_manager: bool) -> AuditEntry: ...


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
        rows = await self._database.rows(query.order_by(GROUPS.c.name_key).limit(limit))
        managers = await self._managers([row.id for row in rows])
        return [_group(row, managers) for row in rows]

    async def get_group(self, group_id: str, *, seen_by: str) -> Group | None:
        row = await self._database.row(_groups(seen_by, is_own=False).where(GROUPS.c.id == group_id))
        return None if row is None else _group(row, await self._managers([group_id]))

    async def get_names(self, group_ids: Collection[str]) -> dict[str, str]:
        """The names of the groups that there are, by their ids."""
        rows = await self._database.rows(select(GROUPS.c.id, GROUPS.c.name).where(GROUPS.c.id.in_(group_ids)))
        return {row.id: row.name for row in rows}

    async def _managers(self, group_ids: Sequence[str]) -> list[tuple[str, str]]:
        """Groups and accounts that manage them, by their ids."""
        query = select(GROUP_MEMBERS.c.group_id, GROUP_MEMBERS.c.account_id).where(
            GROUP_MEMBERS.c.group_id.in_(group_ids), GROUP_MEMBERS.c.is_manager.is_(True)
        )
        rows = await self._database.rows(query.order_by(GROUP_MEMBERS.c.account_id))
        return [(row.group_id, row.account_id) for row in rows]

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

    async def create_group(
        self,
        by: Asker,
        group: Group,
        managers: Sequence[str],
        *,
        made: AuditEntry,
        entry_of: EntryOf,
        keep: Keep | None = None,
    ) -> list[AuditEntry]:
        """Adds the group with its managers, and `keep`s the answer about it; returns what was written down.

        For administrators. Raises GroupNameTaken, UnknownManagers and TooManyGroups.
        """
        values = {"id": group.id, "created_at": group.created_at, "description": group.description}
        try:
            async with self._database.write() as connection:
                await _demand_administrator(connection, by, managers)
                await connection.execute(insert(GROUPS).values(**values, **_named(group.name)))
                entries = [made, *await _set_managers(connection, group.id, managers, group.created_at, entry_of)]
                if keep is not None:
                    await keep(connection)
                for entry in entries:
                    await write_down(connection, entry)
        except IntegrityError as exc:
            raise GroupNameTaken from exc
        return entries

    async def change_group(
        self,
        by: Asker,
        group_id: str,
        *,
        name: str | None,
        description: str | None,
        managers: Sequence[str] | None,
        now: datetime,
        renamed: AuditEntry | None,
        entry_of: EntryOf,
    ) -> list[AuditEntry]:
        """Changes name, description and who manages it (None: as it is); returns what was written down.

        For administrators. Raises NotFound, and as `create_group`.
        """
        values = {} if name is None else _named(name)
        if description is not None:
            values["description"] = description
        try:
            async with self._database.write() as connection:
                await _demand_administrator(connection, by, managers or ())
                group = select(GROUPS.c.id).where(GROUPS.c.id == group_id).with_for_update()
                if (await connection.execute(group)).one_or_none() is None:
                    raise NotFound
                if values:
                    await connection.execute(update(GROUPS).where(GROUPS.c.id == group_id).values(**values))
                entries = [] if renamed is None else [renamed]
                if managers is not None:
                    entries += await _set_managers(connection, group_id, managers, now, entry_of)
                for entry in entries:
                    await write_down(connection, entry)
        except IntegrityError as exc:
            raise GroupNameTaken from exc
        return entries

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
        entry_of: EntryOf,
    ) -> AuditEntry | None:
        """Puts the account into the group, as manager or not (None: as it is); returns the entry that says so.

        None when it is so already. Only administrators change who manages. Raises NotFound, TooManyGroups.
        """
        async with self._database.write() as connection:
            is_administrator, is_there = await _demand_manager(connection, by, group_id, account_id)
            if not is_there:
                raise NotFound
            entry = await _put(
                connection,
                group_id,
                account_id,
                is_manager=is_manager,
                now=now,
                entry_of=entry_of,
                is_administrator=is_administrator,
            )
            if entry is not None:
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


async def _demand_administrator(connection: AsyncConnection, by: Asker, managers: Sequence[str]) -> None:
    """Locks the accounts, which are to manage a group, so that their memberships stay. Raises UnknownManagers."""
    there = await _lock_accounts(connection, {by.account_id, *managers})
    await demand_standing(connection, by)
    if there.get(by.account_id) != Role.ADMIN.value:
        raise OnlyAdministrators
    if unknown := [place for place, account_id in enumerate(managers) if account_id not in there]:
        raise UnknownManagers(unknown)


async def _demand_manager(connection: AsyncConnection, by: Asker, group_id: str, account_id: str) -> tuple[bool, bool]:
    """Whether `by` is an administrator, and whether the account exists; neither changes while the transaction lasts.

    Nor do memberships of the two, and the group stays. Raises Unauthenticated, NotFound for a group that `by` cannot
    see, and NotAManager.
    """
    roles = await _lock_accounts(connection, {by.account_id, account_id})
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


async def _lock_accounts(connection: AsyncConnection, account_ids: set[str]) -> dict[str, str]:
    """The roles of those that exist. In one order: two managers may add each other at the same time."""
    accounts = select(ACCOUNTS.c.id, ACCOUNTS.c.role).where(ACCOUNTS.c.id.in_(account_ids))
    there = await connection.execute(accounts.order_by(ACCOUNTS.c.id).with_for_update())
    return {row.id: row.role for row in there}


async def _put(
    connection: AsyncConnection,
    group_id: str,
    account_id: str,
    *,
    is_manager: bool | None,
    now: datetime,
    entry_of: EntryOf,
    is_administrator: bool,
) -> AuditEntry | None:
    """Puts a locked account into the group, as GroupStore.put_member does."""
    own = select(GROUP_MEMBERS).where(GROUP_MEMBERS.c.account_id == account_id)
    # They stay as they are: whoever changes them has to lock the account first.
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
        return entry_of(Action.GROUP_MEMBER_ADDED, account_id, is_manager=wanted)
    here = _membership(group_id, account_id)
    await connection.execute(update(GROUP_MEMBERS).where(here).values(is_manager=wanted))
    return entry_of(Action.GROUP_MEMBER_CHANGED, account_id, is_manager=wanted)


async def _set_managers(
    connection: AsyncConnection, group_id: str, managers: Sequence[str], now: datetime, entry_of: EntryOf
) -> list[AuditEntry]:
    """Has these locked accounts manage the group, which is locked or new, and nobody else; who did stays a member."""
    others = (
        GROUP_MEMBERS.c.group_id == group_id,
        GROUP_MEMBERS.c.is_manager.is_(True),
        GROUP_MEMBERS.c.account_id.not_in(managers),
    )
    former = (await connection.execute(select(GROUP_MEMBERS.c.account_id).where(*others))).scalars().all()
    await connection.execute(update(GROUP_MEMBERS).where(*others).values(is_manager=False))
    entries = [entry_of(Action.GROUP_MEMBER_CHANGED, account_id, is_manager=False) for account_id in former]
    for account_id in managers:
        entry = await _put(
            connection, group_id, account_id, is_manager=True, now=now, entry_of=entry_of, is_administrator=True
        )
        if entry is not None:
            entries.append(entry)
    return entries


def _groups(seen_by: str, *, is_own: bool) -> Select[Any]:
    mine = GROUP_MEMBERS.alias("mine")
    is_mine = and_(mine.c.group_id == GROUPS.c.id, mine.c.account_id == seen_by)
    count = select(func.count()).where(GROUP_MEMBERS.c.group_id == GROUPS.c.id).correlate(GROUPS).scalar_subquery()
    return select(
        GROUPS.c.id,
        GROUPS.c.name,
        GROUPS.c.description,
        GROUPS.c.created_at,
        count.label("member_count"),
        mine.c.is_manager,
        mine.c.added_at,
    ).select_from(GROUPS.join(mine, is_mine, isouter=not is_own))


def _group(row: AnyRow, managers: Sequence[tuple[str, str]]) -> Group:
    return Group(
        id=row.id,
        name=row.name,
        description=row.description,
        managers=tuple(account_id for group_id, account_id in managers if group_id == row.id),
        created_at=row.created_at,
        member_count=row.member_count,
        added_at=row.added_at,
        is_manager=bool(row.is_manager),
    )


def _named(name: str) -> dict[str, str]:
    return {"name": name, "name_key": name_key(name)}


def _membership(group_id: str, account_id: str) -> ColumnElement[bool]:
    return and_(GROUP_MEMBERS.c.group_id == group_id, GROUP_MEMBERS.c.account_id == account_id)
