"""How a service starts beside others that are not there yet: it waits, says for what, and gives up after a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from common.db import Database
from common.errors import Refusal, Unavailable
from common.web.health import CHECK_TIMEOUT_SECONDS
from common.web.keys import Check

logger = logging.getLogger(__name__)

# Not imported: only the names are read, which are the same in a checkout and in an installation.
_HISTORY: Final = Path(__file__).parent.parent.parent / "vss" / "migrations" / "versions"
POLL_SECONDS: Final = 0.5
SAY_SECONDS: Final = 5.0


class CannotStart(Exception):
    """This process must end; the text says why, and what to do."""


@cache
def newest_revision() -> str:
    """The newest revision of the database that was known when this code was written; later ones sort behind it."""
    return max(file.name.partition("_")[0] for file in _HISTORY.glob("[0-9]*.py"))


class Tables:
    """Whether the database answers and has the tables that this code knows. What was seen once is not asked again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._are_there = False

    async def check(self) -> None:
        """Raises `Unavailable` while they are not there, and `CannotStart` when a newer vss has made them."""
        if self._are_there:
            await self._database.ping()
            return
        known, found = newest_revision(), await self._database.schema()
        if found > known:
            raise CannotStart(
                f"the database has revision {found}, and this vss knows only {known}: a newer version migrated it; "
                "install that, or restore the copy made before"
            )
        if found < known:
            raise Unavailable(f"The database does not have migration {known} yet.")
        self._are_there = True


async def wait_until_ready(checks: Mapping[str, Check], *, limit_seconds: float) -> None:
    """Returns when each of the checks has passed once. Raises `CannotStart`, also when the time is up."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit_seconds
    missing = dict.fromkeys(checks, "")
    said, say_after = missing, 0.0
    while True:
        found = {name: await _why_not(checks[name]) for name in missing}
        missing = {name: reason for name, reason in found.items() if reason is not None}
        if not missing:
            logger.info("everything needed is available", extra={"checks": list(checks)})
            return
        if loop.time() > deadline:
            raise CannotStart(f"not available within {limit_seconds:g} s: {missing}")
        if missing != said or loop.time() > say_after:
            logger.warning("waiting", extra={"waits_for": missing})
            said, say_after = missing, loop.time() + SAY_SECONDS
        await asyncio.sleep(POLL_SECONDS)


async def _why_not(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            await check()
    except Refusal as exc:
        return exc.detail
    except TimeoutError:
        return "no answer"
    return None
