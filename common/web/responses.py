"""Answers in JSON: from the models that also describe them, and problems (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from aiohttp import web
from pydantic import BaseModel


def json_response(model: BaseModel, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status, body=model.model_dump_json().encode(), content_type="application/json", headers=headers
    )


def problem_response(
    problem: Mapping[str, object], *, headers: Mapping[str, str] | None = None, reason: str | None = None
) -> web.Response:
    """The answer that carries a problem; its `status` member is the status.

    `reason` is for clients that show people nothing but the status line, as Uppy does.
    """
    status = problem["status"]
    if not isinstance(status, int):
        raise TypeError("a problem's status is an int")
    return web.Response(
        status=status,
        reason=reason,
        body=json.dumps(problem, ensure_ascii=False).encode(),
        content_type="application/problem+json",
        headers=headers,
    )
