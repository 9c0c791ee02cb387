"""Deleted accounts at auth_svc: who may delete, what ends, and how long that is remembered. On both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from auth_svc.accounts.deletions import GRACE
from auth_svc.accounts.store import Role
from common.ids import new_id
from tests.auth_app import PASSWORD, AuthApp, bearer
from tests.problems import assert_problem

SECOND = timedelta(seconds=1)


async def delete(app: AuthApp, by: str, account_id: str, query: str = "") -> Any:
    headers = bearer(await app.person_token(by))
    return await app.send("DELETE", f"/v1/accounts/{account_id}{query}", headers=headers)


async def departures(app: AuthApp, service: str = "upload") -> list[dict[str, Any]]:
    headers = bearer(await app.service_token(service))
    answer = await app.send("GET", "/internal/departures", headers=headers)
    assert answer.status == 200, await answer.text()
    items: list[dict[str, Any]] = (await answer.json())["items"]
    return items


async def report(app: AuthApp, service: str, account_id: str) -> None:
    headers = bearer(await app.service_token(service))
    answer = await app.send("POST", f"/internal/departures/{account_id}/settled", headers=headers)
    assert answer.status == 204, await answer.text()


async def test_a_departure_is_remembered_until_everybody_has_settled_it_after_the_last_token_ended(
    app: AuthApp,
) -> None:
    root = await app.add_account("root", role=Role.ADMIN)
    alice, bob = await app.add_account("alice"), await app.add_account("bob")
    assert (await delete(app, "root", alice, "?videos=delete")).status == 204
    assert (await delete(app, "root", bob)).status == 204
    gone = {"account_id": alice, "new_owner": None}
    handed = {"account_id": bob, "new_owner": {"id": root, "username": "root"}}
    for service in ("upload", "stream"):
        found = await departures(app, service)
        assert sorted(found, key=lambda item: str(item["new_owner"])) == [gone, handed]
    # Who is about to be handed over, or deleted, is seen by nobody meanwhile.
    disabled = await app.send("GET", "/internal/accounts/disabled", headers=bearer(await app.service_token("stream")))
    assert (await disabled.json())["ids"] == sorted([alice, bob])
    app.clock.advance(GRACE)
    for service in ("upload", "stream"):
        await report(app, service, alice)
    assert gone in await departures(app)
    app.clock.advance(SECOND)
    for _ in range(2):
        await report(app, "upload", alice)
    assert gone in await departures(app)
    await report(app, "stream", alice)
    assert await departures(app) == [handed]
    # What is not there is settled.
    await report(app, "stream", alice)


async def test_who_may_not_and_what_cannot_be(app: AuthApp) -> None:
    root = await app.add_account("root", role=Role.ADMIN)
    alice = await app.add_account("alice")
    await assert_problem(await delete(app, "alice", root), 403, "forbidden")
    await assert_problem(await delete(app, "alice", alice), 403, "forbidden")
    for account_id, query, pointer in (
        (alice, "?heir=nobody", "#/heir"),
        (alice, f"?heir={alice}", "#/heir"),
        (alice, "?videos=keep", "#/videos"),
        (root, "", "#/heir"),
    ):
        problem = await assert_problem(await delete(app, "root", account_id, query), 422, "invalid")
        assert [fault["pointer"] for fault in problem["errors"]] == [pointer]
    await assert_problem(await delete(app, "root", root, "?videos=delete"), 409, "last-administrator")
    await assert_problem(await delete(app, "root", root, f"?heir={alice}"), 409, "last-administrator")
    await assert_problem(await delete(app, "root", new_id()), 404, "not-found")
    for method, path in (("GET", "/internal/departures"), ("POST", f"/internal/departures/{alice}/settled")):
        token = await app.person_token("root")
        await assert_problem(await app.send(method, path, headers=bearer(token)), 401, "unauthenticated")
    assert await departures(app) == []
    assert (await app.account(alice)).username == "alice"


async def test_the_second_deletion_finds_nothing_and_the_last_two_administrators_never_both_go(app: AuthApp) -> None:
    ids = [await app.add_account(name, role=Role.ADMIN) for name in ("one", "two")]
    tokens = [await app.person_token(name) for name in ("one", "two")]
    answers = await asyncio.gather(
        *(
            app.send("DELETE", f"/v1/accounts/{account_id}?videos=delete", headers=bearer(token))
            for account_id, token in zip(ids, tokens, strict=True)
        )
    )
    assert sorted(answer.status for answer in answers) in ([204, 403], [204, 409])
    assert [row.n for row in await app.execute("SELECT COUNT(*) AS n FROM accounts")] == [1]


async def test_a_log_in_at_the_same_time_leaves_nothing_behind(app: AuthApp) -> None:
    await app.add_account("root", role=Role.ADMIN)
    alice = await app.add_account("alice")
    form = {"grant_type": "password", "username": "alice", "password": PASSWORD}
    token = await app.person_token("root")
    log_ins = [app.send("POST", "/v1/token", data=form) for _ in range(4)]
    removal = app.send("DELETE", f"/v1/accounts/{alice}", headers=bearer(token))
    *answers, deleted = await asyncio.gather(*log_ins, removal)
    assert deleted.status == 204
    assert {answer.status for answer in answers} <= {200, 401}
    for table in ("refresh_tokens", "sessions", "api_keys", "password_links"):
        rows = await app.execute(f"SELECT COUNT(*) AS n FROM {table} WHERE account_id = :id", id=alice)  # noqa: S608
        assert [row.n for row in rows] == [0]


async def test_deleting_is_written_down_with_the_name_that_is_gone(app: AuthApp) -> None:
    root = await app.add_account("root", role=Role.ADMIN)
    alice = await app.add_account("alice")
    assert (await delete(app, "root", alice)).status == 204
    rows = await app.execute("SELECT actor_id, target_id, details FROM audit WHERE action = 'account-deleted'")
    assert [tuple(row) for row in rows] == [
        (root, alice, f'{{"heir_id": "{root}", "username": "alice", "videos": "handed over"}}')
    ]
