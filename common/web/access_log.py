"""One log line a request, without query string, referrer or any other place where a secret may stand."""

from __future__ import annotations

import logging
import re
from typing import Final

from aiohttp.abc import AbstractAccessLogger
from aiohttp.web import BaseRequest, StreamResponse

logger = logging.getLogger(__name__)

# Asked every few seconds by whoever watches; a line for each would bury the others.
_QUIET_PATHS = frozenset({"/livez", "/readyz", "/metrics"})


# What stands behind these in a path opens something to whoever has it.
_SECRET_SEGMENT: Final = re.compile(r"\A(/(?:s|u|embed)/|/v1/videos/[^/]+/hls/t/)[^/]+")


def loggable_path(request: BaseRequest) -> str:
    """The request's path without the token of a link or of a player."""
    return _SECRET_SEGMENT.sub(r"\1…", request.path)


class AccessLog(AbstractAccessLogger):
    """Method, path, status, size and duration."""

    @property
    def enabled(self) -> bool:
        return logger.isEnabledFor(logging.INFO)

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """Writes the line of one request; `time` is in seconds."""
        if request.path in _QUIET_PATHS:
            return
        logger.info(
            "request",
            extra={
                "method": request.method,
                "path": loggable_path(request),
                "status": response.status,
                "response_bytes": response.body_length,
                "duration_ms": round(time * 1000, 1),
                "request_id": response.headers.get("X-Request-ID", ""),
            },
        )
