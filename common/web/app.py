"""What every service's application has: middlewares, health, metrics, its description, and clients of its peers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web
from yarl import URL

from common import __version__
from common.brand import read_logo
from common.settings import PageSettings, ServiceSettings
from common.web import health, languages, log_in, metrics, middlewares
from common.web.addresses import host_name
from common.web.background import background
from common.web.call_limit import CallLimit
from common.web.keys import CALL_LIMIT, DRAIN, SERVICE, SITE, Drain, Service, Site
from common.web.pages import setup_pages
from common.web.requests import MAX_CONTENT_SIZE
from common.web.routes import Route, add_api_routes, openapi_document
from common.web.sessions import SESSION_COOKIE, SessionCookie

MAX_CONNECTIONS: Final = 100


def new_app(name: str, settings: ServiceSettings, routes: Sequence[Route]) -> web.Application:
    """An application for calls of other services, with the API `routes` and what is about the service itself."""
    app = web.Application(
        client_max_size=MAX_CONTENT_SIZE,
        middlewares=[middlewares.request_id, metrics.measured, middlewares.problems, middlewares.own_address],
    )
    app[SERVICE] = Service(name=name, public_url=None, names=_names(name, settings))
    _setup(app, settings, routes)
    return app


def new_page_app(
    name: str,
    settings: PageSettings,
    routes: Sequence[Route],
    *,
    public_url: str,
    folder: Path,
    templates: Sequence[Path] = (),
) -> web.Application:
    """An application for people: as `new_app`, with identity, log-in, and pages from the service's own `folder` and the
    `templates` that it shares with others.
    """
    app = web.Application(
        client_max_size=MAX_CONTENT_SIZE,
        middlewares=[
            middlewares.forwarded,
            middlewares.request_id,
            languages.language,
            metrics.measured,
            middlewares.problems,
            middlewares.own_address,
            middlewares.preflight,
            middlewares.mistyped_page,
            middlewares.same_site,
            middlewares.identity,
        ],
    )
    app[SERVICE] = Service(
        name=name,
        public_url=public_url,
        names=_names(name, settings, public_url),
        trusted_proxies=settings.trusted_proxies,
    )
    app[SESSION_COOKIE] = SessionCookie(name=settings.session_cookie, is_secure=public_url.startswith("https:"))
    app[CALL_LIMIT] = CallLimit(settings.calls_per_minute)
    app[log_in.IS_DEMO] = settings.demo_account
    _setup(app, settings, routes)
    logo = None if settings.site_logo is None else read_logo(settings.site_logo)
    setup_pages(app, folder, *templates, logo=logo, accent=settings.accent)
    app.add_routes(log_in.ROUTES)
    return app


def new_worker_app(name: str) -> web.Application:
    """The application of a process that nobody calls: only what is about the process itself."""
    app = web.Application(middlewares=[middlewares.request_id, metrics.measured, middlewares.problems])
    app[SERVICE] = Service(name=name, public_url=None, names=frozenset())
    _observe(app)
    add_api_routes(app, [])
    return app


def _names(service: str, settings: ServiceSettings, *public_urls: str) -> frozenset[str]:
    public = (URL(url).authority for url in public_urls)
    # Compose's name, and an operator's.
    return frozenset(host_name(host) for host in (*public, f"{service}_svc", *settings.internal_names)) - {""}


def _setup(app: web.Application, settings: ServiceSettings, routes: Sequence[Route]) -> None:
    app[SITE] = Site(
        name=settings.site_name,
        auth_url=settings.auth_public_url,
        upload_url=settings.upload_public_url,
        stream_url=settings.stream_public_url,
        s3_url=settings.s3_public_url,
    )
    name = app[SERVICE].name
    _observe(app)
    add_api_routes(app, routes)

    @cache
    def document() -> bytes:
        return json.dumps(openapi_document(f"vss {name}", __version__, routes)).encode()

    async def openapi(request: web.Request) -> web.Response:
        """What this service does, from the table that it is served from."""
        # The first time it takes a tenth of a second.
        return web.Response(body=await asyncio.to_thread(document), content_type="application/json")

    app.add_routes(
        [
            web.get("/openapi.json", openapi, name="openapi"),
            web.get(f"/openapi/{name}.json", openapi, name="openapi-by-name"),
        ]
    )


def _observe(app: web.Application) -> None:
    """Health, metrics, and the headers of every answer."""
    app[DRAIN] = Drain()
    metrics.setup_metrics(app)
    app.cleanup_ctx.append(background(metrics.measure_lag, name="lag"))
    app.on_response_prepare.append(middlewares.final_headers)
    app.add_routes(
        [
            web.get("/livez", health.livez, name="livez"),
            web.get("/readyz", health.readyz, name="readyz"),
            web.get("/metrics", metrics.metrics_page, name="metrics"),
        ]
    )


@asynccontextmanager
async def http_session() -> AsyncIterator[aiohttp.ClientSession]:
    """The process's one client session: bounded connections, no cookies, no waiting without a limit."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=10, sock_connect=2),
    ) as session:
        yield session
