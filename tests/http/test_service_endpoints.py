"""What every service says about itself: whether it lives, whether it is ready, its figures, its description."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.engine import make_url

from common import __version__
from tests.problems import assert_problem
from tests.service_apps import Parts, running
from tests.tcp_proxy import tcp_proxy
from tests.waiting import eventually

CHECKS = {
    "auth": {"database"},
    "fs": {"database", "storage", "keys"},
    "upload": {"database", "keys"},
    "stream": {"database", "keys"},
}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def get(session: aiohttp.ClientSession, url: str) -> aiohttp.ClientResponse:
    """The answer, which is the same whoever asks."""
    headers = {"Authorization": "Bearer nonsense", "Cookie": "vss_session=nonsense"}
    async with session.get(url, headers=headers, allow_redirects=False) as answer:
        await answer.read()
    return answer


@pytest.mark.parametrize("name", CHECKS)
async def test_a_service_with_all_it_needs_lives_and_is_ready(
    parts: Parts, session: aiohttp.ClientSession, name: str
) -> None:
    async with running(parts, name) as url:
        live = await get(session, f"{url}/livez")
        assert (live.status, live.content_type) == (200, "text/plain")
        ready = await get(session, f"{url}/readyz")
        assert ready.status == 200
        assert await ready.json() == {"ready": True, "checks": dict.fromkeys(CHECKS[name], True)}


# auth_svc does not start without its keys; its database goes away below.
@pytest.mark.parametrize("name", sorted(set(CHECKS) - {"auth"}))
async def test_what_is_away_is_named_and_the_service_lives_on(
    parts: Parts, session: aiohttp.ClientSession, name: str, unused_tcp_port: int
) -> None:
    nobody = f"http://127.0.0.1:{unused_tcp_port}"
    parts.database_url = "sqlite+aiosqlite:////nonexistent/folder/vss.db"
    parts.auth = replace(parts.auth, url=nobody)
    parts.storage = replace(parts.storage, endpoint=nobody)
    async with running(parts, name) as url:
        assert (await get(session, f"{url}/livez")).status == 200
        ready = await get(session, f"{url}/readyz")
        assert ready.status == 503
        assert await ready.json() == {"ready": False, "checks": dict.fromkeys(CHECKS[name], False)}


async def test_auth_svc_says_that_its_database_is_away_and_heals_by_itself(
    parts: Parts, session: aiohttp.ClientSession, mariadb_url: str
) -> None:
    server = make_url(mariadb_url)
    assert server.host is not None
    assert server.port is not None
    async with tcp_proxy(server.host, server.port) as proxy:
        parts.database_url = server.set(port=proxy.port).render_as_string(hide_password=False)
        async with running(parts, "auth") as url:
            form = {"grant_type": "password", "username": "alice", "password": "wrong"}
            await proxy.go_away()
            assert (await get(session, f"{url}/livez")).status == 200
            ready = await get(session, f"{url}/readyz")
            assert (ready.status, await ready.json()) == (503, {"ready": False, "checks": {"database": False}})
            async with session.post(f"{url}/v1/token", data=form) as answer:
                await assert_problem(answer, 503, "unavailable")
            await proxy.come_back()
            assert (await get(session, f"{url}/readyz")).status == 200
            async with session.post(f"{url}/v1/token", data=form) as answer:
                await assert_problem(answer, 401, "unauthenticated")


@pytest.mark.parametrize("name", CHECKS)
async def test_figures_are_labelled_by_route_never_by_path(
    parts: Parts, session: aiohttp.ClientSession, name: str
) -> None:
    async with running(parts, name) as url:
        for path in ("/livez", "/v1/secret-path", "/v1/another-path?q=secret", "/openapi.json"):
            async with session.get(url + path) as answer:
                await answer.read()
        answer = await get(session, f"{url}/metrics")
        assert (answer.status, answer.content_type) == (200, "text/plain")
        text = await answer.text()
    assert "secret" not in text
    assert "-path" not in text
    counts: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "http_requests_total":
                counts[sample.labels["route"], sample.labels["status"]] = sample.value
    assert counts == {("livez", "200"): 1, ("none", "404"): 2, ("openapi", "200"): 1}
    assert "process_resident_memory_bytes" in text


FIGURES = {
    "auth": ("database_connections_limit 8.0", "event_loop_lag_seconds_count", "log_in_failures_total 0.0"),
    "fs": (
        'uploads{state="open"} 0.0',
        'upload_bytes{state="stored"} 0.0',
        "oldest_unfinished_upload_age_seconds 0.0",
        's3_call_duration_seconds_count{operation="head_bucket",outcome="answered"}',
        'loop_runs_total{loop="settle",outcome="done"}',
        'loop_last_success_timestamp_seconds{loop="count"}',
    ),
    "upload": (
        "database_connections_in_use 0.0",
        'loop_runs_total{loop="settle"',
        # Nobody says here whose account is disabled.
        'loop_runs_total{loop="webhooks",outcome="waits"}',
        'webhook_tries_total{outcome="failed"} 0.0',
        "oldest_waiting_webhook_delivery_age_seconds 0.0",
    ),
    "stream": ("database_connections_in_use 0.0", "event_loop_lag_seconds_count"),
}


@pytest.mark.parametrize("name", CHECKS)
async def test_figures_say_what_an_operator_has_to_know(
    parts: Parts, session: aiohttp.ClientSession, name: str
) -> None:
    async with running(parts, name) as url:
        await get(session, f"{url}/readyz")

        async def is_said() -> bool:
            text = await (await get(session, f"{url}/metrics")).text()
            return all(f"\n{figure}" in text for figure in FIGURES[name])

        await eventually(is_said, what=f"the figures of {name}_svc")


@pytest.mark.parametrize("name", CHECKS)
async def test_the_description_is_served_under_both_names(
    parts: Parts, session: aiohttp.ClientSession, name: str
) -> None:
    async with running(parts, name) as url:
        answer = await get(session, f"{url}/openapi.json")
        assert (answer.status, answer.content_type) == (200, "application/json")
        document = await answer.json()
        assert (document["info"]["title"], document["info"]["version"]) == (f"vss {name}", __version__)
        assert await (await get(session, f"{url}/openapi/{name}.json")).json() == document
        for other in sorted(set(CHECKS) - {name}):
            await assert_problem(await get(session, f"{url}/openapi/{other}.json"), 404, "not-found")


@pytest.mark.parametrize("name", CHECKS)
async def test_every_call_that_is_served_is_described(parts: Parts, session: aiohttp.ClientSession, name: str) -> None:
    app, _ = parts.create(name)
    served = {
        (route.method.lower(), re.sub(r"\{(\w+):[^}]*\}", r"{\1}", resource.canonical))
        for resource in app.router.resources()
        for route in resource
    }
    # Below other addresses there are pages as well.
    calls = {one for one in served if one[1].startswith(("/v1/", "/s3/", "/internal/", "/.well-known/"))}
    async with running(parts, name) as url:
        document = await (await get(session, f"{url}/openapi.json")).json()
    described = {(method, path) for path, item in document["paths"].items() for method in item}
    # aiohttp answers HEAD wherever there is GET.
    assert calls - {(method, path) for method, path in calls if method == "head"} <= described
    assert described <= served
