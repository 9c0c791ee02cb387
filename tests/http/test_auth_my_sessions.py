"""Where somebody is logged in: listed with device and last use, ended one by one; on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from auth_svc.sessions.sessions import ABSOLUTE_LIFETIME, IDLE_LIFETIME, TOUCH_INTERVAL
from common.clock import rfc3339
from common.web.sessions import EXCHANGE_LIFETIME
from tests.auth_app import AuthApp, bearer
from tests.problems import assert_problem

pytestmark = pytest.mark.accounts("alice", "bob")


async def listed(app: AuthApp, *, cookie: str | None = None, token: str | None = None, query: str = "") -> Any:
    headers = {} if token is None else bearer(token)
    answer = await app.send("GET", f"/v1/me/sessions{query}", cookie=cookie, headers=headers)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def end(app: AuthApp, cookie: str, session_id: str) -> Any:
    headers = {"Origin": app.url}
    return await app.send("DELETE", f"/v1/me/sessions/{session_id}", cookie=cookie, headers=headers)


async def test_a_session_is_shown_with_device_and_last_use(app: AuthApp) -> None:
    begun = app.clock.now
    phone = await app.log_in("alice", **{"User-Agent": "A phone"})
    app.clock.advance(TOUCH_INTERVAL)
    desk = await app.log_in("alice", **{"User-Agent": "A desk"})
    await app.log_in("bob")
    content = await listed(app, cookie=phone)
    assert content["next_cursor"] is None
    newer, older = content["items"]
    assert set(newer) == {"id", "created_at", "last_seen_at", "user_agent", "address", "current"}
    assert (newer["user_agent"], newer["current"], newer["address"]) == ("A desk", False, "127.0.0.1")
    assert (older["user_agent"], older["current"]) == ("A phone", True)
    assert older["created_at"] == rfc3339(begun)
    assert older["last_seen_at"] == newer["created_at"] == rfc3339(app.clock.now)
    # Nothing shown opens anything.
    for secret in (newer["id"], older["id"]):
        await assert_problem(await app.send("GET", "/v1/me", cookie=secret), 401, "unauthenticated")
    assert not any(secret in str(content) for secret in (phone, desk))
    token = await app.person_token("alice")
    assert [session["current"] for session in (await listed(app, token=token, cookie=phone))["items"]] == [False, False]


async def test_one_is_ended_and_the_others_go_on(app: AuthApp) -> None:
    own, lost = [await app.log_in("alice") for _ in range(2)]
    assert (await app.send("GET", "/v1/me", cookie=lost)).status == 200
    (other,) = [session for session in (await listed(app, cookie=own))["items"] if not session["current"]]
    assert (await end(app, own, other["id"])).status == 204
    await assert_problem(await end(app, own, other["id"]), 404, "not-found")
    app.clock.advance(EXCHANGE_LIFETIME)
    await assert_problem(await app.send("GET", "/v1/me", cookie=lost), 401, "unauthenticated")
    assert [session["current"] for session in (await listed(app, cookie=own))["items"]] == [True]


async def test_anothers_session_is_not_there(app: AuthApp) -> None:
    alices, bobs = await app.log_in("alice"), await app.log_in("bob")
    (session,) = (await listed(app, cookie=alices))["items"]
    for session_id in (session["id"], session["id"][:-1], session["id"].upper(), "%", "x" * 32, "0" * 32):
        await assert_problem(await end(app, bobs, session_id), 404, "not-found")
    await assert_problem(await app.send("GET", "/v1/me/sessions"), 401, "unauthenticated")
    answer = await app.send("DELETE", f"/v1/me/sessions/{session['id']}", cookie=alices)
    await assert_problem(answer, 403, "cross-origin")
    assert len((await listed(app, cookie=alices))["items"]) == 1


async def test_what_has_run_out_is_not_listed(app: AuthApp) -> None:
    await app.log_in("alice")
    app.clock.advance(IDLE_LIFETIME)
    token = await app.person_token("alice")
    assert (await listed(app, token=token))["items"] == []
    await app.log_in("alice")
    await app.execute("UPDATE sessions SET last_seen_at = '2100-01-01 00:00:00.000000'")
    app.clock.advance(ABSOLUTE_LIFETIME - timedelta(seconds=1))
    token = await app.person_token("alice")
    assert len((await listed(app, token=token))["items"]) == 1
    app.clock.advance(timedelta(seconds=1))
    assert (await listed(app, token=token))["items"] == []


async def test_pages_hold_each_session_once(app: AuthApp) -> None:
    for number in range(5):
        await app.log_in("alice")
        # Some at the same instant.
        app.clock.advance(timedelta(seconds=number % 2))
    token = await app.person_token("alice")
    seen: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await listed(app, token=token, query=f"?limit=2{cursor}")
        seen += page["items"]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert len({session["id"] for session in seen}) == len(seen) == 5
    assert sorted((session["created_at"] for session in seen), reverse=True) == [s["created_at"] for s in seen]
    for query in ("?limit=0", "?limit=101", "?cursor=x"):
        answer = await app.send("GET", f"/v1/me/sessions{query}", headers=bearer(token))
        await assert_problem(answer, 422, "invalid")
