"""Running a service: the one place that starts an event loop and opens a port."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import uvloop
from aiohttp import web

from common.logs import configure_logging
from common.settings import ServiceSettings, load
from common.web.access_log import AccessLog

# The supervisor and the container engine allow ten seconds for everything.
SHUTDOWN_TIMEOUT_SECONDS = 8

S = TypeVar("S", bound=ServiceSettings)


def run(name: str, settings_class: type[S], create_app: Callable[[S], web.Application]) -> None:
    """Runs the service until SIGTERM or SIGINT; exits with status 2 when its settings are not right."""
    settings = load(settings_class)
    configure_logging(name)
    web.run_app(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        loop=uvloop.new_event_loop(),
        print=None,
        shutdown_timeout=SHUTDOWN_TIMEOUT_SECONDS,
        access_log_class=AccessLog,
    )
