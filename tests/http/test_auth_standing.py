"""What lasts is not begun with what has ended: an API key, and what administrators do, ask the row at that moment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from auth_svc.accounts.store import Role
from auth_svc.tokens.refresh_tokens import RETRY_WINDOW
from tests.auth_app import PASSWORD, AuthApp, bearer
from tests.html_pages import page_of
from tests.problems import assert_problem

pytestmark = pytest.mark.accounts("root")

OTHER = "another password altogether"
KEYS = "/v1/me/api-keys"


class Person:
    """An account with an access token, which somebody else may have a copy of."""

    def __init__(self, app: AuthApp, account_id: str, token: str) -> None:
        self.app = app
        self.id = account_id
        self.headers = bearer(token)

    async def call(self, method: str, path: str, content: object = None) -> int:
        return (await self.app.send(method, path, headers=self.headers, json=content)).status

    async def make_key(self, **fields: object) -> dict[str, Any]:
        answer = await self.app.send("POST", KEYS, headers=self.headers, json={"name": "A program", **fields})
        assert answer.status == 201, await answer.text()
        key: dict[str, Any] = await answer.json()
        return key


async def person(app: AuthApp, username: str = "alice", role: Role = Role.MEMBER) -> Person:
    account_id = await app.add_account(username, role=role)
    return Person(app, account_id, await app.person_token(username))


async def exchange(app: AuthApp, key: dict[str, Any]) -> int:
    return (await app.exchange(key["api_key"])).status


async def as_root(app: AuthApp, method: str, path: str, content: object = None) -> dict[str, Any]:
    headers = bearer(await app.person_token("root"))
    answer = await app.send(method, f"/v1/accounts{path}", headers=headers, json=content)
    assert answer.ok, await answer.text()
    found: dict[str, Any] = await answer.json()
    return found


async def change(app: AuthApp, alice: Person, **more: object) -> None:
    content = {"current_password": PASSWORD, "new_password": OTHER, **more}
    headers = bearer(await app.person_token("alice"))
    assert (await app.send("POST", "/v1/me/password", headers=headers, json=content)).status == 204


async def reset(app: AuthApp, alice: Person) -> None:
    await as_root(app, "PATCH", f"/{alice.id}", {"password": OTHER})


async def disable_for_a_while(app: AuthApp, alice: Person) -> None:
    for disabled in (True, False):
        await as_root(app, "PATCH", f"/{alice.id}", {"disabled": disabled})


async def choose_by_link(app: AuthApp, alice: Person) -> None:
    session = await app.log_in("root")
    page = await app.send(
        "POST", f"/admin/accounts/{alice.id}/password-link", cookie=session, headers={"Origin": app.url}
    )
    token = (await page.text()).split("token=")[1].split("<")[0].split('"')[0]
    form = {"token": token, "password": OTHER}
    assert (await app.send("POST", "/account/set-password", data=form)).status == 303


ENDS = {"change": change, "reset": reset, "disable": disable_for_a_while, "link": choose_by_link}


@pytest.mark.parametrize("how", ENDS)
async def test_a_token_of_before_makes_no_key_and_a_token_of_afterwards_does(app: AuthApp, how: str) -> None:
    alice = await person(app)
    older = await alice.make_key()
    await ENDS[how](app, alice)
    # The token lives on for what does not last; nobody has moved the clock.
    assert await alice.call("GET", "/v1/me") == 200
    assert await alice.call("POST", KEYS, {"name": "made by somebody else"}) == 401
    # Older keys stay where the owner has said so, and nowhere else.
    assert await exchange(app, older) == (200 if how == "change" else 401)
    password = PASSWORD if how == "disable" else OTHER
    again = Person(app, alice.id, await app.person_token("alice", password))
    assert await exchange(app, await again.make_key()) == 200


async def test_a_change_ends_keys_where_that_is_asked_for_and_says_so(app: AuthApp) -> None:
    alice = await person(app)
    keys = [await alice.make_key() for _ in range(2)]
    await change(app, alice, end_api_keys=True)
    assert [await exchange(app, key) for key in keys] == [401, 401]
    (row,) = await app.execute("SELECT details FROM audit WHERE action = 'password-changed'")
    assert '"end_api_keys": true' in row.details


@pytest.mark.any_database
async def test_the_page_offers_it_and_says_how_many_stay(app: AuthApp) -> None:
    alice = await person(app)
    session = await app.log_in("alice")
    assert "API key too" not in (await page_of(await app.send("GET", "/account", cookie=session))).text
    await alice.make_key()
    await alice.make_key()
    assert "Delete my 2 API keys too" in (await page_of(await app.send("GET", "/account", cookie=session))).text
    form = {"current_password": PASSWORD, "new_password": OTHER}
    own: dict[str, Any] = {"cookie": session, "headers": {"Origin": app.url}}
    answer = await app.send("POST", "/account/password", data=form, **own)
    page = await page_of(await app.send("GET", answer.headers["Location"], cookie=session))
    assert "2 API keys still work" in page.text
    # The session that has changed the password goes on, and makes keys at once.
    assert (await app.send("POST", KEYS, json={"name": "A program"}, **own)).status == 201
    form = {"current_password": OTHER, "new_password": PASSWORD, "end_api_keys": "true"}
    answer = await app.send("POST", "/account/password", data=form, **own)
    assert "still work" not in (await page_of(await app.send("GET", answer.headers["Location"], cookie=session))).text
    assert await app.execute("SELECT id FROM api_keys") == []


async def test_a_session_that_has_ended_makes_no_key_however_it_is_remembered(app: AuthApp) -> None:
    await person(app)
    stolen, own = await app.log_in("alice"), await app.log_in("alice")
    for session in (stolen, own):
        assert (await app.send("GET", "/v1/me", cookie=session)).status == 200
    answer = await app.send("POST", "/account/sessions/end-others", cookie=own, headers={"Origin": app.url})
    assert answer.status == 303
    # For half a minute it may look.
    assert (await app.send("GET", "/v1/me", cookie=stolen)).status == 200
    answer = await app.send("POST", KEYS, json={"name": "x"}, cookie=stolen, headers={"Origin": app.url})
    await assert_problem(answer, 401, "unauthenticated")


async def test_a_key_that_was_deleted_leaves_no_other_behind(app: AuthApp) -> None:
    alice = await person(app)
    wide, narrow = await alice.make_key(scopes=["all"]), await alice.make_key()
    granted = await (await app.exchange(wide["api_key"])).json()
    thief = Person(app, alice.id, granted["access_token"])
    # Of one that could not make any, nobody has to get a new token.
    assert await alice.call("DELETE", f"{KEYS}/{narrow['id']}") == 204
    await thief.make_key()
    assert await alice.call("DELETE", f"{KEYS}/{wide['id']}") == 204
    assert await thief.call("POST", KEYS, {"name": "x"}) == 401


async def test_whose_refresh_token_was_stolen_has_no_key_made_by_the_thief(app: AuthApp) -> None:
    account_id = await app.add_account("alice")
    granted = await app.grant("alice")
    thief = Person(app, account_id, (await (await app.refresh(granted["refresh_token"])).json())["access_token"])
    app.clock.advance(RETRY_WINDOW)
    assert (await app.refresh(granted["refresh_token"])).status == 400
    assert await thief.call("POST", KEYS, {"name": "x"}) == 401


@pytest.mark.any_database
@pytest.mark.parametrize("content", [{"role": "member"}, {"disabled": True}, {"password": OTHER}])
async def test_an_administrator_of_a_moment_ago_does_nothing_any_more(app: AuthApp, content: dict[str, Any]) -> None:
    eve = await person(app, "eve", Role.ADMIN)
    victim = (await as_root(app, "POST", "", {"username": "victim", "password": PASSWORD}))["id"]
    await as_root(app, "PATCH", f"/{eve.id}", content)
    refused = {403} if "role" in content else {401}
    statuses = {
        await eve.call("POST", "/v1/accounts", {"username": "friend", "password": PASSWORD, "role": "admin"}),
        await eve.call("PATCH", f"/v1/accounts/{eve.id}", {"role": "admin", "disabled": False}),
        await eve.call("PATCH", f"/v1/accounts/{victim}", {"password": OTHER}),
        await eve.call("DELETE", f"/v1/accounts/{victim}?videos=delete"),
        await eve.call("GET", "/v1/accounts"),
    }
    assert statuses == refused
    # And where another service asks.
    headers = {**bearer(await app.service_token()), "Vss-Subject-Token": eve.headers["Authorization"].split()[1]}
    answer = await app.send("GET", "/internal/administrator", headers=headers)
    await assert_problem(answer, 403, "forbidden")
    headers["Vss-Subject-Token"] = await app.person_token("root")
    assert (await app.send("GET", "/internal/administrator", headers=headers)).status == 204


@pytest.mark.any_database
async def test_tokens_tell_their_time_truly_enough(app: AuthApp) -> None:
    """Whatever the part of a second in which something ended them."""
    for microsecond in (0, 1, 999_999):
        app.clock.now = app.clock.now.replace(microsecond=microsecond) + timedelta(seconds=10)
        alice = await person(app, f"alice{microsecond}")
        await as_root(app, "PATCH", f"/{alice.id}", {"password": OTHER})
        assert await alice.call("POST", KEYS, {"name": "x"}) == 401
        again = Person(app, alice.id, await app.person_token(f"alice{microsecond}", OTHER))
        await again.make_key()


async def test_a_token_from_between_two_ends_in_one_second_opens_nothing_that_lasts(app: AuthApp) -> None:
    alice = await person(app)
    await as_root(app, "PATCH", f"/{alice.id}", {"password": OTHER})
    between = Person(app, alice.id, await app.person_token("alice", OTHER))
    for _ in range(9):
        await as_root(app, "PATCH", f"/{alice.id}", {"password": PASSWORD})
        assert await between.call("POST", KEYS, {"name": "x"}) == 401
    again = Person(app, alice.id, await app.person_token("alice", PASSWORD))
    await again.make_key()
