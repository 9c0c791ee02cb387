"""auth_svc's composition root."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import web
from prometheus_client import Counter
from pydantic import SecretStr

from auth_svc.accounts import Accounts
from auth_svc.administration import Administration
from auth_svc.api_keys import ApiKeys
from auth_svc.app_keys import (
    ACCOUNT_SESSIONS,
    ACCOUNTS,
    ADMINISTRATION,
    API_KEYS,
    AUDIT,
    CLOCK,
    CURSORS,
    DEPARTURES,
    FS,
    GRANTS,
    REFRESH_TOKENS,
    SIGNING_KEYS,
    THROTTLE,
)
from auth_svc.audit import Audit
from auth_svc.departures import Departures
from auth_svc.fs_client import FsClient, OwnTokens
from auth_svc.grants import Grants
from auth_svc.known_devices import KnownDevices
from auth_svc.passwords import Passwords
from auth_svc.refresh_tokens import RefreshTokens
from auth_svc.routes import API, PAGES
from auth_svc.sessions import AccountSessions
from auth_svc.settings import Settings, encryption_keys
from auth_svc.signing_keys import SigningKeys
from auth_svc.store import Store, idempotency_keys
from auth_svc.throttle import LogInThrottle
from common.clock import Clock, utc_now
from common.cursors import Cursors
from common.db import open_database
from common.idempotency import IdempotencyKeys
from common.verifying import Verifier
from common.web.app import http_session, new_page_app
from common.web.background import repeated
from common.web.idempotency import IDEMPOTENCY_KEYS
from common.web.keys import READINESS, VERIFIER
from common.web.metrics import METRICS, observe_database
from common.web.sessions import SESSIONS
from common.web.starting import CannotStart, Tables, wait_until_ready

TIDY_INTERVAL_SECONDS: Final = 600.0
# With a verifier's own interval less than a minute: so long a revoked key is good at most.
KEYS_INTERVAL_SECONDS: Final = 20.0


def create_app(settings: Settings, *, clock: Clock = utc_now) -> web.Application:
    """The application; what must await happens when it starts."""
    app = new_page_app("auth", settings, API, public_url=settings.auth_public_url, folder=Path(__file__).parent)
    app.add_routes(PAGES)

    @asynccontextmanager
    async def domain(app: web.Application) -> AsyncIterator[None]:
        async with open_database(settings.database_url.get_secret_value()) as database, http_session() as session:
            observe_database(app, database)
            app[READINESS] = {"database": Tables(database).check}
            # Without its keys it is nobody.
            await wait_until_ready(app[READINESS], limit_seconds=settings.start_limit_seconds)
            with closing(Passwords()) as passwords:
                store = Store(database)
                issuer = settings.auth_public_url
                encryption_key, previous_key = encryption_keys(settings)
                signing_keys = SigningKeys(
                    store, encryption_key=encryption_key, previous_encryption_key=previous_key, clock=clock
                )
                refresh_tokens = RefreshTokens(
                    store, encryption_key=encryption_key, previous_encryption_key=previous_key, clock=clock
                )
                cursors = Cursors(hmac.digest(encryption_key, b"cursors of lists", "sha256").hex())
                api_keys = ApiKeys(store, cursors, clock=clock)
                accounts = Accounts(
                    store,
                    passwords,
                    KnownDevices([key for key in (encryption_key, previous_key) if key is not None]),
                    refused=Counter("log_in_failures", "Log-ins refused", registry=app[METRICS]),
                    clock=clock,
                )
                grants = Grants(
                    accounts,
                    refresh_tokens,
                    api_keys,
                    signing_keys,
                    client_secrets={
                        "upload": _known(settings.upload_client_secret, settings.previous_upload_client_secret),
                        "stream": _known(settings.stream_client_secret, settings.previous_stream_client_secret),
                    },
                    issuer=issuer,
                    clock=clock,
                )
                verifier = Verifier(signing_keys, issuer=issuer, clock=clock)
                sessions = AccountSessions(store, accounts, grants, verifier, cursors, clock=clock)
                app[ACCOUNTS] = accounts
                app[ADMINISTRATION] = Administration(store, passwords, cursors, clock=clock)
                app[IDEMPOTENCY_KEYS] = IdempotencyKeys(
                    database,
                    idempotency_keys,
                    clock=clock,
                    secret=hmac.digest(encryption_key, b"contents of creates", "sha256"),
                )
                app[API_KEYS] = api_keys
                app[AUDIT] = Audit(store, clock=clock)
                app[CLOCK] = clock
                app[CURSORS] = cursors
                app[DEPARTURES] = Departures(store, clock=clock)
                app[FS] = FsClient(session, settings.fs_url, OwnTokens(partial(grants.service, "auth")))
                app[GRANTS] = grants
                app[ACCOUNT_SESSIONS] = sessions
                app[REFRESH_TOKENS] = refresh_tokens
                app[SIGNING_KEYS] = signing_keys
                app[THROTTLE] = LogInThrottle(store, clock=clock)
                app[VERIFIER] = verifier
                app[SESSIONS] = sessions
                await signing_keys.load()
                await accounts.fill_skeletons()
                if settings.demo_account:
                    await accounts.ensure_demo_account()
                elif await accounts.has_demo_account():
                    raise CannotStart(
                        "the demo account is off, and admin's password is still the demo's: "
                        "set another with `vss account reset-password admin` (docs/operations.md says where)"
                    )
                elif settings.first_administrator is not None:
                    await accounts.ensure_administrator(settings.first_administrator.get_secret_value())
                yield

    app.cleanup_ctx.append(domain)
    app.cleanup_ctx.append(repeated(_renew_keys, name="renew keys", seconds=KEYS_INTERVAL_SECONDS))
    kept = timedelta(days=settings.audit_days)
    app.cleanup_ctx.append(repeated(partial(_tidy, audit_kept=kept), name="tidy", seconds=TIDY_INTERVAL_SECONDS))
    return app


def _known(*values: SecretStr | None) -> list[str]:
    return [value.get_secret_value() for value in values if value is not None]


async def _renew_keys(app: web.Application) -> None:
    """Makes signing keys in time, and learns of those that other replicas have made."""
    await app[SIGNING_KEYS].load()


async def _tidy(app: web.Application, *, audit_kept: timedelta) -> None:
    """Drops what has run out."""
    await app[THROTTLE].forget_whole_buckets()
    await app[REFRESH_TOKENS].forget_expired()
    await app[ADMINISTRATION].forget_expired_links()
    await app[AUDIT].forget_old(audit_kept)
    await app[IDEMPOTENCY_KEYS].forget_old()
