"""Where handlers find the domain object of this room."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from upload_svc.moderation.moderation import Moderation

MODERATION: Final = web.AppKey("moderation", Moderation)
