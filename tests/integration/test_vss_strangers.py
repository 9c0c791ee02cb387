"""The command line at servers that are no vss, and beside another command of the same user."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_aiohttp.plugin import AiohttpServer

from vss.remote.account import LogInFile, Server
from vss.remote.client import grant, open_client, open_session
from vss.remote.errors import NoAnswer, NotLoggedIn, Refused
from vss.remote.patience import Patience

Handler = Callable[[web.Request], Awaitable[web.Response]]
GOOD = {"access_token": "a", "token_type": "Bearer", "expires_in": 300, "refresh_token": "r"}


def answering(content: Any) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response(content) if not isinstance(content, str) else web.Response(text=content)

    return answer


Serve = Callable[..., Awaitable[str]]


@pytest.fixture
def serve(aiohttp_server: AiohttpServer, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """The address of a server that answers so, which the environment names."""

    async def serve(token: Any, uploads: Handler | None = None) -> str:
        app = web.Application()
        app.add_routes([web.post("/v1/token", answering(token)), web.get("/v1/uploads", uploads or answering(None))])
        url = str((await aiohttp_server(app)).make_url("")).rstrip("/")
        monkeypatch.setenv("VSS_API_KEY", "vss_key\n")
        monkeypatch.setenv("VSS_SERVER", url)
        return url

    return serve


@pytest.mark.parametrize(
    "token",
    ["<html>", [], {}, {"access_token": "a"}, {**GOOD, "expires_in": "soon"}, {**GOOD, "refresh_token": None}],
)
async def test_a_log_in_where_no_vss_is_says_so(serve: Serve, token: Any) -> None:
    url = await serve(token)
    server = Server(auth=url, upload=url, stream=url)
    form = {"grant_type": "password", "username": "alice", "password": "x"}
    async with open_session() as session:
        with pytest.raises(NotLoggedIn, match="is not a vss server"):
            await grant(session, server, Patience(1), form)


@pytest.mark.parametrize("page", ["<html>", [], {}, {"items": None}])
async def test_a_list_that_is_none_says_so(serve: Serve, page: Any) -> None:
    url = await serve(GOOD, answering(page))
    async with open_client(patience_seconds=1) as client:
        with pytest.raises(Refused, match="is not a vss server"):
            _ = [item async for item in client.items(f"{url}/v1/uploads")]


async def test_an_html_page_is_not_taken_for_a_video_that_is_gone(serve: Serve) -> None:
    url = await serve(GOOD)
    async with open_client(patience_seconds=1) as client:
        with pytest.raises(Refused, match="is not a vss server"):
            await client.call("GET", f"{url}/v1/uploads/gone")


async def test_a_server_that_has_moved_says_where_to(serve: Serve) -> None:
    async def move(request: web.Request) -> web.Response:
        raise web.HTTPMovedPermanently(f"https://films.example{request.path}")

    url = await serve(GOOD, move)
    async with open_client(patience_seconds=1) as client:
        with pytest.raises(Refused, match=r"redirects to https://films\.example/v1/uploads"):
            await client.call("GET", f"{url}/v1/uploads")


async def test_an_outage_is_told_once_and_not_for_every_attempt(
    aiohttp_server: AiohttpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(request: web.Request) -> web.Response:
        raise web.HTTPServiceUnavailable

    app = web.Application()
    app.add_routes([web.post("/v1/token", fail)])
    url = str((await aiohttp_server(app)).make_url("")).rstrip("/")
    form = {"grant_type": "password", "username": "alice", "password": "x"}
    async with open_session() as session:
        with pytest.raises(NoAnswer):
            await grant(session, Server(auth=url, upload=url, stream=url), Patience(2), form)
    assert capsys.readouterr().err == f"vss: {url}/v1/token answers 503; retrying\n"


@pytest.mark.parametrize("status", [403, 404, 405])
async def test_an_address_without_a_token_endpoint_is_not_taken_for_a_wrong_password(
    aiohttp_server: AiohttpServer, status: int
) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=status)

    app = web.Application()
    app.add_routes([web.post("/v1/token", refuse)])
    url = str((await aiohttp_server(app)).make_url("")).rstrip("/")
    form = {"grant_type": "password", "username": "alice", "password": "x"}
    async with open_session() as session:
        with pytest.raises(NotLoggedIn, match="--server"):
            await grant(session, Server(auth=url, upload=url, stream=url), Patience(1), form)


async def test_a_certificate_that_nobody_trusts_is_told_at_once(aiohttp_server: AiohttpServer, tmp_path: Path) -> None:
    server = await aiohttp_server(web.Application(), ssl=_untrusted(tmp_path))
    url = str(server.make_url("")).rstrip("/")
    form = {"grant_type": "password", "username": "alice", "password": "x"}
    async with open_session() as session:
        # With so much patience it would wait for a minute.
        with pytest.raises(NoAnswer, match="TLS certificate is not trusted"):
            await asyncio.wait_for(grant(session, Server(auth=url, upload=url, stream=url), Patience(60), form), 30)


def _untrusted(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "films.example")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem")
    return context


async def test_who_waits_for_another_command_can_be_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = LogInFile()
    async with file.locked():
        waiting = asyncio.create_task(_lock(file))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        # No thread waits on, which the process would have to wait for at its end.
        await asyncio.wait_for(asyncio.get_running_loop().shutdown_default_executor(), timeout=30)
    # And when the other has done, it goes on.
    await asyncio.wait_for(_lock(file), timeout=30)


async def _lock(file: LogInFile) -> None:
    async with file.locked():
        pass
