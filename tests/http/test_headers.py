"""The headers of security.md on every answer of every service: each route, right and wrong, and what is no route."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from common.ids import new_id
from common.web.headers import API_HEADERS
from tests.addresses import Addresses
from tests.service_apps import Parts, serving

SERVICES = ["auth", "fs", "upload", "stream"]
# What a walk has to meet, or it would prove little: a person's faults, ours, and those of others.
EVERYWHERE = {200, 400, 401, 404, 405, 413, 415, 422, 500, 503}
MET = {
    "auth": EVERYWHERE - {422, 503} | {303, 403},
    "fs": EVERYWHERE | {403},
    "upload": EVERYWHERE | {303, 403},
    "stream": EVERYWHERE - {413, 415} | {303},
}
BROKEN = b"nonsense"
CALLS: list[dict[str, Any]] = [
    {},
    {"data": b"{", "headers": {"Content-Type": "application/json"}},
    {"data": b"{}", "headers": {"Content-Type": "application/json"}},
    {"data": b"x" * 70_000, "headers": {"Content-Type": "application/json"}},
    {"data": b"x", "headers": {"Content-Type": "text/plain"}},
    {"data": b"x=%ff&x=2", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    {"headers": {"Content-Encoding": "br"}, "data": BROKEN},
    {"params": {"cursor": "bent", "edit": "bent", "limit": "-1"}},
    {"headers": {"Cookie": "vss_session=nonsense", "Sec-Fetch-Site": "cross-site"}},
]
CREATE = {"title": "A film", "filename": "film.mp4", "size": 5, "content_type": "video/mp4"}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


async def _fails(request: web.Request) -> web.Response:
    raise RuntimeError("secret")


def _check(where: str, headers: Mapping[str, str], *, is_kept: bool = False, is_embed: bool = False) -> None:
    policy = headers["Content-Security-Policy"]
    is_page = headers.get("Content-Type", "").startswith("text/html")
    if is_page:
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; "), where
        # What says that there is no player may be anywhere, and speaks of nothing else.
        assert policy.endswith("frame-ancestors *" if is_embed else "frame-ancestors 'none'"), where
        assert "unsafe" not in policy, where
        assert headers["Referrer-Policy"] == ("no-referrer" if is_embed else "same-origin"), where
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups", where
    expected = {
        name: value
        for name, value in API_HEADERS.items()
        if not (is_page and name in ("Content-Security-Policy", "Referrer-Policy", "Cross-Origin-Opener-Policy"))
        and not (is_kept and name == "Cache-Control")
    }
    assert {name: headers.get(name) for name in expected} == expected, where
    if is_kept:
        assert headers["Cache-Control"].startswith("public, max-age="), where
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", headers["X-Request-ID"]), where
    assert "aiohttp" not in headers.get("Server", ""), where
    assert "Strict-Transport-Security" not in headers, "only over TLS"


def _targets(app: web.Application) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Every route of the app with an id in its path, and how to call it; one call where there is no such route."""
    found = [(method, path, CALLS[:1]) for method, path in (("GET", "/nothing/here"), ("BREW", "/v1/nothing"))]
    found.append(("GET", "/v1/nothing", CALLS))
    for resource in app.router.resources():
        path = re.sub(r"\{name\}", "app.css", resource.canonical)
        path = re.sub(r"\{\w+(:[^}]*)?\}", new_id(), path)
        found += [(route.method, path, CALLS) for route in resource]
        found += [(method, path, CALLS[:1]) for method in ("BREW", "DELETE", "PUT")]
    return found


@pytest.mark.parametrize("name", SERVICES)
async def test_every_answer_has_them(
    parts: Parts, session: aiohttp.ClientSession, addresses: Addresses, name: str
) -> None:
    # Whatever a service needs of another one but keys is away, so that it says 503 as well.
    if name != "auth":
        parts.addresses = replace(parts.addresses, auth_port=addresses.auth_port)
    if name == "fs":
        parts.storage = replace(parts.storage, endpoint="http://127.0.0.1:9")
    app, url = parts.create(name)
    app.router.add_get("/v1/fails", _fails, name="fails")
    app.router.add_get("/fails", _fails, name="page-fails")
    tokens: list[dict[str, str]] = [
        {},
        {"Accept": "text/html"},
        {"Authorization": "Bearer nonsense"},
        {
            "Authorization": f"Bearer {parts.auth.service_token('upload')}",
            "Vss-Subject-Token": parts.auth.token("alice"),
        }
        if name == "fs"
        else {"Authorization": f"Bearer {parts.auth.token('alice')}"},
    ]
    met: set[int] = set()
    async with serving(app, url):

        async def ask(method: str, path: str, call: Mapping[str, Any], identity: Mapping[str, str]) -> None:
            headers = {**identity, **call.get("headers", {})}
            async with session.request(
                method, url + path, **{**call, "headers": headers}, allow_redirects=False
            ) as answer:
                text = await answer.text()
            where = f"{method} {path} {call} → {answer.status}"
            is_kept = path.startswith(("/static/", "/.well-known/")) and answer.status == 200
            is_embed = method in ("GET", "HEAD") and re.fullmatch(r"/embed/\w+", path) is not None
            _check(where, answer.headers, is_kept=is_kept, is_embed=is_embed)
            assert answer.status != 500 or path.endswith("/fails"), where
            assert "secret" not in text or answer.status != 500, where
            met.add(answer.status)

        for method, path, how in _targets(app):
            for identity in tokens:
                # aiohttp cannot know that it answers a HEAD when it could not read the request, and sends content.
                calls = [call for call in how if method != "HEAD" or call.get("data") != BROKEN]
                await asyncio.gather(*(ask(method, path, call, identity) for call in calls))
        if name == "upload":
            await ask("POST", "/v1/uploads", {"json": CREATE}, tokens[-1])
        if name == "fs":
            await ask("PUT", f"/v1/objects/{new_id()}", {"json": {"size": 5, "content_type": "video/mp4"}}, tokens[-1])
        met.add(await _broken_request(url))
    assert met >= MET[name], f"not met: {MET[name] - met}"


async def _broken_request(url: str) -> int:
    """What aiohttp itself refuses, before any of our code is asked."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
    writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 30_000 + b"\r\n\r\n")
    head = (await reader.read()).partition(b"\r\n\r\n")[0].decode().split("\r\n")
    writer.close()
    _check("a head of 30 kB", dict(line.split(": ", 1) for line in head[1:]))
    return int(head[0].split()[1])
