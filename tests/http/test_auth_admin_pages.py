"""The pages for administrators: who may see them, and what they do with accounts and the audit log."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import quote, urlsplit

import pytest
from aiohttp import ClientResponse

from auth_svc.accounts.store import Role
from auth_svc.administration.administration import LINK_LIFETIME
from auth_svc.administration.models import MAX_QUOTA_BYTES
from common.web.sessions import EXCHANGE_LIFETIME
from tests.auth_app import PASSWORD, AuthApp
from tests.html_pages import PAGE, page_of
from tests.problems import assert_problem

pytestmark = pytest.mark.any_database
NEW = "another fine set of words"
OWN = {"Sec-Fetch-Site": "same-origin"}
MARKUP = '"><b>x</b>'


class Admin:
    """An administrator with a browser."""

    def __init__(self, app: AuthApp, account_id: str, cookie: str) -> None:
        self.app = app
        self.account_id = account_id
        self.cookie = cookie

    async def see(self, path: str = "", **headers: str) -> ClientResponse:
        return await self.app.send("GET", f"/admin{path}", cookie=self.cookie, headers={**PAGE, **headers})

    async def send(self, path: str, **fields: str) -> ClientResponse:
        headers = {**OWN, **PAGE}
        return await self.app.send("POST", f"/admin{path}", cookie=self.cookie, headers=headers, data=fields)

    async def add(self, username: str, **fields: str) -> str:
        """A new account, by the form; returns its id."""
        form = {"username": username, "role": "member", "quota": "", "password": PASSWORD, **fields}
        answer = await self.send("/accounts", **form)
        assert answer.status == 303, await answer.text()
        return answer.headers["Location"].removeprefix("/admin/accounts/")

    async def change(self, account_id: str, **fields: str) -> ClientResponse:
        form = {"role": "member", "disabled": "false", "quota": "", **fields}
        return await self.send(f"/accounts/{account_id}", **form)

    async def link_of(self, answer: ClientResponse, status: int) -> str:
        """The path of the link that the answer shows."""
        found = re.search(r'id="link" value="([^"]+)"', await answer.text())
        assert answer.status == status
        assert found is not None
        url = urlsplit(unescape(found[1]))
        assert f"{url.scheme}://{url.netloc}" == self.app.url
        return f"{url.path}?{url.query}"


@pytest.fixture
async def root(app: AuthApp) -> Admin:
    account_id = await app.add_account("root", role=Role.ADMIN)
    return Admin(app, account_id, await app.log_in("root"))


def selected(content: str, name: str) -> str:
    """What is chosen in the form."""
    options = re.search(rf'<select [^>]*name="{name}".*?</select>', content, re.DOTALL)
    assert options is not None
    (value,) = re.findall(r'<option value="(\w+)" selected>', options[0])
    assert isinstance(value, str)
    return value


async def choose(app: AuthApp, link: str, password: str) -> int:
    token = link.partition("token=")[2]
    answer = await app.send("POST", "/account/set-password", data={"token": token, "password": password}, headers=PAGE)
    return answer.status


async def test_only_an_administrator_of_this_moment_may_see_or_send(root: Admin) -> None:
    app = root.app
    member_id = await root.add("alice")
    former_id = await root.add("former", role="admin")
    member, former = await app.log_in("alice"), await app.log_in("former")
    assert (await root.change(former_id)).status == 303
    paths = [("GET", path) for path in ("", f"/accounts/{member_id}", "/new-account", "/audit")]
    paths += [("POST", "/accounts"), ("POST", "/storage/check")]
    paths += [("POST", f"/accounts/{member_id}{path}") for path in ("", "/password-link", "/delete")]
    form = {"username": "new", "role": "admin", "disabled": "false", "quota": "1"}
    for method, path in paths:
        data = form if method == "POST" else None
        answer = await app.send(method, f"/admin{path}", headers={**OWN, **PAGE}, data=data)
        assert answer.status == 303
        assert answer.headers["Location"].startswith("/login?next=")
        for cookie in (member, former):
            answer = await app.send(method, f"/admin{path}", cookie=cookie, headers={**OWN, **PAGE}, data=data)
            assert "Only administrators can do this." in (await page_of(answer, 403)).text
    assert "new" not in [row.username for row in await app.execute("SELECT username FROM accounts")]
    assert (await app.account(member_id)).role is Role.MEMBER


async def test_the_menu_leads_administrators_here_and_nobody_else(root: Admin) -> None:
    await root.add("alice")
    link = f"{root.app.url}/admin"
    assert link in (await page_of(await root.see())).links
    cookie = await root.app.log_in("alice")
    page = await page_of(await root.app.send("GET", "/logout", cookie=cookie, headers=PAGE))
    assert link not in page.links


async def test_an_account_with_a_password_is_made_and_listed(root: Admin) -> None:
    account_id = await root.add("Alice", role="admin", quota="1.5")
    account = await root.app.account(account_id)
    assert (account.username, account.role, account.quota_bytes) == ("alice", Role.ADMIN, 1_500_000_000)
    page = await page_of(await root.see())
    assert "1.5 GB" in page.text
    assert "No limit" in page.text
    assert f"/admin/accounts/{account_id}" in page.links
    assert page.inline == []
    one = await root.see(f"/accounts/{account_id}")
    assert selected(await one.text(), "role") == "admin"
    assert (await page_of(one)).fields["quota"]["value"] == "1.5"
    assert await root.app.log_in("alice")


async def test_an_account_without_a_password_comes_with_a_link_shown_once(root: Admin) -> None:
    answer = await root.send("/accounts", username="alice", role="member", quota="", password="")
    link = await root.link_of(answer, 201)
    assert answer.headers["Cache-Control"] == "no-store"
    (row,) = await root.app.execute("SELECT id FROM accounts WHERE username = 'alice'")
    for path in ("", f"/accounts/{row.id}", "/audit"):
        assert link.partition("token=")[2] not in await (await root.see(path)).text()
    assert await choose(root.app, link, NEW) == 303
    assert await root.app.log_in("alice", NEW)
    assert await choose(root.app, link, PASSWORD) == 404


async def test_the_list_holds_everybody_in_pages(root: Admin) -> None:
    names = {"root"}
    for number in range(3):
        root.app.clock.advance(timedelta(seconds=1))
        await root.add(f"person{number}", password=PASSWORD)
        names.add(f"person{number}")
    seen: set[str] = set()
    path = "?limit=2"
    while path:
        page = await page_of(await root.see(path))
        seen |= {name for name in names if f"{name}\n" in page.text}
        following = [link for link in page.links if "cursor=" in link]
        path = following[0].removeprefix("/admin") if following else ""
    assert seen == names


async def test_a_search_is_kept_from_page_to_page(root: Admin) -> None:
    for name in ("jos\u00e9", "josephine", "amal", "jo.b"):
        root.app.clock.advance(timedelta(seconds=1))
        await root.add(name)
    page = await page_of(await root.see("?q=JO&limit=2"))
    assert (page.fields["q"]["value"], "amal" in page.text) == ("JO", False)
    (older,) = [link for link in page.links if "cursor=" in link]
    assert older.startswith("/admin?q=JO&limit=2&cursor=")
    page = await page_of(await root.see(older.removeprefix("/admin")))
    assert ("jos\u00e9" in page.text, "/admin?q=JO&limit=2" in page.links) == (True, True)
    for q, words in (
        ("jos\u00c9", "jos\u00e9"),
        ("%", "Nothing found for \u201c%\u201d"),
        ("x" * 200, "Nothing found"),
    ):
        assert words in (await page_of(await root.see(f"?q={quote(q)}"))).text


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("", 4),
        ("created", 2),
        ("ALICE", 3),
        ("alice created", 1),
        ("link", 1),
        ("127.0.0.1", 4),
        ("%", 0),
        ("username", 0),
        ("nobody", 0),
    ],
)
async def test_the_audit_log_is_searched_for_who_did_what_to_whom(root: Admin, q: str, found: int) -> None:
    alice = await root.add("alice")
    await root.add("bob")
    link = await root.link_of(await root.send(f"/accounts/{alice}/password-link"), 200)
    assert await choose(root.app, link, NEW) == 303
    await root.app.execute("DELETE FROM audit WHERE action = 'log-in'")
    content = await (await root.see(f"/audit?q={quote(q)}")).text()
    assert content.count('<td class="admin-main"') == found


async def test_a_check_of_the_storage_is_asked_for_only_where_somebody_hears_it(root: Admin) -> None:
    """fs_svc is away here: the page says so, and nothing is written down that has not been done."""
    answer = await root.send("/storage/check")
    assert (answer.status, answer.headers["Location"]) == (303, "/admin#storage")
    assert "Storage status is unavailable." in (await page_of(await root.see())).text
    assert await root.app.execute("SELECT id FROM audit WHERE action = 'storage-checked'") == []


@pytest.mark.parametrize(
    ("fields", "name", "words"),
    [
        ({"username": "root"}, "username", "The username is already taken."),
        ({"username": ""}, "username", "The username is too short (minimum 1)."),
        ({"username": MARKUP}, "username", "The username may only contain letters, digits"),
        ({"password": "short"}, "password", "The password must be 8 to 128 characters long."),
        ({"role": "king"}, "role", "The role must be"),
        ({"quota": "much"}, "quota", "The quota must be a number of GB"),
    ],
)
async def test_what_is_wrong_stands_by_its_field_and_what_was_typed_is_kept(
    root: Admin, fields: dict[str, str], name: str, words: str
) -> None:
    form = {"username": "alice", "role": "admin", "quota": "7", "password": PASSWORD, **fields}
    answer = await root.send("/accounts", **form)
    page, content = await page_of(answer, 422), await answer.text()
    assert words in page.text
    assert f'aria-describedby="{name}-error' in content
    assert [page.fields[kept].get("value") for kept in ("username", "quota")] == [form["username"], form["quota"]]
    assert "value" not in page.fields["password"]
    if name != "role":
        assert selected(content, "role") == "admin"
    assert "<b>" not in content
    assert len(await root.app.execute("SELECT id FROM accounts")) == 1


@pytest.mark.parametrize(
    ("typed", "size"),
    [
        ("", None),
        ("  ", None),
        ("0", 0),
        ("50", 50 * 10**9),
        (" 1.5 ", 1_500_000_000),
        ("0.000000001", 1),
        ("\u0665\u0660", 50 * 10**9),
        ("9007199.254740992", MAX_QUOTA_BYTES),
    ],
)
async def test_a_quota_is_gigabytes_or_no_limit(root: Admin, typed: str, size: int | None) -> None:
    account_id = await root.add("alice", quota="3")
    assert (await root.change(account_id, quota=typed)).status == 303
    assert (await root.app.account(account_id)).quota_bytes == size
    # What the form then holds is the same quota.
    page = await page_of(await root.see(f"/accounts/{account_id}"))
    assert (await root.change(account_id, quota=page.fields["quota"].get("value") or "")).status == 303
    assert (await root.app.account(account_id)).quota_bytes == size


@pytest.mark.parametrize(
    "typed", ["-1", "1,5", "1.", ".5", "1e3", "NaN", "Infinity", "1_0", "0x1", "9007199.254740993", "9" * 400, MARKUP]
)
async def test_what_is_no_quota_is_refused_and_kept_in_the_field(root: Admin, typed: str) -> None:
    account_id = await root.add("alice", quota="3")
    answer = await root.change(account_id, quota=typed, role="admin")
    page = await page_of(answer, 422)
    assert "The quota must be a number of GB" in page.text
    assert page.fields["quota"]["value"] == typed
    assert selected(await answer.text(), "role") == "admin"
    account = await root.app.account(account_id)
    assert (account.quota_bytes, account.role) == (3 * 10**9, Role.MEMBER)


async def test_a_form_that_names_no_quota_takes_none_away(root: Admin) -> None:
    account_id = await root.add("alice", quota="3")
    answer = await root.send(f"/accounts/{account_id}", role="admin", disabled="false")
    assert "The quota is required." in (await page_of(answer, 422)).text
    assert (await root.app.account(account_id)).quota_bytes == 3 * 10**9


async def test_disabling_ends_sessions_and_other_changes_do_not(root: Admin) -> None:
    account_id = await root.add("alice")
    cookie = await root.app.log_in("alice")
    assert (await root.change(account_id, quota="1")).status == 303
    assert (await root.app.send("GET", "/v1/me", cookie=cookie)).status == 200
    answer = await root.change(account_id, quota="1", disabled="true")
    assert (answer.status, answer.headers["Location"]) == (303, f"/admin/accounts/{account_id}")
    root.app.clock.advance(EXCHANGE_LIFETIME)
    await assert_problem(await root.app.send("GET", "/v1/me", cookie=cookie), 401, "unauthenticated")
    content = await (await root.see(f"/accounts/{account_id}")).text()
    assert selected(content, "disabled") == "true"
    assert "Disabled" in (await page_of(await root.see())).text
    assert (await root.change(account_id, quota="1")).status == 303
    assert await root.app.log_in("alice")


@pytest.mark.parametrize("fields", [{"role": "member"}, {"role": "admin", "disabled": "true"}])
async def test_the_last_administrator_stays_and_what_was_typed_too(root: Admin, fields: dict[str, str]) -> None:
    answer = await root.change(root.account_id, quota="7", **fields)
    page, content = await page_of(answer, 409), await answer.text()
    assert "This is the last administrator. Make someone else an administrator first." in page.text
    assert page.fields["quota"]["value"] == "7"
    assert selected(content, "role") == fields["role"]
    assert selected(content, "disabled") == fields.get("disabled", "false")
    account = await root.app.account(root.account_id)
    assert (account.role, account.is_disabled, account.quota_bytes) == (Role.ADMIN, False, None)


async def test_a_form_that_was_open_for_long_gives_nothing_back_that_was_taken_meanwhile(root: Admin) -> None:
    account_id = await root.add("alice", role="admin", quota="3")
    shown = (await page_of(await root.see(f"/accounts/{account_id}"))).fields
    names = ("role", "disabled", "quota")
    was = {f"was_{name}": str(shown[f"was_{name}"]["value"]) for name in names}
    stale = {"role": "admin", "disabled": "false", "quota": "3", **was}
    assert (await root.change(account_id, role="member", disabled="true", quota="3")).status == 303
    refused = await page_of(await root.change(account_id, **{**stale, "quota": "much"}), 422)
    assert {name: refused.fields[name]["value"] for name in was} == was
    assert (await root.change(account_id, **{**stale, "quota": "5"})).status == 303
    query = f"SELECT role, is_disabled, quota_bytes FROM accounts WHERE id = '{account_id}'"  # noqa: S608 (an id of ours)
    (row,) = await root.app.execute(query)
    assert (row.role, bool(row.is_disabled), row.quota_bytes) == ("member", True, 5 * 10**9)


async def test_an_account_is_deleted_only_by_who_types_its_name(root: Admin) -> None:
    app = root.app
    account_id, heir_id = await root.add("alice"), await root.add("bob")
    for fields, words in (
        ({"confirm": "bob"}, "What you typed doesn’t match this account’s username."),
        ({"confirm": "alice", "heir": "nobody"}, "The new owner is not an existing account."),
        ({"confirm": "alice", "heir": "alice"}, "The new owner must be a different account."),
        ({"confirm": "alice", "videos": "keep"}, "The choice for the videos must be "),
    ):
        form = {"videos": "hand-over", "heir": "bob", **fields}
        page = await page_of(await root.send(f"/accounts/{account_id}/delete", **form), 422)
        assert words in page.text
        assert page.fields["heir"]["value"] == form["heir"]
    assert (await root.see(f"/accounts/{account_id}")).status == 200
    answer = await root.send(f"/accounts/{account_id}/delete", videos="hand-over", heir=" Bob ", confirm="Alice")
    assert (answer.status, answer.headers["Location"]) == (303, "/admin")
    assert (await root.see(f"/accounts/{account_id}")).status == 404
    assert [tuple(row) for row in await app.execute("SELECT account_id, heir_id FROM departures")] == [
        (account_id, heir_id)
    ]
    page = await page_of(await root.see("/audit"))
    assert "Account deleted" in page.text
    assert "alice" in page.text


async def test_the_last_administrator_is_not_deleted(root: Admin) -> None:
    heir = await root.add("bob")
    answer = await root.send(f"/accounts/{root.account_id}/delete", videos="hand-over", heir="bob", confirm="root")
    assert (
        "This is the last administrator. Make someone else an administrator first." in (await page_of(answer, 409)).text
    )
    assert (await root.see(f"/accounts/{heir}")).status == 200


async def test_a_new_link_replaces_older_ones_and_ends_nothing_before_it_is_used(root: Admin) -> None:
    app = root.app
    account_id = await root.add("alice")
    cookie = await app.log_in("alice")
    first = await root.link_of(await root.send(f"/accounts/{account_id}/password-link"), 200)
    second = await root.link_of(await root.send(f"/accounts/{account_id}/password-link"), 200)
    assert (await app.send("GET", "/v1/me", cookie=cookie)).status == 200
    assert await choose(app, first, NEW) == 404
    assert await choose(app, second, NEW) == 303
    app.clock.advance(EXCHANGE_LIFETIME)
    await assert_problem(await app.send("GET", "/v1/me", cookie=cookie), 401, "unauthenticated")
    assert await app.log_in("alice", NEW)
    late = await root.link_of(await root.send(f"/accounts/{account_id}/password-link"), 200)
    rows = await app.execute("SELECT details FROM audit WHERE action = 'account-changed'")
    assert [row.details for row in rows] == ['{"link": "made"}'] * 3
    app.clock.advance(LINK_LIFETIME)
    assert await choose(app, late, PASSWORD) == 404


async def test_who_is_not_there_is_not_found(root: Admin) -> None:
    for account_id in ("a" * 26, "nonsense"):
        assert (await root.see(f"/accounts/{account_id}")).status == 404
        assert (await root.change(account_id)).status == 404
        assert (await root.send(f"/accounts/{account_id}/password-link")).status == 404


async def test_markup_in_a_name_stays_text(root: Admin) -> None:
    # No name like this can be made; the pages do not count on it.
    account_id = await root.add("alice")
    await root.app.execute("UPDATE accounts SET username = :name WHERE id = :id", name=MARKUP, id=account_id)
    link_page = await root.send(f"/accounts/{account_id}/password-link")
    for answer in (link_page, await root.see(), await root.see(f"/accounts/{account_id}"), await root.see("/audit")):
        page = await page_of(answer)
        assert MARKUP in page.text
        assert "<b>" not in await answer.text()


async def test_the_audit_log_says_who_did_what_to_whom(root: Admin) -> None:
    account_id = await root.add("alice")
    await root.app.send("POST", "/login", data={"username": "alice", "password": "wrong"}, headers={**OWN, **PAGE})
    await root.app.log_in("alice")
    await root.app.execute(
        "UPDATE audit SET actor_id = :gone WHERE action = 'log-in' AND actor_id = :id", gone="a" * 26, id=account_id
    )
    answer = await root.see("/audit")
    page = await page_of(answer)
    text = " ".join(page.text.split())
    assert "Account created: alice root 127.0.0.1" in text
    assert "Failed sign-in: alice unknown 127.0.0.1" in text
    assert "Logged in deleted account 127.0.0.1" in text
    assert "Logged in root 127.0.0.1" in text
    (row,) = await root.app.execute("SELECT request_id FROM audit WHERE action = 'account-made'")
    assert row.request_id in text
    assert page.inline == []
    one = " ".join((await page_of(await root.see(f"/accounts/{account_id}"))).text.split())
    assert "Account created root" in one
    assert "Logged in root" not in one


async def test_the_audit_log_goes_on_behind_its_first_page(root: Admin) -> None:
    for _ in range(3):
        root.app.clock.advance(timedelta(seconds=1))
        await root.app.log_in("root")
    page = await page_of(await root.see("/audit?limit=2"))
    (older,) = [link for link in page.links if "cursor=" in link]
    assert (await page_of(await root.see(older.removeprefix("/admin")))).text.count("Logged in") > 1
    lost = await root.see("/audit?cursor=x")
    assert (lost.status, lost.headers["Location"]) == (303, "/admin/audit")
