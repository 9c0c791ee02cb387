"""The language that a visitor is spoken to: what the browser asks for, or what was chosen."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from common.languages import read_catalogue
from tests.auth_app import AuthApp, running_auth_app
from tests.html_pages import PAGE, page_of
from tests.problems import assert_problem

OWN = {"Sec-Fetch-Site": "same-origin"}
ARABIC = {"Accept-Language": "ar-EG, en;q=0.5"}


@pytest.fixture
async def app(sqlite_url: str) -> AsyncIterator[AuthApp]:
    async with running_auth_app(sqlite_url) as app:
        yield app


def in_arabic(message: str) -> str:
    translated = read_catalogue("ar", "pages").get(message)
    assert translated is not None
    return str(translated.string)


async def test_a_page_speaks_what_the_browser_asks_for(app: AuthApp) -> None:
    answer = await app.send("GET", "/login", headers={**PAGE, **ARABIC})
    assert answer.headers["Content-Language"] == "ar"
    text = await answer.text()
    assert '<html lang="ar" dir="rtl">' in text
    assert in_arabic("User name") in text
    assert "User name" not in text
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
    assert in_arabic("The user name or the password is not right.") in await answer.text()
