"""A visitor who uses everything, before a fault, in it and after it, and knows what was promised."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp

from tests.api_client import Person, person
from tests.browser import Browser
from tests.fs_service import PART_SIZE, TWO_PARTS, content
from tests.installation import SERVICES, Installation
from tests.waiting import eventually

# Invariant I9, and what a machine with other things to do may add between a program's reading of the clock and ours.
ANSWER_SECONDS = 15
COMPLETE_SECONDS = 60
READING_SECONDS = 3
# Invariant I14.
HEALED_SECONDS = 30

FILM = content(TWO_PARTS)
Need = Literal["database", "writing", "storage", "fs", "auth"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One thing that a person, a page or a service asks for, and all that it needs for an answer.

    `at` is the service that is asked: while its process is away there is nobody to say so.
    """

    name: str
    at: str
    send: Callable[[], Any]
    needs: frozenset[Need]
    limit_seconds: float = ANSWER_SECONDS


@dataclass(slots=True, kw_only=True)
class Seen:
    """What was seen of a fault, in seconds."""

    slowest_answer: float = 0
    healed_after: float = 0
    refused: set[str] = field(default_factory=set)


class Visitor:
    """Somebody with an account, a browser and a film; before a fault, in it and after it."""

    def __init__(
        self,
        place: Installation,
        session: aiohttp.ClientSession,
        browsing: aiohttp.ClientSession,
        newcoming: aiohttp.ClientSession,
    ) -> None:
        self.place = place
        self.browser = Browser(browsing)
        self.session = session
        self.person = Person(session, None, upload_url="", stream_url="")
        self.ready: dict[str, Any] = {}
        self.half: dict[str, Any] = {}
        self.full: dict[str, Any] = {}
        # Logged in, but not known yet to the service whose page they open.
        self.newcomer = Browser(newcoming)
        self._before: dict[str, set[tuple[Any, ...]]] = {}
        self._service_token = ""

    async def begin(self) -> None:
        """Logs in; has a video, one upload of which the first part was sent, and one that is to be completed."""
        addresses = self.place.addresses
        self.person = await person(self.session, self.place)
        self._service_token = await self._get_service_token()
        assert (await self.browser.log_in(addresses.upload_url)).status == 303
        self.ready = await self.person.upload(FILM, visibility="members")
        self.half = await self.person.begin(len(FILM))
        assert await self.person.send_part(self.half["id"], 1, FILM[:PART_SIZE]) == 200
        self.full = await self.person.begin(len(FILM))
        await self.person.send(self.full, FILM)
        for call in self.calls():
            if call.name not in ("complete", "page for a newcomer"):
                answer = await call.send()
                assert answer.status < 400, f"{call.name}: {answer.status}"
        assert (await self.newcomer.log_in(addresses.upload_url)).status == 303
        self._before = await self.place.rows()

    async def _get_service_token(self) -> str:
        headers = {"Authorization": aiohttp.encode_basic_auth("upload", self.place.client_secrets["upload"])}
        form = {"grant_type": "client_credentials"}
        async with self.session.post(f"{self.place.url('auth')}/v1/token", data=form, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            token: str = (await answer.json())["access_token"]
            return token

    def calls(self) -> list[Call]:
        """What people do, over all services and both their faces; and what one service asks of another."""
        auth, fs, upload, stream = map(self.place.url, SERVICES)
        ready, half, full = self.ready["id"], self.half["id"], self.full["id"]
        asked = {"title": "A film", "filename": "f.mp4", "size": 9, "content_type": "video/mp4"}
        form = {"grant_type": "password", "username": "admin", "password": "admin"}
        service = {"Authorization": f"Bearer {self._service_token}"}
        person, browser = self.person.call, self.browser.open

        def call(
            at: str, name: str, send: Callable[[], Any], *needs: Need, limit_seconds: float = ANSWER_SECONDS
        ) -> Call:
            return Call(name=name, at=at, send=send, needs=frozenset(needs), limit_seconds=limit_seconds)

        return [
            call("auth", "token", lambda: self._plain("POST", f"{auth}/v1/token", data=form), "database", "writing"),
            call("auth", "me", lambda: person("GET", f"{auth}/v1/me"), "database"),
            call("stream", "log in", lambda: self.browser.log_in(stream), "database", "writing", "auth"),
            call("upload", "my videos", lambda: person("GET", f"{upload}/v1/uploads?state=ready"), "database"),
            call(
                "upload",
                "an upload",
                lambda: person("GET", f"{upload}/v1/uploads/{half}"),
                *("database", "fs", "storage"),
            ),
            call(
                "upload",
                "create",
                lambda: person("POST", f"{upload}/v1/uploads", json=asked),
                *("database", "writing", "fs", "storage"),
            ),
            call(
                "upload",
                "part URLs",
                lambda: person("POST", f"{upload}/v1/uploads/{half}/part-urls", json={"part_numbers": [1, 2]}),
                *("database", "fs"),
            ),
            call(
                "upload",
                "rename",
                lambda: person("PATCH", f"{upload}/v1/uploads/{ready}", json={"title": "A film"}),
                *("database", "writing"),
            ),
            call(
                "upload",
                "complete",
                lambda: self.person.complete(full),
                *("database", "writing", "fs", "storage"),
                limit_seconds=COMPLETE_SECONDS,
            ),
            call("upload", "page of my videos", lambda: browser(f"{upload}/videos"), "database", "fs"),
            call("stream", "library", lambda: person("GET", f"{stream}/v1/videos"), "database"),
            call("stream", "a video", lambda: person("GET", f"{stream}/v1/videos/{ready}"), "database"),
            call("stream", "playback", lambda: person("GET", f"{stream}/v1/videos/{ready}/playback"), "database", "fs"),
            call("stream", "source", lambda: person("GET", f"{stream}/v1/videos/{ready}/source"), "database", "fs"),
            call("stream", "page of the library", lambda: browser(f"{stream}/"), "database"),
            call("stream", "page of a video", lambda: browser(f"{stream}/watch/{ready}"), "database", "fs"),
            call("stream", "page for a newcomer", lambda: self.newcomer.open(f"{stream}/"), "database", "auth"),
            call(
                "fs",
                "describe (fs)",
                lambda: self._plain("POST", f"{fs}/v1/objects/describe", json={"ids": [ready]}, headers=service),
                "database",
            ),
        ]

    async def _plain(self, method: str, url: str, **options: Any) -> aiohttp.ClientResponse:
        async with self.session.request(method, url, allow_redirects=False, **options) as answer:
            await answer.read()
        return answer

    async def ask(self, missing: Need, *, seen: Seen, times: int = 3) -> None:
        """Every call `times` over, all at once, while `missing` is not there.

        What needs it is 503, in time and in the form that its reader takes; what does not is answered.
        """
        calls = [call for call in self.calls() if call.at != missing] * times
        for call, (answer, seconds) in zip(calls, await asyncio.gather(*map(_timed, calls)), strict=True):
            seen.slowest_answer = max(seen.slowest_answer, seconds)
            where = f"{call.name}: {answer.status} after {seconds:.1f} s"
            assert seconds <= call.limit_seconds + READING_SECONDS, where
            if missing not in call.needs:
                assert answer.status < 400, where
                continue
            if call.name == "complete" and answer.status == 202:
                # Accepted, and not certain yet: somebody looks again by itself.
                assert int(answer.headers["Retry-After"]) >= 1, where
                continue
            assert answer.status == 503, where
            assert 1 <= int(answer.headers["Retry-After"]) <= ANSWER_SECONDS, where
            is_page = call.name.startswith(("page", "log in"))
            assert answer.content_type == ("text/html" if is_page else "application/problem+json"), where
            seen.refused.add(call.name)

    async def heal(self, seen: Seen) -> None:
        """From now on: everything is ready, and every call is answered, before the promised time is over."""
        began = time.monotonic()

        async def is_healthy() -> bool:
            if set((await self.place.readiness()).values()) != {200}:
                return False
            answers = await asyncio.gather(*(_status(call) for call in self.calls()))
            # Not 202 either: what was accepted is done.
            return all(200 <= status < 400 and status != 202 for status in answers)

        await eventually(is_healthy, what="healthy again", limit_seconds=HEALED_SECONDS + READING_SECONDS)
        seen.healed_after = time.monotonic() - began

    async def finish(self) -> None:
        """The upload goes on where it was; all three films play byte for byte; no row is missing."""
        for kind, rows in self._before.items():
            found = {row[:2] for row in (await self.place.rows())[kind]}
            assert {row[:2] for row in rows} <= found, kind
        assert await self.person.send_part(self.half["id"], 2, FILM[PART_SIZE:]) == 200
        assert (await self.person.complete(self.half["id"])).status == 200
        for upload in (self.ready, self.half, self.full):
            source = await self.person.call("GET", f"{self.person.stream_url}/v1/videos/{upload['id']}/source")
            async with self.session.get(source.headers["Location"]) as played:
                assert await played.read() == FILM


async def _status(call: Call) -> int:
    try:
        status: int = (await call.send()).status
    except aiohttp.ClientError:
        return 0
    return status


async def _timed(call: Call) -> tuple[aiohttp.ClientResponse, float]:
    began = time.monotonic()
    answer = await call.send()
    return answer, time.monotonic() - began


@asynccontextmanager
async def visiting(place: Installation) -> AsyncIterator[Visitor]:
    """A visitor with a film, who has begun."""
    async with _client() as session, _client() as browsing, _client() as newcoming:
        visitor = Visitor(place, session, browsing, newcoming)
        await visitor.begin()
        yield visitor


def _client() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.CookieJar(unsafe=True),
        timeout=aiohttp.ClientTimeout(total=COMPLETE_SECONDS + READING_SECONDS),
        connector=aiohttp.TCPConnector(limit=0),
    )
