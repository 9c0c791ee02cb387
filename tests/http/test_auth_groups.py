"""Groups: who may do what, what is true after a yes, and what access tokens say of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientResponse

from common.clock import rfc3339
from common.ids import new_id
from common.tokens import MAX_GROUPS, MAX_TOKEN_LENGTH, PERSON_AUDIENCE
from common.web.sessions import EXCHANGE_LIFETIME, SESSIONS
from tests.auth_app import AuthApp, bearer
from tests.html_pages import PAGE, Page, page_of
from tests.problems import assert_problem

pytestmark = pytest.mark.accounts("root", "mona", "bob", "eve", "carl")


@dataclass(frozen=True, slots=True)
class Somebody:
    """An account with an access token."""

    app: AuthApp
    id: str
    token: str

    async def call(self, method: str, path: str = "", **more: Any) -> ClientResponse:
        headers = {**bearer(self.token), **more.pop("headers", {})}
        url = path if path.startswith("/v1/") else f"/v1/groups{path}"
        return await self.app.send(method, url, headers=headers, **more)

    async def found(self, path: str = "") -> Any:
        answer = await self.call("GET", path)
        assert answer.status == 200, await answer.text()
        return await answer.json()

    async def make(self, name: str) -> str:
        answer = await self.call("POST", json={"name": name})
        assert answer.status == 201, await answer.text()
        made: dict[str, Any] = await answer.json()
        assert answer.headers["Location"] == f"/v1/groups/{made['id']}"
        group_id: str = made["id"]
        return group_id

    async def put(self, group_id: str, other: Somebody, **content: Any) -> int:
        return (await self.call("PUT", f"/{group_id}/members/{other.id}", json=content)).status


@pytest.fixture
async def people(app: AuthApp) -> dict[str, Somebody]:
    rows = await app.execute("SELECT id, username FROM accounts")
    return {row.username: Somebody(app, row.id, await app.person_token(row.username)) for row in rows}


async def groups_in(app: AuthApp, token: str) -> frozenset[str]:
    return (await app.verify(token, audience=PERSON_AUDIENCE)).groups


async def test_who_may_what(people: dict[str, Somebody]) -> None:
    root, mona, bob, eve, carl = (people[name] for name in ("root", "mona", "bob", "eve", "carl"))
    # Mona manages it, Bob is in it; Eve manages another one.
    group, other = await root.make("Editors"), await root.make("Others")
    assert await root.put(group, mona, is_manager=True) == 204
    assert await mona.put(group, bob) == 204
    assert await root.put(other, eve, is_manager=True) == 204
    find = "/v1/accounts/named?username="
    calls: list[tuple[str, str, Any, tuple[int, int, int, int]]] = [
        # What root, Mona, Bob and Eve are answered, in this order.
        ("GET", f"/{group}", None, (200, 200, 200, 404)),
        ("GET", f"/{group}/members", None, (200, 200, 403, 404)),
        ("GET", f"{find}carl", None, (200, 200, 403, 200)),
        ("GET", f"{find}nobody", None, (404, 404, 403, 404)),
        ("GET", f"{find}car", None, (404, 404, 403, 404)),
        ("POST", "", {"name": "New"}, (201, 403, 403, 403)),
        ("PATCH", f"/{group}", {"name": "Editors 2"}, (200, 403, 403, 404)),
        ("PATCH", f"/{group}", {}, (200, 403, 403, 404)),
        ("PUT", f"/{group}/members/{carl.id}", {}, (204, 204, 403, 404)),
        ("PUT", f"/{group}/members/{carl.id}", {"is_manager": False}, (204, 204, 403, 404)),
        # Who manages is for administrators to say.
        ("PUT", f"/{group}/members/{carl.id}", {"is_manager": True}, (204, 403, 403, 404)),
        ("PUT", f"/{group}/members/{mona.id}", {"is_manager": False}, (204, 403, 403, 404)),
        ("DELETE", f"/{group}/members/{mona.id}", None, (204, 403, 403, 404)),
        ("DELETE", f"/{group}/members/{carl.id}", None, (204, 204, 403, 404)),
        # Who is not there cannot be added, and is not in it.
        ("PUT", f"/{group}/members/{new_id()}", {}, (404, 404, 403, 404)),
        ("DELETE", f"/{group}/members/{new_id()}", None, (204, 204, 403, 404)),
        ("PUT", f"/{new_id()}/members/{carl.id}", {}, (404, 404, 404, 404)),
        ("DELETE", f"/{group}", None, (204, 403, 403, 404)),
    ]
    codes = {401: "unauthenticated", 403: "forbidden", 404: "not-found"}
    for method, path, content, statuses in calls:
        url = path if path.startswith("/v1/") else f"/v1/groups{path}"
        await assert_problem(await root.app.send(method, url, json=content), 401, "unauthenticated")
        # The administrator last, whose yes changes it.
        for who, status in reversed(list(zip((root, mona, bob, eve), statuses, strict=True))):
            answer = await who.call(method, path, json=content)
            assert answer.status == status, (method, path, who, await answer.text())
            if status in codes:
                await assert_problem(answer, status, codes[status])
        # As it was before.
        for member, is_manager in ((mona, True), (bob, False)):
            await root.put(group, member, is_manager=is_manager)
        await root.call("DELETE", f"/{group}/members/{carl.id}")
    assert [one["name"] for one in (await root.found())["items"]] == ["New", "Others"]
    assert (await mona.found())["items"] == (await bob.found())["items"] == []
    # A group's name and its members are nothing for a key that looks at videos.
    key = await (await mona.call("POST", "/v1/me/api-keys", json={"name": "k", "scopes": ["read"]})).json()
    narrow = (await (await mona.app.exchange(key["api_key"])).json())["access_token"]
    await assert_problem(await mona.app.send("GET", "/v1/groups", headers=bearer(narrow)), 403, "forbidden")


async def test_a_group_is_what_was_asked_for_and_is_told_to_those_in_it(people: dict[str, Somebody]) -> None:
    root, mona, bob = people["root"], people["mona"], people["bob"]
    now = rfc3339(root.app.clock.now)
    typed = "  Stra\u00dfe\u202e \n\t 7\u0000 "
    first, again = [
        await root.call("POST", json={"name": typed}, headers={"Idempotency-Key": "once"}) for _ in range(2)
    ]
    made = await first.json()
    shown = {
        "name": "Stra\u00dfe 7",
        "description": "",
        "member_count": 0,
        "managers": [],
        "is_manager": False,
        "created_at": now,
    }
    assert made == await again.json() == {"id": made["id"], **shown}
    # Another name in another case is the same; its own is its own.
    for taken in ("STRASSE 7", "stra\u00dfe\u200b 7", "\uff53trasse 7"):
        problem = await assert_problem(await root.call("POST", json={"name": taken}), 422, "invalid")
        assert problem["errors"] == [{"pointer": "#/name", "detail": "is already taken"}]
    second = await root.make("a second one")
    await assert_problem(await root.call("PATCH", f"/{second}", json={"name": "strasse 7"}), 422, "invalid")
    for name in ("", "\u200b", "x" * 65):
        await assert_problem(await root.call("POST", json={"name": name}), 422, "invalid")
    renamed = await root.call("PATCH", f"/{made['id']}", json={"name": "STRASSE 7"})
    assert (renamed.status, (await renamed.json())["name"]) == (200, "STRASSE 7")

    assert [await root.put(made["id"], mona, is_manager=True) for _ in range(2)] == [204, 204]
    assert [await mona.put(made["id"], bob) for _ in range(2)] == [204, 204]
    # A member stays a manager where nothing else is asked for.
    assert await mona.put(made["id"], mona) == 204
    assert (await bob.found())["items"] == [
        {**shown, "id": made["id"], "name": "STRASSE 7", "member_count": 2, "managers": [mona.id]}
    ]
    assert (await mona.found(f"/{made['id']}"))["is_manager"]
    members = [
        {"account_id": one.id, "username": name, "is_manager": name == "mona", "added_at": now}
        for name, one in (("bob", bob), ("mona", mona))
    ]
    page = await mona.found(f"/{made['id']}/members?limit=1")
    rest = await mona.found(f"/{made['id']}/members?limit=1&cursor={page['next_cursor']}")
    assert [*page["items"], *rest["items"]] == members
    # By name, a page at a time, and those that are searched for.
    page = await root.found("?limit=1")
    rest = await root.found(f"?limit=1&cursor={page['next_cursor']}")
    assert [one["name"] for one in (*page["items"], *rest["items"])] == ["a second one", "STRASSE 7"]
    assert [one["id"] for one in (await root.found("?q=Stra\u00dfe"))["items"]] == [made["id"]]

    # What is asked for again is done once, and told once.
    rows = await root.app.execute("SELECT action, target_id FROM audit WHERE action LIKE 'group-%'")
    assert sorted((row.action, row.target_id or "") for row in rows) == [
        ("group-made", ""),
        ("group-made", ""),
        *sorted(("group-member-added", one.id) for one in (mona, bob)),
        ("group-renamed", ""),
    ]


async def test_administrators_say_what_a_group_is_for_and_who_manages_it(
    app: AuthApp, people: dict[str, Somebody]
) -> None:
    root, mona, bob, eve = (people[name] for name in ("root", "mona", "bob", "eve"))
    wanted = {"name": "Editors", "description": " Cut it.\n", "managers": [mona.id, root.id, mona.id]}
    answer = await root.call("POST", json=wanted)
    made = await answer.json()
    assert answer.status == 201, made
    assert (made["description"], made["member_count"], made["is_manager"]) == ("Cut it.", 2, True)
    assert made["managers"] == sorted((mona.id, root.id))
    assert await root.found(f"/{made['id']}") == made
    assert (await mona.found())["items"] == [made]
    assert await mona.put(made["id"], bob) == 204

    # The list is the whole list: who is left out stays a member, and who was one already becomes a manager.
    changed = await (await root.call("PATCH", f"/{made['id']}", json={"managers": [bob.id]})).json()
    assert (changed["managers"], changed["member_count"], changed["description"]) == ([bob.id], 3, "Cut it.")
    assert (await mona.call("PATCH", f"/{made['id']}", json={"description": "Mine."})).status == 403
    # Nothing of what cannot be done in full.
    content = {"name": "Cutters", "managers": [eve.id, new_id()]}
    for method, path in (("POST", ""), ("PATCH", f"/{made['id']}")):
        problem = await assert_problem(await root.call(method, path, json=content), 422, "invalid")
        assert problem["errors"] == [{"pointer": "#/managers/1", "detail": "is not an existing account"}]
    assert await root.found(f"/{made['id']}") == {**changed, "is_manager": False}
    assert (await eve.found())["items"] == []
    emptied = {"description": "", "managers": []}
    changed = await (await root.call("PATCH", f"/{made['id']}", json=emptied)).json()
    assert (changed["description"], changed["managers"], changed["member_count"]) == ("", [], 3)
    rows = await app.execute("SELECT action, target_id, details FROM audit WHERE action LIKE 'group-member-%'")
    by = {one.id: name for name, one in people.items()}
    told = sorted((by[row.target_id], row.action.removeprefix("group-member-"), row.details) for row in rows)
    assert [(who, what, '"manager": true' in details) for who, what, details in told] == [
        ("bob", "added", False),
        ("bob", "changed", False),
        ("bob", "changed", True),
        ("mona", "added", True),
        ("mona", "changed", False),
        ("root", "added", True),
        ("root", "changed", False),
    ]


async def test_tokens_name_the_groups_and_a_removed_member_is_gone_from_the_next_one(
    app: AuthApp, people: dict[str, Somebody]
) -> None:
    root, bob = people["root"], people["bob"]
    groups = sorted([await root.make("One"), await root.make("Two")])
    session = await app.log_in("bob")
    granted = await app.grant("bob")

    async def of_session() -> frozenset[str]:
        principal = await app.app[SESSIONS].exchange(session)
        assert principal is not None
        return principal.groups

    assert await of_session() == await groups_in(app, granted["access_token"]) == frozenset()
    for group in groups:
        assert await root.put(group, bob) == 204
    granted = await (await app.refresh(granted["refresh_token"])).json()
    assert await groups_in(app, granted["access_token"]) == set(groups)
    # The session's token is remembered for half a minute, and not a moment longer.
    app.clock.advance(EXCHANGE_LIFETIME)
    assert await of_session() == set(groups)
    assert (await root.call("DELETE", f"/{groups[0]}/members/{bob.id}")).status == 204
    assert await of_session() == set(groups)
    app.clock.advance(EXCHANGE_LIFETIME)
    assert await of_session() == {groups[1]}
    # A deleted group is in no token any more, and services are in none.
    assert (await root.call("DELETE", f"/{groups[1]}")).status == 204
    granted = await (await app.refresh(granted["refresh_token"])).json()
    assert await groups_in(app, granted["access_token"]) == frozenset()
    assert (await app.verify(await app.service_token(), audience="vss-internal")).groups == frozenset()


async def test_an_account_is_in_64_groups_and_in_none_when_it_is_deleted(
    app: AuthApp, people: dict[str, Somebody]
) -> None:
    root, managers = people["root"], [people[name] for name in ("mona", "bob", "eve", "carl")]
    # As long as a token can become: letters of four bytes.
    name = "\U00020000" * 64
    long_id = await app.add_account(name)
    await app.execute("UPDATE accounts SET quota_bytes = 9007199254740992 WHERE id = :id", id=long_id)
    member = Somebody(app, long_id, "")
    groups = [await root.make(f"Group {number}") for number in range(MAX_GROUPS - 1 + len(managers))]
    for group in groups[: MAX_GROUPS - 1]:
        assert await root.put(group, member) == 204
    # Further ones at once, each by another manager, whose own row the others do not wait for: one is the 64th.
    calls = []
    for group, manager in zip(groups[MAX_GROUPS - 1 :], managers, strict=True):
        assert await root.put(group, manager, is_manager=True) == 204
        calls.append(manager.call("PUT", f"/{group}/members/{long_id}", json={}))
    answers = await asyncio.gather(*calls)
    assert sorted(answer.status for answer in answers) == [204, 422, 422, 422]
    refused = next(answer for answer in answers if answer.status == 422)
    assert (await assert_problem(refused, 422, "invalid"))["errors"] == [
        {
            "pointer": "#/account_id",
            "detail": "is already in 64 groups, the maximum: remove it from another group first",
        }
    ]
    token = await app.person_token(name)
    assert len(token) <= MAX_TOKEN_LENGTH
    assert len(await groups_in(app, token)) == MAX_GROUPS
    # Who is in already is no further one.
    assert await root.put(groups[0], member) == 204
    export = await app.send("GET", "/account/export", cookie=await app.log_in(name))
    assert len((await export.json())["groups"]) == MAX_GROUPS
    assert (await root.call("DELETE", f"/v1/accounts/{long_id}?videos=delete")).status == 204
    assert (await root.found(f"/{groups[0]}"))["member_count"] == 0


@pytest.mark.any_database
async def test_the_pages_do_all_of_it_without_scripts(app: AuthApp, people: dict[str, Somebody]) -> None:
    cookies = {name: await app.log_in(name) for name in ("root", "mona", "bob", "eve")}

    async def see(who: str, path: str, status: int = 200) -> Page:
        return await page_of(await app.send("GET", path, cookie=cookies[who], headers=PAGE), status)

    async def send(who: str, path: str, **fields: str) -> ClientResponse:
        headers = {**PAGE, "Sec-Fetch-Site": "same-origin"}
        return await app.send("POST", path, cookie=cookies[who], headers=headers, data=fields)

    assert "No groups yet." in (await see("root", "/admin/groups")).text
    made = await send("root", "/admin/groups", name=" Editors  <b>")
    at = made.headers["Location"]
    group_id = at.removeprefix("/admin/groups/")
    assert (
        "This is already taken." in (await page_of(await send("root", "/admin/groups", name="editors <B>"), 422)).text
    )
    (row,) = [link for link in (await see("root", "/admin/groups?q=EDIT")).links if link == at]
    assert row == at
    assert "Nothing found" in (await see("root", "/admin/groups?q=nobody")).text

    assert (await send("root", f"{at}/members", username="Mona ")).headers["Location"] == f"{at}#members-heading"
    refused = await page_of(await send("root", f"{at}/members", username="nobody"), 422)
    assert "The username is not an existing account." in refused.text
    assert refused.fields["username"]["value"] == "nobody"
    assert (await send("root", f"{at}/members/{people['mona'].id}", is_manager="true")).status == 303

    # Mona finds it on her own page, and adds and removes there; who manages is not hers to say.
    own = f"/account/groups/{group_id}"
    assert own in (await see("mona", "/account")).links
    assert (await send("mona", f"{own}/members", username="bob")).headers["Location"] == f"{own}#members-heading"
    members = await see("mona", own)
    sent_to = {form["action"] for form in members.forms}
    bobs = f"{own}/members/{people['bob'].id}/remove"
    assert {action for action in sent_to if action and action.startswith(own)} == {f"{own}/members", bobs}
    assert members.inline == []
    account = await see("bob", "/account")
    assert "Editors <b>" in account.text
    assert own not in account.links
    for who, path, status in [
        ("mona", at, 403),
        ("mona", "/admin/groups", 403),
        ("bob", own, 403),
        ("eve", own, 404),
    ]:
        await see(who, path, status)
    for who, path, status in [
        ("mona", f"{at}/delete", 403),
        ("bob", bobs, 403),
        ("eve", bobs, 404),
        ("mona", bobs, 303),
    ]:
        assert (await send(who, path)).status == status, (who, path)
    assert "bob" not in (await see("mona", own)).text

    # A form of yesterday undoes nobody's change; one that is sent changes the name.
    shown = await see("root", at)
    kept = {"was_name": shown.fields["was_name"]["value"] or "", "name": "Editors <b>"}
    kept |= {"was_description": shown.fields["was_description"]["value"] or "", "description": "They cut it."}
    assert (await send("root", at, name="Cutters")).status == 303
    assert (await send("root", at, **kept)).status == 303
    assert (await see("root", at)).fields["name"]["value"] == "Cutters"
    assert "They cut it." in (await see("mona", own)).text
    assert "They cut it." in (await see("mona", "/account")).text
    assert (await send("root", f"{at}/delete")).headers["Location"] == "/admin/groups"
    await see("root", at, 404)
    activity = (await see("mona", "/account")).text
    assert "Added to a group" in activity
    assert "Cutters" not in activity
    assert "Group deleted" in (await see("root", "/admin/audit?q=cutters")).text
