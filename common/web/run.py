"""Running a service: the one place that starts an event loop and opens a port."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

import uvloop
from aiohttp import web

from common.logs import configure_logging
from common.settings import ProcessSettings, load
from common.web.access_log import AccessLog
from common.web.keys import DRAIN, READINESS
from common.web.server import KEEP_ALIVE_SECONDS, BoundedRunner
from common.web.starting import CannotStart, wait_until_ready

# The supervisor and the container engine allow ten seconds for everything.
SHUTDOWN_TIMEOUT_SECONDS: Final = 7
LINGERING_SECONDS: Final = 2
BACKLOG: Final = 1024
# For all connections that are accepted, and what a service opens itself.
OPEN_FILES: Final = 4096

logger = logging.getLogger(__name__)

S = TypeVar("S", bound=ProcessSettings)


def run(name: str, settings_class: type[S], create_app: Callable[[S], web.Application]) -> None:
    """Runs the service until SIGTERM or SIGINT, then lets accepted requests finish.

    Exits with status 2 when its settings are not right, with 1 when its port is taken, a background loop dies, or what
    it needs does not come.
    """
    settings = load(settings_class)
    configure_logging(name)
    _allow_open_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(create_app(settings), settings))


async def _serve(app: web.Application, settings: ProcessSettings) -> None:
    stop = asyncio.Event()
    starting = asyncio.current_task()

    def ask_to_stop() -> None:
        stop.set()
        # What has not begun to serve may be waiting for its database; nobody else would end that.
        if starting is not None:
            starting.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ask_to_stop)
    runner = BoundedRunner(
        app,
        access_log_class=AccessLog,
        keepalive_timeout=KEEP_ALIVE_SECONDS,
        lingering_time=LINGERING_SECONDS,
        shutdown_timeout=SHUTDOWN_TIMEOUT_SECONDS,
    )
    try:
        # In this very task: a loop that dies ends the task that has started it.
        await runner.setup()
        starting = None
        try:
            await web.TCPSite(runner, settings.host, settings.port, backlog=BACKLOG).start()
        except OSError as exc:
            logger.error("port cannot be opened", extra={"port": settings.port, "reason": exc.strerror})  # noqa: TRY400
            sys.exit(1)
        await _unless(stop, wait_until_ready(app.get(READINESS, {}), limit_seconds=settings.start_limit_seconds))
        await stop.wait()
        app[DRAIN].has_begun = True
        logger.info("draining")
        # Time for whoever spreads requests over replicas to see /readyz and to send them elsewhere.
        await asyncio.sleep(settings.drain_seconds)
    except asyncio.CancelledError:
        if starting is None or not stop.is_set():
            raise
        starting.uncancel()
    except CannotStart as exc:
        logger.error("cannot start", extra={"reason": str(exc)})  # noqa: TRY400
        sys.exit(1)
    finally:
        await runner.cleanup()


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Does the work, or gives it up when `stop` is set."""
    task = asyncio.ensure_future(work)
    asked = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
    finally:
        asked.cancel()
        task.cancel()


def _allow_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
