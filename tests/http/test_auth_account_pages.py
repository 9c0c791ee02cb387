"""The page /account: another password, log-ins ended, keys made and deleted, and what was done; without a script."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from aiohttp import ClientResponse

from auth_svc.accounts.store import Role
from auth_svc.app_keys import AUDIT
from auth_svc.audit.audit import Action
from common.audit import Actor
from common.web.sessions import EXCHANGE_LIFETIME
from tests.auth_app import COOKIE, PASSWORD, AuthApp, bearer
from tests.html_pages import PAGE, Page, page_of
from tests.problems import assert_problem

pytestmark = [pytest.mark.any_database, pytest.mark.accounts("alice", "bob")]

OTHER = "another horse on another battery"
OWN = {"Sec-Fetch-Site": "same-origin"}
SECRET = re.compile(r"vss_[a-z2-7]{52}")


async def opened(app: AuthApp, cookie: str, query: str = "") -> Page:
    return await page_of(await app.send("GET", f"/account{query}", cookie=cookie, headers=PAGE))


async def sent(app: AuthApp, cookie: str, path: str, **fields: str) -> ClientResponse:
    return await app.send("POST", path, cookie=cookie, data=fields, headers={**OWN, **PAGE})


async def is_logged_in(app: AuthApp, cookie: str) -> bool:
    return (await app.send("GET", "/v1/me", cookie=cookie)).status == 200


async def new_key(app: AuthApp, cookie: str, **fields: str) -> str:
    form = {"name": "backup", "scopes": "read", "lifetime": "30", **fields}
    page = await page_of(await sent(app, cookie, "/account/api-keys", **form))
    found = SECRET.search(page.text)
    assert found is not None
    return found.group()


async def key_logs_in(app: AuthApp, secret: str) -> bool:
    return (await app.exchange(secret)).status == 200


async def test_who_is_not_logged_in_is_asked_to(app: AuthApp) -> None:
    answer = await app.send("GET", "/account", headers=PAGE)
    assert (answer.status, answer.headers["Location"]) == (303, "/login?next=%2Faccount")
    posts = (
        "password",
        "sessions/end-others",
        f"sessions/{'a' * 32}/end",
        "api-keys",
        f"api-keys/{'a' * 26}/delete",
        "delete",
    )
    for path in posts:
        answer = await app.send("POST", f"/account/{path}", headers={**OWN, **PAGE})
        assert (answer.status, answer.headers["Location"].partition("?")[0]) == (303, "/login"), path


async def test_a_new_password_ends_every_other_log_in(app: AuthApp) -> None:
    here, there = await app.log_in("alice"), await app.log_in("alice")
    answer = await sent(app, here, "/account/password", current_password=PASSWORD, new_password=OTHER)
    assert (answer.status, answer.headers["Location"]) == (303, "/account?done=password")
    assert "Password changed" in (await opened(app, here, "?done=password")).text
    assert await is_logged_in(app, here)
    assert not await is_logged_in(app, there)
    assert await app.log_in("alice", OTHER)


@pytest.mark.parametrize(
    ("fields", "name", "words"),
    [
        ({"current_password": "wrong", "new_password": OTHER}, "current_password", "The password is wrong."),
        ({"current_password": PASSWORD, "new_password": "short"}, "new_password", "8"),
        ({"current_password": PASSWORD}, "new_password", "The password is required."),
    ],
)
async def test_a_password_that_is_refused_is_told_beside_its_field(
    app: AuthApp, fields: dict[str, str], name: str, words: str
) -> None:
    cookie = await app.log_in("alice")
    page = await page_of(await sent(app, cookie, "/account/password", **fields), 422)
    assert words in page.text
    assert page.fields[name]["aria-invalid"] == "true"
    # Never into a page that a browser may keep.
    assert not any("value" in page.fields[field] for field in ("current_password", "new_password"))
    assert await app.log_in("alice")


async def test_log_ins_are_ended_one_by_one_or_all(app: AuthApp) -> None:
    here = await app.log_in("alice", **{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
    app.clock.advance(timedelta(seconds=1))
    phone = await app.log_in("alice", **{"User-Agent": "Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Safari/537"})
    app.clock.advance(timedelta(seconds=1))
    desk = await app.log_in("alice", **{"User-Agent": "<script>alert(1)</script>"})
    of_bob = await app.log_in("bob")
    page = await opened(app, here)
    for words in ("Firefox · Linux", "Chrome · Android", "Unknown device", "This device"):
        assert page.text.count(words) == 1, words
    # This one first, although it is the oldest.
    assert page.text.index("Firefox · Linux") < page.text.index("Unknown device") < page.text.index("Chrome · Android")
    ends = [str(form["action"]) for form in page.forms if str(form["action"]).endswith("/end")]
    assert len(ends) == 2
    # The newest first.
    answer = await sent(app, here, ends[0])
    app.clock.advance(EXCHANGE_LIFETIME)
    assert (answer.status, answer.headers["Location"]) == (303, "/account?done=session")
    assert not await is_logged_in(app, desk)
    assert await is_logged_in(app, phone)
    answer = await sent(app, here, "/account/sessions/end-others")
    assert answer.status == 303
    app.clock.advance(EXCHANGE_LIFETIME)
    assert not await is_logged_in(app, phone)
    assert await is_logged_in(app, here)
    assert await is_logged_in(app, of_bob)
    # With one left there is nothing more to end.
    assert "/account/sessions/end-others" not in [form["action"] for form in (await opened(app, here)).forms]


async def test_a_key_is_shown_once_and_works_until_it_is_deleted(app: AuthApp) -> None:
    cookie = await app.log_in("alice")
    secret = await new_key(app, cookie, name="<b>backup</b>", scopes="read-upload", lifetime="none")
    assert await key_logs_in(app, secret)
    page = await opened(app, cookie)
    assert secret not in page.text
    for words in ("<b>backup</b>", secret[:10], "Watch and upload", "never expires"):
        assert words in page.text
    (delete,) = (str(form["action"]) for form in page.forms if str(form["action"]).startswith("/account/api-keys/"))
    answer = await sent(app, cookie, delete)
    assert (answer.status, answer.headers["Location"]) == (303, "/account?done=key")
    assert not await key_logs_in(app, secret)


@pytest.mark.parametrize(
    ("scopes", "granted"),
    [("read", ["read"]), ("upload", ["upload"]), ("read-upload", ["read", "upload"]), ("all", ["all"])],
)
async def test_a_key_may_what_was_chosen(app: AuthApp, scopes: str, granted: list[str]) -> None:
    cookie = await app.log_in("alice")
    await new_key(app, cookie, scopes=scopes, lifetime="90")
    (key,) = (await (await app.send("GET", "/v1/me/api-keys", cookie=cookie)).json())["items"]
    assert key["scopes"] == granted
    assert key["expires_at"] is not None


async def test_a_key_ends_when_it_was_said_to_and_the_page_says_so(app: AuthApp) -> None:
    cookie = await app.log_in("alice")
    secret = await new_key(app, cookie, lifetime="30")
    app.clock.advance(timedelta(days=30) - timedelta(seconds=1))
    assert await key_logs_in(app, secret)
    assert "Expired" not in (await opened(app, await app.log_in("alice"))).text
    app.clock.advance(timedelta(seconds=1))
    assert not await key_logs_in(app, secret)
    assert "Expired" in (await opened(app, await app.log_in("alice"))).text


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"scopes": "read upload"}, "scopes"),
        ({"lifetime": "-1"}, "lifetime"),
    ],
)
async def test_a_key_that_is_refused_is_told_beside_its_field(app: AuthApp, fields: dict[str, str], wrong: str) -> None:
    cookie = await app.log_in("alice")
    form = {"name": "what I typed", "scopes": "read", "lifetime": "30", **fields}
    answer = await sent(app, cookie, "/account/api-keys", **form)
    text = await answer.text()
    page = await page_of(answer, 422)
    assert re.search(rf'id="{wrong}-error"[^>]*">[^<]', text)
    assert page.fields["name"]["value"] == form["name"]
    assert (await (await app.send("GET", "/v1/me/api-keys", cookie=cookie)).json())["items"] == []


async def test_what_was_done_is_told_and_only_of_oneself(app: AuthApp) -> None:
    cookie = await app.log_in("alice")
    await app.send("POST", "/login", data={"username": "bob", "password": "wrong"}, headers=OWN)
    await new_key(app, cookie)
    page = await opened(app, cookie)
    assert "API key created" in page.text
    assert "Logged in" in page.text
    assert "Failed sign-in" not in page.text
    await app.send("POST", "/login", data={"username": "alice", "password": "wrong"}, headers=OWN)
    assert "Failed sign-in" in (await opened(app, cookie)).text


async def test_what_was_done_goes_on_on_older_pages(app: AuthApp) -> None:
    cookie = await app.log_in("alice")
    for number in range(21):
        await new_key(app, cookie, name=f"key {number}")
    first = await opened(app, cookie)
    (older,) = (link for link in first.links if "cursor=" in link)
    second = await page_of(await app.send("GET", older.partition("#")[0], cookie=cookie, headers=PAGE))
    assert second.text.count("API key created") + first.text.count("API key created") == 21
    assert not any("cursor=" in link for link in second.links)
    # A place in somebody else's list is none here: one's own begins from the beginning.
    bob = await app.log_in("bob")
    elsewhere = await app.send("GET", older.partition("#")[0], cookie=bob, headers=PAGE)
    assert (elsewhere.status, elsewhere.headers["Location"]) == (303, "/account")


async def test_a_token_that_may_only_watch_opens_nothing_here(app: AuthApp) -> None:
    await app.add_account("root", role=Role.ADMIN)
    cookie = await app.log_in("root")
    secret = await new_key(app, cookie, scopes="read")
    token = (await (await app.exchange(secret)).json())["access_token"]
    calls = [("GET", "/account"), ("POST", "/account/api-keys"), ("POST", "/account/sessions/end-others")]
    # Nor what administrators have, were it an administrator's.
    calls += [("GET", "/admin"), ("GET", "/admin/audit"), ("POST", "/admin/accounts")]
    for method, path in calls:
        answer = await app.send(method, path, headers={**bearer(token), "Accept": "application/json"})
        await assert_problem(answer, 403, "forbidden")


async def test_who_knows_the_password_deletes_the_account_with_all_that_it_can_be_reached_by(app: AuthApp) -> None:
    here, there = await app.log_in("alice"), await app.log_in("alice")
    secret = await new_key(app, here)
    refresh_token = (await app.grant("alice"))["refresh_token"]
    for fields, words in (({"delete_password": "wrong"}, "The password is wrong."), ({}, "The password is required.")):
        page = await page_of(await sent(app, here, "/account/delete", **fields), 422)
        assert words in page.text
        assert page.fields["delete_password"]["aria-invalid"] == "true"
        assert "value" not in page.fields["delete_password"]
    assert await is_logged_in(app, here)
    answer = await sent(app, here, "/account/delete", delete_password=PASSWORD)
    assert (answer.status, answer.headers["Location"]) == (303, "/login")
    assert answer.cookies[COOKIE].value == ""
    app.clock.advance(EXCHANGE_LIFETIME)
    assert not await is_logged_in(app, here)
    assert not await is_logged_in(app, there)
    assert not await key_logs_in(app, secret)
    assert (await app.refresh(refresh_token)).status == 400
    assert (await app.ask("alice")).status == 401
    # Somebody else may have the name, and nothing of what was there.
    again = await app.add_account("alice", OTHER)
    (departure,) = await app.execute("SELECT account_id, heir_id FROM departures")
    assert departure.heir_id is None
    assert departure.account_id != again


async def test_the_last_administrator_stays_even_if_they_want_to_go(app: AuthApp) -> None:
    await app.add_account("root", role=Role.ADMIN)
    cookie = await app.log_in("root")
    page = await page_of(await sent(app, cookie, "/account/delete", delete_password=PASSWORD), 409)
    assert "Make someone else an administrator first." in page.text
    assert await is_logged_in(app, cookie)


async def test_the_export_has_what_is_kept_and_no_secret(app: AuthApp) -> None:
    cookie = await app.log_in("alice")
    app.clock.advance(timedelta(seconds=1))
    secret = await new_key(app, cookie, name="backup")
    for _ in range(120):
        await app.app[AUDIT].record(Action.SESSION_ENDED, Actor(None, "192.0.2.1"), target_id=None)
    answer = await app.send("GET", "/account/export", cookie=cookie)
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="vss-account.json"'
    found = await answer.json()
    assert (found["account"]["username"], found["account"]["role"]) == ("alice", "member")
    assert [session["current"] for session in found["sessions"]] == [True]
    assert [(key["name"], key["prefix"]) for key in found["api_keys"]] == [("backup", secret[:10])]
    assert [(deed["action"], deed["by_me"]) for deed in found["audit"]] == [("api-key-made", True), ("log-in", True)]
    said = await answer.text()
    assert not any(word in said for word in (secret, cookie, PASSWORD, "argon2"))
