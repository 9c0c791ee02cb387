"""The storage, fs_svc or auth_svc goes away under the services that need it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from aiohttp import web

from tests.faults import Observations, away
from tests.installation import Controlled
from tests.s3_proxy import S3Proxy, is_complete
from tests.visitor import ANSWER_SECONDS, Need, Seen, Visitor, visiting

pytestmark = [pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]

SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
INTERNAL_ERROR = b"<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>"

Happens = Callable[[Controlled], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def changed(proxy: S3Proxy, **ways: object) -> AsyncIterator[None]:
    """The proxy with other ways than it had."""
    before = {name: getattr(proxy, name) for name in ways}
    for name, way in ways.items():
        setattr(proxy, name, way)
    try:
        yield
    finally:
        for name, way in before.items():
            setattr(proxy, name, way)


@asynccontextmanager
async def s3_hanging(place: Controlled) -> AsyncIterator[None]:
    over = asyncio.Event()

    async def wait(_: web.Request) -> None:
        await over.wait()

    async with changed(place.to_s3, meanwhile=wait):
        try:
            yield
        finally:
            over.set()


def slow_down(_: web.Request) -> web.Response:
    return web.Response(status=503, body=SLOW_DOWN, content_type="application/xml")


@asynccontextmanager
async def killed(place: Controlled, name: str) -> AsyncIterator[None]:
    place.processes[name].kill()
    try:
        yield
    finally:
        await place.processes[name].start()


def hanging(place: Controlled, name: str) -> AbstractAsyncContextManager[None]:
    process = place.processes[name]
    return away(lambda: process.send_signal(signal.SIGSTOP), lambda: process.send_signal(signal.SIGCONT))


WAYS: list[tuple[str, Need, Happens]] = [
    ("s3-down", "storage", lambda place: changed(place.to_s3, is_down=True)),
    ("s3-hangs", "storage", s3_hanging),
    ("s3-503", "storage", lambda place: changed(place.to_s3, instead=slow_down)),
    ("fs-killed", "fs", lambda place: killed(place, "fs")),
    ("fs-hangs", "fs", lambda place: hanging(place, "fs")),
    ("auth-killed", "auth", lambda place: killed(place, "auth")),
    ("auth-hangs", "auth", lambda place: hanging(place, "auth")),
]


@pytest.mark.parametrize(("fault", "missing", "happens"), WAYS, ids=[way[0] for way in WAYS])
async def test_what_needs_it_says_so_in_time_and_the_rest_goes_on(
    installation: Controlled, observations: Observations, fault: str, missing: Need, happens: Happens
) -> None:
    seen = Seen()
    async with visiting(installation) as visitor:
        async with happens(installation):
            await visitor.ask(missing, seen=seen)
            if missing == "storage":
                assert (await installation.readiness())["fs"] == 503
        await visitor.heal(seen)
        await visitor.finish()
    assert seen.refused
    observations.add(fault, slowest_answer=seen.slowest_answer, healed_after=seen.healed_after)


async def complete(visitor: Visitor, seen: Seen) -> int:
    """The status of the answer, which comes in time."""
    async with asyncio.timeout(ANSWER_SECONDS * 2) as limit:
        began = asyncio.get_running_loop().time()
        answer = await visitor.person.complete(visitor.full["id"])
        seen.slowest_answer = asyncio.get_running_loop().time() - began
    assert not limit.expired()
    if answer.status == 202:
        assert int(answer.headers["Retry-After"]) >= 1
    return answer.status


async def test_an_error_inside_a_200_is_no_success(installation: Controlled, observations: Observations) -> None:
    seen = Seen()

    def answer(request: web.Request) -> web.Response | None:
        if not is_complete(request):
            return None
        return web.Response(status=200, body=INTERNAL_ERROR, content_type="application/xml")

    async with visiting(installation) as visitor:
        async with changed(installation.to_s3, instead=answer):
            assert await complete(visitor, seen) == 202
            # Not a video until S3 has the whole of it.
            path = f"/v1/videos/{visitor.full['id']}"
            assert (await visitor.person.call("GET", installation.addresses.stream_url + path)).status == 404
        await visitor.heal(seen)
        await visitor.finish()
    observations.add("s3-error-in-200", slowest_answer=seen.slowest_answer, healed_after=seen.healed_after)


@pytest.mark.parametrize(("fault", "is_silent"), [("s3-complete-lost", False), ("s3-complete-lost-and-silent", True)])
async def test_a_lost_answer_to_complete_is_settled_by_looking(
    installation: Controlled, observations: Observations, *, fault: str, is_silent: bool
) -> None:
    seen = Seen()
    completes = 0

    def loses(request: web.Request) -> bool:
        nonlocal completes
        completes += is_complete(request)
        return is_complete(request) or (is_silent and request.method == "HEAD")

    async with visiting(installation) as visitor:
        async with changed(installation.to_s3, loses=loses):
            assert await complete(visitor, seen) == (202 if is_silent else 200)
        await visitor.heal(seen)
        await visitor.finish()
    assert completes == 1
    observations.add(fault, slowest_answer=seen.slowest_answer, healed_after=seen.healed_after)
