"""stream_svc's pages about problem types: where the `type` of every service's problems leads to."""

from __future__ import annotations

from aiohttp import web

from common.errors import NotFound
from common.problem_types import PROBLEM_TYPES
from common.web.pages import render


async def problems_page(request: web.Request) -> web.Response:
    return render(request, "problems.html", {"code": None, "types": PROBLEM_TYPES})


async def problem_page(request: web.Request) -> web.Response:
    code = request.match_info["code"]
    if code not in PROBLEM_TYPES:
        raise NotFound
    return render(request, "problems.html", {"code": code, "types": {code: PROBLEM_TYPES[code]}})
