"""Walks through uploads that nobody thought of: the real fs_svc, SQLite and storage, and the invariants at each step.

Hypothesis chooses what people, services, the network and the loop do next. After every step the database and the bucket
are read: what is stored is whole (I2, I16), what has ended left nothing (I3), nothing is stored twice (I4), the quota
is what the rows say (I7), and every change of state, written down by a trigger, was an edge of the graph (I8).
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial, wraps
from itertools import count
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from common.ids import new_id
from fs_svc.app import create_app
from fs_svc.app_keys import SETTLING
from fs_svc.plan import Plan, plan_parts
from fs_svc.s3 import Bucket
from fs_svc.settings import Settings
from fs_svc.uploads.settling import LEASE
from tests.addresses import Addresses
from tests.auth_service import AuthService
from tests.clock import MovedClock
from tests.fs_service import TWO_PARTS, FsService, fetch, fs_settings, put, real_bucket
from tests.problems import assert_problem
from tests.s3_proxy import S3Proxy, is_complete, is_create, nothing, s3_proxy
from vss.bucket import Bucket as StorageBucket

EDGES = {
    ("reserved", "open"),
    ("open", "completing"),
    ("completing", "stored"),
    ("stored", "deleting"),
    ("deleting", "deleted"),
    ("reserved", "aborting"),
    ("open", "aborting"),
    ("completing", "aborting"),
    ("aborting", "aborted"),
}
UNFINISHED = {"reserved", "open", "completing", "aborting"}
OVER = {"aborted", "deleted"}
# Room for two of the larger files and a few of the small ones.
QUOTA = 2 * TWO_PARTS + 100
SIZES = (1, 17, TWO_PARTS)

Fault = Literal["none", "not heard", "answer lost", "storage away"]
FAULTS = st.sampled_from(["none", "none", "not heard", "answer lost", "storage away"])
CONTENTS = st.sampled_from(b"AB")
T = TypeVar("T")


@dataclass(slots=True)
class Walked:
    """What was sent of one upload: for each part the contents in the order in which they arrived."""

    plan: Plan
    sent: dict[int, list[int]] = field(default_factory=dict)

    def part(self, number: int, content: int) -> bytes:
        return bytes([content]) * self.plan.size_of(number)

    @property
    def missing(self) -> list[int]:
        return [number for number in range(1, self.plan.part_count + 1) if number not in self.sent]

    @property
    def uncertain(self) -> set[int]:
        """Parts of which it may not be told which contents came last: S3's times are whole seconds."""
        return {number for number, contents in self.sent.items() if len(set(contents)) > 1}

    @property
    def body(self) -> bytes:
        return b"".join(self.part(number, self.sent[number][-1]) for number in sorted(self.sent))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    id: str
    state: str
    size: int
    object_key: str
    etag: str | None


class Database:
    """The file, read from outside, with a trigger that writes down every change of state."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file)
        self._connection.executescript(
            """
            CREATE TABLE walked (id TEXT, old TEXT, new TEXT);
            CREATE TRIGGER walk AFTER UPDATE OF state ON objects WHEN old.state != new.state
            BEGIN INSERT INTO walked VALUES (old.id, old.state, new.state); END;
            """
        )

    def close(self) -> None:
        self._connection.close()

    def rows(self, owner_id: str) -> list[Row]:
        query = "SELECT id, state, size, object_key, etag FROM objects WHERE owner_id = ?"
        return [
            Row(id=row[0], state=row[1], size=row[2], object_key=row[3], etag=row[4])
            for row in self._connection.execute(query, (owner_id,))
        ]

    def usage(self, owner_id: str) -> tuple[int, int]:
        query = "SELECT reserved, stored FROM storage_usage WHERE owner_id = ?"
        found: tuple[int, int] | None = self._connection.execute(query, (owner_id,)).fetchone()
        return found or (0, 0)

    def walked(self, object_id: str) -> list[tuple[str, str]]:
        return self._connection.execute("SELECT old, new FROM walked WHERE id = ?", (object_id,)).fetchall()


class World:
    """The running service, which can be started anew, and the ways to and around it."""

    def __init__(
        self, fs_settings: Settings, database: Database, bucket: Bucket, proxy: S3Proxy, auth: AuthService
    ) -> None:
        self.database = database
        self.bucket = bucket
        self.proxy = proxy
        self.clock = MovedClock()
        self._ahead = timedelta()
        self._settings = fs_settings
        self._auth = auth
        self.owners = count()
        self.client: TestClient[web.Request, web.Application]

    async def start(self) -> None:
        self.client = TestClient(TestServer(create_app(self._settings, clock=self.clock)))
        await self.client.start_server()
        self.fs = FsService(self.client, self._auth)

    async def restart(self) -> None:
        await self.client.close()
        await self.start()

    async def settle(self) -> None:
        """A round of the loop when every lease has ended. (Tokens are of today, so the clock goes back.)"""
        self._ahead += 2 * LEASE
        self.clock.moved = self._ahead
        await self.client.server.app[SETTLING].settle_due()  # type: ignore[attr-defined]
        self.clock.moved = timedelta()

    def set_fault(self, fault: Fault, *, concerns: Any) -> None:
        async def is_not_heard(request: web.Request) -> None:
            if concerns(request):
                assert request.transport is not None
                request.transport.abort()
                raise web.HTTPBadGateway

        self.proxy.is_down = fault == "storage away"
        self.proxy.loses = concerns if fault == "answer lost" else lambda _: False
        self.proxy.meanwhile = is_not_heard if fault == "not heard" else nothing

    def end_fault(self) -> None:
        self.set_fault("none", concerns=None)


@asynccontextmanager
async def running(
    sqlite_url: str, addresses: Addresses, storage: StorageBucket, auth: AuthService
) -> AsyncIterator[World]:
    async with s3_proxy(storage.endpoint) as proxy, real_bucket(storage) as bucket:
        with closing(Database(Path(sqlite_url.partition(":///")[2]))) as database:
            told = fs_settings(addresses, sqlite_url, storage, auth, s3_url=proxy.url)
            world = World(told, database, bucket, proxy, auth)
            await world.start()
            try:
                yield world
            finally:
                await world.client.close()


def step(taken: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A rule that is a coroutine."""

    @wraps(taken)
    def run(walk: Walk, **chosen: Any) -> None:
        walk.run(taken(walk, **chosen))

    return run


class Walk(RuleBasedStateMachine):
    """One person's uploads; each walk has an account of its own."""

    uploads = Bundle("uploads")

    def __init__(self, world: World, runner: asyncio.Runner) -> None:
        super().__init__()
        self._world = world
        self._runner = runner
        self._known: dict[str, Walked] = {}
        self._whole: set[str] = set()

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(step)

    @initialize()
    def arrive(self) -> None:
        self._username = f"walker {next(self._world.owners)}"
        self._owner_id = AuthService.account_id(self._username)

    def _state(self, upload: str) -> str:
        return {row.id: row.state for row in self._world.database.rows(self._owner_id)}[upload]

    async def _call(self, method: str, path: str, **options: Any) -> Any:
        return await self._world.fs.call(method, path, subject=self._username, quota_bytes=QUOTA, **options)

    # What the person does.

    @rule(target=uploads, size=st.sampled_from(SIZES), fault=FAULTS)
    def create(self, size: int, fault: Fault) -> Any:
        """What is refused is no upload."""
        upload = new_id()
        self.run(self._create(upload, size, fault))
        return upload if upload in self._known else multiple()

    async def _create(self, upload: str, size: int, fault: Fault) -> None:
        used = sum(self._world.database.usage(self._owner_id))
        self._world.set_fault(fault, concerns=is_create)
        answer = await self._call("PUT", f"/v1/objects/{upload}", json={"size": size, "content_type": "video/mp4"})
        self._world.end_fault()
        if used + size > QUOTA:
            problem = await assert_problem(answer, 413, "quota-exceeded")
            assert problem["used"] + problem["reserved"] == used
            return
        self._known[upload] = Walked(plan_parts(size))
        if fault != "none":
            await assert_problem(answer, 503, "storage-unavailable")
            assert self._state(upload) == "reserved"
            return
        await self._is_open(upload, answer)

    async def _is_open(self, upload: str, answer: Any) -> None:
        assert answer.status == 200
        item = await answer.json()
        plan = self._known[upload].plan
        assert (item["state"], item["size"], item["part_count"]) == ("open", plan.size, plan.part_count)

    @rule(upload=uploads, size=st.sampled_from(SIZES))
    @step
    async def create_again(self, upload: str, size: int) -> None:
        before, walked = self._state(upload), self._known[upload]
        answer = await self._call("PUT", f"/v1/objects/{upload}", json={"size": size, "content_type": "video/mp4"})
        if size != walked.plan.size:
            await assert_problem(answer, 409, "conflict")
        elif before in ("reserved", "open"):
            await self._is_open(upload, answer)
        else:
            assert answer.status == 200
            assert (await answer.json())["part_count"] == walked.plan.part_count

    @rule(upload=uploads, number=st.sampled_from([1, 2]), content=CONTENTS, off_by=st.sampled_from([0, 0, 0, -1, 1]))
    def send_part(self, upload: str, number: int, content: int, off_by: int) -> None:
        self.run(self._send_part(upload, number, content, off_by))

    async def _send_part(self, upload: str, number: int, content: int, off_by: int) -> None:
        before, walked = self._state(upload), self._known[upload]
        answer = await self._call("POST", f"/v1/objects/{upload}/part-urls", json={"part_numbers": [number]})
        if before != "open":
            await assert_problem(answer, 409, "upload-not-open")
            return
        if number not in walked.plan:
            await assert_problem(answer, 422, "invalid")
            return
        body = walked.part(number, content)
        url = (await answer.json())["urls"][str(number)]
        if off_by:
            assert await put(url, body[:-1] if off_by < 0 else body + b"!") == 403
        else:
            assert await put(url, body) == 200
            walked.sent.setdefault(number, []).append(content)

    @rule(upload=uploads)
    def send_the_rest(self, upload: str) -> None:
        """What a client does that goes on where it was."""
        if self._state(upload) == "open":
            for number in self._known[upload].missing:
                self.run(self._send_part(upload, number, ord("A"), 0))

    @rule(upload=uploads)
    @step
    async def look(self, upload: str) -> None:
        before, walked = self._state(upload), self._known[upload]
        item = await (await self._call("GET", f"/v1/objects/{upload}")).json()
        if before == "open":
            sizes = {number: len(walked.part(number, 0)) for number in walked.sent}
            assert {part["part_number"]: part["size"] for part in item["received"]} == sizes
        else:
            assert item["received"] is None

    @rule(upload=uploads, times=st.sampled_from([1, 1, 4]), fault=FAULTS)
    @step
    async def complete(self, upload: str, times: int, fault: Fault) -> None:
        before = self._state(upload)
        self._world.set_fault(fault, concerns=is_complete)
        path = f"/v1/objects/{upload}/complete"
        answers = await asyncio.gather(*(self._call("POST", path) for _ in range(times)))
        self._world.end_fault()
        for answer in answers:
            await self._completes_as_it_should(self._known[upload], before, fault, answer)
        if (
            before == "open"
            and fault in ("none", "answer lost")
            and {answer.status for answer in answers} <= {200, 202}
        ):
            # However the answer got lost: there is the object, so nothing has to wait.
            assert self._state(upload) == "stored"

    async def _completes_as_it_should(self, walked: Walked, before: str, fault: Fault, answer: Any) -> None:
        match before:
            case "open" if fault == "storage away":
                await assert_problem(answer, 503, "storage-unavailable")
            case "open" if walked.missing:
                problem = await assert_problem(answer, 422, "parts-missing")
                assert problem["missing"] == walked.missing
            case "open" if answer.status == 409:
                problem = await assert_problem(answer, 409, "part-ambiguous")
                assert set(problem["missing"]) <= walked.uncertain
                assert problem["missing"]
            case "open" | "completing":
                assert answer.status in (200, 202)
            case "stored":
                assert answer.status == 200
            case _:
                await assert_problem(answer, 409, "upload-not-open")

    @rule(upload=uploads, times=st.sampled_from([1, 3]), fault=FAULTS)
    @step
    async def delete(self, upload: str, times: int, fault: Fault) -> None:
        before = self._state(upload)
        self._world.set_fault(fault, concerns=lambda request: request.method == "DELETE")
        answers = await asyncio.gather(*(self._call("DELETE", f"/v1/objects/{upload}") for _ in range(times)))
        self._world.end_fault()
        assert [answer.status for answer in answers] == [200] * times
        after = {
            "completing": {"completing", "stored"},
            "stored": {"deleting", "deleted"},
            "deleting": {"deleting", "deleted"},
            "deleted": {"deleted"},
        }.get(before, {"aborting", "aborted"})
        assert self._state(upload) in after

    @rule(upload=uploads)
    @step
    async def complete_and_delete_at_once(self, upload: str) -> None:
        path = f"/v1/objects/{upload}"
        completed, deleted = await asyncio.gather(self._call("POST", f"{path}/complete"), self._call("DELETE", path))
        assert completed.status in (200, 202, 409, 422, 503)
        assert deleted.status == 200

    # What the machine does.

    @rule()
    def settle(self) -> None:
        self.run(self._world.settle())

    @rule()
    def restart(self) -> None:
        self.run(self._world.restart())

    # What holds after each step.

    @invariant()
    def what_is_stored_is_whole_and_what_has_ended_left_nothing(self) -> None:
        for row in self._world.database.rows(self._owner_id):
            self.run(self._bucket_agrees(row))

    async def _bucket_agrees(self, row: Row) -> None:
        bucket = self._world.bucket
        if row.state == "stored":
            head = await bucket.head(row.object_key)
            assert head is not None
            assert (head.size, head.etag) == (row.size, row.etag)
            if row.id not in self._whole:
                await self._is_what_was_sent(row)
                self._whole.add(row.id)
        elif row.state in OVER:
            assert await bucket.head(row.object_key) is None
            assert await bucket.list_uploads(row.object_key) == []
        elif row.state == "open":
            assert len(await bucket.list_uploads(row.object_key)) >= 1

    async def _is_what_was_sent(self, row: Row) -> None:
        asked = {"sources": [{"id": row.id, "method": "GET"}]}
        signed = await self._world.fs.answer("POST", "/v1/sources", json=asked, service="stream", subject=None)
        status, _, body = await fetch("GET", signed["sources"][row.id]["url"])
        assert status == 200
        assert body == self._known[row.id].body

    @invariant()
    def the_quota_is_what_the_rows_say(self) -> None:
        used: Counter[str] = Counter()
        for row in self._world.database.rows(self._owner_id):
            used["reserved" if row.state in UNFINISHED else "over" if row.state in OVER else "stored"] += row.size
        usage = self._world.database.usage(self._owner_id)
        assert usage == (used["reserved"], used["stored"])
        assert sum(usage) <= QUOTA

    @invariant()
    def only_edges_were_taken_and_none_twice(self) -> None:
        for row in self._world.database.rows(self._owner_id):
            walked = self._world.database.walked(row.id)
            assert set(walked) <= EDGES
            assert len(set(walked)) == len(walked)
            # One way from the beginning to where it is now.
            assert [old for old, _ in walked] + [row.state] == ["reserved"] + [new for _, new in walked]

    def teardown(self) -> None:
        """Everything is deleted, and then everything is free."""
        for upload in self._known:
            while self._state(upload) not in OVER:
                self.run(self._call("DELETE", f"/v1/objects/{upload}"))
                self.run(self._world.settle())
        if self._known:
            self.what_is_stored_is_whole_and_what_has_ended_left_nothing()
            assert self._world.database.usage(self._owner_id) == (0, 0)


@pytest.fixture
def place(
    sqlite_url: str, addresses: Addresses, seaweedfs: StorageBucket, auth: AuthService
) -> Iterator[tuple[World, asyncio.Runner]]:
    """The loop runs only while a step does."""
    with asyncio.Runner() as runner:
        context = running(sqlite_url, addresses, seaweedfs, auth)
        yield runner.run(context.__aenter__()), runner
        runner.run(context.__aexit__(None, None, None))


@pytest.mark.long
def test_whatever_is_done_in_whatever_order_the_invariants_hold(place: tuple[World, asyncio.Runner]) -> None:
    world, runner = place
    run_state_machine_as_test(
        # It is only ever called.
        cast("type[Walk]", partial(Walk, world, runner)),
        # Steps are calls to a real storage, bounded by their number. A walk that fails is shown as it was: making it
        # shorter would walk for many minutes.
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            derandomize="CI" in os.environ,
            phases=[Phase.reuse, Phase.generate],
            report_multiple_bugs=False,
            print_blob=True,
        ),
    )
