"""The language that a visitor is spoken to: what the browser asks for, or what was chosen."""

from __future__ import annotations

import re

import pytest

from auth_svc.accounts.store import Role
from auth_svc.login.throttle import PER_NAME
from common.languages import read_catalogue
from tests.auth_app import PASSWORD, AuthApp
from tests.html_pages import PAGE, page_of
from tests.problems import assert_problem

pytestmark = pytest.mark.any_database

OWN = {"Sec-Fetch-Site": "same-origin"}
ARABIC = {"Accept-Language": "ar-EG, en;q=0.5"}


def in_arabic(message: str) -> str:
    translated = read_catalogue("ar", "pages").get(message)
    assert translated is not None
    return str(translated.string)


async def test_a_page_speaks_what_the_browser_asks_for(app: AuthApp) -> None:
    answer = await app.send("GET", "/login", headers={**PAGE, **ARABIC})
    assert answer.headers["Content-Language"] == "ar"
    text = await answer.text()
    assert '<html lang="ar" dir="rtl">' in text
    assert in_arabic("Username") in text
    assert "Username" not in text
    # What the scripts say is there as data.
    assert '<script type="application/json" data-words>' in text


async def test_a_page_speaks_english_to_everybody_else(app: AuthApp) -> None:
    answer = await app.send("GET", "/login", headers={**PAGE, "Accept-Language": "tlh"})
    assert answer.headers["Content-Language"] == "en"
    text = await answer.text()
    assert '<html lang="en" dir="ltr">' in text
    assert "data-words" not in text


async def test_a_choice_counts_for_more_than_the_browser_and_leads_back(app: AuthApp) -> None:
    page = await page_of(await app.send("GET", "/login?next=%2Fvideos", headers=PAGE))
    assert [form["action"] for form in page.forms] == ["/login", "/login/language"]
    chosen = await app.send(
        "POST",
        "/login/language",
        data={"language": "ar", "return_to": "/login?next=%2Fvideos"},
        headers={**OWN, **PAGE},
    )
    assert (chosen.status, chosen.headers["Location"]) == (303, "/login?next=%2Fvideos")
    assert chosen.headers.getall("Set-Cookie") == ["vss_language=ar; HttpOnly; Max-Age=31536000; Path=/; SameSite=Lax"]
    cookie = {"Cookie": "vss_language=ar"}
    answer = await app.send("GET", "/login", headers={**PAGE, **cookie, "Accept-Language": "en"})
    assert answer.headers["Content-Language"] == "ar"


@pytest.mark.parametrize(("cookie", "theme"), [("", "system"), ("vss_theme=dark", "dark"), ("vss_theme=x", "system")])
async def test_a_page_comes_in_the_scheme_that_was_chosen(app: AuthApp, cookie: str, theme: str) -> None:
    text = await (await app.send("GET", "/login", headers={**PAGE, "Cookie": cookie})).text()
    assert (f' data-theme="{theme}"' in text) == (theme != "system")
    assert f'name="color-scheme" content="{"light dark" if theme == "system" else theme}"' in text


async def test_a_scheme_is_kept_and_no_other_word(app: AuthApp) -> None:
    chosen = await app.send("POST", "/login/theme", data={"theme": "dark", "return_to": "/account"}, headers=OWN)
    assert (chosen.status, chosen.headers["Location"]) == (303, "/account")
    assert chosen.headers["Set-Cookie"] == "vss_theme=dark; HttpOnly; Max-Age=31536000; Path=/; SameSite=Lax"
    await assert_problem(await app.send("POST", "/login/theme", data={"theme": "x"}, headers=OWN), 422, "invalid")


async def test_a_cookie_that_names_no_language_of_ours_is_none(app: AuthApp) -> None:
    answer = await app.send("GET", "/login", headers={**PAGE, **ARABIC, "Cookie": "vss_language=../../etc"})
    assert answer.headers["Content-Language"] == "ar"


@pytest.mark.parametrize("form", [{"language": "tlh"}, {"language": ""}, {}])
async def test_an_unknown_language_is_refused(app: AuthApp, form: dict[str, str]) -> None:
    answer = await app.send("POST", "/login/language", data=form, headers=OWN)
    problem = await assert_problem(answer, 422, "invalid")
    assert problem["errors"] == [{"pointer": "#/language", "detail": "must be one of en, ar"}]
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "x"])
async def test_a_choice_leads_nowhere_else(app: AuthApp, target: str) -> None:
    answer = await app.send("POST", "/login/language", data={"language": "ar", "return_to": target}, headers=OWN)
    assert (answer.status, answer.headers["Location"]) == (303, "/")


async def test_a_problem_is_told_in_the_language_and_its_code_is_the_same(app: AuthApp) -> None:
    answer = await app.send("GET", "/no-such-page", headers=ARABIC)
    problem = await assert_problem(answer, 404, "not-found")
    assert problem["title"] == in_arabic("Not found")
    # In the next request on the same connection nothing is left of it.
    problem = await assert_problem(await app.send("GET", "/no-such-page"), 404, "not-found")
    assert problem["title"] == "Not found"


async def test_a_wrong_password_is_told_in_the_language(app: AuthApp) -> None:
    form = {"username": "alice", "password": "not this one"}
    answer = await app.send("POST", "/login", data=form, headers={**OWN, **PAGE, **ARABIC})
    assert answer.status == 401
    assert in_arabic("Wrong username or password.") in await answer.text()


# What is shown as it is in every language: names, figures with their units, what was typed.
AS_IT_IS = re.compile(r"\b(GB|vss)\b")
SAID = re.compile(r'<(p|div) class="(?:error|note)"(?! data-kind="success")[^>]*>(.*?)</\1>', re.DOTALL)
KEY = {"name": "x", "scopes": "read", "lifetime": "30"}
NEW_ACCOUNT = {"username": "bob", "role": "member", "quota": "", "password": PASSWORD}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/account/password", {"current_password": PASSWORD, "new_password": "short"}),
        ("/account/password", {"current_password": PASSWORD, "new_password": "password1"}),
        ("/account/password", {"current_password": PASSWORD, "new_password": "root-root"}),
        ("/account/password", {"current_password": "wrong", "new_password": PASSWORD + "!"}),
        ("/account/password", {"current_password": PASSWORD}),
        ("/account/password", {"current_password": "x" * 1025, "new_password": PASSWORD}),
        ("/account/api-keys", {**KEY, "name": ""}),
        ("/account/api-keys", {**KEY, "name": "x" * 101}),
        ("/account/api-keys", {**KEY, "name": "a\u202eb"}),
        ("/account/api-keys", {**KEY, "name": "a\x07b"}),
        ("/account/api-keys", {**KEY, "lifetime": "-1"}),
        ("/account/delete", {"delete_password": "wrong"}),
        ("/account/delete", {"delete_password": PASSWORD}),
        ("/account/set-password", {"password": "short"}),
        ("/admin/accounts", {**NEW_ACCOUNT, "username": ""}),
        ("/admin/accounts", {**NEW_ACCOUNT, "username": "-b"}),
        ("/admin/accounts", {**NEW_ACCOUNT, "username": "x" * 65}),
        ("/admin/accounts", {**NEW_ACCOUNT, "username": "root-root"}),
        ("/admin/accounts", {**NEW_ACCOUNT, "quota": "much"}),
        ("/admin/accounts", {**NEW_ACCOUNT, "password": "short"}),
        ("/admin/accounts/{id}", {"role": "member", "disabled": "false", "quota": ""}),
        ("/admin/accounts/{id}", {"role": "admin", "disabled": "false", "quota": "9" * 20}),
        ("/admin/accounts/{id}/delete", {"videos": "delete", "heir": "", "confirm": "x"}),
        ("/admin/accounts/{id}/delete", {"videos": "hand-over", "heir": "nobody", "confirm": "root-root"}),
        ("/admin/accounts/{id}/delete", {"videos": "hand-over", "heir": "root-root", "confirm": "root-root"}),
        ("/admin/accounts/{id}/delete", {"videos": "delete", "heir": "", "confirm": "root-root"}),
        ("/login", {"username": "", "password": ""}),
        ("/login", {"username": "root-root", "password": "wrong"}),
    ],
)
async def test_what_is_wrong_with_a_form_is_told_in_the_language(
    app: AuthApp, path: str, fields: dict[str, str]
) -> None:
    root = await app.add_account("root-root", role=Role.ADMIN)
    cookie = await app.log_in("root-root")
    headers = {**OWN, **PAGE, **ARABIC}
    if path == "/account/set-password":
        made = await app.send("POST", f"/admin/accounts/{root}/password-link", cookie=cookie, headers=headers)
        (token,) = re.findall(r"set-password\?token=([^\"&]+)", await made.text())
        fields = {**fields, "token": token}
    answer = await app.send("POST", path.format(id=root), cookie=cookie, headers=headers, data=fields)
    assert answer.status in (401, 409, 422)
    said = " ".join(words for _, words in SAID.findall(await answer.text()))
    text = AS_IT_IS.sub("", re.sub(r"<[^>]*>", "", said)).strip()
    assert re.search(r"[\u0600-\u06ff]", text), said
    assert not re.search(r"[A-Za-z]{2}", text), said


@pytest.mark.parametrize("path", ["/admin", "/account/set-password?token=x", "/no-such-page"])
async def test_what_is_not_for_somebody_is_told_in_the_language(app: AuthApp, path: str) -> None:
    await app.add_account("alice")
    cookie = await app.log_in("alice")
    answer = await app.send("GET", path, cookie=cookie, headers={**PAGE, **ARABIC})
    assert answer.status in (403, 404)
    (main,) = re.findall(r"<main.*?</main>", await answer.text(), re.DOTALL)
    for sentence in re.findall(r"<(?:h1|p)[^>]*>([^<]+)<", main):
        assert not re.search(r"[A-Za-z]{3}", re.sub(r"[a-z0-9]{26}", "", sentence)), sentence


async def test_how_long_to_wait_is_told_in_the_language(app: AuthApp) -> None:
    headers, form = {**OWN, **PAGE, **ARABIC}, {"username": "alice", "password": "not this one"}
    for _ in range(PER_NAME.attempts):
        await app.send("POST", "/login", data=form, headers=headers)
    answer = await app.send("POST", "/login", data=form, headers=headers)
    assert answer.status == 429
    (said,) = re.findall(r'<p class="error" id="login-error"[^>]*>([^<]+)<', await answer.text())
    assert in_arabic("Too many attempts.") in said
    assert re.search(r"\d", said)
    assert not re.search(r"[A-Za-z]{2}", said)
