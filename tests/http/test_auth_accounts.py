"""Accounts by administrators: making, listing, changing, and taking access away at once; on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientResponse

from auth_svc.accounts.store import Role
from auth_svc.administration.administration import LINK_LIFETIME
from common.clock import rfc3339
from common.tokens import PERSON_AUDIENCE
from common.web.sessions import EXCHANGE_LIFETIME
from tests.auth_app import PASSWORD, AuthApp, bearer
from tests.html_pages import PAGE, page_of
from tests.problems import assert_problem

NEW = "another fine set of words"
SECOND = timedelta(seconds=1)


class Admin:
    """An administrator."""

    def __init__(self, app: AuthApp, account_id: str, username: str = "root") -> None:
        self.app = app
        self.account_id = account_id
        self.username = username

    async def call(self, method: str, path: str = "", **more: Any) -> ClientResponse:
        headers = bearer(await self.app.person_token(self.username))
        return await self.app.send(method, f"/v1/accounts{path}", headers=headers, **more)

    async def add(self, username: str, **fields: Any) -> dict[str, Any]:
        answer = await self.call("POST", json={"username": username, **fields})
        assert answer.status == 201, await answer.text()
        made: dict[str, Any] = await answer.json()
        assert answer.headers["Location"] == f"/v1/accounts/{made['id']}"
        return made

    async def get(self, account_id: str) -> dict[str, Any]:
        answer = await self.call("GET", f"/{account_id}")
        assert answer.status == 200, await answer.text()
        found: dict[str, Any] = await answer.json()
        return found

    async def edit(self, account_id: str, **fields: Any) -> dict[str, Any]:
        answer = await self.call("PATCH", f"/{account_id}", json=fields)
        assert answer.status == 200, await answer.text()
        found: dict[str, Any] = await answer.json()
        return found


@pytest.fixture
async def root(app: AuthApp) -> Admin:
    return Admin(app, await app.add_account("root", role=Role.ADMIN))


async def ask(app: AuthApp, username: str, password: str) -> int:
    return (await app.ask(username, password)).status


async def test_a_new_account_is_as_it_was_asked_for_and_logs_in(root: Admin) -> None:
    made = await root.add("Alice", password=PASSWORD, role="admin", quota_bytes=7)
    assert made == {
        "id": made["id"],
        "username": "alice",
        "role": "admin",
        "disabled": False,
        "quota_bytes": 7,
        "created_at": rfc3339(root.app.clock.now),
    }
    assert await root.get(made["id"]) == made
    principal = await root.app.verify(await root.app.person_token("alice"), audience=PERSON_AUDIENCE)
    assert (principal.account_id, principal.role, principal.quota_bytes) == (made["id"], "admin", 7)
    disabled = await root.add("bob", password=PASSWORD, disabled=True)
    assert (disabled["role"], disabled["quota_bytes"], disabled["disabled"]) == ("member", None, True)
    assert await ask(root.app, "bob", PASSWORD) == 401


async def test_the_list_holds_everybody_once_newest_first(root: Admin) -> None:
    names = ["root"]
    for number in range(4):
        root.app.clock.advance(SECOND)
        names.insert(0, (await root.add(f"person{number}", password=PASSWORD))["username"])
    seen: list[str] = []
    query: str | None = "?limit=2"
    while query is not None:
        page = await (await root.call("GET", query)).json()
        assert len(page["items"]) <= 2
        seen += [account["username"] for account in page["items"]]
        query = page["next_cursor"] and f"?limit=2&cursor={page['next_cursor']}"
    assert seen == names


async def test_only_an_administrator_of_this_moment_may(root: Admin) -> None:
    app = root.app
    other = await root.add("other", password=PASSWORD, role="admin")
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "", {}),
        ("POST", "", {"username": "x", "password": PASSWORD}),
        ("GET", f"/{root.account_id}", {}),
        ("PATCH", f"/{root.account_id}", {"quota_bytes": 1}),
    ]
    await root.add("alice", password=PASSWORD)
    member, former = [bearer(await app.person_token(name)) for name in ("alice", "other")]
    await root.edit(other["id"], role="member")
    for method, path, content in calls:
        await assert_problem(await app.send(method, f"/v1/accounts{path}", json=content), 401, "unauthenticated")
        for headers in (member, former):
            answer = await app.send(method, f"/v1/accounts{path}", json=content, headers=headers)
            await assert_problem(answer, 403, "forbidden")
    assert len((await (await root.call("GET")).json())["items"]) == 3
    assert (await root.get(root.account_id))["quota_bytes"] is None


async def test_what_is_not_named_stays_as_it_is(root: Admin) -> None:
    made = await root.add("alice", password=PASSWORD, quota_bytes=7)
    assert await root.edit(made["id"]) == made
    assert await root.edit(made["id"], role="admin") == {**made, "role": "admin"}
    assert await root.edit(made["id"], quota_bytes=None) == {**made, "role": "admin", "quota_bytes": None}
    assert await root.edit(made["id"], quota_bytes=0, role="member") == {**made, "quota_bytes": 0}
    for path in ("/" + "a" * 26, "/nonsense"):
        await assert_problem(await root.call("GET", path), 404, "not-found")
        await assert_problem(await root.call("PATCH", path, json={"role": "admin"}), 404, "not-found")


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"username": ""}, "#/username"),
        ({"username": "x" * 65}, "#/username"),
        ({"username": "svc:upload"}, "#/username"),
        ({"username": "ROOT"}, "#/username"),
        ({"password": "short"}, "#/password"),
        ({"role": "owner"}, "#/role"),
        ({"quota_bytes": -1}, "#/quota_bytes"),
        ({"quota_bytes": "5"}, "#/quota_bytes"),
        ({"quota_bytes": 2**64}, "#/quota_bytes"),
        ({"disabled": "yes"}, "#/disabled"),
        ({"id": "a" * 26}, "#/id"),
    ],
)
async def test_bad_input_is_named_and_makes_nothing(root: Admin, fields: dict[str, Any], pointer: str) -> None:
    answer = await root.call("POST", json={"username": "alice", "password": PASSWORD, **fields})
    problem = await assert_problem(answer, 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert len(await root.app.execute("SELECT id FROM accounts")) == 1


@pytest.mark.any_database
@pytest.mark.parametrize("fields", [{"username": "bob"}, {"role": None}, {"password": "short"}, {"disabled": None}])
async def test_bad_changes_change_nothing(root: Admin, fields: dict[str, Any]) -> None:
    made = await root.add("alice", password=PASSWORD)
    answer = await root.call("PATCH", f"/{made['id']}", json={"quota_bytes": 5, **fields})
    await assert_problem(answer, 422, "invalid")
    assert await root.get(made["id"]) == made


@pytest.mark.any_database
@pytest.mark.parametrize("fields", [{"disabled": True}, {"password": NEW}])
async def test_taken_access_ends_at_once(root: Admin, fields: dict[str, Any]) -> None:
    """Invariant I11."""
    app = root.app
    made = await root.add("alice", password=PASSWORD)
    cookie = await app.log_in("alice")
    refresh_token = (await app.grant("alice"))["refresh_token"]
    assert (await app.send("GET", "/v1/me", cookie=cookie)).status == 200
    roots = (await app.grant("root"))["refresh_token"]
    await root.edit(made["id"], **fields)
    await assert_problem(await app.refresh(refresh_token), 400, "malformed")
    app.clock.advance(EXCHANGE_LIFETIME)
    await assert_problem(await app.send("GET", "/v1/me", cookie=cookie), 401, "unauthenticated")
    assert await ask(app, "alice", PASSWORD) == 401
    assert (await app.refresh(roots)).status == 200
    # Enabled again, what had been open stays closed.
    await root.edit(made["id"], disabled=False)
    assert await ask(app, "alice", fields.get("password", PASSWORD)) == 200
    await assert_problem(await app.refresh(refresh_token), 400, "malformed")
    await assert_problem(await app.send("GET", "/v1/me", cookie=cookie), 401, "unauthenticated")


@pytest.mark.parametrize("fields", [{"disabled": True}, {"role": "member"}])
async def test_the_last_administrator_stays(root: Admin, fields: dict[str, Any]) -> None:
    await root.add("sleeping", password=PASSWORD, role="admin", disabled=True)
    await root.add("member", password=PASSWORD)
    answer = await root.call("PATCH", f"/{root.account_id}", json={**fields, "quota_bytes": 5})
    await assert_problem(answer, 409, "last-administrator")
    assert await root.get(root.account_id) == {**await root.get(root.account_id), "role": "admin", "disabled": False}
    assert (await root.get(root.account_id))["quota_bytes"] is None
    second = await root.add("second", password=PASSWORD, role="admin")
    other = Admin(root.app, second["id"], "second")
    assert await other.edit(root.account_id, **fields)
    await assert_problem(await other.call("PATCH", f"/{second['id']}", json=fields), 409, "last-administrator")


async def test_administrators_who_remove_each_other_at_once_leave_one(root: Admin) -> None:
    admins = [root]
    for number in range(2):
        made = await root.add(f"admin{number}", password=PASSWORD, role="admin")
        admins.append(Admin(root.app, made["id"], made["username"]))
    tokens = [bearer(await root.app.person_token(admin.username)) for admin in admins]

    async def demote(number: int) -> int:
        path = f"/v1/accounts/{admins[number].account_id}"
        headers = tokens[number - 1]
        return (await root.app.send("PATCH", path, json={"role": "member"}, headers=headers)).status

    statuses = await asyncio.gather(*(demote(number) for number in range(3)))
    assert 200 in statuses
    rows = await root.app.execute("SELECT id FROM accounts WHERE role = 'admin' AND is_disabled = 0")
    assert len(rows) == 3 - statuses.count(200) >= 1


def token_in(url: str) -> str:
    (token,) = parse_qs(urlsplit(url).query)["token"]
    return token


async def choose(app: AuthApp, token: str, password: str = NEW) -> ClientResponse:
    form = {"token": token, "password": password, "username": "somebody-else"}
    return await app.send("POST", "/account/set-password", data=form, headers=PAGE)


async def test_without_a_password_the_owner_chooses_one_by_a_link_once(root: Admin) -> None:
    app = root.app
    made = await root.add("alice")
    url = made.pop("set_password_url")
    assert url.startswith(f"{app.url}/account/set-password?token=")
    assert await root.get(made["id"]) == made
    token = token_in(url)
    assert not any(token in str(row) for row in await app.execute("SELECT * FROM password_links"))
    for guess in ("", token, PASSWORD):
        assert await ask(app, "alice", guess) in (400, 401)
    page = await page_of(await app.send("GET", url, headers=PAGE))
    assert page.fields["username"]["value"] == "alice"
    assert page.fields["password"]["autocomplete"] == "new-password"
    assert page.inline == []
    for password in ("short", "password", "x" * 129, ""):
        refused = await page_of(await choose(app, token, password), 422)
        assert refused.fields["token"]["value"] == token
    answer = await choose(app, token)
    assert (answer.status, answer.headers["Location"]) == (303, "/login")
    assert await ask(app, "alice", NEW) == 200
    assert "has been used or has expired" in (await page_of(await choose(app, token, PASSWORD), 404)).text
    await page_of(await app.send("GET", url, headers=PAGE), 404)
    assert await ask(app, "alice", NEW) == 200


async def test_a_link_runs_out_and_goes_when_a_password_is_set_otherwise(root: Admin) -> None:
    app = root.app
    late, other = await root.add("late"), await root.add("other")
    app.clock.advance(LINK_LIFETIME - SECOND)
    assert (await app.send("GET", late["set_password_url"], headers=PAGE)).status == 200
    await root.edit(other["id"], password=PASSWORD)
    assert (await choose(app, token_in(other["set_password_url"]))).status == 404
    assert await ask(app, "other", PASSWORD) == 200
    app.clock.advance(SECOND)
    assert (await choose(app, token_in(late["set_password_url"]))).status == 404
    for token in ("", "nonsense", "%"):
        assert (await choose(app, token)).status == 404


async def test_a_link_used_twice_at_once_sets_one_password(root: Admin) -> None:
    token = token_in((await root.add("alice"))["set_password_url"])
    answers = await asyncio.gather(*(choose(root.app, token, f"{NEW} {number}") for number in range(4)))
    statuses = [answer.status for answer in answers]
    assert sorted(statuses) == [303, 404, 404, 404]
    assert await ask(root.app, "alice", f"{NEW} {statuses.index(303)}") == 200


@pytest.mark.any_database
async def test_no_link_and_no_password_is_in_the_log(root: Admin, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    url = (await root.add("alice"))["set_password_url"]
    await root.app.send("GET", url, headers=PAGE)
    await choose(root.app, token_in(url))
    said = "\n".join(str(record.__dict__) for record in caplog.records if record.name != "aiohttp.access")
    assert token_in(url) not in said
    assert NEW not in said
