"""fs_svc's rows on both databases: only the edges of the state graph, the quota exactly once, one worker a row."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from common.db import open_database
from common.ids import new_id
from contracts.objects import Kind, State
from fs_svc.errors import QuotaExceeded, TooManyOpen
from fs_svc.objects import Object
from fs_svc.plan import plan_parts
from fs_svc.store import RecordedChecksum, Store

NOON = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)
ALICE, BOB = "a" * 26, "b" * 26
SECOND = timedelta(seconds=1)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_database(database_url) as database:
        yield Store(database)


def new_object(*, size: int = 100, owner_id: str = ALICE, object_id: str | None = None) -> Object:
    plan = plan_parts(size)
    return Object(
        id=object_id or new_id(),
        owner_id=owner_id,
        state=State.RESERVED,
        size=size,
        content_type="video/mp4",
        part_size=plan.part_size,
        part_count=plan.part_count,
        object_key=f"objects/{new_id()}",
        s3_upload_id=None,
        etag=None,
        created_at=NOON,
        last_activity_at=NOON,
        leased_until=NOON,
    )


async def get(store: Store, item: Object) -> Object:
    found = await store.get(item.id)
    assert found is not None
    return found


async def in_state(store: Store, state: State, *, size: int = 100, checksums: dict[int, str] | None = None) -> Object:
    """An object that has come to this state by the edges."""
    item = new_object(size=size)
    assert await store.reserve(item, quota=None)
    await store.record_checksums(item.id, checksums or {})
    if state in (State.ABORTING, State.ABORTED):
        assert await store.begin_aborting(item.id, was=State.RESERVED, at=NOON)
        if state is State.ABORTED:
            assert await store.finish_aborting(item)
    elif state is not State.RESERVED:
        path = [State.OPEN, State.COMPLETING, State.STORED, State.DELETING, State.DELETED]
        for step in path[: path.index(state) + 1]:
            assert await EDGES[step](store, item)
    found = await get(store, item)
    assert found.state is state
    return found


async def begin_completing(store: Store, item: Object, *, size: int, quota: int | None = None) -> bool:
    return await store.begin_completing(
        item,
        size=size,
        part_count=1,
        sha256=None,
        must_be_read=False,
        quota=quota,
        etag="e-1",
        at=NOON,
        leased_until=NOON,
    )


async def begin_aborting(store: Store, item: Object) -> bool:
    return any([await store.begin_aborting(item.id, was=was, at=NOON) for was in (State.RESERVED, State.OPEN)])


async def undeclared(store: Store) -> Object:
    """An open upload that the client cuts, of a size that it has not said."""
    item = replace(new_object(), kind=Kind.FREE, size=None, part_size=None, part_count=None)
    assert await store.reserve(item, quota=100)
    assert await store.open_upload(item.id, s3_upload_id="s3-id", at=NOON)
    return item


Edge = Callable[[Store, Object], Awaitable[bool]]
EDGES: dict[State, Edge] = {
    State.OPEN: lambda store, item: store.open_upload(item.id, s3_upload_id="s3-id", at=NOON),
    State.COMPLETING: lambda store, item: begin_completing(store, item, size=item.taken),
    State.STORED: lambda store, item: store.finish_completing(item, size=item.taken, etag="e-1"),
    State.DELETING: lambda store, item: store.begin_deleting(item.id, at=NOON),
    State.DELETED: lambda store, item: store.finish_deleting(item),
    State.ABORTING: begin_aborting,
    State.ABORTED: lambda store, item: store.finish_aborting(item),
}
ALLOWED = {
    State.OPEN: {State.RESERVED},
    State.COMPLETING: {State.OPEN},
    State.STORED: {State.COMPLETING},
    State.DELETING: {State.STORED},
    State.DELETED: {State.DELETING},
    State.ABORTING: {State.RESERVED, State.OPEN},
    State.ABORTED: {State.ABORTING},
}


async def test_an_object_is_read_as_it_was_written(store: Store) -> None:
    item = new_object(size=5 * 2**40)
    assert await store.reserve(item, quota=None)
    assert await store.get(item.id) == item
    assert await store.get(new_id()) is None


async def test_ids_are_compared_byte_by_byte(store: Store) -> None:
    item = new_object(object_id="abc")
    assert await store.reserve(item, quota=None)
    assert await store.get("ABC") is None


@pytest.mark.parametrize("state", State)
async def test_only_the_edges_of_the_graph_can_be_taken(store: Store, state: State) -> None:
    for target, take in EDGES.items():
        item = await in_state(store, state)
        usage = await store.get_usage(ALICE)
        is_edge = state in ALLOWED[target]
        assert await take(store, item) is is_edge, target
        found = await get(store, item)
        assert found.state is (target if is_edge else state), target
        if not is_edge:
            assert found == item
            assert await store.get_usage(ALICE) == usage


async def test_the_quota_follows_the_state(store: Store) -> None:
    item = await in_state(store, State.COMPLETING, size=70)
    assert await store.get_usage(ALICE) == (70, 0)
    assert await store.finish_completing(item, size=70, etag="e-1")
    assert await store.get_usage(ALICE) == (0, 70)
    assert await store.begin_deleting(item.id, at=NOON)
    assert await store.get_usage(ALICE) == (0, 70)
    assert await store.finish_deleting(item)
    assert await store.get_usage(ALICE) == (0, 0)
    await in_state(store, State.ABORTED, size=30)
    assert await store.get_usage(ALICE) == (0, 0)


@pytest.mark.parametrize("state", [State.COMPLETING, State.ABORTING, State.DELETING])
async def test_twenty_at_once_finish_once(store: Store, state: State) -> None:
    finish = {
        State.COMPLETING: EDGES[State.STORED],
        State.ABORTING: EDGES[State.ABORTED],
        State.DELETING: EDGES[State.DELETED],
    }[state]
    item = await in_state(store, state, size=70)
    finished = await asyncio.gather(*(finish(store, item) for _ in range(20)))
    assert sum(finished) == 1
    assert await store.get_usage(ALICE) == ((0, 70) if state is State.COMPLETING else (0, 0))


async def test_the_quota_is_a_bound_to_the_byte(store: Store) -> None:
    assert await store.reserve(new_object(size=60), quota=100)
    assert await store.reserve(new_object(size=40), quota=100)
    with pytest.raises(QuotaExceeded) as refused:
        await store.reserve(new_object(size=1), quota=100)
    assert refused.value.members == {"limit": 100, "used": 0, "reserved": 100, "size": 1}
    assert await store.reserve(new_object(size=100, owner_id=BOB), quota=100)
    # The limit was lowered: what is there stays, and nothing is added.
    with pytest.raises(QuotaExceeded):
        await store.reserve(new_object(size=1), quota=50)
    assert await store.reserve(new_object(size=1), quota=None)


async def test_thirty_at_once_do_not_pass_the_quota(store: Store) -> None:
    async def reserve() -> bool:
        try:
            return await store.reserve(new_object(size=10), quota=100)
        except QuotaExceeded:
            return False

    reserved = await asyncio.gather(*(reserve() for _ in range(30)))
    assert sum(reserved) == 10
    assert await store.get_usage(ALICE) == (100, 0)


async def test_the_same_id_is_reserved_once(store: Store) -> None:
    object_id = new_id()
    items = [new_object(size=10, object_id=object_id) for _ in range(20)]
    added = await asyncio.gather(*(store.reserve(item, quota=100) for item in items))
    assert sum(added) == 1
    assert await store.get_usage(ALICE) == (10, 0)


async def test_one_worker_has_the_lease(store: Store) -> None:
    item = await in_state(store, State.ABORTING)
    taken = await asyncio.gather(*(store.lease(item, now=NOON, until=NOON + SECOND) for _ in range(20)))
    assert sum(taken) == 1
    assert not await store.lease(item, now=NOON + SECOND / 2, until=NOON + 2 * SECOND)
    assert await store.lease(item, now=NOON + SECOND, until=NOON + 2 * SECOND)


async def test_a_lease_is_for_the_state_that_was_seen(store: Store) -> None:
    item = await in_state(store, State.ABORTING)
    assert await store.finish_aborting(item)
    assert not await store.lease(item, now=NOON, until=NOON + SECOND)


async def test_unsettled_are_the_free_rows_in_the_middle_of_something(store: Store) -> None:
    items = {state: await in_state(store, state) for state in State}
    unsettled = await store.list_unsettled(now=NOON, limit=20)
    assert {item.state for item in unsettled} == {
        State.RESERVED,
        State.COMPLETING,
        State.ABORTING,
        State.DELETING,
    }
    assert await store.lease(items[State.DELETING], now=NOON, until=NOON + SECOND)
    assert State.DELETING not in {item.state for item in await store.list_unsettled(now=NOON, limit=20)}
    assert len(await store.list_unsettled(now=NOON, limit=2)) == 2


async def test_touching_is_for_open_uploads(store: Store) -> None:
    item = await in_state(store, State.OPEN)
    assert await store.note_signed(item, at=NOON + SECOND, until=NOON + SECOND, quota=None)
    found = await get(store, item)
    assert found.last_activity_at == NOON + SECOND
    assert found.expires_at == NOON + SECOND + timedelta(days=7)
    stored = await in_state(store, State.STORED)
    assert not await store.note_signed(replace(stored, state=State.OPEN), at=NOON, until=NOON, quota=None)
    assert stored.expires_at is None


async def test_a_checksum_is_recorded_once_and_a_different_one_is_named(store: Store) -> None:
    item = await in_state(store, State.OPEN)
    assert await store.record_checksums(item.id, {1: "one", 2: "two"}) == []
    assert await store.record_checksums(item.id, {2: "two", 3: "three"}) == []
    assert await store.record_checksums(item.id, {1: "ONE", 3: "three", 4: "four"}) == [1]
    recorded = {
        number: RecordedChecksum(sha256=word, other_until=None)
        for number, word in {1: "one", 2: "two", 3: "three", 4: "four"}.items()
    }
    assert await store.list_checksums(item.id) == recorded
    await store.replace_checksums(item.id, {1: "ONE"}, other_until=NOON)
    replaced = RecordedChecksum(sha256="ONE", other_until=NOON)
    assert await store.list_checksums(item.id, [1, 2, 9]) == {1: replaced, 2: recorded[2]}


async def test_one_of_many_announcements_is_the_first(store: Store) -> None:
    item = await in_state(store, State.OPEN)
    announced = [str(number) * 64 for number in range(8)]
    outcomes = await asyncio.gather(*(store.announce(item, sha256) for sha256 in announced))
    assert outcomes.count(True) == 1
    found = await get(store, item)
    assert found.sha256 == announced[outcomes.index(True)]


async def test_an_account_has_so_many_unfinished_uploads_at_once_and_no_more(store: Store) -> None:
    owner = new_id()
    items = [replace(new_object(), owner_id=owner) for _ in range(8)]
    outcomes = await asyncio.gather(
        *(store.reserve(item, quota=None, open_at_most=3) for item in items), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes].count(TooManyOpen) == 5
    assert outcomes.count(True) == 3
    # Nothing was reserved for those that were refused, and what ends makes room.
    reserved = [item for item, outcome in zip(items, outcomes, strict=True) if outcome is True]
    assert await store.get_usage(owner) == (3 * reserved[0].taken, 0)
    assert await store.begin_aborting(reserved[0].id, was=State.RESERVED, at=NOON)
    assert await store.reserve(replace(new_object(), owner_id=owner), quota=None, open_at_most=3)


async def test_what_nobody_has_declared_counts_from_completing_on(store: Store) -> None:
    item = await undeclared(store)
    assert await store.get_usage(item.owner_id) == (0, 0)
    with pytest.raises(QuotaExceeded) as refused:
        await begin_completing(store, item, size=101, quota=100)
    assert refused.value.members == {"limit": 100, "used": 0, "reserved": 0, "size": 101}
    unchanged = await get(store, item)
    assert (unchanged.state, unchanged.size) == (State.OPEN, None)
    assert await store.get_usage(item.owner_id) == (0, 0)

    assert await begin_completing(store, item, size=100, quota=100)
    completing = await get(store, item)
    assert (completing.size, completing.part_count) == (100, 1)
    assert await store.get_usage(item.owner_id) == (100, 0)
    assert await store.finish_completing(completing, size=100, etag="e-1")
    assert await store.get_usage(item.owner_id) == (0, 100)


async def test_what_has_come_is_counted_once_and_goes_with_the_upload(store: Store) -> None:
    item = await undeclared(store)
    signed = replace(item, state=State.OPEN)
    assert await store.note_signed(signed, at=NOON, until=NOON + SECOND, quota=100)
    counted = await asyncio.gather(*(store.note_arrived(signed, 101) for _ in range(10)))
    assert sorted(counted) == [False] * 9 + [True]
    assert await store.get_usage(ALICE) == (101, 0)
    # Who has read the row before that counts, hands over and completes nothing.
    assert not await store.hand_over(signed, BOB)
    assert not await begin_completing(store, signed, size=101)
    with pytest.raises(QuotaExceeded) as refused:
        await begin_completing(store, replace(signed, arrived=101), size=101, quota=100)
    assert refused.value.members == {"limit": 100, "used": 0, "reserved": 0, "size": 101}
    assert await store.get_usage(ALICE) == (101, 0)

    assert await store.hand_over(replace(signed, arrived=101), BOB)
    handed = await get(store, item)
    assert (handed.taken, handed.quota_bytes) == (101, None)
    assert [await store.get_usage(person) for person in (ALICE, BOB)] == [(0, 0), (101, 0)]
    assert await begin_completing(store, handed, size=99, quota=100)
    assert await store.get_usage(BOB) == (99, 0)
    completing = await get(store, item)
    assert await store.finish_completing(completing, size=99, etag="e-1")
    assert await store.get_usage(BOB) == (0, 99)


async def test_a_form_takes_up_what_it_has_brought(store: Store) -> None:
    item = replace(new_object(size=70), kind=Kind.FORM, part_size=None, part_count=None)
    assert await store.reserve(item, quota=70)
    assert await store.begin_taking_over(item.id, at=NOON)
    assert await store.get_usage(item.owner_id) == (70, 0)
    assert await store.finish_completing(item, size=3, etag="e-1")
    stored = await get(store, item)
    assert (stored.state, stored.size) == (State.STORED, 3)
    assert await store.get_usage(item.owner_id) == (0, 3)


async def test_checksums_recorded_at_once_agree_on_one(store: Store) -> None:
    item = await in_state(store, State.OPEN)
    answers = await asyncio.gather(*(store.record_checksums(item.id, {1: f"{n}", 2: f"{n}"}) for n in range(8)))
    assert sorted(map(tuple, answers)) == [(), *[(1, 2)] * 7]


async def test_checksums_stay_with_what_is_stored_and_go_with_the_rest(store: Store) -> None:
    for state, left in ((State.STORED, ["one"]), (State.DELETED, []), (State.ABORTED, [])):
        item = await in_state(store, state, checksums={1: "one"})
        assert [known.sha256 for known in (await store.list_checksums(item.id)).values()] == left
