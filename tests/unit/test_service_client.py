"""Calls between services: own tokens, what is repeated and what is not, time limits, refusals handed on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from common.errors import Unavailable
from common.logs import REQUEST_ID
from common.service_client import RENEW_BEFORE, TRIES, Relayed, ServiceClient, ServiceTokens
from common.verifying import INVALID_TOKEN
from common.web.app import http_session
from tests.clock import StoppedClock
from tests.issuer import Answer as Behaviour
from tests.issuer import Issuer, answering, hang_up, running_issuer, serving

GOOD = answering({"id": "a"})
CONFLICT = {
    "type": "/problems/upload-not-open",
    "title": "Not open",
    "status": 409,
    "detail": "It is complete.",
    "code": "upload-not-open",
    "missing": [2],
}


class Peer:
    """Another service: does as told with one request after the other, and keeps them."""

    def __init__(self) -> None:
        self.behaviours: list[Behaviour] = [GOOD]
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.is_over = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The last behaviour stays."""
        self.requests.append((request.method, request.path_qs, dict(request.headers), await request.read()))
        behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        return await behaviour(request)

    async def hesitate(self, _: web.Request) -> web.StreamResponse:
        """No answer as long as the test goes on."""
        await self.is_over.wait()
        return web.Response()

    def sent(self, header: str) -> list[str | None]:
        return [headers.get(header) for _, _, headers, _ in self.requests]


class World:
    """An issuer, a peer, and a client of it with the clock of its tokens."""

    def __init__(self, issuer: Issuer, peer: Peer, session: aiohttp.ClientSession, peer_url: str) -> None:
        self.issuer = issuer
        self.peer = peer
        self.clock = StoppedClock()
        self.tokens = ServiceTokens(session, issuer.url, client_id="upload", client_secret="s" * 32, clock=self.clock)
        self.client = ServiceClient(session, peer_url, self.tokens)

    async def call(self, method: str = "POST", *, is_idempotent: bool = True, **options: Any) -> object:
        return await self.client.call(method, "/v1/things", is_idempotent=is_idempotent, **options)


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    peer = Peer()
    async with (
        running_issuer() as issuer,
        serving([web.route("*", "/{path:.*}", peer.handle)]) as peer_url,
        http_session() as session,
    ):
        yield World(issuer, peer, session, peer_url)
        peer.is_over.set()


async def test_a_call_carries_the_token_the_person_the_request_id_and_json(world: World) -> None:
    context = REQUEST_ID.set("request-1")
    answer = await world.call("PUT", content={"size": 5}, subject_token="of-alice")
    REQUEST_ID.reset(context)
    assert answer == {"id": "a"}
    ((method, path, headers, body),) = world.peer.requests
    assert (method, path, body) == ("PUT", "/v1/things", b'{"size": 5}')
    assert headers["Authorization"] == "Bearer token-1"
    assert headers["Vss-Subject-Token"] == "of-alice"
    assert headers["X-Request-ID"] == "request-1"
    assert headers["Content-Type"] == "application/json"


async def test_a_call_for_nobody_names_nobody(world: World) -> None:
    world.peer.behaviours = [answering(b"", status=204)]
    assert await world.call("DELETE") is None
    assert world.peer.sent("Vss-Subject-Token") == [None]


@pytest.mark.parametrize("failures", range(1, TRIES))
async def test_an_idempotent_call_is_repeated_when_there_was_no_answer(world: World, failures: int) -> None:
    world.peer.behaviours = [*[hang_up] * failures, GOOD]
    assert await world.call() == {"id": "a"}
    assert len(world.peer.requests) == failures + 1


async def test_repeating_has_an_end(world: World) -> None:
    world.peer.behaviours = [hang_up]
    with pytest.raises(Unavailable):
        await world.call()
    assert len(world.peer.requests) == TRIES


async def test_any_other_call_is_made_once(world: World) -> None:
    world.peer.behaviours = [hang_up, GOOD]
    with pytest.raises(Unavailable):
        await world.call(is_idempotent=False)
    assert len(world.peer.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 502, 503])
async def test_an_answer_is_an_answer_and_nothing_is_repeated_for_it(world: World, status: int) -> None:
    world.peer.behaviours = [answering({**CONFLICT, "status": status}, status=status), GOOD]
    with pytest.raises(Unavailable):
        await world.call()
    assert len(world.peer.requests) == 1


async def test_a_redirect_is_not_followed(world: World) -> None:
    world.peer.behaviours = [answering({}, status=307, headers={"Location": "/elsewhere"})]
    await world.call()
    assert [path for _, path, _, _ in world.peer.requests] == ["/v1/things"]


@pytest.mark.parametrize("is_idempotent", [True, False])
async def test_the_limit_is_over_all_tries(world: World, *, is_idempotent: bool) -> None:
    world.peer.behaviours = [hang_up, world.peer.hesitate] if is_idempotent else [world.peer.hesitate]
    started = time.monotonic()
    with pytest.raises(Unavailable):
        await world.call(is_idempotent=is_idempotent, time_limit_seconds=0.5)
    assert 0.4 < time.monotonic() - started < 2


async def test_the_limit_holds_for_getting_a_token_too(world: World) -> None:
    world.issuer.instead = world.peer.hesitate
    with pytest.raises(Unavailable):
        await world.call(time_limit_seconds=0.2)
    assert world.peer.requests == []


async def test_a_refusal_for_the_person_is_handed_on_whole(world: World) -> None:
    world.peer.behaviours = [answering(CONFLICT, status=409, headers={"Retry-After": "7", "X-Internal": "x"})]
    with pytest.raises(Relayed) as relayed:
        await world.call(relays=("not-found", "upload-not-open"))
    assert relayed.value.status == 409
    assert relayed.value.headers == {"Retry-After": "7"}
    assert relayed.value.to_problem() == CONFLICT


async def test_any_other_refusal_is_our_own_trouble(world: World) -> None:
    world.peer.behaviours = [answering(CONFLICT, status=409)]
    with pytest.raises(Unavailable) as unavailable:
        await world.call(relays=("not-found",))
    assert "complete" not in unavailable.value.detail


@pytest.mark.parametrize(
    "behaviour",
    [
        answering(b"<html>", status=502),
        answering(b"", status=500),
        answering(b"\xff", status=404),
        answering({}, status=404),
        answering([], status=404),
        answering(None, status=404),
        answering("not-found", status=404),
        answering({"code": "not-found"}, status=404),
        answering({**CONFLICT, "code": "not-found", "status": "many"}, status=404),
        answering({**CONFLICT, "code": ["not-found"]}, status=404),
        answering(b"{", status=200),
    ],
)
async def test_an_answer_that_makes_no_sense_is_no_answer(world: World, behaviour: Behaviour) -> None:
    world.peer.behaviours = [behaviour]
    with pytest.raises(Unavailable):
        await world.call(relays=("not-found",))


async def test_one_token_serves_many_calls(world: World) -> None:
    await asyncio.gather(*(world.call() for _ in range(10)))
    assert world.peer.sent("Authorization") == ["Bearer token-1"] * 10
    assert len(world.issuer.tokens_given) == 1


async def test_a_token_is_renewed_before_it_ends(world: World) -> None:
    lifetime = timedelta(seconds=world.issuer.token_lifetime_seconds)
    await world.call()
    world.clock.advance(lifetime - RENEW_BEFORE - timedelta(microseconds=1))
    await world.call()
    world.clock.advance(timedelta(microseconds=1))
    await world.call()
    assert world.peer.sent("Authorization") == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


async def test_a_refused_token_is_dropped(world: World) -> None:
    world.peer.behaviours = [answering({**CONFLICT, "status": 401, "code": "unauthenticated"}, status=401), GOOD]
    with pytest.raises(Unavailable):
        await world.call()
    await world.call()
    assert world.peer.sent("Authorization") == ["Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize("is_idempotent", [True, False])
async def test_a_token_whose_key_was_revoked_is_replaced_at_once(world: World, *, is_idempotent: bool) -> None:
    refused = answering(
        {**CONFLICT, "status": 401, "code": "unauthenticated"}, status=401, headers={"WWW-Authenticate": INVALID_TOKEN}
    )
    world.peer.behaviours = [refused, GOOD]
    assert await world.call(is_idempotent=is_idempotent) == {"id": "a"}
    assert world.peer.sent("Authorization") == ["Bearer token-1", "Bearer token-2"]
    # Once: whoever refuses every token is not asked for ever.
    world.peer.behaviours = [refused]
    with pytest.raises(Unavailable):
        await world.call(is_idempotent=is_idempotent)
    assert len(world.peer.requests) == 4


@pytest.mark.parametrize(
    "trouble",
    [
        hang_up,
        answering({"error": "invalid_client"}, status=401),
        answering({}, status=503),
        answering({}, status=302, headers={"Location": "/v1/token"}),
        answering(b"<html>"),
        answering([]),
        answering({"access_token": "x"}),
        answering({"access_token": "x", "expires_in": "soon"}),
        answering({"access_token": None, "expires_in": 300}),
    ],
)
async def test_without_a_token_nobody_is_called(world: World, trouble: Behaviour) -> None:
    world.issuer.instead = trouble
    for _ in range(2):
        with pytest.raises(Unavailable):
            await world.call()
    assert world.peer.requests == []
    # Once the issuer is well, so is this.
    world.issuer.instead = None
    assert await world.call() == {"id": "a"}
