"""The names that a service answers under: a page elsewhere whose name is made to point here gets nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest

from tests.service_apps import Parts, running

CALLS = {
    "auth": ["/v1/me", "/openapi.json", "/.well-known/jwks.json", "/static/x", "/internal/sessions"],
    "fs": ["/v1/objects/x", "/openapi.json", "/", "/nothing"],
    "upload": ["/v1/uploads", "/s3/params", "/openapi/upload.json"],
    "stream": ["/v1/videos", "/openapi.json"],
}
PAGES = {"auth": "/account", "upload": "/videos", "stream": "/watch/x"}


async def ask(url: str, target: str, hosts: Sequence[str], *, method: str = "GET", more: str = "") -> tuple[int, str]:
    """Status and the rest of what comes back."""
    host, _, port = url.partition("://")[2].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    said = "".join(f"Host: {name}\r\n" for name in hosts)
    writer.write(f"{method} {target} HTTP/1.1\r\n{said}{more}Connection: close\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    return int(answer.split(" ")[1]), answer


def strange(port: str) -> list[list[str]]:
    return [
        ["evil.example"],
        [f"evil.example:{port}"],
        [f"127.0.0.1.evil.example:{port}"],
        ["127.0.0.1@evil.example"],
        ["10.1.2.3"],
        ["[2001:db8::1]"],
        [""],
        ["auth_svc.evil.example"],
        # Not one name.
        [f"127.0.0.1:{port}", "evil.example"],
        ["evil.example", f"127.0.0.1:{port}"],
        [],
    ]


@pytest.mark.parametrize("name", CALLS)
async def test_calls_are_taken_under_names_of_ours_alone(parts: Parts, name: str) -> None:
    token = f"Authorization: Bearer {parts.auth.token('admin', role='admin')}\r\n"
    async with running(parts, name) as url:
        port = url.rpartition(":")[2]
        for path in CALLS[name]:
            for hosts in strange(port):
                for more in ("", token, f"X-Forwarded-Host: 127.0.0.1:{port}\r\nForwarded: host=127.0.0.1\r\n"):
                    for method in ("GET", "POST", "DELETE"):
                        status, answer = await ask(url, path, hosts, method=method, more=more)
                        assert status == (421 if len(hosts) == 1 else 400), (path, hosts, more)
                        problem = json.loads(answer.partition("\r\n\r\n")[2])
                        assert problem["code"] == ("misdirected" if len(hosts) == 1 else "malformed")
            # The target's own name counts, and cannot be hidden behind the header.
            assert (await ask(url, f"http://evil.example{path}", [f"127.0.0.1:{port}"]))[0] == 421
            assert (await ask(url, f"http://127.0.0.1:{port}{path}", ["evil.example"]))[0] == 421
            for host in ("127.0.0.1", "localhost:1", "LOCALHOST.", "[::1]:80", "127.9.9.9", f"{name}_svc:{port}"):
                assert (await ask(url, path, [host]))[0] not in (308, 400, 421), (path, host)
        for path in ("/livez", "/readyz", "/metrics"):
            for hosts in strange(port):
                assert (await ask(url, path, hosts))[0] == (200 if len(hosts) == 1 else 400)


@pytest.mark.parametrize("name", PAGES)
async def test_pages_lead_to_the_public_name_and_do_nothing_under_another(parts: Parts, name: str) -> None:
    token = f"Authorization: Bearer {parts.auth.token('admin', role='admin')}\r\n"
    async with running(parts, name) as url:
        authority = url.partition("://")[2]
        for host in ("evil.example", "localhost", f"{name}_svc", f"{authority}."):
            for more in ("", token):
                for path in (PAGES[name], "/login", "/", "/no-such-page"):
                    for method in ("GET", "HEAD", "POST"):
                        status, answer = await ask(url, f"{path}?a=%2F", [host], method=method, more=more)
                        assert status == 308, (path, host)
                        assert f"\r\nLocation: {url}{path}?a=%2F\r\n" in answer
        assert (await ask(url, "http://evil.example/login", [authority]))[0] == 308
        assert (await ask(url, f"http://{authority}/login", [authority]))[0] == 200
        assert (await ask(url, "/login", [authority]))[0] == 200


async def test_a_name_that_an_operator_gives_is_one_of_ours(parts: Parts) -> None:
    parts.more = {"internal_names": "fs.vss.svc.cluster.local, Files"}
    async with running(parts, "upload") as url:
        for host, status in (("fs.vss.svc.cluster.local:80", 401), ("files", 401), ("svc.cluster.local", 421)):
            assert (await ask(url, "/v1/uploads", [host]))[0] == status
