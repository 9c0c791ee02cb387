"""Signing keys are rotated by age, with overlap on both sides, by any number of replicas, and nobody is logged out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from auth_svc.app import KEYS_INTERVAL_SECONDS
from auth_svc.app_keys import SIGNING_KEYS
from auth_svc.tokens.signing_keys import PUBLISHED_AFTER, PUBLISHED_AHEAD, ROTATION_PERIOD, SigningKeys
from auth_svc.tokens.store import SigningKeyStore
from common.db import Database, open_database
from common.tokens import ACCESS_TOKEN_LIFETIME, LEEWAY, PERSON_AUDIENCE, read_key_id
from common.verifying import FETCH_TIMEOUT, RENEW_SECONDS
from tests.auth_app import KEY_ENCRYPTION_KEY, bearer, running_auth_app
from tests.clock import StoppedClock

SECOND = timedelta(seconds=1)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as database:
        yield database


def replica(database: Database, clock: StoppedClock) -> SigningKeys:
    return SigningKeys(SigningKeyStore(database), encryption_keys=[bytes.fromhex(KEY_ENCRYPTION_KEY)], clock=clock)


def key_ids(keys: SigningKeys) -> list[str]:
    return [key["kid"] for key in keys.to_jwks()["keys"]]


async def test_a_key_is_published_before_it_signs_and_after_it_has_stopped(database: Database) -> None:
    clock = StoppedClock()
    keys = replica(database, clock)
    await keys.load()
    (first,) = key_ids(keys)
    # The only one signs at once.
    assert keys.current.key_id == first
    clock.advance(ROTATION_PERIOD - SECOND)
    await keys.load()
    assert key_ids(keys) == [first]
    clock.advance(SECOND)
    await keys.load()
    assert key_ids(keys)[0] == first
    second = key_ids(keys)[1]
    clock.advance(PUBLISHED_AHEAD - SECOND)
    assert keys.current.key_id == first
    clock.advance(SECOND)
    assert keys.current.key_id == second
    clock.advance(PUBLISHED_AFTER - SECOND)
    await keys.load()
    assert key_ids(keys) == [first, second]
    clock.advance(SECOND)
    await keys.load()
    assert key_ids(keys) == [second]
    assert await keys.get(first) is None
    assert len(await SigningKeyStore(database).list_signing_keys()) == 1


async def test_the_overlap_is_longer_than_anything_that_needs_it() -> None:
    assert PUBLISHED_AFTER > ACCESS_TOKEN_LIFETIME + LEEWAY
    # `max-age` of the key set, and the time until a replica looks again; a revoked key is good for as long at most.
    assert FETCH_TIMEOUT.total is not None
    assert RENEW_SECONDS + FETCH_TIMEOUT.total + KEYS_INTERVAL_SECONDS <= 60
    assert timedelta(minutes=1) < PUBLISHED_AHEAD < ROTATION_PERIOD


async def test_replicas_that_rotate_together_make_one_key(database: Database) -> None:
    clock = StoppedClock()
    replicas = [replica(database, clock) for _ in range(4)]
    for rotations in (1, 2, 3):
        await asyncio.gather(*(keys.load() for keys in replicas))
        assert len({keys.current.key_id for keys in replicas}) == 1
        assert len({tuple(key_ids(keys)) for keys in replicas}) == 1
        assert len(await SigningKeyStore(database).list_signing_keys()) == min(rotations, 2)
        clock.advance(ROTATION_PERIOD)


async def test_a_replica_that_has_slept_finds_the_keys_of_the_others(database: Database) -> None:
    clock = StoppedClock()
    awake, asleep = replica(database, clock), replica(database, clock)
    await awake.load()
    await asleep.load()
    clock.advance(ROTATION_PERIOD)
    await awake.load()
    clock.advance(PUBLISHED_AHEAD)
    # What it still signs with is still published by the others.
    assert asleep.current.key_id != awake.current.key_id
    assert asleep.current.key_id in key_ids(awake)
    await asleep.load()
    assert asleep.current.key_id == awake.current.key_id


async def test_nobody_is_logged_out_by_a_rotation(database_url: str, database: Database) -> None:
    async with running_auth_app(database_url) as app:
        await app.add_account("alice")
        keys = app.app[SIGNING_KEYS]
        before = keys.current.key_id
        (row,) = await SigningKeyStore(database).list_signing_keys()
        app.clock.now = row.created_at + ROTATION_PERIOD
        await keys.load()
        app.clock.advance(PUBLISHED_AHEAD - SECOND)
        cookie = await app.log_in("alice")
        granted = await app.grant("alice")
        assert read_key_id(granted["access_token"]) == before
        app.clock.advance(SECOND)
        await keys.load()
        # The token of the old key, the session and the refresh token are as good as before.
        assert (await app.send("GET", "/v1/me", headers=bearer(granted["access_token"]))).status == 200
        assert (await app.send("GET", "/v1/me", cookie=cookie)).status == 200
        answer = await app.refresh(granted["refresh_token"])
        token = (await answer.json())["access_token"]
        assert read_key_id(token) == keys.current.key_id != before
        assert (await app.verify(token, audience=PERSON_AUDIENCE)).username == "alice"
        key_set = await (await app.send("GET", "/.well-known/jwks.json")).json()
        assert {key["kid"] for key in key_set["keys"]} == {before, keys.current.key_id}


async def test_a_revoked_key_is_gone_at_once_with_every_token_and_nobody_is_logged_out(
    database_url: str, database: Database
) -> None:
    async with running_auth_app(database_url) as app:
        await app.add_account("alice")
        keys = app.app[SIGNING_KEYS]
        before = keys.current.key_id
        cookie, granted = await app.log_in("alice"), await app.grant("alice")
        for shown in ({"headers": bearer(granted["access_token"])}, {"cookie": cookie}):
            assert (await app.send("GET", "/v1/me", **shown)).status == 200
        service_token = await app.service_token()
        # By the command line, beside the service; twice, because a leak may be noticed twice.
        await replica(database, app.clock).revoke()
        after = await replica(database, app.clock).revoke()
        await keys.load()
        assert key_ids(keys) == [after] != [before]
        assert keys.current.key_id == after
        assert (await app.send("GET", "/v1/me", headers=bearer(granted["access_token"]))).status == 401
        session = {"session": cookie}
        answer = await app.send("POST", "/internal/sessions/exchange", json=session, headers=bearer(service_token))
        assert answer.status == 401
        # The exchange that was remembered is done again, with the new key.
        assert (await app.send("GET", "/v1/me", cookie=cookie)).status == 200
        token = (await (await app.refresh(granted["refresh_token"])).json())["access_token"]
        assert (await app.send("GET", "/v1/me", headers=bearer(token))).status == 200
        assert read_key_id(await app.service_token()) == after


async def test_replicas_that_revoke_together_keep_one_key(database: Database) -> None:
    replicas = [replica(database, StoppedClock()) for _ in range(3)]
    await replicas[0].load()
    await asyncio.gather(*(keys.revoke() for keys in replicas))
    await asyncio.gather(*(keys.load() for keys in replicas))
    assert len({tuple(key_ids(keys)) for keys in replicas}) == 1
    assert len(await SigningKeyStore(database).list_signing_keys()) == 1
