"""Where handlers find the domain object of this room."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from upload_svc.collections.collections import Collections

COLLECTIONS: Final = web.AppKey("collections", Collections)
