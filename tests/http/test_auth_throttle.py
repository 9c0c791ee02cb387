"""Log-ins that fail are counted, by name and by address, before anything is hashed."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import aiohttp
import argon2
import pytest
from aiohttp import ClientResponse

from auth_svc.accounts.store import Role
from auth_svc.app_keys import THROTTLE
from auth_svc.login.throttle import PER_ADDRESS, PER_NAME
from common.passwords import HASHER
from common.web.addresses import network_of
from tests.auth_app import COOKIE, PASSWORD, AuthApp, bearer, running_auth_app
from tests.html_pages import page_of
from tests.problems import assert_problem

pytestmark = pytest.mark.accounts("alice")

WRONG = "wrong"
SECOND = timedelta(seconds=1)


async def ask(app: AuthApp, username: str = "alice", password: str = WRONG) -> ClientResponse:
    return await app.ask(username, password)


async def log_in_from(app: AuthApp, address: str, username: str, password: str = WRONG) -> ClientResponse:
    """As upload_svc passes it on."""
    content = {"username": username, "password": password, "user_agent": "Test", "address": address}
    return await app.send("POST", "/internal/sessions", json=content, headers=bearer(await app.service_token()))


async def spend(app: AuthApp, username: str = "alice") -> None:
    for _ in range(PER_NAME.attempts):
        await assert_problem(await ask(app, username), 401, "unauthenticated")


async def test_after_so_many_wrong_ones_the_right_password_must_wait_too(app: AuthApp) -> None:
    await spend(app)
    for password in ("wrong", PASSWORD):
        answer = await ask(app, password=password)
        await assert_problem(answer, 429, "rate-limited")
        assert int(answer.headers["Retry-After"]) == PER_NAME.interval.total_seconds()
    app.clock.advance(PER_NAME.interval - SECOND)
    answer = await ask(app, password=PASSWORD)
    await assert_problem(answer, 429, "rate-limited")
    # What is promised holds: not a second longer.
    app.clock.advance(int(answer.headers["Retry-After"]) * SECOND)
    assert (await ask(app, password=PASSWORD)).status == 200


async def test_a_refused_attempt_makes_nobody_wait_longer(app: AuthApp) -> None:
    await spend(app)
    for _ in range(5):
        await assert_problem(await ask(app), 429, "rate-limited")
    app.clock.advance(PER_NAME.interval)
    await assert_problem(await ask(app), 401, "unauthenticated")
    await assert_problem(await ask(app), 429, "rate-limited")


@pytest.mark.any_database
async def test_a_log_in_makes_the_names_bucket_whole(app: AuthApp) -> None:
    for _ in range(3):
        for _ in range(PER_NAME.attempts - 1):
            await assert_problem(await ask(app), 401, "unauthenticated")
        assert (await ask(app, password=PASSWORD)).status == 200


@pytest.mark.any_database
async def test_names_have_buckets_of_their_own_however_they_are_typed(app: AuthApp) -> None:
    await app.add_account("bob")
    await spend(app)
    for username in ("ALICE", " alice "):
        await assert_problem(await ask(app, username, PASSWORD), 429, "rate-limited")
    assert (await ask(app, "bob", PASSWORD)).status == 200


@pytest.mark.any_database
async def test_a_name_that_nobody_has_is_refused_like_one_that_somebody_has(app: AuthApp) -> None:
    answers = []
    for username in ("alice", "nobody"):
        await spend(app, username)
        answer = await ask(app, username)
        answers.append((answer.status, answer.headers["Retry-After"], await answer.text()))
    assert answers[0] == answers[1]
    assert answers[0][0] == 429


@pytest.mark.any_database
async def test_a_disabled_account_does_not_show_by_its_bucket(app: AuthApp) -> None:
    await app.disable(await app.add_account("mallory"))
    for _ in range(PER_NAME.attempts):
        await assert_problem(await ask(app, "mallory", PASSWORD), 401, "unauthenticated")
    await assert_problem(await ask(app, "mallory", PASSWORD), 429, "rate-limited")


@pytest.mark.any_database
async def test_one_bucket_for_the_form_the_token_endpoint_and_the_pages_of_others(app: AuthApp) -> None:
    await spend(app)
    await assert_problem(await log_in_from(app, "192.0.2.1", "alice", PASSWORD), 429, "rate-limited")
    answer = await app.send("POST", "/login", data={"username": "alice", "password": PASSWORD})
    assert "Too many attempts" in (await page_of(answer, 429)).text
    assert int(answer.headers["Retry-After"]) >= 1
    assert not answer.cookies


async def exhaust_address(app: AuthApp, address: str) -> None:
    """Every attempt with another name, all at once."""
    token = await app.service_token()

    async def attempt(number: int) -> int:
        content = {"username": f"name-{number}", "password": "x" * 129, "user_agent": "", "address": address}
        return (await app.send("POST", "/internal/sessions", json=content, headers=bearer(token))).status

    statuses = await asyncio.gather(*(attempt(number) for number in range(PER_ADDRESS.attempts + 10)))
    assert sorted(statuses) == [401] * PER_ADDRESS.attempts + [429] * 10


@pytest.mark.any_database
async def test_an_address_that_tries_many_names_is_refused_and_others_are_not(app: AuthApp) -> None:
    await exhaust_address(app, "2001:db8::1")
    # The network of the same connection, and no other.
    answer = await log_in_from(app, "2001:db8::ffff:2", "alice", PASSWORD)
    await assert_problem(answer, 429, "rate-limited")
    assert int(answer.headers["Retry-After"]) == PER_ADDRESS.interval.total_seconds()
    for address in ("2001:db8:0:1::1", "192.0.2.1"):
        assert (await log_in_from(app, address, "alice", PASSWORD)).status == 201
    assert (await ask(app, password=PASSWORD)).status == 200
    # What its address may not try is not charged to the name.
    for _ in range(PER_NAME.attempts):
        await assert_problem(await log_in_from(app, "2001:db8::1", "alice"), 429, "rate-limited")
    assert (await log_in_from(app, "192.0.2.1", "alice", PASSWORD)).status == 201


@pytest.mark.any_database
async def test_log_ins_that_succeed_cost_an_address_nothing_and_clear_nothing_else(app: AuthApp) -> None:
    for _ in range(3):
        assert (await log_in_from(app, "192.0.2.1", "alice", PASSWORD)).status == 201
    await exhaust_address(app, "192.0.2.1")
    app.clock.advance(PER_ADDRESS.interval)
    assert (await log_in_from(app, "192.0.2.1", "alice", PASSWORD)).status == 201
    # It had one attempt, spent it and got it back: one more, and that was it.
    await assert_problem(await log_in_from(app, "192.0.2.1", "nobody"), 401, "unauthenticated")
    await assert_problem(await log_in_from(app, "192.0.2.1", "nobody"), 429, "rate-limited")


@pytest.mark.any_database
async def test_a_forwarded_address_is_believed_from_services_only(app: AuthApp) -> None:
    await exhaust_address(app, "192.0.2.1")
    for headers in ({"X-Forwarded-For": "192.0.2.1"}, {"Forwarded": "for=192.0.2.1"}, {"X-Real-IP": "192.0.2.1"}):
        form = {"grant_type": "password", "username": "alice", "password": PASSWORD}
        assert (await app.send("POST", "/v1/token", data=form, headers=headers)).status == 200
        login = {"username": "alice", "password": PASSWORD}
        assert (await app.send("POST", "/login", data=login, headers=headers)).status == 303


DEVICE = f"{COOKIE}_device"


async def log_in_as_device(app: AuthApp, device: str, username: str = "alice", password: str = PASSWORD) -> int:
    """The form, from a browser that has the cookie of an earlier log-in."""
    form = {"username": username, "password": password}
    return (await app.send("POST", "/login", data=form, headers={"Cookie": f"{DEVICE}={device}"})).status


async def device_of(app: AuthApp, username: str = "alice", **cookies: str) -> str:
    """What a browser has of a log-in, whatever it has done since."""
    form = {"username": username, "password": PASSWORD}
    headers = {"Cookie": "; ".join(f"{name}={content}" for name, content in cookies.items())}
    answer = await app.send("POST", "/login", data=form, headers=headers if cookies else None)
    assert answer.status == 303
    cookie = answer.cookies[DEVICE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert int(cookie["max-age"]) > timedelta(days=180).total_seconds()
    return cookie.value


@pytest.mark.any_database
async def test_a_device_that_has_logged_in_before_is_not_kept_out_by_strangers(app: AuthApp) -> None:
    device = await device_of(app)
    await exhaust_address(app, "127.0.0.1")
    for _ in range(PER_NAME.attempts):
        await assert_problem(await log_in_from(app, "192.0.2.1", "alice"), 401, "unauthenticated")
    await assert_problem(await log_in_from(app, "192.0.2.1", "alice"), 429, "rate-limited")
    for _ in range(2):
        # Neither by the account's bucket nor by the address's, and as often as it likes.
        assert await log_in_as_device(app, device) == 303
    await assert_problem(await ask(app, password=PASSWORD), 429, "rate-limited")
    # As upload_svc passes it on, and where the password is asked for again.
    content = {"username": "Alice", "password": PASSWORD, "user_agent": "", "address": "127.0.0.1"}
    headers = bearer(await app.service_token())
    answer = await app.send("POST", "/internal/sessions", json={**content, "known_device": device}, headers=headers)
    assert answer.status == 201
    assert (await answer.json())["known_device"] == device
    session = (await answer.json())["session"]
    headers = {"Cookie": f"{COOKIE}={session}; {DEVICE}={device}", "Origin": app.url}
    form = {"current_password": PASSWORD, "new_password": f"{PASSWORD} 2"}
    answer = await app.send("POST", "/account/password", data=form, headers=headers)
    assert answer.status == 303
    # What there was is of the old password; the browser that has changed it is as well known as before.
    assert await log_in_as_device(app, device, password=f"{PASSWORD} 2") == 429
    assert await log_in_as_device(app, answer.cookies[DEVICE].value, password=f"{PASSWORD} 2") == 303


@pytest.mark.any_database
async def test_what_a_device_tries_is_bounded_like_anybody_elses(app: AuthApp) -> None:
    device = await device_of(app)
    for _ in range(PER_NAME.attempts):
        assert await log_in_as_device(app, device, password=WRONG) == 401
    assert await log_in_as_device(app, device) == 429
    # It is its own bucket that is empty, and comes back as others do.
    assert (await ask(app, password=PASSWORD)).status == 200
    app.clock.advance(PER_NAME.interval)
    assert await log_in_as_device(app, device) == 303
    assert await log_in_as_device(app, device, password=WRONG) == 401


@pytest.mark.any_database
async def test_a_device_is_known_to_its_account_alone_until_the_password_is_another(app: AuthApp) -> None:
    await app.add_account("bob")
    of_alice, of_bob = await device_of(app), await device_of(app, "bob")
    forged = of_bob.split(".")[0] + "." + of_alice.split(".")[1]
    await spend(app)
    for other in (of_bob, forged, of_alice[:-1], of_alice.split(".")[0], ".", "x" * 200, "\x80"):
        assert await log_in_as_device(app, other) == 429
    assert await log_in_as_device(app, of_alice) == 303
    # It opens nothing.
    assert (await app.send("GET", "/v1/me", cookie=of_alice)).status == 401
    root = await app.add_account("root", role=Role.ADMIN)
    assert root
    (alice,) = await app.execute("SELECT id FROM accounts WHERE username = 'alice'")
    headers = bearer(await app.person_token("root"))
    content = {"password": PASSWORD + " 2"}
    assert (await app.send("PATCH", f"/v1/accounts/{alice.id}", json=content, headers=headers)).status == 200
    assert await log_in_as_device(app, of_alice, password=PASSWORD + " 2") == 429


@pytest.mark.any_database
async def test_a_device_keeps_its_name_as_long_as_it_is_known(app: AuthApp) -> None:
    device = await device_of(app)
    assert await device_of(app, **{DEVICE: device}) == device
    assert await device_of(app) != device


async def test_replicas_share_the_buckets_under_attempts_at_once(database_url: str) -> None:
    async with AsyncExitStack() as stack:
        apps = [await stack.enter_async_context(running_auth_app(database_url)) for _ in range(2)]
        for app in apps:
            app.clock.now = apps[0].clock.now
        answers = await asyncio.gather(*(ask(apps[number % 2], "nobody") for number in range(30)))
        statuses = sorted(answer.status for answer in answers)
        assert statuses == [401] * PER_NAME.attempts + [429] * (30 - PER_NAME.attempts)


@pytest.mark.any_database
async def test_a_refused_attempt_is_not_hashed(app: AuthApp, monkeypatch: pytest.MonkeyPatch) -> None:
    await spend(app)
    hashed: list[Any] = []
    monkeypatch.setattr(argon2.PasswordHasher, "verify", lambda *arguments: hashed.append(arguments))
    await assert_problem(await ask(app), 429, "rate-limited")
    assert hashed == []


async def test_what_was_typed_is_not_in_the_database_and_whole_buckets_are_dropped(app: AuthApp) -> None:
    throttle = app.app[THROTTLE]
    await throttle.forget_whole_buckets()
    await ask(app, "a password typed as a name")
    rows = await app.execute("SELECT * FROM login_throttle")
    assert len(rows) == 2
    assert not any("typed" in str(row) or "127.0.0.1" in str(row) for row in rows)
    assert await throttle.forget_whole_buckets() == 0
    app.clock.advance(PER_ADDRESS.interval)
    assert await throttle.forget_whole_buckets() == 1
    app.clock.advance(PER_NAME.interval)
    assert await throttle.forget_whole_buckets() == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:DB8:0:0:ffff::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_one_connection_is_one_address(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.any_database
@pytest.mark.parametrize("hasher", [HASHER])
async def test_a_storm_of_wrong_log_ins_leaves_other_requests_answered(app: AuthApp) -> None:
    token = await app.person_token("alice")

    async def me() -> int:
        return (await app.send("GET", "/v1/me", headers=bearer(token))).status

    async with aiohttp.ClientSession() as session:

        async def wrong(number: int) -> int:
            form = {"grant_type": "password", "username": f"name-{number}", "password": "wrong"}
            async with session.post(f"{app.url}/v1/token", data=form) as answer:
                return answer.status

        storm = asyncio.gather(*(wrong(number) for number in range(200)))
        others = await asyncio.gather(*(me() for _ in range(20)))
        statuses = await storm
    assert set(others) == {200}
    # Some may have been told to come again (503) while the few threads that hash were busy: all were answered.
    assert set(statuses) <= {401, 429, 503}
    assert statuses.count(401) <= PER_ADDRESS.attempts
