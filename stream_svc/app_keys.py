"""Where handlers find the domain objects that the composition root has built."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from contracts.accounts import DisabledOwners
from stream_svc.account_deletions import PositionsOfDeletedAccounts
from stream_svc.collections import Collections
from stream_svc.hls import Hls
from stream_svc.library import Library
from stream_svc.links import Links

ACCOUNT_DELETIONS: Final = web.AppKey("account_deletions", PositionsOfDeletedAccounts)
COLLECTIONS: Final = web.AppKey("collections", Collections)
DISABLED_OWNERS: Final = web.AppKey("disabled_owners", DisabledOwners)
HLS: Final = web.AppKey("hls", Hls)
LIBRARY: Final = web.AppKey("library", Library)
LINKS: Final = web.AppKey("links", Links)
