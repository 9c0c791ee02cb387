"""API keys: shown once, exchanged for tokens of their scopes, expiring, and no tokens themselves; on both databases."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse

from auth_svc.api_keys.api_keys import TOUCH_INTERVAL
from common.clock import rfc3339
from common.tokens import PERSON_AUDIENCE
from tests.auth_app import AuthApp, bearer
from tests.problems import assert_problem

pytestmark = pytest.mark.accounts("alice", "bob")
SECOND = timedelta(seconds=1)


class Owner:
    """Somebody with a token for everything."""

    def __init__(self, app: AuthApp, username: str) -> None:
        self.app = app
        self.username = username

    async def call(self, method: str, path: str, **more: Any) -> ClientResponse:
        headers = bearer(await self.app.person_token(self.username))
        return await self.app.send(method, f"/v1/me/api-keys{path}", headers=headers, **more)

    async def add(self, **fields: Any) -> dict[str, Any]:
        answer = await self.call("POST", "", json={"name": "A program", **fields})
        assert answer.status == 201, await answer.text()
        made: dict[str, Any] = await answer.json()
        assert answer.headers["Location"] == f"/v1/me/api-keys/{made['id']}"
        return made

    async def items(self) -> list[dict[str, Any]]:
        answer = await self.call("GET", "")
        assert answer.status == 200
        found: list[dict[str, Any]] = (await answer.json())["items"]
        return found

    async def token(self, api_key: str) -> str:
        answer = await self.app.exchange(api_key)
        assert answer.status == 200, await answer.text()
        granted = await answer.json()
        assert set(granted) == {"access_token", "token_type", "expires_in"}
        token: str = granted["access_token"]
        return token


@pytest.fixture
def alice(app: AuthApp) -> Owner:
    return Owner(app, "alice")


async def assert_refused(answer: ClientResponse) -> None:
    assert (await assert_problem(answer, 401, "unauthenticated"))["error"] == "invalid_grant"


async def test_the_secret_is_shown_once_and_kept_as_a_hash(alice: Owner) -> None:
    made = await alice.add(name="  Backup of the server ")
    secret = made.pop("api_key")
    assert re.fullmatch("vss_[a-z2-7]{52}", secret)
    assert made == {
        "id": made["id"],
        "name": "Backup of the server",
        "prefix": secret[:10],
        "scopes": ["read", "upload"],
        "created_at": rfc3339(alice.app.clock.now),
        "expires_at": None,
        "last_used_at": None,
    }
    assert await alice.items() == [made]
    (row,) = await alice.app.execute("SELECT * FROM api_keys")
    assert row.secret_hash == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in str(row)


@pytest.mark.any_database
@pytest.mark.parametrize("scopes", [["read"], ["upload"], ["upload", "read"], ["all"]])
async def test_a_token_has_the_scopes_of_its_key_and_is_the_owners(alice: Owner, scopes: list[str]) -> None:
    key = await alice.add(scopes=scopes)
    principal = await alice.app.verify(await alice.token(key["api_key"]), audience=PERSON_AUDIENCE)
    assert (principal.username, principal.role, set(principal.scopes)) == ("alice", "member", set(scopes))


async def test_last_use_is_shown_to_the_minute(alice: Owner) -> None:
    key = await alice.add()
    first = alice.app.clock.now
    for _ in range(2):
        await alice.token(key["api_key"])
        assert [item["last_used_at"] for item in await alice.items()] == [rfc3339(first)]
        alice.app.clock.advance(TOUCH_INTERVAL - SECOND)
    alice.app.clock.advance(SECOND)
    await alice.token(key["api_key"])
    assert [item["last_used_at"] for item in await alice.items()] == [rfc3339(alice.app.clock.now)]


async def test_a_key_ends_when_it_says_and_when_it_is_deleted_and_with_its_account(alice: Owner) -> None:
    app = alice.app
    end = app.clock.now + timedelta(days=1)
    ending = await alice.add(expires_at=rfc3339(end))
    deleted, kept = await alice.add(), await alice.add()
    assert ending["expires_at"] == rfc3339(end)
    assert (await alice.call("DELETE", f"/{deleted['id']}")).status == 204
    await assert_refused(await alice.app.exchange(deleted["api_key"]))
    await assert_problem(await alice.call("DELETE", f"/{deleted['id']}"), 404, "not-found")
    app.clock.now = end - SECOND
    await alice.token(ending["api_key"])
    app.clock.now = end
    await assert_refused(await alice.app.exchange(ending["api_key"]))
    await alice.token(kept["api_key"])
    assert {item["id"] for item in await alice.items()} == {ending["id"], kept["id"]}
    await app.execute("UPDATE accounts SET is_disabled = 1")
    await assert_refused(await alice.app.exchange(kept["api_key"]))


async def test_nothing_else_is_taken_for_a_key_and_a_key_for_nothing_else(alice: Owner) -> None:
    secret = (await alice.add(scopes=["all"]))["api_key"]
    granted = await alice.app.grant("alice")
    hashed = hashlib.sha256(secret.encode()).hexdigest()
    for other in (secret[:-1], secret + "a", secret.upper(), hashed, "vss_" + hashed, granted["refresh_token"], "ü"):
        await assert_refused(await alice.app.exchange(other))
    await assert_problem(await alice.app.send("GET", "/v1/me", headers=bearer(secret)), 401, "unauthenticated")
    await assert_problem(await alice.app.send("GET", "/v1/me", cookie=secret), 401, "unauthenticated")
    await assert_problem(await alice.app.refresh(secret), 400, "malformed")


async def test_anothers_key_is_not_there(alice: Owner) -> None:
    key = await alice.add()
    bob = Owner(alice.app, "bob")
    assert await bob.items() == []
    for key_id in (key["id"], key["id"].upper(), "x", "%"):
        await assert_problem(await bob.call("DELETE", f"/{key_id}"), 404, "not-found")
    await alice.token(key["api_key"])
    for method in ("GET", "POST"):
        await assert_problem(await alice.app.send(method, "/v1/me/api-keys"), 401, "unauthenticated")


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": ""}, "#/name"),
        ({"name": "x" * 101}, "#/name"),
        ({"name": "a\u202eb"}, "#/name"),
        ({"scopes": []}, "#/scopes"),
        ({"scopes": ["admin"]}, "#/scopes/0"),
        ({"scopes": "all"}, "#/scopes"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "#/expires_at"),
        ({"expires_at": "2030-01-01T00:00:00"}, "#/expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-12:00"}, "#/expires_at"),
        ({"expires_at": "soon"}, "#/expires_at"),
        ({"prefix": "vss_"}, "#/prefix"),
    ],
)
async def test_bad_input_is_named(alice: Owner, fields: dict[str, Any], pointer: str) -> None:
    answer = await alice.call("POST", "", json={"name": "A program", **fields})
    problem = await assert_problem(answer, 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert await alice.items() == []


async def test_a_key_for_less_than_all_cannot_manage_the_account(alice: Owner) -> None:
    """Neither make itself a wider key, nor change the password, nor read where its owner is logged in."""
    key = await alice.add(scopes=["read", "upload"])
    headers = bearer(await alice.token(key["api_key"]))
    assert (await alice.app.send("GET", "/v1/me", headers=headers)).status == 200
    for method, path in (
        ("POST", "/v1/me/api-keys"),
        ("GET", "/v1/me/api-keys"),
        ("DELETE", f"/v1/me/api-keys/{key['id']}"),
        ("POST", "/v1/me/password"),
        ("GET", "/v1/me/sessions"),
        ("DELETE", f"/v1/me/sessions/{'0' * 32}"),
    ):
        answer = await alice.app.send(method, path, headers=headers, json={})
        await assert_problem(answer, 403, "forbidden")
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'
    wide = bearer(await alice.token((await alice.add(scopes=["all"]))["api_key"]))
    assert (await alice.app.send("GET", "/v1/me/api-keys", headers=wide)).status == 200


async def test_no_key_is_in_the_log(alice: Owner, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    secret = (await alice.add())["api_key"]
    await alice.token(secret)
    await assert_refused(await alice.app.exchange(secret[:-1]))
    assert not any(secret[10:-1] in str(record.__dict__) for record in caplog.records)
