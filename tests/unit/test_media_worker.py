"""The worker: whatever happens to a job, it says so or gives it back, and goes on with the next one."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from prometheus_client import CollectorRegistry
from pytest_aiohttp.plugin import AiohttpClient

from common.clock import rfc3339, utc_now
from common.errors import Unavailable
from common.service_client import ServiceClient
from common.web.app import http_session
from contracts.media import Facts, Job, JobSource, Reason, Task
from media_svc.app import create_app
from media_svc.made import Failed, Made, MadeFile
from media_svc.metrics import WorkMetrics
from media_svc.outputs import Bucket
from media_svc.settings import Settings
from media_svc.upload_client import UploadClient
from media_svc.worker import Worker
from tests.issuer import answering, serving
from tests.waiting import eventually

VIDEO = b"a letter, which was named film.mp4"
LEASE = timedelta(seconds=120)
POSTER = MadeFile(name="320.webp", content_type="image/webp", content=b"a picture")
MADE = Made(files=[POSTER], facts=Facts(duration_ms=1500), poster_ms=700, bytes_read=5, peak_memory_bytes=2**20)
CONFLICT = answering(
    {"type": "/problems/conflict", "title": "", "status": 409, "detail": "Not yours.", "code": "conflict"}, status=409
)
AWAY = answering(b"", status=503)


class OneToken:
    async def get(self) -> str:
        return "token"

    def forget(self) -> None:
        pass


class Place:
    """Stands where upload_svc and the storage are: has jobs, and keeps what it is told of them."""

    def __init__(self) -> None:
        self.url = ""
        self.jobs: list[Task] = []
        self.has_landlock: bool | None = None
        self.lease = LEASE
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.stored: list[tuple[str, dict[str, str], bytes]] = []
        # By verb: what is answered instead, once each.
        self.instead: dict[str, list[Callable[[web.Request], Awaitable[web.StreamResponse]]]] = {}
        self.given = 0
        self.is_asked, self.may_answer = asyncio.Event(), asyncio.Event()
        self.may_answer.set()

    def verbs(self) -> list[str]:
        return [verb for verb, _ in self.said]

    async def take(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        assert asked["tasks"] == list(Task)
        self.has_landlock = asked["has_landlock"]
        if not self.jobs:
            return web.Response(status=204)
        self.given += 1
        self.is_asked.set()
        await self.may_answer.wait()
        job = {"id": f"job{self.given}", "task": self.jobs.pop(0), "attempt": 2, **self._lease()}
        return web.json_response(job)

    async def tell(self, request: web.Request) -> web.StreamResponse:
        verb = request.match_info["verb"]
        content = await request.json()
        assert content.pop("attempt") == 2
        self.said.append((verb, content))
        if self.instead.get(verb):
            return await self.instead[verb].pop(0)(request)
        match verb:
            case "renew":
                return await self.renewed(request)
            case "outputs":
                put = {"url": f"{self.url}/bucket/a%2Fb?signature=1%2F2", "headers": {"x-amz-checksum-sha256": "abc"}}
                puts = {file["name"]: put for file in content["files"]}
                return web.json_response({"puts": puts, "expires_at": rfc3339(utc_now())})
            case _:
                return web.Response(status=204)

    async def renewed(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._lease())

    async def grant(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == aiohttp.encode_basic_auth("media", "s" * 32)
        return web.json_response({"access_token": "token", "token_type": "Bearer", "expires_in": 300})

    async def read(self, request: web.Request) -> web.StreamResponse:
        if self.instead.get("read"):
            return await self.instead["read"].pop(0)(request)
        part = VIDEO[request.http_range]
        first = request.http_range.start
        headers = {"Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(VIDEO)}"}
        return web.Response(status=206, body=part, headers=headers)

    async def store(self, request: web.Request) -> web.StreamResponse:
        if self.instead.get("put"):
            return await self.instead["put"].pop(0)(request)
        self.stored.append((request.path_qs, dict(request.headers), await request.read()))
        return web.Response()

    def _lease(self) -> dict[str, Any]:
        until = rfc3339(utc_now() + self.lease)
        source = {"url": f"{self.url}/bucket/video", "size": len(VIDEO), "expires_at": until}
        return {"lease_seconds": self.lease.total_seconds(), "source": source}


class Work:
    """What a task does here: as told for one job after the other."""

    def __init__(self) -> None:
        self.ways: list[Callable[[], Awaitable[Made]]] = []
        self.is_at_work = asyncio.Event()
        self.was_cancelled = False

    async def __call__(
        self, job: Job, *, renew: Callable[[], Awaitable[JobSource]], on_progress: Callable[[int], None]
    ) -> Made:
        on_progress(40)
        assert (await renew()).size == len(VIDEO)
        return await self.ways.pop(0)() if self.ways else MADE

    async def never_end(self) -> Made:
        self.is_at_work.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        return MADE


@pytest_asyncio.fixture
async def place() -> AsyncIterator[Place]:
    place = Place()
    routes = [
        web.post("/internal/jobs/take", place.take),
        web.post("/internal/jobs/{job}/{verb}", place.tell),
        web.post("/v1/token", place.grant),
        web.get("/bucket/video", place.read),
        web.put("/bucket/{key:.*}", place.store),
    ]
    async with serving(routes) as place.url:
        yield place


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest_asyncio.fixture
async def worker(place: Place, work: Work, registry: CollectorRegistry) -> AsyncIterator[Worker]:
    async with http_session() as session:
        jobs = UploadClient(
            ServiceClient(session, place.url, OneToken()), name="here", is_outside=True, landlock=lambda: 0
        )
        makers = dict.fromkeys(Task, work)
        metrics = WorkMetrics(registry, landlock=lambda: None)
        yield Worker(jobs, Bucket(session), metrics, makers=makers)


def ended(registry: CollectorRegistry, outcome: str, task: Task = Task.LOOK) -> float | None:
    return registry.get_sample_value("media_attempts_total", {"task": task.value, "outcome": outcome})


async def test_what_was_made_is_stored_as_it_was_announced_and_handed_in(
    place: Place, worker: Worker, registry: CollectorRegistry
) -> None:
    with pytest.raises(Unavailable):
        await worker.check()
    assert not await worker.step()
    assert place.has_landlock is False
    await worker.check()
    place.jobs = [Task.LOOK]
    assert await worker.step()
    announced = {
        "name": "320.webp",
        "content_type": "image/webp",
        "size": 9,
        "sha256": hashlib.sha256(b"a picture").hexdigest(),
    }
    assert [said for said in place.said if said[0] != "complete"] == [
        ("renew", {"progress": 40, "is_outside": True}),
        ("outputs", {"files": [announced], "is_outside": True}),
    ]
    ((verb, content),) = place.said[2:]
    assert (verb, content["facts"]["duration_ms"], content["poster_ms"]) == ("complete", 1500, 700)
    # As it was signed, to the letter.
    ((path, headers, body),) = place.stored
    assert (path, headers["x-amz-checksum-sha256"], body) == ("/bucket/a%2Fb?signature=1%2F2", "abc", b"a picture")
    assert ended(registry, "done") == 1
    assert registry.get_sample_value("media_read_bytes_total", {"task": "look"}) == 5
    assert registry.get_sample_value("media_decoder_peak_memory_bytes") == 2**20


async def test_no_job_ends_the_worker_and_each_failure_is_said(
    place: Place, worker: Worker, work: Work, registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    secret = f"{place.url}/bucket/video?X-Amz-Signature=1"

    async def refuse() -> Made:
        raise Failed(Reason.TOO_LARGE, is_final=True)

    async def crash() -> Made:
        raise RuntimeError(secret)

    async def make_what_cannot_be_announced() -> Made:
        return Made(files=[MadeFile(name="../up", content_type="image/webp", content=b"x")])

    work.ways = [refuse, crash, make_what_cannot_be_announced]
    place.jobs = [Task.LOOK] * 5
    # The fourth was taken over by another attempt, the fifth is like any.
    for _ in range(3):
        assert await worker.step()
    place.instead["complete"] = [CONFLICT]
    for _ in range(2):
        assert await worker.step()
    assert [content for verb, content in place.said if verb == "fail"] == [
        {"reason": "too-large", "is_final": True},
        {"reason": "crashed", "is_final": False},
        {"reason": "crashed", "is_final": False},
    ]
    assert {name: ended(registry, name) for name in ("too-large", "crashed", "lost", "done")} == {
        "too-large": 1,
        "crashed": 2,
        "lost": 1,
        "done": 1,
    }
    logged = str([record.__dict__ for record in caplog.records])
    assert "job crashed" in logged
    assert secret not in logged


async def test_a_storage_and_an_upload_svc_that_are_away_are_waited_for_with_the_job_in_hand(
    place: Place, worker: Worker, registry: CollectorRegistry
) -> None:
    place.jobs = [Task.STORYBOARD]
    place.instead = {"put": [answering(b"", status=403)], "complete": [AWAY]}
    assert await worker.step()
    assert place.verbs() == ["renew", "outputs", "outputs", "complete", "complete"]
    assert len(place.stored) == 1
    assert ended(registry, "done", Task.STORYBOARD) == 1


async def test_who_has_lost_a_job_stops_working_on_it(place: Place, worker: Worker, work: Work) -> None:
    place.jobs = [Task.LOOK]
    place.lease = timedelta(seconds=0.4)
    work.ways = [work.never_end]
    place.instead["renew"] = [place.renewed, place.renewed, CONFLICT]
    assert await worker.step()
    assert work.was_cancelled
    assert place.verbs() == ["renew"] * 3


def place_answers(place: Place) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(place._lease())  # noqa: SLF001

    return answer


async def test_a_worker_that_is_stopped_gives_its_job_back(
    place: Place, worker: Worker, work: Work, registry: CollectorRegistry
) -> None:
    place.jobs = [Task.LOOK]
    work.ways = [work.never_end]
    running = asyncio.create_task(worker.run())
    await work.is_at_work.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert work.was_cancelled
    assert place.verbs() == ["renew", "release"]
    assert ended(registry, "released") == 1
    # And one that it was just being given.
    place.jobs = [Task.LOOK]
    place.is_asked.clear()
    place.may_answer.clear()
    running = asyncio.create_task(worker.run())
    await place.is_asked.wait()
    running.cancel()
    place.may_answer.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert place.verbs() == ["renew", "release", "release"]


async def test_as_a_process_it_works_in_the_background_and_says_how_it_is(
    place: Place, aiohttp_client: AiohttpClient
) -> None:
    settings = {"port": 1, "auth_url": place.url, "upload_url": place.url, "client_secret": "s" * 32}
    client = await aiohttp_client(create_app(Settings.model_validate(settings)))

    async def status(path: str) -> int:
        async with client.get(path) as answer:
            return answer.status

    async def is_ready() -> bool:
        return await status("/readyz") == 200

    await eventually(is_ready, what="upload_svc has answered")
    place.jobs = [Task.LOOK]

    async def has_said_why() -> bool:
        return "fail" in place.verbs()

    await eventually(has_said_why, what="the job has failed")
    assert place.said[-1] == ("fail", {"reason": "unsupported", "is_final": True})
    # A video whose bytes are gone: another attempt may look again, but nobody waits for it with the job in hand.
    place.instead["read"] = [answering(b"", status=404)]
    place.jobs = [Task.LOOK]

    async def has_said_so() -> bool:
        return place.verbs() == ["fail", "fail"]

    await eventually(has_said_so, what="the job has failed")
    assert place.said[-1] == ("fail", {"reason": "storage", "is_final": False})
    async with client.get("/metrics") as answer:
        metrics = await answer.text()
    assert 'media_attempts_total{outcome="unsupported",task="look"} 1.0' in metrics
    assert re.search(r"^media_landlock_version \d", metrics, re.MULTILINE)
    assert [await status("/livez"), await status("/internal/jobs/take"), await status("/")] == [200, 404, 404]
