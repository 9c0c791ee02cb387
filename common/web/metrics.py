"""Figures for Prometheus; labels are names of routes, loops and states, methods and statuses: there are few."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from common.db import POOL_SIZE, Database

METRICS: Final = web.AppKey("metrics", CollectorRegistry)
_REQUESTS: Final = web.AppKey("requests_total", Counter)
_DURATIONS: Final = web.AppKey("request_durations", Histogram)
LOOP_RUNS: Final = web.AppKey("loop_runs", Counter)
LOOP_TIME: Final = web.AppKey("loop_time", Counter)
LOOP_SUCCESS: Final = web.AppKey("loop_success", Gauge)
_LAG: Final = web.AppKey("event_loop_lag", Histogram)
_LAG_INTERVAL_SECONDS: Final = 0.5
_METHODS: Final = frozenset(hdrs.METH_ALL)


def setup_metrics(app: web.Application) -> None:
    """Gives the app a registry of its own and the figures of every service."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    app[METRICS] = registry
    app[_REQUESTS] = Counter("http_requests", "HTTP requests handled", ("method", "route", "status"), registry=registry)
    app[_DURATIONS] = Histogram(
        "http_request_duration_seconds", "Time until the end of the response", ("route",), registry=registry
    )
    app[LOOP_RUNS] = Counter("loop_runs", "Runs of background loops", ("loop", "outcome"), registry=registry)
    app[LOOP_TIME] = Counter("loop_busy_seconds", "Time background loops spent working", ("loop",), registry=registry)
    app[LOOP_SUCCESS] = Gauge(
        "loop_last_success_timestamp_seconds", "Time of the loop's last successful run", ("loop",), registry=registry
    )
    app[_LAG] = Histogram(
        "event_loop_lag_seconds",
        "Delay of the event loop beyond the requested time",
        buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0),
        registry=registry,
    )


def observe_database(app: web.Application, database: Database) -> None:
    used = Gauge("database_connections_in_use", "Database connections in use", registry=app[METRICS])
    used.set_function(database.connections_in_use)
    Gauge("database_connections_limit", "Maximum number of database connections", registry=app[METRICS]).set(POOL_SIZE)


async def measure_lag(app: web.Application) -> None:
    """Runs until it is cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _LAG_INTERVAL_SECONDS
        await asyncio.sleep(_LAG_INTERVAL_SECONDS)
        app[_LAG].observe(max(0.0, loop.time() - due))


@web.middleware
async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
    started = time.perf_counter()
    response = await handler(request)
    route = request.match_info.route.name or "none"
    method = request.method if request.method in _METHODS else "other"
    request.app[_REQUESTS].labels(method, route, str(response.status)).inc()
    request.app[_DURATIONS].labels(route).observe(time.perf_counter() - started)
    return response


async def metrics_page(request: web.Request) -> web.Response:
    return web.Response(
        body=generate_latest(request.app[METRICS]), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    )
