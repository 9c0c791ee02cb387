"""How a service starts beside others that are not there yet: it waits, says for what, and gives up after a while."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Self

from aiohttp import web

from common.db import Database
from common.errors import Unavailable
from common.schema import newest_revision
from common.web.health import passes
from common.web.keys import READINESS

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.5
SAY_SECONDS: Final = 5.0


class CannotStart(Exception):
    """This process must end; the text says why, and what to do."""


async def wait_for_tables(database: Database, *, limit_seconds: float) -> None:
    """Returns when the database answers and has the tables that this code knows.

    Raises `CannotStart` for tables that a newer vss has made, and when the time is up.
    """
    known = newest_revision()
    async with _Wait(limit_seconds) as wait:
        while True:
            try:
                revision = await database.schema()
            except Unavailable:
                wait.say(["database"])
            else:
                if revision > known:
                    raise CannotStart(
                        f"the database has revision {revision}, and this vss knows only {known}: a newer one "
                        "migrated it; install that, or put back the copy made before"
                    )
                if revision == known:
                    return
                wait.say([f"migration {known} of the database"])
            await asyncio.sleep(POLL_SECONDS)


async def wait_until_ready(app: web.Application, *, limit_seconds: float) -> None:
    """Returns when each of the app's checks has passed once. Raises `CannotStart` when the time is up."""
    checks = app.get(READINESS, {})
    missing = list(checks)
    async with _Wait(limit_seconds) as wait:
        while True:
            missing = [name for name in missing if not await passes(checks[name])]
            if not missing:
                break
            wait.say(missing)
            await asyncio.sleep(POLL_SECONDS)
    logger.info("ready")


class _Wait:
    """The time for all of a wait, and a line about it every few seconds."""

    def __init__(self, limit_seconds: float) -> None:
        self._limit_seconds = limit_seconds
        self._timeout = asyncio.timeout(limit_seconds)
        self._what = ""
        self._say_after = 0.0

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        try:
            await self._timeout.__aexit__(*failure)  # type: ignore[arg-type]
        except TimeoutError as exc:
            raise CannotStart(f"not there within {self._limit_seconds:g} s: {self._what}") from exc

    def say(self, what: list[str]) -> None:
        """One line at once when it is something else than before, then one every few seconds."""
        now = asyncio.get_running_loop().time()
        joined = ", ".join(what)
        if joined != self._what or now >= self._say_after:
            logger.warning("waiting", extra={"waits_for": joined})
            self._what = joined
            self._say_after = now + SAY_SECONDS
