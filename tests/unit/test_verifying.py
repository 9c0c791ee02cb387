"""Verification keys fetched from the issuer, kept while it is away, and tokens that are verified once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from common.errors import Unauthenticated, Unavailable
from common.tokens import ACCESS_TOKEN_LIFETIME, LEEWAY, PERSON_AUDIENCE, SERVICE_AUDIENCE, Principal
from common.verifying import KEPT_WITHOUT_ISSUER, REFRESH_INTERVAL, RemoteKeys, Verifier
from common.web.app import http_session
from tests.clock import StoppedClock
from tests.issuer import Answer, Issuer, answering, hang_up, private_jwk, public_jwk, running_issuer
from tests.token_forge import ISSUER, NOW, forge, good_header, issue

INSTANT = timedelta(microseconds=1)


class World:
    """An issuer, a verifier of its tokens, and the clock of both."""

    def __init__(self, issuer: Issuer, keys: RemoteKeys, clock: StoppedClock) -> None:
        self.issuer = issuer
        self.keys = keys
        self.clock = clock
        self.verifier = Verifier(keys, issuer=ISSUER, clock=clock)

    async def verify(self, token: str, *, audience: str = PERSON_AUDIENCE) -> Principal:
        return await self.verifier.verify(token, audience=audience)

    async def verify_new(self, key_id: str = "first") -> Principal:
        """A token that was never seen, signed with that key."""
        return await self.verify(issue(key_id, now=self.clock()))


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    clock = StoppedClock(NOW)
    async with running_issuer() as issuer, http_session() as session:
        yield World(issuer, RemoteKeys(session, issuer.url, clock=clock), clock)


# What an issuer in trouble may say. An empty set is no good either: there is always a key that signs.
TROUBLES: list[Answer] = [
    hang_up,
    answering({}, status=500),
    answering({"keys": [public_jwk("first")]}, status=503),
    answering(b"<html>"),
    answering(b"\xff"),
    answering([]),
    answering(None),
    answering({"keys": None}),
    answering({"keys": []}),
    answering({"keys": [{}]}),
    answering({"keys": ["first"]}),
    answering({"keys": [{**public_jwk("first"), "kty": "EC"}]}),
    answering({"keys": [{**public_jwk("first"), "n": "!"}]}),
    answering({"keys": [private_jwk("first")]}),
    answering({}, status=302, headers={"Location": "/.well-known/jwks.json"}),
]


async def test_a_token_is_verified_with_the_issuers_key(world: World) -> None:
    assert (await world.verify_new()).account_id == "alice"


async def test_many_at_once_make_one_request(world: World) -> None:
    await asyncio.gather(*(world.verify_new() for _ in range(20)))
    assert world.issuer.key_sets_given == 1


async def test_unknown_key_ids_make_one_request_in_thirty_seconds(world: World) -> None:
    await world.verify_new()
    for requests in (1, 2, 3):
        answers = await asyncio.gather(
            *(world.verify(forge({**good_header(), "kid": f"unknown-{n}"})) for n in range(20)), return_exceptions=True
        )
        assert all(isinstance(answer, Unauthenticated) for answer in answers)
        assert world.issuer.key_sets_given == requests
        world.clock.advance(REFRESH_INTERVAL)


async def test_a_new_key_is_found_when_a_token_names_it(world: World) -> None:
    await world.verify_new()
    world.issuer.key_ids.append("second")
    world.clock.advance(REFRESH_INTERVAL - INSTANT)
    with pytest.raises(Unauthenticated):
        await world.verify_new("second")
    world.clock.advance(INSTANT)
    assert await asyncio.gather(world.verify_new("second"), world.verify_new("first"))


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_the_last_good_keys_are_kept_while_the_issuer_is_away(world: World, trouble: Answer) -> None:
    await world.verify_new()
    world.issuer.instead = trouble
    for _ in range(2):
        world.clock.advance(REFRESH_INTERVAL)
        before = world.issuer.key_sets_given
        with pytest.raises(Unauthenticated):
            await world.verify_new("second")
        asked = world.issuer.key_sets_given
        assert asked > before
        # Asked no oftener than an issuer that answers.
        for _ in range(3):
            with pytest.raises(Unauthenticated):
                await world.verify_new("second")
            assert (await world.verify_new()).account_id == "alice"
        assert world.issuer.key_sets_given == asked


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_without_any_key_nobody_is_let_in_and_nobody_is_told_to_log_in(world: World, trouble: Answer) -> None:
    world.issuer.instead = trouble
    with pytest.raises(Unavailable):
        await world.verify_new()
    with pytest.raises(Unavailable):
        await world.keys.check()
    # Once it is back, no waiting.
    world.issuer.instead = None
    assert (await world.verify_new()).account_id == "alice"


async def test_a_revoked_key_is_refused_once_the_set_is_renewed_and_what_it_verified_too(world: World) -> None:
    world.issuer.key_ids.append("second")
    old, new = issue("first"), issue("second")
    for token in (old, new):
        await world.verify(token)
    world.issuer.key_ids.remove("first")
    await world.keys.renew()
    for token in (old, issue("first", subject="bob")):
        with pytest.raises(Unauthenticated):
            await world.verify(token)
    assert (await world.verify(new)).account_id == "alice"


async def test_another_key_of_the_same_name_is_another_key(world: World) -> None:
    token = issue("first")
    await world.verify(token)
    world.issuer.instead = answering({"keys": [{**public_jwk("second"), "kid": "first"}]})
    await world.keys.renew()
    with pytest.raises(Unauthenticated):
        await world.verify(token)


async def test_a_new_key_is_looked_for_at_once_though_the_set_has_just_been_renewed(world: World) -> None:
    await world.keys.check()
    world.clock.advance(REFRESH_INTERVAL)
    await world.keys.renew()
    world.issuer.key_ids.append("second")
    assert (await world.verify_new("second")).account_id == "alice"


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_while_the_issuer_is_away_its_keys_are_good_as_long_as_its_tokens_and_no_longer(
    world: World, trouble: Answer
) -> None:
    await world.verify_new()
    world.issuer.instead = trouble
    with pytest.raises(Unavailable):
        await world.keys.renew()
    world.clock.advance(KEPT_WITHOUT_ISSUER - INSTANT)
    await world.verify_new()
    world.clock.advance(INSTANT)
    for refused in (world.verify_new(), world.keys.check()):
        with pytest.raises(Unavailable):
            await refused
    world.issuer.instead = None
    await world.verify_new()


async def test_who_waits_for_a_key_set_that_cannot_be_had_does_not_ask_again(world: World) -> None:
    world.issuer.instead = answering({}, status=500)
    answers = await asyncio.gather(*(world.verify_new() for _ in range(20)), return_exceptions=True)
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert world.issuer.key_sets_given == 1


async def test_nonsense_is_refused_without_asking_the_issuer(world: World) -> None:
    for token in ("", "a.b.c", forge({**good_header(), "alg": "none"}), "a" * 5000):
        with pytest.raises(Unauthenticated) as refused:
            await world.verify(token)
        assert refused.value.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert world.issuer.key_sets_given == 0


async def test_a_token_is_verified_once(world: World) -> None:
    token = issue()
    first = await world.verify(token)
    assert await world.verify(token) is first


async def test_a_verified_token_ends_all_the_same(world: World) -> None:
    token = issue()
    await world.verify(token)
    world.clock.advance(ACCESS_TOKEN_LIFETIME + LEEWAY - INSTANT)
    await world.verify(token)
    world.clock.advance(INSTANT)
    with pytest.raises(Unauthenticated):
        await world.verify(token)


async def test_a_token_verified_for_one_audience_is_no_good_for_another(world: World) -> None:
    person, service = issue(), issue(subject="svc:upload", audience=SERVICE_AUDIENCE)
    await world.verify(person)
    await world.verify(service, audience=SERVICE_AUDIENCE)
    for token, audience in ((person, SERVICE_AUDIENCE), (service, PERSON_AUDIENCE)):
        with pytest.raises(Unauthenticated):
            await world.verify(token, audience=audience)


async def test_the_log_says_why_and_not_what(world: World, caplog: pytest.LogCaptureFixture) -> None:
    token = issue(now=NOW - timedelta(hours=1))
    with caplog.at_level(logging.DEBUG), pytest.raises(Unauthenticated):
        await world.verify(token)
    assert [record.__dict__["reason"] for record in caplog.records if record.name == "common.verifying"] == ["expired"]
    assert not any(segment in str(record.__dict__) for record in caplog.records for segment in token.split("."))
