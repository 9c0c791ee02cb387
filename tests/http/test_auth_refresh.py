"""Refresh tokens: rotated, good once, forgiving for ten seconds, and all over after a theft; on both databases."""

from __future__ import annotations

import asyncio
import hashlib
import re
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse

from auth_svc.app_keys import REFRESH_TOKENS
from auth_svc.tokens.refresh_tokens import ABSOLUTE_LIFETIME, IDLE_LIFETIME, RETRY_WINDOW
from common.tokens import PERSON_AUDIENCE
from tests.auth_app import AuthApp, bearer, running_auth_app
from tests.problems import assert_problem

pytestmark = pytest.mark.accounts("alice")

SECOND = timedelta(seconds=1)


async def log_in(app: AuthApp) -> str:
    token: str = (await app.grant("alice"))["refresh_token"]
    return token


async def next_of(app: AuthApp, token: str) -> str:
    answer = await app.refresh(token)
    assert answer.status == 200, await answer.text()
    successor: str = (await answer.json())["refresh_token"]
    return successor


async def assert_refused(answer: ClientResponse) -> None:
    problem = await assert_problem(answer, 400, "malformed")
    assert problem["error"] == "invalid_grant"
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_refresh_gives_both_tokens_anew(app: AuthApp) -> None:
    token = await log_in(app)
    app.clock.advance(timedelta(hours=1))
    answer = await app.refresh(token)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    granted: dict[str, Any] = await answer.json()
    assert set(granted) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert granted["refresh_token"] != token
    principal = await app.verify(granted["access_token"], audience=PERSON_AUDIENCE)
    assert (principal.username, principal.scopes) == ("alice", frozenset({"all"}))
    await next_of(app, granted["refresh_token"])


async def test_what_the_account_is_now_is_what_the_next_token_says(app: AuthApp) -> None:
    token = await log_in(app)
    await app.execute("UPDATE accounts SET role = 'admin', quota_bytes = 7")
    access_token = (await (await app.refresh(token)).json())["access_token"]
    principal = await app.verify(access_token, audience=PERSON_AUDIENCE)
    assert (principal.role, principal.quota_bytes) == ("admin", 7)


async def test_a_lost_answer_is_given_again_within_ten_seconds(app: AuthApp) -> None:
    token = await log_in(app)
    successor = await next_of(app, token)
    app.clock.advance(RETRY_WINDOW - SECOND)
    assert await next_of(app, token) == successor
    assert await next_of(app, token) == successor
    # Asking again does not make the time longer.
    app.clock.advance(SECOND)
    await assert_refused(await app.refresh(token))


async def test_the_same_token_many_times_at_once_has_one_successor_on_every_replica(database_url: str) -> None:
    async with AsyncExitStack() as stack:
        apps = [await stack.enter_async_context(running_auth_app(database_url)) for _ in range(2)]
        apps[1].clock.now = apps[0].clock.now
        await apps[0].add_account("alice")
        token = await log_in(apps[0])
        successors = await asyncio.gather(*(next_of(apps[number % 2], token) for number in range(8)))
        assert len(set(successors)) == 1
        assert await next_of(apps[0], successors[0]) not in {token, successors[0]}


async def test_a_token_that_is_used_twice_ends_all_that_came_from_its_log_in(app: AuthApp) -> None:
    other = await log_in(app)
    first = await log_in(app)
    second = await next_of(app, first)
    app.clock.advance(RETRY_WINDOW)
    third = await next_of(app, second)
    await assert_refused(await app.refresh(first))
    for token in (first, second, third):
        await assert_refused(await app.refresh(token))
    # Another log-in of the same person goes on.
    await next_of(app, other)


async def test_a_token_whose_successor_was_used_is_no_retry(app: AuthApp) -> None:
    first = await log_in(app)
    third = await next_of(app, await next_of(app, first))
    await assert_refused(await app.refresh(first))
    await assert_refused(await app.refresh(third))


async def test_a_token_that_is_not_used_runs_out(app: AuthApp) -> None:
    token = await log_in(app)
    app.clock.advance(IDLE_LIFETIME - SECOND)
    token = await next_of(app, token)
    app.clock.advance(IDLE_LIFETIME)
    await assert_refused(await app.refresh(token))


async def test_a_log_in_runs_out_however_much_it_is_used(app: AuthApp) -> None:
    token, end = await log_in(app), app.clock.now + ABSOLUTE_LIFETIME
    while app.clock.now + timedelta(days=30) < end:
        app.clock.advance(timedelta(days=30))
        token = await next_of(app, token)
    app.clock.now = end - SECOND
    token = await next_of(app, token)
    app.clock.now = end
    await assert_refused(await app.refresh(token))


async def test_a_disabled_account_gets_nothing(app: AuthApp) -> None:
    token = await log_in(app)
    await app.execute("UPDATE accounts SET is_disabled = 1")
    await assert_refused(await app.refresh(token))
    await app.execute("UPDATE accounts SET is_disabled = 0")
    await next_of(app, token)


async def test_nothing_else_is_taken_for_a_refresh_token(app: AuthApp) -> None:
    granted = await app.grant("alice")
    token = granted["refresh_token"]
    session = await app.log_in("alice")
    for other in (
        granted["access_token"],
        session,
        "nonsense",
        token.upper(),
        token + "A",
        token[:-1],
        " " + token,
        "vssr_" + "a" * 26 + "A" * 43,
        "ü" * 74,
    ):
        await assert_refused(await app.refresh(other))
    # And it opens nothing else.
    await assert_problem(await app.send("GET", "/v1/me", headers=bearer(token)), 401, "unauthenticated")
    await assert_problem(await app.send("GET", "/v1/me", cookie=token), 401, "unauthenticated")
    await next_of(app, token)


async def test_the_database_has_hashes_and_one_row_a_log_in(app: AuthApp) -> None:
    tokens = [await log_in(app)]
    for _ in range(3):
        tokens.append(await next_of(app, tokens[-1]))
    assert all(re.fullmatch("vssr_[a-z2-7]{26}[A-Za-z0-9_-]{43}", token) for token in tokens)
    (row,) = await app.execute("SELECT * FROM refresh_tokens")
    secrets = [token[-43:] for token in tokens]
    assert row.current_hash == hashlib.sha256(secrets[-1].encode()).hexdigest()
    assert row.previous_hash == hashlib.sha256(secrets[-2].encode()).hexdigest()
    assert not any(secret in str(row) for secret in secrets)


async def test_what_has_run_out_is_dropped(app: AuthApp) -> None:
    await log_in(app)
    app.clock.advance(IDLE_LIFETIME - SECOND)
    await log_in(app)
    assert await app.app[REFRESH_TOKENS].forget_expired() == 0
    app.clock.advance(SECOND)
    assert await app.app[REFRESH_TOKENS].forget_expired() == 1
    assert len(await app.execute("SELECT * FROM refresh_tokens")) == 1


@pytest.mark.parametrize("encoding", ["data", "json"])
async def test_a_revoked_token_ends_its_whole_family_at_once(app: AuthApp, encoding: str) -> None:
    other = await log_in(app)
    first = await log_in(app)
    second = await next_of(app, first)
    # Whichever of them the client still knows.
    body: dict[str, Any] = {}
    body[encoding] = {"token": first, "token_type_hint": "refresh_token", "client_id": "app"}
    for _ in range(2):
        answer = await app.send("POST", "/v1/token/revoke", **body)
        assert (answer.status, await answer.text()) == (200, "")
    await assert_refused(await app.refresh(second))
    await next_of(app, other)


async def test_what_is_not_there_is_revoked_already_and_what_cannot_be_is_said_so(app: AuthApp) -> None:
    for token in ("nonsense", "vssr_" + "a" * 26 + "A" * 43):
        assert (await app.send("POST", "/v1/token/revoke", data={"token": token})).status == 200
    access_token = await app.person_token("alice")
    for token in (access_token, "vss_" + "a" * 52):
        answer = await app.send("POST", "/v1/token/revoke", data={"token": token})
        assert (await assert_problem(answer, 400, "malformed"))["error"] == "unsupported_token_type"
    for form in ({}, {"token_type_hint": "refresh_token"}):
        answer = await app.send("POST", "/v1/token/revoke", data=form)
        assert (await assert_problem(answer, 400, "malformed"))["error"] == "invalid_request"


async def test_no_refresh_token_is_in_the_log(app: AuthApp, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    first = await log_in(app)
    second = await next_of(app, await next_of(app, first))
    await assert_refused(await app.refresh(first))
    said = "\n".join(str(record.__dict__) for record in caplog.records)
    assert "refresh-token-reused" in said
    assert not any(token[5:] in said or token[-43:] in said for token in (first, second))
