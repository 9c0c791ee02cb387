"""How a refusal looks from outside (RFC 9457), asserted in one place."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientResponse


async def assert_problem(response: ClientResponse, status: int, code: str) -> dict[str, Any]:
    """The answer is that problem, complete and without a leak; returns it for what else it holds."""
    text = await response.text()
    assert response.status == status, f"{response.status} instead of {status}: {text}"
    assert response.content_type == "application/problem+json"
    problem: dict[str, Any] = await response.json(content_type="application/problem+json")
    assert problem["code"] == code, problem
    assert problem["status"] == status
    assert problem["type"] == f"/problems/{code}"
    assert problem["title"]
    assert isinstance(problem["detail"], str)
    assert problem["detail"]
    if status == 401:
        assert response.headers["WWW-Authenticate"].startswith(("Bearer", "Basic"))
    if status in (429, 503):
        assert int(response.headers["Retry-After"]) >= 1
    if status == 422 and code == "invalid":
        assert problem["errors"]
        assert all(error["pointer"].startswith("#/") and error["detail"] for error in problem["errors"])
    assert "Traceback" not in text
    return problem
