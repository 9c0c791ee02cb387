"""Where handlers find the domain objects that the composition root has built."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from auth_svc.accounts.accounts import Accounts
from auth_svc.accounts.deletions import AccountDeletions
from auth_svc.administration.administration import Administration
from auth_svc.api_keys.api_keys import ApiKeys
from auth_svc.audit.audit import Audit
from auth_svc.fs_client import FsClient
from auth_svc.groups.groups import Groups
from auth_svc.login.login import LogIn
from auth_svc.login.throttle import LogInThrottle
from auth_svc.sessions.sessions import AccountSessions
from auth_svc.tokens.grants import Grants
from auth_svc.tokens.refresh_tokens import RefreshTokens
from auth_svc.tokens.signing_keys import SigningKeys
from common.clock import Clock

ACCOUNT_DELETIONS: Final = web.AppKey("account_deletions", AccountDeletions)
ACCOUNT_SESSIONS: Final = web.AppKey("account_sessions", AccountSessions)
ACCOUNTS: Final = web.AppKey("accounts", Accounts)
ADMINISTRATION: Final = web.AppKey("administration", Administration)
API_KEYS: Final = web.AppKey("api_keys", ApiKeys)
AUDIT: Final = web.AppKey("audit", Audit)
CLOCK: Final = web.AppKey[Clock]("clock")
FS: Final = web.AppKey("fs", FsClient)
GRANTS: Final = web.AppKey("grants", Grants)
GROUPS: Final = web.AppKey("groups", Groups)
LOG_IN: Final = web.AppKey("log_in", LogIn)
REFRESH_TOKENS: Final = web.AppKey("refresh_tokens", RefreshTokens)
SIGNING_KEYS: Final = web.AppKey("signing_keys", SigningKeys)
THROTTLE: Final = web.AppKey("throttle", LogInThrottle)
