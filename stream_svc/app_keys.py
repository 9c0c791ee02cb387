"""Where handlers find the domain objects that the composition root has built."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from stream_svc.library import Library

LIBRARY: Final = web.AppKey("library", Library)
