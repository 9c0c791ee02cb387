"""auth_svc's composition root: the one place that builds stores and domain objects."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import web
from argon2 import PasswordHasher
from prometheus_client import Counter

from auth_svc import app_keys, tables
from auth_svc.accounts.accounts import Accounts
from auth_svc.accounts.deletion_store import AccountDeletionStore
from auth_svc.accounts.deletions import AccountDeletions
from auth_svc.accounts.store import AccountStore
from auth_svc.administration.administration import Administration
from auth_svc.administration.store import AdministrationStore
from auth_svc.api_keys.api_keys import ApiKeys
from auth_svc.api_keys.store import ApiKeyStore
from auth_svc.audit.audit import Audit
from auth_svc.audit.store import AuditStore
from auth_svc.fs_client import FsClient, OwnTokens
from auth_svc.groups.groups import Groups
from auth_svc.groups.store import GroupStore
from auth_svc.login.known_devices import KnownDevices
from auth_svc.login.login import LogIn
from auth_svc.login.store import ThrottleStore
from auth_svc.login.throttle import LogInThrottle
from auth_svc.routes import API, PAGES
from auth_svc.sessions.sessions import AccountSessions
from auth_svc.sessions.store import SessionStore
from auth_svc.settings import Settings, encryption_keys, known_secrets
from auth_svc.tokens.grants import Grants
from auth_svc.tokens.refresh_tokens import RefreshTokens
from auth_svc.tokens.signing_keys import SigningKeys
from auth_svc.tokens.store import RefreshTokenStore, SigningKeyStore
from common.clock import Clock, utc_now
from common.cursors import Cursors
from common.db import open_database
from common.idempotency import IdempotencyKeys
from common.passwords import HASHER, Passwords
from common.verifying import Verifier
from common.web.app import http_session, new_page_app
from common.web.background import repeated
from common.web.idempotency import IDEMPOTENCY_KEYS
from common.web.keys import READINESS, VERIFIER
from common.web.metrics import METRICS, observe_database
from common.web.sessions import SESSIONS
from common.web.starting import CannotStart, Tables, wait_until_ready

TIDY_INTERVAL_SECONDS: Final = 600.0
# With a verifier's own interval less than a minute: a revoked key is accepted no longer than that.
KEYS_INTERVAL_SECONDS: Final = 20.0


def create_app(settings: Settings, *, clock: Clock = utc_now, hasher: PasswordHasher = HASHER) -> web.Application:
    """The application; what must await happens when it starts."""
    app = new_page_app("auth", settings, API, public_url=settings.auth_public_url, folder=Path(__file__).parent)
    app.add_routes(PAGES)

    @asynccontextmanager
    async def domain(app: web.Application) -> AsyncIterator[None]:
        async with open_database(settings.database_url.get_secret_value()) as database, http_session() as session:
            observe_database(app, database)
            app[READINESS] = {"database": Tables(database).check}
            # Without its keys it can do nothing.
            await wait_until_ready(app[READINESS], limit_seconds=settings.start_limit_seconds)
            with closing(Passwords(hasher)) as passwords:
                keys = encryption_keys(settings)
                cursors = Cursors(hmac.digest(keys[0], b"cursors of lists", "sha256").hex())
                app[app_keys.AUDIT] = audit = Audit(AuditStore(database), cursors, clock=clock)
                account_store = AccountStore(database)
                group_store = GroupStore(database)
                app[app_keys.THROTTLE] = throttle = LogInThrottle(ThrottleStore(database), clock=clock)
                app[app_keys.LOG_IN] = log_in = LogIn(
                    account_store,
                    passwords,
                    KnownDevices(keys),
                    throttle,
                    audit,
                    refused=Counter("log_in_failures", "Failed logins", registry=app[METRICS]),
                )
                app[app_keys.ACCOUNTS] = accounts = Accounts(account_store, passwords, log_in, audit, clock=clock)
                app[app_keys.API_KEYS] = api_keys = ApiKeys(ApiKeyStore(database), audit, cursors, clock=clock)
                app[app_keys.SIGNING_KEYS] = signing_keys = SigningKeys(
                    SigningKeyStore(database), encryption_keys=keys, clock=clock
                )
                app[app_keys.REFRESH_TOKENS] = refresh_tokens = RefreshTokens(
                    RefreshTokenStore(database), audit, encryption_keys=keys, clock=clock
                )
                app[app_keys.GRANTS] = grants = Grants(
                    log_in,
                    refresh_tokens,
                    api_keys,
                    signing_keys,
                    group_store,
                    client_secrets={
                        "upload": known_secrets(settings.upload_client_secret, settings.previous_upload_client_secret),
                        "stream": known_secrets(settings.stream_client_secret, settings.previous_stream_client_secret),
                        "media": known_secrets(settings.media_client_secret, settings.previous_media_client_secret),
                    },
                    issuer=settings.auth_public_url,
                    clock=clock,
                )
                app[VERIFIER] = verifier = Verifier(signing_keys, issuer=settings.auth_public_url, clock=clock)
                app[app_keys.ACCOUNT_SESSIONS] = app[SESSIONS] = AccountSessions(
                    SessionStore(database), log_in, grants, verifier, audit, cursors=cursors, clock=clock
                )
                app[app_keys.ACCOUNT_DELETIONS] = AccountDeletions(AccountDeletionStore(database), audit, clock=clock)
                app[app_keys.ADMINISTRATION] = Administration(
                    account_store, AdministrationStore(database), passwords, audit, cursors=cursors, clock=clock
                )
                app[app_keys.GROUPS] = Groups(group_store, account_store, audit, cursors=cursors, clock=clock)
                app[IDEMPOTENCY_KEYS] = IdempotencyKeys(
                    database,
                    tables.IDEMPOTENCY_KEYS,
                    clock=clock,
                    secret=hmac.digest(keys[0], b"contents of creates", "sha256"),
                )
                app[app_keys.CLOCK] = clock
                app[app_keys.FS] = FsClient(session, settings.fs_url, OwnTokens(partial(grants.service, "auth")))
                await signing_keys.load()
                await accounts.fill_skeletons()
                await _ensure_first_account(accounts, settings)
                yield

    tidy = partial(_tidy, audit_kept=timedelta(days=settings.audit_days))
    app.cleanup_ctx.extend(
        [
            domain,
            # Creates signing keys in time, and learns of those that other replicas have created.
            repeated(lambda app: app[app_keys.SIGNING_KEYS].load(), name="renew keys", seconds=KEYS_INTERVAL_SECONDS),
            repeated(tidy, name="tidy", seconds=TIDY_INTERVAL_SECONDS),
        ]
    )
    return app


async def _ensure_first_account(accounts: Accounts, settings: Settings) -> None:
    if settings.demo_account:
        await accounts.ensure_demo_account()
    elif await accounts.has_demo_account():
        raise CannotStart(
            "the demo account is off, but admin still has the demo password: "
            "set a new one with `vss account reset-password admin` (docs/operations.md says where)"
        )
    elif settings.first_administrator is not None:
        await accounts.ensure_administrator(settings.first_administrator.get_secret_value())


async def _tidy(app: web.Application, *, audit_kept: timedelta) -> None:
    await app[app_keys.THROTTLE].forget_whole_buckets()
    await app[app_keys.REFRESH_TOKENS].forget_expired()
    await app[app_keys.ADMINISTRATION].forget_expired_links()
    await app[app_keys.AUDIT].forget_old(audit_kept)
    await app[IDEMPOTENCY_KEYS].forget_old()
