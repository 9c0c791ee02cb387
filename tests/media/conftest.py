"""Fixtures of the tests of media_svc: a place that serves a file by ranges, and what looks at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from contracts.media import Facts, Job, JobSource, Task
from contracts.renditions import Rendering
from media_svc.jail import Jail, Limits
from media_svc.looking import LOOK_LIMITS, Looking
from media_svc.made import Made
from media_svc.rendering import MakeRenditions


@dataclass
class Source:
    """Serves `content`, of which it may have only a part in memory, as S3 does by a presigned URL."""

    session: aiohttp.ClientSession
    content: bytes = b""
    # What was asked for, however: path and Range.
    asked: list[tuple[str, str]] = field(default_factory=list)
    # What is answered instead.
    instead: Callable[[web.Request], web.StreamResponse | None] = lambda _: None
    # The key in the URL that is good.
    key: str = "1"
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, request.headers.get("Range", "")))
        if (answer := self.instead(request)) is not None:
            return answer
        if request.query.get("key") != self.key:
            return web.Response(status=403)
        first, last = map(int, request.headers["Range"].removeprefix("bytes=").split("-"))
        return web.Response(
            status=206,
            body=self.content[first : last + 1],
            headers={"Content-Range": f"bytes {first}-{last}/{len(self.content)}"},
        )

    def where(self) -> JobSource:
        return JobSource(url=f"{self.url}film?key={self.key}", size=len(self.content), expires_at=datetime.now(UTC))

    async def renew(self) -> JobSource:
        return self.where()

    async def look(
        self,
        content: bytes,
        *,
        poster_ms: int | None = None,
        jail: Jail | None = None,
        limits: Limits = LOOK_LIMITS,
    ) -> Made:
        """What is made of `content`. Raises Failed."""
        self.content = content
        job = self._job(Task.LOOK, poster_ms=poster_ms)
        looking = Looking(self.session, jail or Jail(), look_limits=limits)
        return await looking.look(job, renew=self.renew, on_progress=lambda _: None)

    async def storyboard(self, content: bytes, *, facts: Facts | None = None) -> Made:
        self.content = content
        job = self._job(Task.STORYBOARD, facts=facts)
        looking = Looking(self.session, Jail())
        return await looking.storyboard(job, renew=self.renew, on_progress=lambda _: None)

    async def picture(self, content: bytes) -> Made:
        self.content = content
        return await Looking(self.session, Jail()).picture(
            self._job(Task.PICTURE), renew=self.renew, on_progress=lambda _: None
        )

    async def render(self, content: bytes, rendering: Rendering, *, facts: Facts | None = None) -> Made:
        """A piece of `content`, or all of its sound where there are no rungs."""
        self.content = content
        job = self._job(Task.CHUNK if rendering.rungs else Task.SOUND, facts=facts)
        job = job.model_copy(update={"rendering": rendering})
        return await MakeRenditions(self.session, Jail()).make(job, renew=self.renew, on_progress=lambda _: None)

    def _job(self, task: Task, *, poster_ms: int | None = None, facts: Facts | None = None) -> Job:
        return Job(
            id="1",
            task=task,
            attempt=1,
            lease_seconds=120,
            source=self.where(),
            poster_ms=poster_ms,
            facts=facts,
        )


@pytest_asyncio.fixture
async def source() -> AsyncIterator[Source]:
    async with aiohttp.ClientSession() as session:
        place = Source(session)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", place.handle)
        async with TestServer(app) as server:
            place.url = str(server.make_url("/"))
            yield place
