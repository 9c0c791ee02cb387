"""Who did what is written down with what it tells, told to the log, without secrets, and dropped in time."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from auth_svc.accounts.store import Role
from auth_svc.app_keys import AUDIT
from auth_svc.login.throttle import PER_NAME
from tests.auth_app import PASSWORD, AuthApp, bearer

NEW = "another fine set of words"
Entry = tuple[str, str | None, str | None, dict[str, Any]]


async def entries(app: AuthApp) -> list[Entry]:
    """Action, actor, target and details, the first first.

    Entries of one moment have no order (ids are random), so a test must move the clock before each of its steps.
    """
    rows = await app.execute("SELECT * FROM audit ORDER BY at")
    assert len({row.at for row in rows}) == len(rows), "the clock stood still between two steps of this test"
    assert all(row.request_id for row in rows)
    return [(row.action, row.actor_id, row.target_id, json.loads(row.details)) for row in rows]


async def test_log_ins_and_refusals_are_written_down(app: AuthApp) -> None:
    alice = await app.add_account("alice")

    async def step(username: str, password: str) -> None:
        app.clock.advance(timedelta(seconds=1))
        await app.ask(username, password)

    await step("alice", PASSWORD)
    await step("alice", "wrong")
    await step("alice", "x" * 129)
    await step("a password typed as a name", "wrong")
    app.clock.advance(timedelta(seconds=1))
    await app.log_in("alice")
    assert await entries(app) == [
        ("log-in", alice, None, {"kind": "token"}),
        ("log-in-refused", None, alice, {}),
        ("log-in-refused", None, alice, {}),
        ("log-in-refused", None, None, {}),
        ("log-in", alice, None, {"kind": "session"}),
    ]
    rows = await app.execute("SELECT * FROM audit")
    assert {row.address for row in rows} == {"127.0.0.1"}
    assert not any("typed" in str(row) for row in rows)


async def test_a_flood_of_attempts_does_not_fill_the_log(app: AuthApp) -> None:
    for _ in range(PER_NAME.attempts + 5):
        await app.send("POST", "/login", data={"username": "nobody", "password": "wrong"})
    assert len(await app.execute("SELECT id FROM audit")) == PER_NAME.attempts


async def test_what_administrators_and_owners_do_is_written_down_without_secrets(
    app: AuthApp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    root = await app.add_account("root", role=Role.ADMIN)
    headers = bearer(await app.person_token("root"))

    async def call(method: str, path: str, content: object = None) -> Any:
        app.clock.advance(timedelta(seconds=1))
        answer = await app.send(method, path, json=content, headers=headers)
        assert answer.status < 300, await answer.text()
        return await answer.json() if await answer.text() else None

    bob = await call("POST", "/v1/accounts", {"username": "bob", "quota_bytes": 7})
    await call("PATCH", f"/v1/accounts/{bob['id']}", {"role": "admin", "password": NEW})
    link = await call("POST", "/v1/accounts", {"username": "eve"})
    token = parse_qs(urlsplit(link["set_password_url"]).query)["token"][0]
    app.clock.advance(timedelta(seconds=1))
    await app.send("POST", "/account/set-password", data={"token": token, "password": NEW})
    key = await call("POST", "/v1/me/api-keys", {"name": "A program", "scopes": ["read"]})
    for _ in range(2):
        app.clock.advance(timedelta(seconds=1))
        await app.exchange(key["api_key"])
    await call("DELETE", f"/v1/me/api-keys/{key['id']}")
    app.clock.advance(timedelta(seconds=1))
    await app.log_in("root")
    (session,) = (await call("GET", "/v1/me/sessions"))["items"]
    await call("DELETE", f"/v1/me/sessions/{session['id']}")
    await call("POST", "/v1/me/password", {"current_password": PASSWORD, "new_password": NEW})
    of_key = {"key_id": key["id"], "prefix": key["prefix"]}
    made = {"disabled": False, "role": "member"}
    assert await entries(app) == [
        ("log-in", root, None, {"kind": "token"}),
        ("account-made", root, bob["id"], {**made, "username": "bob", "quota_bytes": 7}),
        ("account-changed", root, bob["id"], {"role": "admin", "password": "changed", "api_keys": "ended"}),
        ("account-made", root, link["id"], {**made, "username": "eve", "quota_bytes": None}),
        ("password-chosen", link["id"], link["id"], {"api_keys": "ended"}),
        ("api-key-made", root, root, {**of_key, "scopes": "read"}),
        # Once a minute at most.
        ("api-key-used", root, root, of_key),
        ("api-key-deleted", root, root, {"key_id": key["id"]}),
        ("log-in", root, None, {"kind": "session"}),
        ("session-ended", root, root, {}),
        ("password-changed", root, root, {"end_api_keys": False}),
    ]
    told = [record.__dict__ for record in caplog.records if record.name == "common.audit"]
    assert [line["action"] for line in told] == [entry[0] for entry in await entries(app)]
    said = str(told) + str(await app.execute("SELECT * FROM audit"))
    assert not any(secret in said for secret in (PASSWORD, NEW, token, key["api_key"]))


async def test_what_did_not_happen_is_not_written_down(app: AuthApp) -> None:
    root = await app.add_account("root", role=Role.ADMIN)
    headers = bearer(await app.person_token("root"))
    for method, path, content in (
        ("PATCH", f"/v1/accounts/{root}", {"role": "member"}),
        ("POST", "/v1/accounts", {"username": "root", "password": NEW}),
        ("DELETE", f"/v1/me/api-keys/{'a' * 26}", None),
        ("DELETE", f"/v1/me/sessions/{'0' * 32}", None),
        ("POST", "/v1/me/password", {"current_password": "wrong", "new_password": NEW}),
    ):
        assert (await app.send(method, path, json=content, headers=headers)).status >= 400
    assert [entry[0] for entry in await entries(app)] == ["log-in"]


async def test_entries_go_after_their_time(app: AuthApp) -> None:
    await app.add_account("alice")
    await app.person_token("alice")
    kept = timedelta(days=90)
    app.clock.advance(kept)
    assert await app.app[AUDIT].forget_old(kept) == 0
    app.clock.advance(timedelta(seconds=1))
    assert await app.app[AUDIT].forget_old(kept) == 1
    assert await entries(app) == []
