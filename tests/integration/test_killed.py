"""`kill -9` of fs_svc and upload_svc at each call of create, complete and delete; then the invariants, by looking.

The same of what a guest sends by a link, at the calls of create and complete.

The points are the calls between the processes: before one arrives, what led to it is committed and nothing has happened
yet; after it has happened, nobody knows of it yet.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import text

from auth_svc.accounts.store import Role
from common.db import open_database
from fs_svc.s3 import Bucket
from tests.addresses import Addresses
from tests.api_client import Person
from tests.auth_service import AuthService
from tests.browser import OWN_PAGE
from tests.databases import SqliteTemplate
from tests.faults import Observations
from tests.fs_service import TWO_PARTS, content, put, real_bucket
from tests.processes import ServiceProcess, face_environment, fs_environment
from tests.s3_proxy import S3Proxy, is_complete, is_create, is_list_parts, s3_proxy
from tests.waiting import eventually
from vss.bucket import Bucket as StorageBucket

pytestmark = pytest.mark.long

FILM = content(TWO_PARTS)
# A killed worker's row is free again after 30 s.
HEALED_SECONDS = 75
AT_ONCE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Which process dies at which call, and on which side of it; and who sends meanwhile."""

    victim: Literal["fs", "upload"]
    call: str
    side: Literal["before", "after"]
    is_guest: bool = False

    def __str__(self) -> str:
        return f"{self.victim} killed {self.side} {self.call}{' of a guest' if self.is_guest else ''}"


CALLS_TO_S3: dict[str, Callable[[web.Request], bool]] = {
    "CreateMultipartUpload": is_create,
    "ListParts": is_list_parts,
    "CompleteMultipartUpload": is_complete,
    "HeadObject": lambda request: request.method == "HEAD" and "/objects/" in request.path,
    "DeleteObject": lambda request: request.method == "DELETE" and "uploadId" not in request.query,
}
CALLS_TO_FS: dict[str, Callable[[web.Request], bool]] = {
    "PUT object": lambda request: request.method == "PUT",
    "POST complete": lambda request: request.path.endswith("/complete"),
    "DELETE object": lambda request: request.method == "DELETE",
}
POINTS = [
    *(Point(victim="fs", call=call, side=side) for call in CALLS_TO_S3 for side in ("before", "after")),
    *(Point(victim="upload", call=call, side=side) for call in CALLS_TO_FS for side in ("before", "after")),
    *(Point(victim="fs", call=call, side="after") for call in CALLS_TO_FS),
]
# Deleting is the owner's.
GUEST_POINTS = [
    replace(point, is_guest=True)
    for point in POINTS
    if point.call in ("PUT object", "POST complete", "CreateMultipartUpload", "CompleteMultipartUpload")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One installation of its own: database, processes, and the proxies between them."""

    person: Person
    database_url: str
    bucket: Bucket
    deaths: list[str]
    died_at: list[float]


@asynccontextmanager
async def world(
    point: Point, folder: Path, template: SqliteTemplate, storage: StorageBucket, auth: AuthService, shared: Addresses
) -> AsyncIterator[World]:
    own = Addresses.choose()
    addresses = replace(own, auth_port=shared.auth_port, s3_port=shared.s3_port)
    folder.mkdir()
    database_url = template.copy(folder)
    deaths: list[str] = []
    died_at: list[float] = []
    async with (
        s3_proxy(storage.endpoint) as to_s3,
        s3_proxy(addresses.fs_url) as to_fs,
        real_bucket(storage) as bucket,
        aiohttp.ClientSession() as session,
    ):
        fs_settings = fs_environment(addresses, database_url, storage, s3_url=to_s3.url)
        upload_settings = face_environment("upload", addresses, database_url, auth.client_secrets, fs_url=to_fs.url)
        processes = {
            "fs": ServiceProcess("fs", addresses.fs_url, fs_settings, folder / "fs.log"),
            "upload": ServiceProcess("upload", addresses.upload_url, upload_settings, folder / "upload.log"),
        }
        for process in processes.values():
            await process.start()
        proxy, matches = (
            (to_s3, CALLS_TO_S3[point.call]) if point.call in CALLS_TO_S3 else (to_fs, CALLS_TO_FS[point.call])
        )
        _kill_once(proxy, matches, point, processes[point.victim], deaths, died_at)
        restarting = [asyncio.create_task(process.restart_when_killed()) for process in processes.values()]
        try:
            yield World(
                person=Person(
                    session, auth.token("alice"), upload_url=addresses.upload_url, stream_url=addresses.stream_url
                ),
                database_url=database_url,
                bucket=bucket,
                deaths=deaths,
                died_at=died_at,
            )
        finally:
            for task in restarting:
                task.cancel()
            await asyncio.gather(*restarting, return_exceptions=True)
            for process in processes.values():
                await process.stop()


def _kill_once(
    proxy: S3Proxy,
    matches: Callable[[web.Request], bool],
    point: Point,
    victim: ServiceProcess,
    deaths: list[str],
    died_at: list[float],
) -> None:
    def kill() -> None:
        died_at.append(time.monotonic())
        deaths.append(str(point))
        victim.kill()

    async def before(request: web.Request) -> None:
        if not deaths and matches(request):
            kill()
            # It never arrives.
            raise web.HTTPBadGateway

    def after(request: web.Request) -> bool:
        if deaths or not matches(request):
            return False
        kill()
        return True

    if point.side == "before":
        proxy.meanwhile = before
    else:
        proxy.loses = after


async def until(call: Callable[[], Awaitable[aiohttp.ClientResponse]], *wanted: int) -> aiohttp.ClientResponse:
    """The answer once it has one of these statuses; asked again and again, as a patient client does."""
    found: list[aiohttp.ClientResponse] = []

    async def has_come() -> bool:
        try:
            answer = await call()
        except (aiohttp.ClientError, TimeoutError):
            return False
        assert answer.status in (*wanted, 202, 409, 429, 500, 502, 503), await answer.text()
        found.append(answer)
        return answer.status in wanted

    await eventually(has_come, what=f"an answer {wanted}", limit_seconds=HEALED_SECONDS)
    return found[-1]


async def rows(database_url: str, query: str) -> list[tuple[Any, ...]]:
    async with open_database(database_url) as database, database.read() as connection:
        return [tuple(row) for row in (await connection.execute(text(query))).all()]


async def send(sender: Person, url: str) -> str:
    """The film, from its creation until it is ready; its id."""
    asked = {"title": "A film", "filename": "f.mp4", "size": len(FILM), "content_type": "video/mp4"}
    key = {"Idempotency-Key": "the-same"}
    created = await until(lambda: sender.call("POST", url, json=asked, headers=key), 201)
    upload = await created.json()
    own = f"{url}/{upload['id']}"
    signed = await until(lambda: sender.call("POST", f"{own}/part-urls", json={"part_numbers": [1, 2]}), 200)
    for number, part_url in (await signed.json())["urls"].items():
        part = FILM[(int(number) - 1) * upload["part_size"] : int(number) * upload["part_size"]]
        assert await put(part_url, part) == 200
    completed = await until(lambda: sender.call("POST", f"{own}/complete"), 200)
    assert (await completed.json())["state"] == "ready"
    return str(upload["id"])


async def send_as_guest(place: World) -> str:
    """The same by a link that takes one file; then the owner has it in the collection, and the link has counted it."""
    maker = place.person
    made = await maker.call("POST", f"{maker.upload_url}/v1/collections", json={"title": "Wedding"})
    assert made.status == 201, await made.text()
    grants = f"{maker.upload_url}/v1/collections/{(await made.json())['id']}/grants"
    answer = await maker.call("POST", grants, json={"subject": "link", "right": "upload", "max_files": 1})
    assert answer.status == 201, await answer.text()
    link = await answer.json()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), headers=OWN_PAGE) as session:
        guest = Person(session, None, upload_url=maker.upload_url, stream_url=maker.stream_url)
        # The page, by whose cookie the guest is known from then on.
        assert (await guest.call("GET", link["url"], headers={"Accept": "text/html"})).status == 200
        upload_id = await send(guest, f"{link['url']}/uploads")
    [listed] = (await (await maker.call("GET", grants, params={"right": "upload"})).json())["items"]
    assert (listed["id"], listed["received"]) == (link["id"], 1)
    assert await rows(place.database_url, "SELECT video_id FROM collection_videos") == [(upload_id,)]
    assert await rows(place.database_url, "SELECT video_id FROM guest_uploads") == [(upload_id,)]
    return upload_id


async def survive(point: Point, place: World) -> float:
    """Returns how long after the death all was done, in seconds."""
    alice = place.person
    url = f"{alice.upload_url}/v1/uploads"
    upload_id = await (send_as_guest(place) if point.is_guest else send(alice, url))

    # I2, I4, I6: one video, and its object is whole.
    assert await rows(place.database_url, "SELECT id FROM videos WHERE state = 'ready'") == [(upload_id,)]
    stored = await rows(place.database_url, "SELECT id, object_key, etag FROM objects WHERE state = 'stored'")
    ((object_id, object_key, etag),) = stored
    assert object_id == upload_id
    head = await place.bucket.head(object_key)
    assert head is not None
    assert (head.size, head.etag) == (len(FILM), etag)
    assert await rows(place.database_url, "SELECT reserved, stored FROM storage_usage") == [(0, len(FILM))]

    await until(lambda: alice.call("DELETE", f"{url}/{upload_id}"), 204, 404)

    async def is_settled() -> bool:
        states = await rows(place.database_url, "SELECT state FROM objects UNION ALL SELECT state FROM videos")
        return {state for (state,) in states} <= {"deleted", "aborted"}

    await eventually(is_settled, what=f"{point}: all is settled", limit_seconds=HEALED_SECONDS)
    # I3, I7: nothing of it is left, and its place was given back once.
    keys = [key for (key,) in await rows(place.database_url, "SELECT object_key FROM objects")]
    for object_key in keys:
        assert await place.bucket.head(object_key) is None
    assert await rows(place.database_url, "SELECT reserved, stored FROM storage_usage") == [(0, 0)]
    assert place.deaths == [str(point)], "the point was reached, once"
    return time.monotonic() - place.died_at[0]


async def test_a_death_at_any_point_loses_nothing(
    tmp_path: Path,
    _sqlite_template: SqliteTemplate,  # noqa: PT019 - its value is copied for each point
    seaweedfs: StorageBucket,
    auth: AuthService,
    addresses: Addresses,
    observations: Observations,
) -> None:
    places = asyncio.Semaphore(AT_ONCE)
    # Whose quota a guest's upload counts to is asked of auth_svc.
    await auth.set_account("alice", role=Role.MEMBER)

    async def run(number: int, point: Point) -> str | None:
        async with places:
            folder = tmp_path / str(number)
            try:
                async with world(point, folder, _sqlite_template, seaweedfs, auth, addresses) as place:
                    healed_after = await survive(point, place)
            except (AssertionError, aiohttp.ClientError, ValueError) as failure:
                return f"{point}: {failure}"
        observations.add("killed-anywhere", slowest_answer=None, healed_after=healed_after)
        return None

    points = [*POINTS, *GUEST_POINTS]
    failures = [failure for failure in await asyncio.gather(*map(run, range(len(points)), points)) if failure]
    assert not failures, "\n".join(failures)
