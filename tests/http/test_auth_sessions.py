"""Sessions on the server: who may ask for them, what they are exchanged for, and all the ways in which they end."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse

from auth_svc.sessions.sessions import ABSOLUTE_LIFETIME, IDLE_LIFETIME, TOUCH_INTERVAL
from common.tokens import ACCESS_TOKEN_LIFETIME, LEEWAY, PERSON_AUDIENCE
from common.web.sessions import EXCHANGE_LIFETIME
from tests.auth_app import PASSWORD, AuthApp, basic, bearer
from tests.problems import assert_problem

LOG_IN = {"username": "alice", "password": PASSWORD, "user_agent": "Test", "address": "127.0.0.1"}
CALLS: list[tuple[str, dict[str, str]]] = [
    ("/internal/sessions", LOG_IN),
    ("/internal/sessions/exchange", {"session": "x"}),
    ("/internal/sessions/end", {"session": "x"}),
]
SECOND = timedelta(seconds=1)


class Caller:
    """upload_svc, as auth_svc meets it."""

    def __init__(self, app: AuthApp, account_id: str) -> None:
        self.app = app
        self.account_id = account_id

    async def call(self, path: str, content: object) -> ClientResponse:
        headers = bearer(await self.app.service_token())
        return await self.app.send("POST", path, json=content, headers=headers)

    async def start(self) -> str:
        answer = await self.call("/internal/sessions", LOG_IN)
        assert answer.status == 201, await answer.text()
        content = await answer.json()
        assert content["lifetime_seconds"] == ABSOLUTE_LIFETIME.total_seconds()
        secret: str = content["session"]
        return secret

    async def exchange(self, secret: str) -> str | None:
        answer = await self.call("/internal/sessions/exchange", {"session": secret})
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
        token: str | None = (await answer.json())["access_token"]
        return token

    async def end(self, secret: str) -> None:
        answer = await self.call("/internal/sessions/end", {"session": secret})
        assert (answer.status, await answer.text()) == (204, "")

    async def sessions(self) -> int:
        return len(await self.app.execute("SELECT * FROM sessions"))


@pytest.fixture
async def caller(app: AuthApp) -> Caller:
    return Caller(app, await app.add_account("alice"))


@pytest.mark.any_database
@pytest.mark.parametrize(("path", "content"), CALLS)
async def test_a_services_own_token_is_needed(caller: Caller, path: str, content: object) -> None:
    app = caller.app
    persons = await app.person_token("alice")
    for headers in (
        {},
        bearer(persons),
        bearer("nonsense"),
        basic("upload", "u" * 32),
        {"Authorization": await app.service_token()},
        {"Cookie": f"vss_session={await caller.start()}"},
        {"Vss-Subject-Token": await app.service_token()},
    ):
        answer = await app.send("POST", path, json=content, headers=headers)
        if "Cookie" in headers:
            # A page's script that got here is refused before anybody asks who it is.
            await assert_problem(answer, 403, "cross-origin")
        else:
            await assert_problem(answer, 401, "unauthenticated")
    headers = bearer(await app.service_token())
    app.clock.advance(ACCESS_TOKEN_LIFETIME + LEEWAY)
    await assert_problem(await app.send("POST", path, json=content, headers=headers), 401, "unauthenticated")


async def test_a_session_is_exchanged_for_a_token_of_its_account_until_it_ends(caller: Caller) -> None:
    secret = await caller.start()
    token = await caller.exchange(secret)
    assert token is not None
    principal = await caller.app.verify(token, audience=PERSON_AUDIENCE)
    assert (principal.account_id, principal.username) == (caller.account_id, "alice")
    assert (await caller.app.send("GET", "/v1/me", headers=bearer(token))).status == 200
    other = await caller.start()
    await caller.end(secret)
    assert await caller.exchange(secret) is None
    await caller.end(secret)
    assert await caller.exchange(other)


async def test_each_log_in_has_a_secret_of_256_bits_and_the_database_only_its_hash(caller: Caller) -> None:
    secrets = {await caller.start() for _ in range(3)}
    assert len(secrets) == 3
    assert all(len(secret) == 43 for secret in secrets)
    rows = await caller.app.execute("SELECT * FROM sessions")
    assert {row.secret_hash for row in rows} == {hashlib.sha256(secret.encode()).hexdigest() for secret in secrets}
    assert {(row.user_agent, row.address) for row in rows} == {("Test", "127.0.0.1")}
    assert not any(secret in str(row) for row in rows for secret in secrets)


@pytest.mark.any_database
@pytest.mark.parametrize(("username", "password"), [("alice", "wrong"), ("nobody", PASSWORD), ("alice", ""), ("", "")])
async def test_a_wrong_log_in_is_refused_and_starts_nothing(caller: Caller, username: str, password: str) -> None:
    answer = await caller.call("/internal/sessions", {**LOG_IN, "username": username, "password": password})
    assert (await assert_problem(answer, 401, "unauthenticated"))["error"] == "invalid_grant"
    assert await caller.sessions() == 0


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("path", "content", "pointer"),
    [
        ("/internal/sessions", {**LOG_IN, "username": 5}, "#/username"),
        ("/internal/sessions", {**LOG_IN, "password": "x" * 1025}, "#/password"),
        ("/internal/sessions", {**LOG_IN, "user_agent": "x" * 256}, "#/user_agent"),
        ("/internal/sessions", {**LOG_IN, "address": None}, "#/address"),
        ("/internal/sessions", {**LOG_IN, "role": "admin"}, "#/role"),
        ("/internal/sessions/exchange", {}, "#/session"),
        ("/internal/sessions/exchange", {"session": "x" * 1025}, "#/session"),
        ("/internal/sessions/end", {"session": None}, "#/session"),
    ],
)
async def test_bad_input_is_named(caller: Caller, path: str, content: dict[str, Any], pointer: str) -> None:
    problem = await assert_problem(await caller.call(path, content), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_nothing_but_the_secret_of_a_session_is_exchanged(caller: Caller) -> None:
    secret = await caller.start()
    token = await caller.exchange(secret)
    assert token is not None
    for other in (
        "",
        "x",
        token,
        secret[:-1],
        secret + "A",
        secret.swapcase(),
        hashlib.sha256(secret.encode()).hexdigest(),
    ):
        assert await caller.exchange(other) is None
    # And the secret is no access token.
    await assert_problem(await caller.app.send("GET", "/v1/me", headers=bearer(secret)), 401, "unauthenticated")


async def test_a_session_that_is_not_used_ends(caller: Caller) -> None:
    secret = await caller.start()
    caller.app.clock.advance(IDLE_LIFETIME - SECOND)
    assert await caller.exchange(secret)
    caller.app.clock.advance(IDLE_LIFETIME - SECOND)
    assert await caller.exchange(secret)
    caller.app.clock.advance(IDLE_LIFETIME)
    assert await caller.exchange(secret) is None


async def test_a_session_ends_however_much_it_is_used(caller: Caller) -> None:
    secret = await caller.start()
    end = caller.app.clock.now + ABSOLUTE_LIFETIME
    while caller.app.clock.now < end - timedelta(days=5):
        caller.app.clock.advance(timedelta(days=5))
        assert (await caller.exchange(secret) is None) == (caller.app.clock.now >= end)
    caller.app.clock.now = end - SECOND
    assert await caller.exchange(secret)
    caller.app.clock.now = end
    assert await caller.exchange(secret) is None


async def test_use_is_written_down_only_now_and_then(caller: Caller) -> None:
    secret = await caller.start()

    async def last_seen() -> str:
        (row,) = await caller.app.execute("SELECT last_seen_at FROM sessions")
        return str(row.last_seen_at)

    before = await last_seen()
    caller.app.clock.advance(TOUCH_INTERVAL - SECOND)
    await caller.exchange(secret)
    assert await last_seen() == before
    caller.app.clock.advance(SECOND)
    await caller.exchange(secret)
    assert await last_seen() > before


async def test_a_new_log_in_clears_away_what_has_expired_of_this_account(caller: Caller) -> None:
    await caller.app.add_account("bob")
    await caller.start()
    await caller.call("/internal/sessions", {**LOG_IN, "username": "bob"})
    caller.app.clock.advance(ABSOLUTE_LIFETIME)
    await caller.start()
    rows = await caller.app.execute("SELECT account_id FROM sessions")
    assert sorted(row.account_id == caller.account_id for row in rows) == [False, True]


async def test_a_disabled_account_has_no_session_and_gets_none(caller: Caller) -> None:
    secret = await caller.start()
    await caller.app.disable(caller.account_id)
    assert await caller.exchange(secret) is None
    await assert_problem(await caller.call("/internal/sessions", LOG_IN), 401, "unauthenticated")


async def test_a_session_ended_by_another_service_is_over_here_within_half_a_minute(caller: Caller) -> None:
    cookie = await caller.app.log_in("alice")
    assert (await caller.app.send("GET", "/v1/me", cookie=cookie)).status == 200
    await caller.app.execute("DELETE FROM sessions")
    caller.app.clock.advance(EXCHANGE_LIFETIME)
    await assert_problem(await caller.app.send("GET", "/v1/me", cookie=cookie), 401, "unauthenticated")
    # The one that ends it forgets at once.
    cookie = await caller.app.log_in("alice")
    assert (await caller.app.send("GET", "/v1/me", cookie=cookie)).status == 200
    await caller.end(cookie)
    await assert_problem(await caller.app.send("GET", "/v1/me", cookie=cookie), 401, "unauthenticated")
