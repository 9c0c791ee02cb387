"""fs_svc's tables and queries. Each change of state is one compare-and-set, with the quota in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, Index, Integer, MetaData, Row, ScalarSelect, Table, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import Database, Instant, binary_text, identifier, long_text, rows_changed, size_in_bytes
from fs_svc.errors import QuotaExceeded, TooManyOpen
from fs_svc.objects import OPEN_AT_MOST, ChecksumAlgorithm, Kind, Object, State

METADATA: Final = MetaData()

_objects: Final = Table(
    "objects",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("owner_id", identifier(), nullable=False),
    Column("state", binary_text(16), nullable=False),
    Column("size", size_in_bytes(), nullable=True),
    Column("content_type", binary_text(100), nullable=False),
    Column("part_size", size_in_bytes(), nullable=True),
    Column("part_count", Integer(), nullable=True),
    Column("object_key", binary_text(64), nullable=False, unique=True),
    # Vendors choose its form; S3 names no limit.
    Column("s3_upload_id", binary_text(1024), nullable=True),
    Column("etag", binary_text(255), nullable=True),
    Column("created_at", Instant(), nullable=False),
    Column("last_activity_at", Instant(), nullable=False),
    Column("leased_until", Instant(), nullable=False),
    Column("part_checksums", binary_text(16), nullable=True),
    Column("lost_at", Instant(), nullable=True),
    Column("overfull_at", Instant(), nullable=True),
    Column("read_back_sha256", binary_text(64), nullable=True),
    Column("read_back_at", Instant(), nullable=True),
    Column("kind", binary_text(16), nullable=False, server_default=Kind.PLANNED.value),
)
Index("objects_unsettled", _objects.c.state, _objects.c.leased_until)
Index("objects_unread", _objects.c.state, _objects.c.read_back_at, _objects.c.id)
Index("objects_owner", _objects.c.owner_id, _objects.c.state)
Index("objects_abandoned", _objects.c.state, _objects.c.last_activity_at)
_storage_usage: Final = Table(
    "storage_usage",
    METADATA,
    Column("owner_id", identifier(), primary_key=True),
    # Bytes promised to unfinished uploads, and bytes of stored objects.
    Column("reserved", size_in_bytes(), nullable=False),
    Column("stored", size_in_bytes(), nullable=False),
)
_part_checksums: Final = Table(
    "part_checksums",
    METADATA,
    Column("object_id", identifier(), primary_key=True),
    Column("part_number", Integer(), primary_key=True, autoincrement=False),
    # In base64, as S3 takes it.
    Column("sha256", binary_text(44), nullable=False),
    # Until then a URL may live that was signed with another one; None: there was never another.
    Column("other_until", Instant(), nullable=True),
)

_storage_reports: Final = Table(
    "storage_reports",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("at", Instant(), nullable=False),
    # A JSON object.
    Column("content", long_text(), nullable=False),
)

# States in which something is left to do that nobody but us will do.
_UNSETTLED: Final = (State.RESERVED, State.COMPLETING, State.ABORTING, State.DELETING)
# In which of its owner's figures an object's size stands; in those that have ended, in none.
_RESERVING: Final = (State.RESERVED, State.OPEN, State.COMPLETING, State.ABORTING)
_STORING: Final = (State.STORED, State.DELETING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The objects in one state: how many, their bytes, and when the oldest was begun."""

    state: State
    uploads: int
    size: int
    oldest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedChecksum:
    """What a part was signed with last; until `other_until` a URL may live that was signed with another one."""

    sha256: str
    other_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """What comparing the bucket with the rows has found, as JSON."""

    id: str
    at: datetime
    content: str


class Store:
    """Queries of fs_svc. What changes a state says whether it did: False means that the row was in another state."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count_by_state(self) -> list[Count]:
        """How much there is in each state that any object has."""
        async with self._database.read() as connection:
            query = select(
                _objects.c.state,
                func.count(),
                func.coalesce(func.sum(_objects.c.size), 0),
                func.min(_objects.c.created_at),
            ).group_by(_objects.c.state)
            rows = (await connection.execute(query)).all()
        return [
            Count(state=State(state), uploads=count, size=int(size), oldest=oldest)
            for state, count, size, oldest in rows
        ]

    async def reserve(self, item: Object, *, quota: int | None, open_at_most: int = OPEN_AT_MOST) -> bool:
        """Adds the object and reserves its size; False when its id is there already.

        Raises QuotaExceeded when the owner's reserved and stored bytes would pass `quota` (None: no limit), and
        TooManyOpen when they would have more than so many uploads that are not finished.
        """
        await self._ensure_usage(item.owner_id)
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(_objects).values(**_values(item)))
                await _reserve_quota(connection, item.owner_id, item.taken, quota)
                # Behind the owner's row, which one transaction at a time has.
                await _refuse_too_many(connection, item, open_at_most)
        except IntegrityError:
            return False
        return True

    async def get(self, object_id: str) -> Object | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(_objects).where(_objects.c.id == object_id))).one_or_none()
        return None if row is None else _object(row)

    async def list_by_id(self, object_ids: Collection[str]) -> list[Object]:
        """Those of the objects that are there, in no order."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(_objects).where(_objects.c.id.in_(object_ids)))).all()
        return [_object(row) for row in rows]

    async def open_upload(self, object_id: str, *, s3_upload_id: str, at: datetime) -> bool:
        """From reserved to open."""
        return await self._change(
            object_id, State.RESERVED, state=State.OPEN.value, s3_upload_id=s3_upload_id, last_activity_at=at
        )

    async def touch(self, object_id: str, *, at: datetime) -> bool:
        """Records that somebody is still working on an open upload."""
        return await self._change(object_id, State.OPEN, last_activity_at=at)

    async def record_checksums(self, object_id: str, checksums: Mapping[int, str]) -> list[int]:
        """Records what parts are about to be signed with; returns those that another checksum is recorded for."""
        recorded = await self.list_checksums(object_id, checksums)
        new = [
            {"object_id": object_id, "part_number": part_number, "sha256": sha256}
            for part_number, sha256 in checksums.items()
            if part_number not in recorded
        ]
        if new:
            try:
                async with self._database.write() as connection:
                    await connection.execute(insert(_part_checksums), new)
            except IntegrityError:
                # The same parts were asked for twice at once, and the other call was faster.
                return await self.record_checksums(object_id, checksums)
        return [number for number, known in recorded.items() if known.sha256 != checksums[number]]

    async def replace_checksums(self, object_id: str, checksums: Mapping[int, str], *, other_until: datetime) -> None:
        """Records other checksums for parts that have one; URLs with the one before live until `other_until`."""
        table = _part_checksums.c
        async with self._database.write() as connection:
            for part_number, sha256 in checksums.items():
                await connection.execute(
                    update(_part_checksums)
                    .where(table.object_id == object_id, table.part_number == part_number)
                    .values(sha256=sha256, other_until=other_until)
                )

    async def list_checksums(
        self, object_id: str, part_numbers: Collection[int] | None = None
    ) -> dict[int, RecordedChecksum]:
        """What is recorded by part number, of these parts or of all."""
        table = _part_checksums.c
        query = select(table.part_number, table.sha256, table.other_until).where(table.object_id == object_id)
        if part_numbers is not None:
            query = query.where(table.part_number.in_(part_numbers))
        async with self._database.read() as connection:
            return {
                row.part_number: RecordedChecksum(sha256=row.sha256, other_until=row.other_until)
                for row in await connection.execute(query)
            }

    async def begin_completing(
        self,
        item: Object,
        *,
        size: int,
        part_count: int,
        quota: int | None,
        etag: str | None,
        at: datetime,
        leased_until: datetime,
    ) -> bool:
        """From open to completing, leased, with what the parts are together and the ETag that the object will have.

        Raises QuotaExceeded, and changes nothing, when the owner's reserved and stored bytes would pass `quota` by what
        was not reserved when the upload was begun.
        """
        async with self._database.write() as connection:
            if not await _compare_and_set(
                connection,
                item.id,
                State.OPEN,
                state=State.COMPLETING.value,
                size=size,
                part_count=part_count,
                etag=etag,
                last_activity_at=at,
                leased_until=leased_until,
            ):
                return False
            if size > item.taken:
                await _reserve_quota(connection, item.owner_id, size - item.taken, quota)
            return True

    async def begin_taking_over(self, object_id: str, *, at: datetime) -> bool:
        """From reserved to completing, free to be worked on: what was sent by a form has come."""
        return await self._change(
            object_id, State.RESERVED, state=State.COMPLETING.value, last_activity_at=at, leased_until=at
        )

    async def expect_etag(self, object_id: str, etag: str | None) -> bool:
        """Records the ETag of another attempt to complete, for which all parts are there."""
        return await self._change(object_id, State.COMPLETING, etag=etag, lost_at=None)

    async def note_lost(self, object_id: str, *, at: datetime) -> bool:
        """Records that the storage knows neither the upload nor the object of a completing row."""
        return await self._change(object_id, State.COMPLETING, lost_at=at)

    async def begin_aborting(self, object_id: str, *, was: State, at: datetime) -> bool:
        """From reserved or open, or from completing when it is lost, to aborting, free to be worked on."""
        return await self._change(object_id, was, state=State.ABORTING.value, leased_until=at)

    async def begin_deleting(self, object_id: str, *, at: datetime) -> bool:
        """From stored to deleting, free to be worked on."""
        return await self._change(object_id, State.STORED, state=State.DELETING.value, leased_until=at)

    async def finish_completing(self, item: Object, *, size: int, etag: str) -> bool:
        """From completing to stored, with the size that it has; what was reserved is given back for it."""
        return await self._finish(
            item, State.COMPLETING, State.STORED, reserved=-item.taken, stored=size, size=size, etag=etag
        )

    async def finish_aborting(self, item: Object) -> bool:
        """From aborting to aborted; what was reserved is given back."""
        return await self._finish(item, State.ABORTING, State.ABORTED, reserved=-item.taken, stored=0)

    async def finish_deleting(self, item: Object) -> bool:
        """From deleting to deleted; what was stored is given back."""
        return await self._finish(item, State.DELETING, State.DELETED, reserved=0, stored=-item.taken)

    async def lease(self, item: Object, *, now: datetime, until: datetime) -> bool:
        """Takes the row for one worker; False when another has it, or its state is no longer `item`'s."""
        async with self._database.write() as connection:
            change = (
                update(_objects)
                .where(
                    _objects.c.id == item.id,
                    _objects.c.state == item.state.value,
                    _objects.c.leased_until <= now,
                )
                .values(leased_until=until)
            )
            return rows_changed(await connection.execute(change)) == 1

    async def release(self, item: Object, *, until: datetime) -> None:
        """Gives the row back, to be looked at again from `until` on."""
        await self._change(item.id, item.state, leased_until=until)

    async def list_unsettled(self, *, now: datetime, limit: int) -> list[Object]:
        """Rows that nobody has a lease on and that are in the middle of something, the longest waiting first."""
        query = (
            select(_objects)
            .where(
                _objects.c.state.in_([state.value for state in _UNSETTLED]),
                _objects.c.leased_until <= now,
            )
            .order_by(_objects.c.leased_until)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [_object(row) for row in (await connection.execute(query)).all()]

    async def page_of_stored(self, *, after: str, limit: int) -> list[Object]:
        """Stored objects in the order of their keys' bytes, behind the key `after`."""
        query = (
            select(_objects)
            .where(_objects.c.object_key > after, _objects.c.state == State.STORED.value)
            .order_by(_objects.c.object_key)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [_object(row) for row in (await connection.execute(query)).all()]

    async def longest_unread(self, *, before: datetime) -> Object | None:
        """The stored object that was not read back for longest, or never; None when all were since `before`."""
        stored = select(_objects).where(_objects.c.state == State.STORED.value)
        never = stored.where(_objects.c.read_back_at.is_(None)).order_by(_objects.c.id)
        long_ago = stored.where(_objects.c.read_back_at <= before).order_by(_objects.c.read_back_at, _objects.c.id)
        async with self._database.read() as connection:
            for query in (never, long_ago):
                row = (await connection.execute(query.limit(1))).one_or_none()
                if row is not None:
                    return _object(row)
        return None

    async def set_read_back(self, object_id: str, *, sha256: str | None, at: datetime) -> bool:
        """Records what was read of a stored object."""
        return await self._change(object_id, State.STORED, read_back_sha256=sha256, read_back_at=at)

    async def get_by_key(self, object_key: str) -> Object | None:
        """The object that has, or had, this key in the bucket."""
        query = select(_objects).where(_objects.c.object_key == object_key)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _object(row)

    async def add_report(self, report: StoredReport, *, kept: int) -> None:
        """Keeps it, and the ones before it up to so many."""
        newest = _storage_reports.c.at.desc(), _storage_reports.c.id.desc()
        async with self._database.write() as connection:
            await connection.execute(
                insert(_storage_reports).values(id=report.id, at=report.at, content=report.content)
            )
            query = select(_storage_reports.c.id).order_by(*newest).offset(kept).limit(kept)
            old = (await connection.execute(query)).scalars().all()
            await connection.execute(delete(_storage_reports).where(_storage_reports.c.id.in_(old)))

    async def last_report(self) -> StoredReport | None:
        """The newest."""
        query = select(_storage_reports).order_by(_storage_reports.c.at.desc(), _storage_reports.c.id.desc()).limit(1)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else StoredReport(id=row.id, at=row.at, content=row.content)

    async def list_active(self, *, since: datetime, limit: int) -> list[Object]:
        """Open uploads on which somebody has worked since then, and which are not known as overfull, in no order."""
        query = (
            select(_objects)
            .where(
                _objects.c.state == State.OPEN.value,
                _objects.c.last_activity_at >= since,
                _objects.c.overfull_at.is_(None),
            )
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [_object(row) for row in (await connection.execute(query)).all()]

    async def note_overfull(self, object_id: str, *, at: datetime) -> bool:
        """Records that the storage holds too many copies of an open upload's parts."""
        return await self._change(object_id, State.OPEN, overfull_at=at)

    async def list_abandoned(self, *, before: datetime, limit: int) -> list[Object]:
        """Open uploads that nobody has worked on since `before`, the oldest first."""
        query = (
            select(_objects)
            .where(_objects.c.state == State.OPEN.value, _objects.c.last_activity_at <= before)
            .order_by(_objects.c.last_activity_at)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [_object(row) for row in (await connection.execute(query)).all()]

    async def abandon(self, item: Object, *, at: datetime) -> bool:
        """From open to aborting, unless somebody has worked on it after `item` was read."""
        async with self._database.write() as connection:
            change = (
                update(_objects)
                .where(
                    _objects.c.id == item.id,
                    _objects.c.state == State.OPEN.value,
                    _objects.c.last_activity_at == item.last_activity_at,
                )
                .values(state=State.ABORTING.value, leased_until=at)
            )
            return rows_changed(await connection.execute(change)) == 1

    async def hand_over(self, item: Object, owner_id: str) -> bool:
        """Makes the object another person's, with what it takes up, whatever their quota.

        False when its state or owner is no longer `item`'s.
        """
        await self._ensure_usage(owner_id)
        reserved = item.taken if item.state in _RESERVING else 0
        stored = item.taken if item.state in _STORING else 0
        async with self._database.write() as connection:
            change = (
                update(_objects)
                .where(
                    _objects.c.id == item.id,
                    _objects.c.state == item.state.value,
                    _objects.c.owner_id == item.owner_id,
                )
                .values(owner_id=owner_id)
            )
            if rows_changed(await connection.execute(change)) != 1:
                return False
            # In one order for everybody, so that two who hand over to each other do not wait for each other.
            for person, sign in sorted([(item.owner_id, -1), (owner_id, 1)]):
                await _add_to_usage(connection, person, reserved=sign * reserved, stored=sign * stored)
            return True

    async def get_usage(self, owner_id: str) -> tuple[int, int]:
        """The owner's reserved and stored bytes."""
        async with self._database.read() as connection:
            return await _usage(connection, owner_id)

    async def list_usage(self, owner_ids: Collection[str]) -> dict[str, tuple[int, int]]:
        """The reserved and stored bytes of those of the owners that have a row."""
        query = select(_storage_usage).where(_storage_usage.c.owner_id.in_(owner_ids))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {row.owner_id: (row.reserved, row.stored) for row in rows}

    async def _ensure_usage(self, owner_id: str) -> None:
        # By itself, so that the transaction that reserves takes its locks in the same order as all others.
        async with self._database.read() as connection:
            query = select(_storage_usage.c.owner_id).where(_storage_usage.c.owner_id == owner_id)
            if (await connection.execute(query)).one_or_none() is not None:
                return
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(_storage_usage).values(owner_id=owner_id, reserved=0, stored=0))
        except IntegrityError:
            return  # somebody else was faster

    async def _change(self, object_id: str, was: State, **values: Any) -> bool:
        async with self._database.write() as connection:
            return await _compare_and_set(connection, object_id, was, **values)

    async def _finish(
        self, item: Object, was: State, state: State, *, reserved: int, stored: int, **values: Any
    ) -> bool:
        async with self._database.write() as connection:
            if not await _compare_and_set(connection, item.id, was, state=state.value, **values):
                return False
            if state is not State.STORED:
                await connection.execute(delete(_part_checksums).where(_part_checksums.c.object_id == item.id))
            # The owner as the row has it now, which nobody can hand over before this ends.
            owner = select(_objects.c.owner_id).where(_objects.c.id == item.id).scalar_subquery()
            await _add_to_usage(connection, owner, reserved=reserved, stored=stored)
            return True


async def _add_to_usage(
    connection: AsyncConnection, owner_id: str | ScalarSelect[str], *, reserved: int, stored: int
) -> None:
    usage = _storage_usage.c
    change = update(_storage_usage).where(usage.owner_id == owner_id)
    await connection.execute(change.values(reserved=usage.reserved + reserved, stored=usage.stored + stored))


async def _compare_and_set(connection: AsyncConnection, object_id: str, was: State, **values: Any) -> bool:
    change = update(_objects).where(_objects.c.id == object_id, _objects.c.state == was.value).values(**values)
    return rows_changed(await connection.execute(change)) == 1


async def _refuse_too_many(connection: AsyncConnection, item: Object, open_at_most: int) -> None:
    query = select(func.count()).where(
        _objects.c.owner_id == item.owner_id, _objects.c.state.in_([State.RESERVED.value, State.OPEN.value])
    )
    if (await connection.execute(query)).scalar_one() > open_at_most:
        raise TooManyOpen(open_at_most)


async def _reserve_quota(connection: AsyncConnection, owner_id: str, size: int, quota: int | None) -> None:
    usage = _storage_usage.c
    change = update(_storage_usage).where(usage.owner_id == owner_id).values(reserved=usage.reserved + size)
    if quota is not None:
        change = change.where(usage.reserved + usage.stored + size <= quota)
    if rows_changed(await connection.execute(change)) == 1:
        return
    reserved, stored = await _usage(connection, owner_id)
    raise QuotaExceeded(limit=quota or 0, used=stored, reserved=reserved, size=size)


async def _usage(connection: AsyncConnection, owner_id: str) -> tuple[int, int]:
    usage = _storage_usage.c
    query = select(usage.reserved, usage.stored).where(usage.owner_id == owner_id)
    row = (await connection.execute(query)).one_or_none()
    return (0, 0) if row is None else (row.reserved, row.stored)


def _values(item: Object) -> dict[str, Any]:
    values = {column.name: getattr(item, column.name) for column in _objects.c}
    return values | {"state": item.state.value, "kind": item.kind.value}


def _object(row: Row[Any]) -> Object:
    algorithm = None if row.part_checksums is None else ChecksumAlgorithm(row.part_checksums)
    return Object(**{**row._asdict(), "state": State(row.state), "kind": Kind(row.kind), "part_checksums": algorithm})
