"""The token endpoint: what each grant gives, and every refusal of api.md's table as OAuth and RFC 9457 have it."""

from __future__ import annotations

import base64
import time
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse

from auth_svc.accounts.store import Role
from common.tokens import ACCESS_TOKEN_LIFETIME, LEEWAY, PERSON_AUDIENCE, SERVICE_AUDIENCE
from tests.auth_app import CLIENT_SECRETS, PASSWORD, AuthApp, basic, bearer
from tests.problems import assert_problem

pytestmark = pytest.mark.any_database

FORM = "application/x-www-form-urlencoded"


async def ask(app: AuthApp, *, headers: dict[str, str] | None = None, **body: Any) -> ClientResponse:
    return await app.send("POST", "/v1/token", headers=headers, **body)


async def assert_oauth_problem(answer: ClientResponse, status: int, code: str, error: str) -> None:
    problem = await assert_problem(answer, status, code)
    assert problem["error"] == error
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_person_gets_a_token_that_says_who_they_are(app: AuthApp) -> None:
    account_id = await app.add_account("alice")
    await app.execute("UPDATE accounts SET quota_bytes = 7 WHERE id = :id", id=account_id)
    for username in ("alice", "ALICE", " Alice "):
        form = {"grant_type": "password", "username": username, "password": PASSWORD}
        for encoding in ("data", "json"):
            answer = await ask(app, **{encoding: form})
            assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
            grant = await answer.json()
            assert set(grant) == {"access_token", "token_type", "expires_in", "refresh_token"}
            assert (grant["token_type"], grant["expires_in"]) == ("Bearer", 300)
            principal = await app.verify(grant["access_token"], audience=PERSON_AUDIENCE)
            assert (principal.account_id, principal.username, principal.role) == (account_id, "alice", "member")
            assert principal.quota_bytes == 7


async def test_an_administrator_without_a_limit_gets_a_token_that_says_so(app: AuthApp) -> None:
    await app.add_account("root", role=Role.ADMIN)
    principal = await app.verify(await app.person_token("root"), audience=PERSON_AUDIENCE)
    assert (principal.role, principal.quota_bytes) == ("admin", None)


@pytest.mark.parametrize(
    ("name", "scopes"),
    [
        (
            "upload",
            {
                "sessions",
                "departures",
                "administrators",
                "accounts:read",
                "objects:read",
                "objects:write",
                "objects:settle",
                "objects:hand-over",
                "objects:adopt",
                "derived:write",
                "upload-tokens",
            },
        ),
        ("stream", {"sessions", "departures", "accounts:read", "objects:read"}),
        ("media", {"jobs:work"}),
    ],
)
@pytest.mark.parametrize("encoding", ["data", "json"])
async def test_a_service_gets_a_token_for_services_with_its_own_scopes(
    app: AuthApp, name: str, scopes: set[str], encoding: str
) -> None:
    asked = {encoding: {"grant_type": "client_credentials"}}
    answer = await ask(app, headers=basic(name, CLIENT_SECRETS[name]), **asked)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    grant = await answer.json()
    assert set(grant) == {"access_token", "token_type", "expires_in"}
    principal = await app.verify(grant["access_token"], audience=SERVICE_AUDIENCE)
    assert (principal.account_id, principal.role, set(principal.scopes)) == (f"svc:{name}", "service", scopes)


async def test_unknown_disabled_and_wrong_get_the_same_answer(app: AuthApp) -> None:
    await app.add_account("alice")
    await app.disable(await app.add_account("mallory"))
    answers = []
    for username, password in (("alice", "wrong"), ("nobody", PASSWORD), ("mallory", PASSWORD), ("alice", "x" * 129)):
        answer = await app.ask(username, password)
        await assert_oauth_problem(answer, 401, "unauthenticated", "invalid_grant")
        headers = {name: value for name, value in answer.headers.items() if name not in ("X-Request-ID", "Date")}
        answers.append((await answer.text(), headers))
    assert all(answer == answers[0] for answer in answers)


async def test_unknown_disabled_and_wrong_take_the_same_time(app: AuthApp) -> None:
    await app.add_account("alice")
    await app.disable(await app.add_account("mallory"))
    quickest = {}
    for username, password in (("alice", "wrong"), ("nobody", PASSWORD), ("mallory", PASSWORD)):
        seconds = []
        for _ in range(7):
            before = time.process_time()
            assert (await app.ask(username, password)).status == 401
            seconds.append(time.process_time() - before)
        # Of this process alone, whatever else the machine does; and what it does besides can only make one slower.
        quickest[username] = min(seconds)
    # What is hashed takes several times as long as what is not.
    assert max(quickest.values()) < 2 * min(quickest.values()), quickest


async def test_a_password_counts_to_its_last_character(app: AuthApp) -> None:
    longest = "ä" * 127 + "b"
    await app.add_account("alice", longest)
    assert await app.person_token("alice", longest)
    for password in (longest[:-1], longest[:-1] + "c", longest + "b", longest.upper(), f" {longest}"):
        await assert_oauth_problem(await app.ask("alice", password), 401, "unauthenticated", "invalid_grant")


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"username": "alice", "password": PASSWORD},
        {"grant_type": "password"},
        {"grant_type": "password", "username": "alice"},
        {"grant_type": "password", "password": PASSWORD},
        {"grant_type": "password", "username": "alice", "password": ""},
        {"grant_type": "password", "username": "", "password": PASSWORD},
        {"grant_type": "password", "username": "alice", "password": "x" * 1025},
        {"grant_type": "refresh_token"},
        {"grant_type": "api_key"},
        {"grant_type": "api_key", "api_key": ""},
        {"grant_type": "refresh_token", "refresh_token": ""},
    ],
)
@pytest.mark.parametrize("encoding", ["data", "json"])
async def test_a_missing_field_is_an_invalid_request(app: AuthApp, form: dict[str, str], encoding: str) -> None:
    await assert_oauth_problem(await ask(app, **{encoding: form}), 400, "malformed", "invalid_request")


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("application/json", b"nonsense"),
        ("application/json", b'{"grant_type": "password", "grant_type": "password"}'),
        ("application/json", b'{"grant_type": "password", "username": 5, "password": true}'),
        ("application/json", b'{"grant_type": "password", "username": "\\ud800", "password": "x"}'),
        (FORM, b"grant_type=password&username=alice&username=bob&password=x"),
        (FORM, b"\xff\xfe"),
    ],
)
async def test_what_cannot_be_read_is_an_invalid_request(app: AuthApp, content_type: str, content: bytes) -> None:
    answer = await ask(app, data=content, headers={"Content-Type": content_type})
    await assert_oauth_problem(answer, 400, "malformed", "invalid_request")


async def test_another_content_type_is_not_read(app: AuthApp) -> None:
    answer = await ask(app, data=b"grant_type=password", headers={"Content-Type": "text/plain"})
    await assert_problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("grant_type", ["magic", "authorization_code", "implicit", "Password", "API_KEY"])
async def test_a_grant_that_is_not_there_is_named_so(app: AuthApp, grant_type: str) -> None:
    answer = await ask(app, data={"grant_type": grant_type})
    await assert_oauth_problem(answer, 400, "malformed", "unsupported_grant_type")


async def test_what_nobody_knows_is_passed_over(app: AuthApp) -> None:
    """RFC 6749, section 3.2: OAuth clients send more than we ask for."""
    await app.add_account("alice")
    form = {"grant_type": "password", "username": "alice", "password": PASSWORD, "client_id": "app", "audience": "x"}
    assert (await ask(app, data=form)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("upload", "wrong"),
        basic("upload", CLIENT_SECRETS["stream"]),
        basic("", ""),
        basic("nobody", CLIENT_SECRETS["upload"]),
        basic("Upload", CLIENT_SECRETS["upload"]),
        basic("upload", CLIENT_SECRETS["upload"] + "x"),
        basic("upload", "\u00fc" * 32),
        {"Authorization": "Basic"},
        {"Authorization": "Basic " + base64.b64encode(b"no colon").decode()},
        {"Authorization": "Digest " + base64.b64encode(b"upload:" + b"u" * 32).decode()},
        {"Authorization": CLIENT_SECRETS["upload"]},
    ],
)
async def test_a_client_that_cannot_show_who_it_is_is_an_invalid_client(app: AuthApp, headers: dict[str, str]) -> None:
    answer = await ask(app, data={"grant_type": "client_credentials"}, headers=headers)
    await assert_oauth_problem(answer, 401, "unauthenticated", "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


async def test_a_clients_secret_in_the_body_is_not_looked_at(app: AuthApp) -> None:
    form = {"grant_type": "client_credentials", "client_id": "upload", "client_secret": CLIENT_SECRETS["upload"]}
    await assert_oauth_problem(await ask(app, data=form), 401, "unauthenticated", "invalid_client")


async def test_a_service_is_no_person(app: AuthApp) -> None:
    answer = await app.ask("upload", CLIENT_SECRETS["upload"])
    await assert_oauth_problem(answer, 401, "unauthenticated", "invalid_grant")
    answer = await app.send("GET", "/v1/me", headers=bearer(await app.service_token()))
    await assert_problem(answer, 401, "unauthenticated")


async def test_who_asks_is_told_who_they_are_until_the_token_ends(app: AuthApp) -> None:
    account_id = await app.add_account("alice")
    headers = bearer(await app.person_token("alice"))
    answer = await app.send("GET", "/v1/me", headers=headers)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    created_at = (await app.account(account_id)).created_at.isoformat(timespec="milliseconds")
    assert await answer.json() == {
        "id": account_id,
        "username": "alice",
        "role": "member",
        "quota_bytes": None,
        "created_at": created_at.replace("+00:00", "Z"),
    }
    app.clock.advance(ACCESS_TOKEN_LIFETIME + LEEWAY - timedelta(seconds=1))
    assert (await app.send("GET", "/v1/me", headers=headers)).status == 200
    app.clock.advance(timedelta(seconds=1))
    await assert_problem(await app.send("GET", "/v1/me", headers=headers), 401, "unauthenticated")


async def test_nobody_is_told_nothing(app: AuthApp) -> None:
    await assert_problem(await app.send("GET", "/v1/me"), 401, "unauthenticated")
    for authorization in ("Bearer", "Bearer ", "Bearer a.b.c", "bearer x y", "Basic x", "", "Bearer \u00fc"):
        answer = await app.send("GET", "/v1/me", headers={"Authorization": authorization})
        await assert_problem(answer, 401, "unauthenticated")


async def test_a_token_of_an_account_that_is_gone_is_no_good(app: AuthApp) -> None:
    account_id = await app.add_account("alice")
    headers = bearer(await app.person_token("alice"))
    await app.execute("DELETE FROM refresh_tokens")
    await app.execute("DELETE FROM accounts WHERE id = :id", id=account_id)
    await assert_problem(await app.send("GET", "/v1/me", headers=headers), 401, "unauthenticated")
