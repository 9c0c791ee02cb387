"""Where handlers find the domain objects that the composition root has built."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from auth_svc.accounts import Accounts
from auth_svc.administration import Administration
from auth_svc.api_keys import ApiKeys
from auth_svc.audit import Audit
from auth_svc.departures import Departures
from auth_svc.fs_client import FsClient
from auth_svc.grants import Grants
from auth_svc.refresh_tokens import RefreshTokens
from auth_svc.sessions import AccountSessions
from auth_svc.signing_keys import SigningKeys
from auth_svc.throttle import LogInThrottle
from common.clock import Clock
from common.cursors import Cursors

ACCOUNTS: Final = web.AppKey("accounts", Accounts)
ADMINISTRATION: Final = web.AppKey("administration", Administration)
API_KEYS: Final = web.AppKey("api_keys", ApiKeys)
AUDIT: Final = web.AppKey("audit", Audit)
CLOCK: Final = web.AppKey[Clock]("clock")
CURSORS: Final = web.AppKey("cursors", Cursors)
DEPARTURES: Final = web.AppKey("departures", Departures)
FS: Final = web.AppKey("fs", FsClient)
GRANTS: Final = web.AppKey("grants", Grants)
ACCOUNT_SESSIONS: Final = web.AppKey("account_sessions", AccountSessions)
THROTTLE: Final = web.AppKey("throttle", LogInThrottle)
REFRESH_TOKENS: Final = web.AppKey("refresh_tokens", RefreshTokens)
SIGNING_KEYS: Final = web.AppKey("signing_keys", SigningKeys)
