"""Passwords: what one may be, changing it, what that ends, and hashes that keep up with their parameters."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import ClientResponse
from argon2 import PasswordHasher, extract_parameters

from auth_svc.accounts.passwords import fault_of_new_password
from auth_svc.login.throttle import PER_NAME
from common.passwords import HASHER
from common.tokens import ACCESS_TOKEN_LIFETIME, LEEWAY
from common.web.sessions import EXCHANGE_LIFETIME
from tests.auth_app import CHEAP, PASSWORD, AuthApp, bearer
from tests.problems import assert_problem

pytestmark = pytest.mark.accounts("alice")

NEW = "another fine set of words"


async def change(app: AuthApp, token: str, current: str = PASSWORD, new: str = NEW) -> ClientResponse:
    content = {"current_password": current, "new_password": new}
    return await app.send("POST", "/v1/me/password", json=content, headers=bearer(token))


async def ask(app: AuthApp, password: str) -> int:
    return (await app.ask("alice", password)).status


async def me(app: AuthApp, cookie: str) -> int:
    return (await app.send("GET", "/v1/me", cookie=cookie)).status


async def test_the_new_password_counts_from_now_on_and_the_old_one_no_more(app: AuthApp) -> None:
    answer = await change(app, await app.person_token("alice"))
    assert (answer.status, await answer.text()) == (204, "")
    assert [await ask(app, PASSWORD), await ask(app, NEW)] == [401, 200]


async def test_every_refresh_token_is_over_at_once_and_every_other_session_within_half_a_minute(app: AuthApp) -> None:
    await app.add_account("bob")
    bobs = [await app.log_in("bob"), (await app.grant("bob"))["refresh_token"]]
    granted = [await app.grant("alice") for _ in range(2)]
    own, other = [await app.log_in("alice") for _ in range(2)]
    assert [await me(app, cookie) for cookie in (own, other)] == [200, 200]
    content = {"current_password": PASSWORD, "new_password": NEW}
    headers = {"Origin": app.url}
    answer = await app.send("POST", "/v1/me/password", json=content, cookie=own, headers=headers)
    assert answer.status == 204
    for tokens in granted:
        problem = await assert_problem(await app.refresh(tokens["refresh_token"]), 400, "malformed")
        assert problem["error"] == "invalid_grant"
    app.clock.advance(EXCHANGE_LIFETIME)
    assert [await me(app, cookie) for cookie in (own, other)] == [200, 401]
    # And nobody else's.
    assert await me(app, bobs[0]) == 200
    assert (await app.refresh(bobs[1])).status == 200
    # An access token lives out its five minutes, and not longer.
    app.clock.advance(ACCESS_TOKEN_LIFETIME + LEEWAY)
    answer = await app.send("GET", "/v1/me", headers=bearer(granted[0]["access_token"]))
    await assert_problem(answer, 401, "unauthenticated")


async def test_asked_with_a_token_no_session_stays(app: AuthApp) -> None:
    cookie = await app.log_in("alice")
    content = {"current_password": PASSWORD, "new_password": NEW}
    headers = bearer(await app.person_token("alice"))
    answer = await app.send("POST", "/v1/me/password", json=content, headers=headers, cookie=cookie)
    assert answer.status == 204
    assert await me(app, cookie) == 401


@pytest.mark.any_database
@pytest.mark.parametrize("current", ["wrong", "", PASSWORD.upper(), "x" * 129])
async def test_without_the_current_password_nothing_changes(app: AuthApp, current: str) -> None:
    cookie = await app.log_in("alice")
    answer = await change(app, await app.person_token("alice"), current)
    problem = await assert_problem(answer, 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == ["#/current_password"]
    assert (await ask(app, PASSWORD), await me(app, cookie)) == (200, 200)


async def test_guessing_the_current_password_is_throttled_like_a_log_in(app: AuthApp) -> None:
    token = await app.person_token("alice")
    for _ in range(PER_NAME.attempts):
        await assert_problem(await change(app, token, "wrong"), 422, "invalid")
    await assert_problem(await change(app, token), 429, "rate-limited")
    assert await ask(app, PASSWORD) == 429


async def test_nobody_without_a_log_in_changes_anything(app: AuthApp) -> None:
    content = {"current_password": PASSWORD, "new_password": NEW}
    await assert_problem(await app.send("POST", "/v1/me/password", json=content), 401, "unauthenticated")
    cookie = await app.log_in("alice")
    answer = await app.send("POST", "/v1/me/password", json=content, cookie=cookie)
    await assert_problem(answer, 403, "cross-origin")
    token = await app.person_token("alice")
    await app.execute("UPDATE accounts SET is_disabled = 1")
    await assert_problem(await change(app, token), 401, "unauthenticated")


@pytest.mark.any_database
@pytest.mark.parametrize("new", ["", "short", "1234567", "x" * 129, "password", "Password", "12345678", "iloveyou"])
async def test_a_password_that_may_not_be_is_refused(app: AuthApp, new: str) -> None:
    problem = await assert_problem(await change(app, await app.person_token("alice"), new=new), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == ["#/new_password"]
    assert await ask(app, PASSWORD) == 200


@pytest.mark.any_database
@pytest.mark.parametrize("new", ["x" * 128, "ä" * 8, "zufällig gewählt", " leading and trailing ", "\U0001f3ac" * 8])
async def test_a_password_may_be_any_other_text(app: AuthApp, new: str) -> None:
    assert (await change(app, await app.person_token("alice"), new=new)).status == 204
    assert await ask(app, new) == 200


def test_a_user_name_is_no_password() -> None:
    assert fault_of_new_password("Margarete", username="margarete")
    assert fault_of_new_password("margarete and more", username="margarete") is None


async def test_changes_at_once_are_one_change(app: AuthApp) -> None:
    token = await app.person_token("alice")
    answers = await asyncio.gather(*(change(app, token, new=f"{NEW} {number}") for number in range(4)))
    statuses = [answer.status for answer in answers]
    assert sorted(statuses) == [204, 422, 422, 422]
    assert await ask(app, f"{NEW} {statuses.index(204)}") == 200


async def stored_hash(app: AuthApp) -> str:
    (row,) = await app.execute("SELECT password_hash FROM accounts")
    text: str = row.password_hash
    return text


@pytest.mark.parametrize("hasher", [HASHER])
async def test_a_hash_has_todays_parameters_after_a_log_in(app: AuthApp) -> None:
    todays = extract_parameters(await stored_hash(app))
    assert (todays.memory_cost, todays.time_cost, todays.parallelism) == (19 * 1024, 2, 1)
    await app.execute("UPDATE accounts SET password_hash = :weak", weak=CHEAP.hash(PASSWORD))
    session = await app.log_in("alice")
    hashed = await stored_hash(app)
    assert extract_parameters(hashed) == todays
    assert await me(app, session) == 200
    # A wrong one changes nothing, and a right one with today's parameters neither.
    assert [await ask(app, "wrong"), await ask(app, PASSWORD)] == [401, 200]
    assert await stored_hash(app) == hashed


async def test_rules_are_asked_when_a_password_is_set_and_never_at_log_in(app: AuthApp) -> None:
    await app.execute("UPDATE accounts SET password_hash = :weak", weak=PasswordHasher().hash("admin"))
    assert await ask(app, "admin") == 200


async def test_no_password_is_in_the_log(app: AuthApp, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    token = await app.person_token("alice")
    for arguments in ({"current": "a wrong one"}, {"new": "password"}, {}):
        known: dict[str, Any] = arguments
        await change(app, token, **known)
    said = "\n".join(str(record.__dict__) for record in caplog.records)
    assert not any(word in said for word in (PASSWORD, NEW, "a wrong one"))
