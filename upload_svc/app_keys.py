"""Where handlers find the domain objects that the composition root has built."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from upload_svc.departures import VideosOfDeparted
from upload_svc.idempotency import IdempotentCreates
from upload_svc.moderation import Moderation
from upload_svc.settling import Settling
from upload_svc.uploads import Uploads

UPLOADS: Final = web.AppKey("uploads", Uploads)
SETTLING: Final = web.AppKey("settling", Settling)
DEPARTURES: Final = web.AppKey("departures", VideosOfDeparted)
MODERATION: Final = web.AppKey("moderation", Moderation)
IDEMPOTENT_CREATES: Final = web.AppKey("idempotent_creates", IdempotentCreates)
