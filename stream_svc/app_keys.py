"""Where handlers find the domain objects that the composition root has built."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from stream_svc.auth_client import DisabledOwners
from stream_svc.departures import PositionsOfDeparted
from stream_svc.library import Library

DEPARTURES: Final = web.AppKey("departures", PositionsOfDeparted)
DISABLED_OWNERS: Final = web.AppKey("disabled_owners", DisabledOwners)
LIBRARY: Final = web.AppKey("library", Library)
