"""A service with a background loop, run as a program by `tests/unit/test_background.py`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal

from aiohttp import web
from pydantic_settings import SettingsConfigDict

from common.errors import Unavailable
from common.settings import ServiceSettings
from common.web.app import new_app
from common.web.background import background, repeated
from common.web.keys import READINESS
from common.web.run import run

logger = logging.getLogger(__name__)


class Settings(ServiceSettings):
    """`loop` is what the loop does."""

    model_config = SettingsConfigDict(env_prefix="TEST_")

    loop: Literal["lives", "swallows", "dies at once", "dies when asked"]


ASKED_TO_DIE: Final = web.AppKey("asked_to_die", asyncio.Event)


async def ready() -> None:
    """At once."""


def create_app(settings: Settings) -> web.Application:
    """Something that must be closed, and a loop that uses it."""
    app = new_app(Path(__file__).stem, settings, [])
    app[ASKED_TO_DIE] = asyncio.Event()
    app[READINESS] = {"database": ready}

    @asynccontextmanager
    async def database(app: web.Application) -> AsyncIterator[None]:
        yield
        logger.info("database closed")

    async def loop(app: web.Application) -> None:
        try:
            if settings.loop != "dies at once":
                await app[ASKED_TO_DIE].wait()
            raise RuntimeError("the loop has died")
        finally:
            logger.info("loop ended")

    async def work(app: web.Application) -> None:
        """What it is like when a driver makes an error of its own of a cancellation."""
        try:
            await app[ASKED_TO_DIE].wait()
        except asyncio.CancelledError:
            logger.info("loop ended")
            raise Unavailable("the database") from None

    async def die(request: web.Request) -> web.Response:
        request.app[ASKED_TO_DIE].set()
        return web.Response()

    app.cleanup_ctx.append(database)
    goes_on = settings.loop == "swallows"
    app.cleanup_ctx.append(repeated(work, name="loop", seconds=60) if goes_on else background(loop, name="loop"))
    app.router.add_get("/die", die, name="die")
    return app


if __name__ == "__main__":
    run("looping_service", Settings, create_app)
