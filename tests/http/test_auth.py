"""auth_svc over HTTP: tokens as RFC 6749 says, sessions by cookie, and who may send what from where."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from jwt import PyJWKClient, decode

from common.tokens import PERSON_AUDIENCE
from tests.auth_service import AuthService
from tests.problems import assert_problem


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def send(session: aiohttp.ClientSession, method: str, url: str, **options: Any) -> aiohttp.ClientResponse:
    """One request, answered and read; redirects are not followed."""
    async with session.request(method, url, allow_redirects=False, **options) as answer:
        await answer.read()
    return answer


async def log_in(
    browser: aiohttp.ClientSession, auth: AuthService, *, target: str = "/", **headers: str
) -> aiohttp.ClientResponse:
    form = {"username": "admin", "password": "admin", "next": target}
    return await send(browser, "POST", f"{auth.url}/login", data=form, headers=headers)


@pytest.mark.parametrize("encoding", ["data", "json"])
async def test_a_stranger_can_verify_what_the_token_endpoint_gives(
    browser: aiohttp.ClientSession, auth: AuthService, encoding: str
) -> None:
    asked = {"grant_type": "password", "username": "Admin", "password": "admin"}
    answer = await send(browser, "POST", f"{auth.url}/v1/token", **{encoding: asked})
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    grant = await answer.json()
    assert (grant["token_type"], grant["expires_in"]) == ("Bearer", 300)
    jwks = await (await send(browser, "GET", f"{auth.url}/.well-known/jwks.json")).json()
    assert not {"d", "p", "q"} & set(jwks["keys"][0])
    # The client that others wrote fetches the keys itself and finds the right one by the token's kid.
    client = PyJWKClient(f"{auth.url}/.well-known/jwks.json")
    key = await asyncio.to_thread(client.get_signing_key_from_jwt, grant["access_token"])
    claims = decode(grant["access_token"], key, ["RS256"], audience=PERSON_AUDIENCE, issuer=auth.url)
    assert claims["preferred_username"] == "admin"


@pytest.mark.parametrize(
    ("form", "status", "code", "error"),
    [
        ({"grant_type": "password", "username": "admin", "password": "wrong"}, 401, "unauthenticated", "invalid_grant"),
        ({"grant_type": "password", "username": "nobody", "password": "x"}, 401, "unauthenticated", "invalid_grant"),
        (
            {"grant_type": "password", "username": "admin", "password": "x" * 999},
            401,
            "unauthenticated",
            "invalid_grant",
        ),
        ({"grant_type": "password", "username": "admin"}, 400, "malformed", "invalid_request"),
        ({"username": "admin", "password": "admin"}, 400, "malformed", "invalid_request"),
        ({"grant_type": "magic"}, 400, "malformed", "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 401, "unauthenticated", "invalid_client"),
    ],
)
async def test_refusals_are_those_of_oauth_and_problems(
    browser: aiohttp.ClientSession, auth: AuthService, form: dict[str, str], status: int, code: str, error: str
) -> None:
    problem = await assert_problem(await send(browser, "POST", f"{auth.url}/v1/token", data=form), status, code)
    assert problem["error"] == error


@pytest.mark.parametrize("client", [("upload", "wrong"), ("nobody", "x"), ("upload", "")])
async def test_a_service_needs_its_secret(
    browser: aiohttp.ClientSession, auth: AuthService, client: tuple[str, str]
) -> None:
    headers = {"Authorization": aiohttp.encode_basic_auth(*client)}
    form = {"grant_type": "client_credentials"}
    answer = await send(browser, "POST", f"{auth.url}/v1/token", data=form, headers=headers)
    await assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


async def test_internal_routes_are_for_services_with_the_scope(
    browser: aiohttp.ClientSession, auth: AuthService
) -> None:
    url = f"{auth.url}/internal/sessions/exchange"
    for token, status, code in [
        (None, 401, "unauthenticated"),
        (auth.token("alice"), 401, "unauthenticated"),
        (auth.service_token("upload", scope="objects:write"), 403, "forbidden"),
    ]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = await send(browser, "POST", url, json={"session": "x"}, headers=headers)
        await assert_problem(answer, status, code)
    headers = {"Authorization": f"Bearer {auth.service_token('upload')}"}
    answer = await send(browser, "POST", url, json={"session": "x"}, headers=headers)
    assert await answer.json() == {"access_token": None}


async def test_a_log_in_gives_a_new_cookie_that_scripts_cannot_read(
    browser: aiohttp.ClientSession, auth: AuthService
) -> None:
    first = await log_in(browser, auth, target="/account?x=1")
    second = await log_in(browser, auth, **{"Sec-Fetch-Site": "same-origin"})
    assert (first.status, first.headers["Location"]) == (303, "/account?x=1")
    cookie = first.cookies["vss_session"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
    assert cookie.value != second.cookies["vss_session"].value
    assert (await send(browser, "GET", f"{auth.url}/v1/me")).status == 200


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https://evil.example", "/\tx", "", "x"])
async def test_a_log_in_leads_nowhere_else(browser: aiohttp.ClientSession, auth: AuthService, target: str) -> None:
    assert (await log_in(browser, auth, target=target)).headers["Location"] == "/"


async def test_a_wrong_password_is_said_on_the_page(browser: aiohttp.ClientSession, auth: AuthService) -> None:
    form = {"username": "admin", "password": "wrong <b>"}
    answer = await send(browser, "POST", f"{auth.url}/login", data=form)
    assert answer.status == 401
    assert "is not right" in await answer.text()
    assert "wrong" not in (await answer.text()).replace("wrong password", "")


async def test_after_the_log_out_the_session_is_over_on_the_server(
    browser: aiohttp.ClientSession, auth: AuthService
) -> None:
    secret = (await log_in(browser, auth)).cookies["vss_session"].value
    button = await send(browser, "GET", f"{auth.url}/logout")
    assert button.status == 200
    assert (await send(browser, "GET", f"{auth.url}/v1/me")).status == 200
    out = await send(browser, "POST", f"{auth.url}/logout", headers={"Sec-Fetch-Site": "same-origin"})
    assert out.status == 303
    kept = {"Cookie": f"vss_session={secret}"}
    await assert_problem(await send(browser, "GET", f"{auth.url}/v1/me", headers=kept), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("headers", "is_own"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "OWN"}, False),
        ({"Origin": "OWN"}, True),
        ({"Origin": "null"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({}, False),
    ],
)
async def test_with_a_cookie_only_own_pages_may_change_anything(
    browser: aiohttp.ClientSession, auth: AuthService, headers: dict[str, str], *, is_own: bool
) -> None:
    await log_in(browser, auth)
    sent = {name: auth.url if value == "OWN" else value for name, value in headers.items()}
    answer = await send(browser, "POST", f"{auth.url}/logout", headers=sent)
    if is_own:
        assert answer.status == 303
    else:
        await assert_problem(answer, 403, "cross-origin")


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 303), ({"Origin": "https://evil.example"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403)],
)
async def test_a_first_log_in_is_refused_only_if_a_header_says_another_site(
    browser: aiohttp.ClientSession, auth: AuthService, headers: dict[str, str], status: int
) -> None:
    assert (await log_in(browser, auth, **headers)).status == status


async def test_another_name_leads_to_the_public_one(browser: aiohttp.ClientSession, auth: AuthService) -> None:
    other = auth.url.replace("127.0.0.1", "localhost")
    page = await send(browser, "GET", f"{other}/login?next=%2Fx")
    assert (page.status, page.headers["Location"]) == (308, f"{auth.url}/login?next=/x")
    assert (await send(browser, "GET", f"{other}/livez")).status == 200
    bearer = {"Authorization": f"Bearer {auth.token('alice')}"}
    # Known by its token, under any name; only that this alice has no account here.
    await assert_problem(await send(browser, "GET", f"{other}/v1/me", headers=bearer), 401, "unauthenticated")
