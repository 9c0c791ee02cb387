"""/livez and /readyz."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from common.errors import Refusal
from common.web.keys import DRAIN, READINESS, Check

CHECK_TIMEOUT_SECONDS = 3


async def livez(request: web.Request) -> web.Response:
    """The process serves requests; depends on nothing outside it."""
    return web.Response(text="ok\n")


async def readyz(request: web.Request) -> web.Response:
    """What this service needs is there; 503 names what is not."""
    if request.app[DRAIN].has_begun:
        return _answer({}, is_ready=False)
    checks = request.app[READINESS]
    results = await asyncio.gather(*(_passes(check) for check in checks.values()))
    return _answer(dict(zip(checks, results, strict=True)), is_ready=all(results))


def _answer(states: dict[str, bool], *, is_ready: bool) -> web.Response:
    return web.Response(
        status=200 if is_ready else 503,
        body=json.dumps({"ready": is_ready, "checks": states}).encode(),
        content_type="application/json",
    )


async def _passes(check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            await check()
    except (Refusal, TimeoutError):
        return False
    return True
