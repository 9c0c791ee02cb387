"""Where handlers find the domain objects of this room."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from upload_svc.guests.guests import Guests
from upload_svc.guests.links import UploadLinks

GUESTS: Final = web.AppKey("guests", Guests)
UPLOAD_LINKS: Final = web.AppKey("upload_links", UploadLinks)
