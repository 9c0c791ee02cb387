"""`Idempotency-Key` on what auth_svc makes: sent again, a create makes nothing more and tells no secret twice."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ClientResponse

from auth_svc.accounts.store import Role
from tests.auth_app import AuthApp, bearer
from tests.problems import assert_problem

KEY = {"name": "backup", "scopes": ["read"]}
ACCOUNT = {"username": "carol", "role": "member"}
# The path, what is sent to it, another content, and the member that is a secret.
CREATES = [
    ("/v1/me/api-keys", KEY, {**KEY, "name": "another"}, "api_key"),
    ("/v1/accounts", ACCOUNT, {**ACCOUNT, "username": "dave"}, "set_password_url"),
]
every_create = pytest.mark.parametrize(("path", "content", "other", "secret"), CREATES)


@pytest.fixture(autouse=True)
async def _administrators(app: AuthApp) -> None:
    for username in ("alice", "bob"):
        await app.add_account(username, role=Role.ADMIN)


async def create(
    app: AuthApp, path: str, content: Any, *, key: str = "a-key", username: str = "alice"
) -> ClientResponse:
    headers = {**bearer(await app.person_token(username)), "Idempotency-Key": key}
    return await app.send("POST", path, json=content, headers=headers)


async def count(app: AuthApp, path: str) -> int:
    answer = await app.send("GET", path, headers=bearer(await app.person_token("alice")))
    return len((await answer.json())["items"])


@every_create
async def test_the_same_again_makes_nothing_more_and_tells_no_secret(
    app: AuthApp, path: str, content: Any, other: Any, secret: str
) -> None:
    before = await count(app, path)
    first, again = await create(app, path, content), await create(app, path, content)
    assert (first.status, again.status) == (201, 201)
    assert first.headers["Location"] == again.headers["Location"]
    told = await first.json()
    assert told.pop(secret)
    assert await again.json() == told
    assert await count(app, path) == before + 1
    # Another key, another one; the second account needs another name.
    assert (await create(app, path, other, key="another-key")).status == 201
    assert await count(app, path) == before + 2


@every_create
async def test_another_content_with_the_same_key_is_refused(
    app: AuthApp, path: str, content: Any, other: Any, secret: str
) -> None:
    assert secret in await (await create(app, path, content)).json()
    before = await count(app, path)
    await assert_problem(await create(app, path, other), 422, "idempotency-key-reused")
    assert await count(app, path) == before


async def test_a_key_is_one_persons_and_one_paths(app: AuthApp) -> None:
    assert (await create(app, "/v1/me/api-keys", KEY)).status == 201
    answer = await create(app, "/v1/me/api-keys", KEY, username="bob")
    assert "api_key" in await answer.json()
    answer = await create(app, "/v1/accounts", ACCOUNT)
    assert "set_password_url" in await answer.json()


async def test_nothing_secret_is_kept_for_it(app: AuthApp) -> None:
    made = await (await create(app, "/v1/me/api-keys", KEY)).json()
    with_password = {"username": "erin", "password": "a password nobody guesses"}
    assert (await create(app, "/v1/accounts", with_password, key="b")).status == 201
    rows = str(await app.execute("SELECT * FROM auth_idempotency_keys"))
    assert made["id"] in rows
    for secret in (made["api_key"], made["api_key"].removeprefix(made["prefix"]), with_password["password"]):
        assert secret not in rows
