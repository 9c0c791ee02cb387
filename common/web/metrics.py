"""Figures for Prometheus; labels are route names, methods and statuses only, so their number is bounded."""

from __future__ import annotations

import time
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, ProcessCollector, generate_latest

METRICS: Final = web.AppKey("metrics", CollectorRegistry)
_REQUESTS: Final = web.AppKey("requests_total", Counter)
_DURATIONS: Final = web.AppKey("request_durations", Histogram)
_METHODS: Final = frozenset(hdrs.METH_ALL)


def setup_metrics(app: web.Application) -> None:
    """Gives the app a registry of its own and the figures of every service."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    app[METRICS] = registry
    app[_REQUESTS] = Counter("http_requests", "Requests answered", ("method", "route", "status"), registry=registry)
    app[_DURATIONS] = Histogram(
        "http_request_duration_seconds", "Time to the end of the answer", ("route",), registry=registry
    )


@web.middleware
async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Counts each request by route name."""
    started = time.perf_counter()
    response = await handler(request)
    route = request.match_info.route.name or "none"
    method = request.method if request.method in _METHODS else "other"
    request.app[_REQUESTS].labels(method, route, str(response.status)).inc()
    request.app[_DURATIONS].labels(route).observe(time.perf_counter() - started)
    return response


async def metrics_page(request: web.Request) -> web.Response:
    """GET /metrics."""
    return web.Response(
        body=generate_latest(request.app[METRICS]), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    )
