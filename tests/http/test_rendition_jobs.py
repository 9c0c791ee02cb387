"""Renditions over HTTP, with the real fs_svc and storage: many workers, one file each, and all of them at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update

from catalogue.tables import MEDIA_FACTS, RENDITIONS
from common.db import open_database
from contracts.derived import DerivedState
from contracts.media import Facts
from contracts.renditions import Renditions, file_id
from fs_svc.app_keys import BUCKET, DERIVED
from tests.http.conftest import Services
from tests.http.test_media_jobs import FILM, Worker, media_of
from tests.problems import assert_problem
from tests.waiting import eventually
from upload_svc.app_keys import JOBS, PLANS
from upload_svc.app_keys import RENDITIONS as MAKING
from upload_svc.jobs import BACKFILL_REST, LEASE
from upload_svc.media.plan import LEAST_PART_BYTES
from upload_svc.renditions import KEPT_FOR_PLAYERS
from upload_svc.tables import MEDIA_JOBS

# Three chunks: two of a minute, and the rest.
FACTS = {
    "duration_ms": 150_000,
    "width": 1280,
    "height": 720,
    "codecs": ["hvc1.1.6.L93.B0", "mp4a.40.2"],
    "has_video": True,
    "has_audio": True,
}
RUNGS = ["480p", "360p", "720p"]
INIT = 7


@pytest.fixture
def renditions() -> str:
    return "ladder"


@dataclass
class Pieces(Worker):
    """Makes what looks like pieces of a film."""

    services: Services

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.services = services

    async def sign(self, job: dict[str, Any], bodies: dict[str, bytes]) -> Any:
        parts = [
            {"name": name, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
            for name, body in bodies.items()
        ]
        return await self.tell(job, "parts", parts=parts)

    async def send(self, job: dict[str, Any], bodies: dict[str, bytes]) -> None:
        answer = await self.sign(job, bodies)
        assert answer.status == 200, await answer.text()
        for name, put in (await answer.json())["puts"].items():
            body = BytesIO(bodies[name])
            async with self.services.session.put(put["url"], data=body, headers=put["headers"]) as sent:
                assert sent.status == 200, await sent.text()

    async def make(self, job: dict[str, Any], mark: str = "") -> dict[str, bytes]:  # type: ignore[override]
        """A piece of the job, marked so; what was stored."""
        names = [rung["name"] for rung in job["rendering"]["rungs"]] or ["audio"]
        bodies = {name: filled(f"{name} of {job['rendering']['start_ms']}{mark}", job) for name in names}
        await self.send(job, bodies)
        answer = await self.tell(job, "complete", renditions=described(names))
        assert answer.status == 204, await answer.text()
        return bodies


def filled(what: str, job: dict[str, Any]) -> bytes:
    return what.encode().ljust(max(20, job["rendering"]["least_bytes"]), b".")


def described(names: list[str], *, width: int = 640) -> dict[str, Any]:
    segments = [{"offset": INIT, "size": 5, "duration": 180_000}, {"offset": INIT + 5, "size": 3, "duration": 90_000}]
    files = {
        name: {"name": name, "codec": "avc1.640028", "init_size": INIT, "segments": segments, "kind": "video"}
        | {"width": width, "height": int(name.rstrip("p")), "frame_rate": 25}
        for name in names
        if name != "audio"
    }
    sound = [{"name": "audio", "codec": "mp4a.40.2", "init_size": INIT, "segments": segments, "channels": 2}]
    return {"video": list(files.values()), "audio": sound if "audio" in names else []}


@pytest.fixture
async def worker(services: Services) -> Pieces:
    return Pieces(services)


async def begun(services: Services, worker: Pieces) -> dict[str, Any]:
    """A film that a worker has looked at."""
    video: dict[str, Any] = await services.person("alice").upload(FILM)
    look = await worker.take_one("look")
    assert (await worker.tell(look, "complete", facts=FACTS)).status == 204
    return video


async def settle(services: Services, *, ahead: timedelta = timedelta()) -> None:
    services.clock.moved = ahead
    await services.upload[MAKING].settle()
    services.clock.moved = timedelta()


async def kept(services_url: str) -> tuple[str, Renditions] | None:
    """What videos are played from."""
    async with open_database(services_url) as database:
        row = await database.row(select(RENDITIONS))
    return None if row is None else (row.set_id, Renditions.model_validate_json(row.content))


async def jobs(services_url: str) -> list[tuple[str, int, str]]:
    async with open_database(services_url) as database:
        rows = await database.rows(text("SELECT task, chunk, state FROM media_jobs WHERE set_id IS NOT NULL"))
    return sorted((row.task, row.chunk, row.state) for row in rows)


async def content_of(services: Services, video_id: str, set_id: str, name: str) -> bytes:
    [item] = await services.fs.app[DERIVED]._store.list_derived([file_id(video_id, set_id, name)])  # noqa: SLF001
    assert item.state is DerivedState.STORED
    key = item.object_key(f"{name}.mp4")
    return b"".join([block async for block in services.fs.app[BUCKET].read(key, block_size=2**20)])


async def is_whole(services: Services, services_url: str) -> tuple[str, Renditions]:
    async def there() -> bool:
        await settle(services)
        return await kept(services_url) is not None

    await eventually(there, what="the renditions are whole")
    found = await kept(services_url)
    assert found is not None
    return found


async def test_pieces_of_many_workers_become_one_file_a_rendition(
    services: Services, services_url: str, worker: Pieces
) -> None:
    video = await begun(services, worker)
    sound = await worker.take_one("sound")
    assert sound["rendering"]["rungs"] == []
    chunks = [await worker.take_one("chunk") for _ in range(3)]
    assert await worker.take("chunk") is None
    chunks.sort(key=lambda job: job["rendering"]["start_ms"])
    asked = [(job["rendering"]["start_ms"], job["rendering"]["end_ms"]) for job in chunks]
    assert asked == [(0, 60_000), (60_000, 120_000), (120_000, None)]
    assert [rung["name"] for rung in chunks[0]["rendering"]["rungs"]] == RUNGS
    assert [job["rendering"]["least_bytes"] for job in chunks] == [LEAST_PART_BYTES, LEAST_PART_BYTES, 0]
    making = (await media_of(services, video))["renditions"]
    assert (making["state"], making["progress"], making["names"]) == ("preparing", 0, [])
    assert (await worker.tell(chunks[2], "renew", progress=40)).status == 200
    # A third of the work is at 40 per cent.
    assert (await media_of(services, video))["renditions"]["progress"] == 13
    # In any order.
    stored = {job["rendering"]["start_ms"]: await worker.make(job) for job in reversed(chunks)}
    await settle(services)
    assert await kept(services_url) is None
    await worker.make(sound)
    set_id, content = await is_whole(services, services_url)
    assert [item.name for item in content.video] == RUNGS
    made = (await media_of(services, video))["renditions"]
    assert (made["state"], made["progress"], made["names"]) == ("ready", 100, [*RUNGS, "audio"])
    for name in RUNGS:
        whole = await content_of(services, video["id"], set_id, name)
        assert whole == b"".join(stored[start][name] for start in sorted(stored))
    offsets = [segment.offset for segment in content.video[0].segments]
    begins = [0, LEAST_PART_BYTES, 2 * LEAST_PART_BYTES]
    assert offsets == [begin + offset for begin in begins for offset in (INIT, INIT + 5)]
    assert [item.name for item in content.audio] == ["audio"]
    assert await jobs(services_url) == []
    # It ends with its video.
    alice = services.person("alice")
    assert (await alice.call("DELETE", f"{alice.upload_url}/v1/uploads/{video['id']}")).status == 204

    async def is_forgotten() -> bool:
        await services.settle(ahead=timedelta(minutes=3))
        return await kept(services_url) is None

    await eventually(is_forgotten, what="nothing is known of the deleted video")


async def test_a_paused_worker_that_comes_back_replaces_nothing(
    services: Services, services_url: str, worker: Pieces
) -> None:
    video = await begun(services, worker)
    await worker.make(await worker.take_one("sound"))
    taken = [await worker.take_one("chunk") for _ in range(3)]
    paused = taken[1]
    names = [rung["name"] for rung in paused["rendering"]["rungs"]]
    late = {name: filled("late", paused) for name in names}
    puts = (await (await worker.sign(paused, late)).json())["puts"]
    for job in (taken[0], taken[2]):
        await worker.make(job)
    services.clock.moved = LEASE + timedelta(seconds=1)
    again = await worker.take_one("chunk")
    services.clock.moved = timedelta()
    assert (again["id"], again["attempt"]) == (paused["id"], 2)
    made = await worker.make(again)
    # It may send what it was given URLs for, and nobody takes it.
    for name, put in puts.items():
        async with services.session.put(put["url"], data=BytesIO(late[name]), headers=put["headers"]) as sent:
            assert sent.status == 200
    await assert_problem(await worker.tell(paused, "complete", renditions=described(names)), 409, "conflict")
    set_id, _ = await is_whole(services, services_url)
    assert made["720p"] in await content_of(services, video["id"], set_id, "720p")
    assert b"late" not in await content_of(services, video["id"], set_id, "720p")


async def test_what_does_not_fit_is_refused_or_fails_and_the_video_stays(
    services: Services, services_url: str, worker: Pieces
) -> None:
    video = await begun(services, worker)
    await worker.make(await worker.take_one("sound"))
    first, second, third = [await worker.take_one("chunk") for _ in range(3)]
    names = [rung["name"] for rung in first["rendering"]["rungs"]]
    await assert_problem(await worker.sign(first, {"1440p": b"not asked for"}), 422, "invalid")
    await worker.send(first, {name: filled("a", first) for name in names})
    for content in ({}, described(names[:2]), described([*names, "240p"])):
        await assert_problem(await worker.tell(first, "complete", renditions=content), 422, "invalid")
    overlapping = described(names)
    overlapping["video"][0]["segments"][1]["offset"] = INIT + 4
    beyond = described(names)
    beyond["video"][0]["segments"][1]["size"] = 2**30
    for content in (overlapping, beyond):
        await assert_problem(await worker.tell(first, "complete", renditions=content), 422, "invalid")
    assert (await worker.tell(first, "complete", renditions=described(names))).status == 204
    await worker.make(second)
    # The last one is of another size.
    await worker.send(third, dict.fromkeys(names, b"x" * 20))
    assert (await worker.tell(third, "complete", renditions=described(names, width=320))).status == 204

    async def has_failed() -> bool:
        await settle(services)
        return any(state == "failed" for _, _, state in await jobs(services_url))

    await eventually(has_failed, what="it is found out")
    assert await kept(services_url) is None
    failed = (await media_of(services, video))["renditions"]
    assert (failed["state"], failed["detail"]) == ("failed", "The file is damaged.")
    # One of them, and no other, whichever had the last third.
    assert sorted(state for _, _, state in await jobs(services_url)) == ["done", "done", "done", "failed"]
    alice = services.person("alice")
    playback = f"{alice.stream_url}/v1/videos/{video['id']}/playback"
    assert (await alice.call("GET", playback)).status == 200
    # Its owner has it tried again, and this time it fits.
    again = await alice.call("POST", f"{alice.upload_url}/v1/uploads/{video['id']}/media/retry")
    assert again.status == 204, await again.text()
    await worker.make(await worker.take_one("chunk"))
    await is_whole(services, services_url)


async def test_what_the_storage_has_lost_is_made_again(services: Services, services_url: str, worker: Pieces) -> None:
    video = await begun(services, worker)
    await worker.make(await worker.take_one("sound"))
    for _ in range(3):
        await worker.make(await worker.take_one("chunk"))
    async with open_database(services_url) as database:
        found = await database.row(text("SELECT id FROM rendition_sets"))
    assert found is not None
    bucket = services.fs.app[BUCKET]
    [item] = await services.fs.app[DERIVED]._store.list_derived([file_id(video["id"], found.id, "480p")])  # noqa: SLF001
    await bucket.abort_upload(item.object_key("480p.mp4"), item.s3_upload_id or "")

    async def is_begun_again() -> bool:
        await settle(services)
        return [state for _, _, state in await jobs(services_url)] == ["waiting"] * 4

    await eventually(is_begun_again, what="all of it is begun again")
    await worker.make(await worker.take_one("sound"))
    for _ in range(3):
        await worker.make(await worker.take_one("chunk"))
    set_id, _ = await is_whole(services, services_url)
    assert set_id != found.id


async def test_made_anew_there_is_no_moment_without(services: Services, services_url: str, worker: Pieces) -> None:
    video = await begun(services, worker)
    await worker.make(await worker.take_one("sound"))
    for _ in range(3):
        await worker.make(await worker.take_one("chunk"))
    before, _ = await is_whole(services, services_url)
    facts = await services.upload[JOBS]._store.get_facts(video["id"])  # noqa: SLF001
    assert facts is not None
    making = services.upload[PLANS]
    known = Facts.model_validate_json(facts.facts)
    assert not await making.begin(video["id"], known, is_backfill=True)
    assert await making.begin(video["id"], known, is_backfill=True, is_again=True)
    await worker.make(await worker.take_one("sound"), " again")
    for _ in range(2):
        await worker.make(await worker.take_one("chunk"), " again")
    await settle(services)
    assert (await is_whole(services, services_url))[0] == before
    await worker.make(await worker.take_one("chunk"), " again")

    async def is_replaced() -> bool:
        await settle(services)
        return (await is_whole(services, services_url))[0] != before

    await eventually(is_replaced, what="the new ones are there")
    # Who watches goes on.
    assert await content_of(services, video["id"], before, "720p")
    await settle(services, ahead=KEPT_FOR_PLAYERS + timedelta(seconds=1))
    [item] = await services.fs.app[DERIVED]._store.list_derived([file_id(video["id"], before, "720p")])  # noqa: SLF001
    assert item.state in (DerivedState.DELETING, DerivedState.DELETED)


async def test_films_that_were_there_before_are_made_renditions_of_a_few_at_a_time(
    services: Services, services_url: str, worker: Pieces
) -> None:
    videos = [await begun(services, worker) for _ in range(5)]
    *nothing, last = sorted(video["id"] for video in videos)
    # Of most there is nothing to make, which keeps nobody from the last.
    easy = Facts(has_video=True).model_dump_json()
    async with open_database(services_url) as database:
        await database.change(text("DELETE FROM rendition_sets"))
        await database.change(delete(MEDIA_JOBS).where(MEDIA_JOBS.c.set_id.is_not(None)))
        await database.change(update(MEDIA_FACTS).where(MEDIA_FACTS.c.video_id.in_(nothing)).values(facts=easy))

    async def is_begun() -> bool:
        # It has looked for some when it began, and there were none.
        services.clock.moved = 2 * BACKFILL_REST
        await services.upload[JOBS].backfill()
        services.clock.moved = timedelta()
        async with open_database(services_url) as database:
            rows = await database.rows(text("SELECT video_id FROM rendition_sets"))
        return [row.video_id for row in rows] == [last]

    await eventually(is_begun, what="the last one is begun")
