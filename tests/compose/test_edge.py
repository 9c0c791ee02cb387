"""One site over TLS: the main job in a real browser, what the edge keeps inside, and a restart that nobody notices."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser
from yarl import URL

from tests import browsers
from tests.containers import S3_SITE, SERVICES, SITE, EdgeContainers
from tests.e2e.test_film import (  # noqa: F401 - the same job as on one machine, at other addresses
    Visit,
    context,
    log_in,
    test_a_film_goes_from_the_form_to_s3_and_back_to_the_screen,
    test_after_a_restart_the_film_is_still_there_and_plays,
    test_what_was_stored_is_the_file,
    visit,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(autouse=True)
def _nothing_is_left_behind() -> None:
    """No guard here: a browser keeps tasks of its own from test to test."""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgeContainers]:
    """Everything in containers, behind an edge."""
    containers = EdgeContainers(tmp_path_factory.mktemp("edge"))
    try:
        containers.init()
        containers.up()
        yield containers
    finally:
        containers.destroy()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with browsers.chromium(*EdgeContainers.browser_flags) as browser:
        yield browser


async def test_the_session_is_a_host_cookie_over_http_2(visit: Visit, product: EdgeContainers) -> None:  # noqa: F811
    page = visit.page
    await page.context.clear_cookies()
    await log_in(page, product)
    await page.goto(f"{product.url('upload')}/videos")
    cookies = {cookie["name"]: cookie for cookie in await page.context.cookies()}
    # The session, and what a browser shows that has logged in before.
    assert set(cookies) == {"__Host-vss_session", "__Host-vss_session_device"}
    assert all((cookie["secure"], cookie["httpOnly"]) == (True, True) for cookie in cookies.values())
    entries = await page.evaluate("performance.getEntriesByType('navigation').map((entry) => entry.nextHopProtocol)")
    assert entries == ["h2"]


async def test_nothing_but_the_edge_is_published(product: EdgeContainers) -> None:
    for service in ("mysql", "seaweedfs", "media_svc", *(f"{name}_svc" for name in SERVICES)):
        assert not product.inspect(service)["HostConfig"]["PortBindings"], service
    # The edge is in no network with the database or fs_svc.
    names = ("edge", "fs_svc", "media_svc", "mysql")
    networks = {name: set(product.inspect(name)["NetworkSettings"]["Networks"]) for name in names}
    assert not networks["edge"] & networks["fs_svc"]
    assert not networks["edge"] & networks["media_svc"]
    assert not networks["edge"] & networks["mysql"]


async def test_what_is_not_public_is_not_there(product: EdgeContainers) -> None:
    async with product.session() as session:
        for path in (
            *("/metrics", "/livez", "/readyz", "/openapi.json", "/internal", "/internal/sessions", "/v1/objects/a"),
            *(
                "/internal/jobs/take",
                "/v1/objects",
                "/%69nternal/sessions",
                "//internal/sessions",
                "/login/../internal/sessions",
            ),
        ):
            for method in ("GET", "POST"):
                async with session.request(method, URL(f"https://{SITE}{path}", encoded=True)) as answer:
                    assert answer.status == 404, path
        for path in ("/", "/other", "/vssx/a"):
            async with session.get(f"https://{S3_SITE}{path}") as answer:
                assert answer.status == 404, path
        # The bucket is, and asks who it is.
        async with session.get(f"https://{S3_SITE}/vss/") as answer:
            assert answer.status == 403
        # A form is posted to the bucket itself: this one is none, says the storage.
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        async with session.post(f"https://{S3_SITE}/vss", data=b"no form", headers=headers) as answer:
            assert (answer.status, "MalformedPOSTRequest" in await answer.text()) == (400, True)
        # And no larger than a form can be: it would be read to its end before its signature is looked at.
        async with session.post(
            f"https://{S3_SITE}/vss", data=io.BytesIO(bytes(102 * 2**20)), headers=headers
        ) as answer:
            assert answer.status in (413, 502)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/login", 200),
        ("/", 303),
        ("/upload", 303),
        ("/videos", 303),
        ("/v1/videos", 401),
        ("/v1/uploads", 401),
        ("/v1/webhooks", 401),
        ("/v1/me", 401),
        ("/.well-known/jwks.json", 200),
        ("/robots.txt", 200),
        ("/sitemap.xml", 404),
        ("/feed.xml", 404),
        ("/oembed", 422),
        ("/openapi/auth.json", 200),
        ("/openapi/upload.json", 200),
        ("/openapi/stream.json", 200),
    ],
)
async def test_each_public_path_leads_to_its_service_and_says_to_come_by_tls(
    product: EdgeContainers, path: str, status: int
) -> None:
    async with product.session() as session, session.get(f"https://{SITE}{path}", allow_redirects=False) as answer:
        assert answer.status == status
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert "X-Request-ID" in answer.headers


async def test_plain_http_leads_to_tls(product: EdgeContainers) -> None:
    async with product.session() as session, session.get(f"http://{SITE}/upload", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (308, f"https://{SITE}/upload")


async def test_the_edge_believes_nobody_about_where_they_come_from(product: EdgeContainers) -> None:
    async with product.session() as session:
        form = {"username": "admin", "password": product.password}
        headers = {"X-Forwarded-For": "203.0.113.7", "Sec-Fetch-Site": "same-origin"}
        async with session.post(f"https://{SITE}/login", data=form, headers=headers, allow_redirects=False) as answer:
            assert answer.status == 303
    said = product.query("SELECT address FROM sessions")
    addresses = set(said.split())
    edge = product.inspect("edge")["NetworkSettings"]["Networks"][f"{product.project}_edge"]
    # Not what the client claims, and not the edge itself, but who spoke to it: the gateway, for a client on this host.
    assert addresses == {edge["Gateway"]}


async def test_what_fails_while_a_service_is_away_is_written_down_without_its_link(product: EdgeContainers) -> None:
    token, query = "t" * 43, "v=" + "q" * 26
    await asyncio.to_thread(product.compose, "stop", "stream_svc")
    try:
        async with product.session() as session:
            headers = {"Referer": f"https://{SITE}/s/{token}"}
            async with session.get(f"https://{SITE}/s/{token}/playback?{query}", headers=headers) as answer:
                assert answer.status == 502
    finally:
        await asyncio.to_thread(product.compose, "up", "--detach", "--wait", "--no-recreate")
    said = await asyncio.to_thread(product.logs, "edge")
    assert ('"uri":"/s"' in said, token in said, query in said) == (True, False, False)


async def test_a_rolling_restart_under_load_loses_no_request(product: EdgeContainers) -> None:
    answers: dict[int, int] = {}
    is_over = asyncio.Event()

    async def ask(session: aiohttp.ClientSession, path: str, headers: dict[str, str]) -> None:
        while not is_over.is_set():
            async with session.get(f"https://{SITE}{path}", headers=headers, allow_redirects=False) as answer:
                await answer.read()
                answers[answer.status] = answers.get(answer.status, 0) + 1
            # As fast as some people click, not as fast as a machine can ask.
            await asyncio.sleep(0.02)

    async with product.session() as session:
        form = {"grant_type": "password", "username": "admin", "password": product.password}
        async with session.post(f"https://{SITE}/v1/token", data=form) as answer:
            headers = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
        paths = ("/v1/videos", "/v1/uploads", "/v1/me", "/.well-known/jwks.json")
        async with asyncio.TaskGroup() as tasks:
            for path in paths:
                tasks.create_task(ask(session, path, headers))
            for name in ("fs", "auth", "upload", "stream"):
                await asyncio.to_thread(product.compose, "restart", f"{name}_svc")
                await asyncio.to_thread(product.compose, "up", "--detach", "--wait", "--no-recreate")
            is_over.set()
    assert set(answers) == {200}, answers
    assert answers[200] > 100
