"""auth_svc's pages: the log-in form and its cookie, log-out, where they lead, and who may send what from where."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse

from auth_svc.sessions.sessions import ABSOLUTE_LIFETIME
from tests.auth_app import COOKIE, PASSWORD, AuthApp, bearer, running_auth_app
from tests.html_pages import PAGE, page_of
from tests.problems import assert_problem

pytestmark = [pytest.mark.any_database, pytest.mark.accounts("alice")]

OWN = {"Sec-Fetch-Site": "same-origin"}


async def log_in(app: AuthApp, **fields: str) -> ClientResponse:
    form = {"username": "alice", "password": PASSWORD, **fields}
    return await app.send("POST", "/login", data=form, headers={**OWN, **PAGE})


async def test_the_form_works_without_a_script(app: AuthApp) -> None:
    page = await page_of(await app.send("GET", "/login?next=%2Fvideos%3Fedit%3Dx"))
    assert [(form["action"], form["method"]) for form in page.forms] == [
        ("/login", "post"),
        ("/login/language", "post"),
    ]
    assert page.fields["password"]["type"] == "password"
    assert page.fields["next"]["value"] == "/videos?edit=x"
    assert "admin" not in page.text
    sent = {name: field.get("value") or "" for name, field in page.fields.items()}
    answer = await log_in(app, **{**sent, "username": "alice", "password": PASSWORD})
    assert (answer.status, answer.headers["Location"]) == (303, "/videos?edit=x")


async def test_a_log_in_sets_a_cookie_that_lives_as_long_as_the_session(app: AuthApp) -> None:
    answer = await log_in(app)
    secret, seconds = answer.cookies[COOKIE].value, int(ABSOLUTE_LIFETIME.total_seconds())
    expected = f"{COOKIE}={secret}; HttpOnly; Max-Age={seconds}; Path=/; SameSite=Lax"
    # The other one is the device's: it opens nothing.
    assert answer.headers.getall("Set-Cookie")[0] == expected
    assert set(answer.cookies) == {COOKIE, f"{COOKIE}_device"}
    me = await app.send("GET", "/v1/me", cookie=answer.cookies[COOKIE].value)
    assert (await me.json())["username"] == "alice"


async def test_a_site_has_its_own_name_logo_and_colour(sqlite_url: str, tmp_path: Path) -> None:
    logo = tmp_path / "logo"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 3 1"><script>alert(1)</script></svg>')
    own: dict[str, Any] = {"site_name": "Harbor & Sons", "site_logo": logo, "accent": "#0b7a53"}
    async with running_auth_app(sqlite_url, **own) as app:
        content = await (await app.send("GET", "/login", headers=PAGE)).text()
        assert "<title>Log in · Harbor &amp; Sons</title>" in content
        assert '<meta name="theme-color" content="#0b7a53">' in content
        ((source, width),) = re.findall(r'<img class="bar-mark" src="(\S+/logo\.svg)" width="(\d+)"', content)
        assert width == "84"
        (styles,) = re.findall(r'href="(\S+/brand\.css)"', content)
        answer = await app.send("GET", styles)
        assert (answer.content_type, "--accent:light-dark(oklch(" in await answer.text()) == ("text/css", True)
        image = await app.send("GET", source)
        assert (image.content_type, image.headers["X-Content-Type-Options"]) == ("image/svg+xml", "nosniff")
        assert image.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert "immutable" in image.headers["Cache-Control"]


async def test_over_tls_the_cookie_travels_over_tls_only(sqlite_url: str) -> None:
    async with running_auth_app(
        sqlite_url, auth_public_url="https://auth.example", session_cookie=f"__Host-{COOKIE}"
    ) as app:
        await app.add_account("alice")
        form = {"username": "alice", "password": PASSWORD}
        host = {"Host": "auth.example"}
        answer = await app.send("POST", "/login", data=form, headers=host)
        name, _, value = answer.headers["Set-Cookie"].partition("; ")[0].partition("=")
        assert name == f"__Host-{COOKIE}"
        # What browsers ask of a name with this prefix: Secure, the whole host's path, no domain.
        attributes = set(answer.headers["Set-Cookie"].split("; ")[1:])
        assert {"Secure", "Path=/", "HttpOnly", "SameSite=Lax"} <= attributes
        assert not any(attribute.startswith("Domain") for attribute in attributes)
        assert (await app.send("GET", "/v1/me", headers={**host, "Cookie": f"{name}={value}"})).status == 200
        # Another subdomain can plant a cookie of the bare name; it is nobody's here.
        assert (await app.send("GET", "/v1/me", headers={**host, "Cookie": f"{COOKIE}={value}"})).status == 401
        headers = {**host, **OWN, "Cookie": f"{name}={value}"}
        cleared = (await app.send("POST", "/logout", headers=headers)).headers["Set-Cookie"]
        assert cleared.startswith(f"{name}=")
        assert {"Secure", "Path=/", "Max-Age=0"} <= set(cleared.split("; "))


async def test_a_log_in_never_takes_over_the_id_it_came_with(app: AuthApp) -> None:
    for planted in ("planted-by-somebody-else", await app.log_in("alice")):
        form = {"username": "alice", "password": PASSWORD}
        answer = await app.send("POST", "/login", data=form, cookie=planted, headers=OWN)
        assert answer.status == 303
        assert answer.cookies[COOKIE].value != planted
    assert (await app.send("GET", "/v1/me", cookie="planted-by-somebody-else")).status == 401


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example/", "/\r\nX: y", "/\t/evil"]
)
async def test_no_way_of_asking_leads_away(app: AuthApp, target: str) -> None:
    assert (await log_in(app, next=target)).headers["Location"] == "/"
    page = await page_of(await app.send("GET", "/login", params={"next": target}))
    assert page.fields["next"]["value"] == "/"
    answer = await app.send("GET", "/login", params={"next": target}, cookie=await app.log_in("alice"))
    assert (answer.status, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize(
    "fields",
    [{"password": "wrong"}, {"username": "nobody"}, {"username": ""}, {"password": ""}, {"username": '"><b>x</b>'}],
)
async def test_a_wrong_log_in_shows_the_form_again_with_what_was_typed(app: AuthApp, fields: dict[str, str]) -> None:
    answer = await log_in(app, next="/x", **fields)
    page = await page_of(answer, 401)
    assert "Wrong username or password." in page.text
    assert page.fields["username"]["value"] == fields.get("username", "alice")
    assert "value" not in page.fields["password"]
    assert page.fields["next"]["value"] == "/x"
    assert "Set-Cookie" not in answer.headers
    assert "<b>" not in await answer.text()


async def test_the_demo_says_its_two_words_and_nothing_else_does(app: AuthApp, sqlite_url: str) -> None:
    assert "demo" not in (await page_of(await app.send("GET", "/login"))).text
    async with running_auth_app(sqlite_url, demo_account=True) as demo:
        assert (
            "the username is admin and the password is admin" in (await page_of(await demo.send("GET", "/login"))).text
        )
        assert await demo.log_in("admin", "admin")


async def test_a_link_to_log_out_changes_nothing(app: AuthApp) -> None:
    cookie = await app.log_in("alice")
    page = await page_of(await app.send("GET", "/logout", cookie=cookie))
    assert ("/logout", "post") in [(form["action"], form["method"]) for form in page.forms]
    assert page.buttons
    assert (await app.send("GET", "/v1/me", cookie=cookie)).status == 200


async def test_a_log_out_ends_the_session_on_the_server_and_in_the_browser(app: AuthApp) -> None:
    cookie, other = await app.log_in("alice"), await app.log_in("alice")
    answer = await app.send("POST", "/logout", cookie=cookie, headers=OWN)
    assert (answer.status, answer.headers["Location"]) == (303, "/login")
    assert answer.cookies[COOKIE].value == ""
    assert answer.cookies[COOKIE]["max-age"] == "0"
    assert answer.cookies[COOKIE]["path"] == "/"
    await assert_problem(await app.send("GET", "/v1/me", cookie=cookie), 401, "unauthenticated")
    assert (await app.send("GET", "/v1/me", cookie=other)).status == 200
    # Once more, and without any session.
    assert (await app.send("POST", "/logout", cookie=cookie, headers=OWN)).status == 303
    assert (await app.send("POST", "/logout")).status == 303


@pytest.mark.parametrize("path", ["/logout", "/login", "/v1/token", "/internal/sessions", "/no-such-page"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_whatever_another_site_makes_a_browser_send_is_refused_first(
    app: AuthApp, path: str, method: str
) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        answer = await app.send(method, path, cookie="x", headers=headers, data={"grant_type": "password"})
        await assert_problem(answer, 403, "cross-origin")


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 303), ({"Origin": "https://evil.example"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403)],
)
async def test_a_first_log_in_is_refused_only_if_a_header_says_another_site(
    app: AuthApp, headers: dict[str, str], status: int
) -> None:
    form = {"username": "alice", "password": PASSWORD}
    assert (await app.send("POST", "/login", data=form, headers=headers)).status == status


async def test_a_token_makes_the_cookie_and_the_origin_irrelevant(app: AuthApp) -> None:
    cookie = await app.log_in("alice")
    headers = {**bearer(await app.service_token()), "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    answer = await app.send("POST", "/internal/sessions/end", cookie="x", json={"session": cookie}, headers=headers)
    assert answer.status == 204
    # The cookie is not a second way in when the token is bad.
    cookie = await app.log_in("alice")
    for authorization in ("Bearer nonsense", "Basic x"):
        answer = await app.send("GET", "/v1/me", cookie=cookie, headers={"Authorization": authorization})
        await assert_problem(answer, 401, "unauthenticated")


async def test_the_home_of_the_site_is_elsewhere(app: AuthApp) -> None:
    answer = await app.send("GET", "/")
    assert (answer.status, answer.headers["Location"]) == (303, f"{app.settings.stream_public_url}/")
