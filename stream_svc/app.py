"""stream_svc's composition root."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp_jinja2
from aiohttp import web

from catalogue import TEMPLATES
from common.clock import Clock, utc_now
from common.cursors import Cursors
from common.db import open_database
from common.passwords import hashing
from common.service_client import ServiceClient
from common.web.app import http_session, new_page_app
from common.web.background import repeated
from common.web.keys import READINESS, REMOTE_KEYS, VERIFIER
from common.web.metrics import observe_database
from common.web.remote_identity import KEYS_RENEWED, remote_identity
from common.web.sessions import SESSIONS
from common.web.starting import Tables
from contracts.accounts import DELETIONS_SECONDS, DISABLED_SECONDS, AccountDeletions, DisabledOwners
from stream_svc.account_deletions import PositionsOfDeletedAccounts
from stream_svc.app_keys import ACCOUNT_DELETIONS, COLLECTIONS, DISABLED_OWNERS, HLS, LIBRARY, LINKS
from stream_svc.collections import Collections
from stream_svc.fs_client import FsClient
from stream_svc.hls import Hls
from stream_svc.library import Library
from stream_svc.link_store import LinkStore
from stream_svc.links import Links
from stream_svc.routes import API, PAGES
from stream_svc.settings import Settings
from stream_svc.store import Store

FORGET_INTERVAL_SECONDS: Final = 3600.0


def create_app(settings: Settings, *, clock: Clock = utc_now) -> web.Application:
    """The application; what must await happens when it starts."""
    app = new_page_app(
        "stream",
        settings,
        API,
        public_url=settings.stream_public_url,
        folder=Path(__file__).parent,
        templates=[TEMPLATES],
    )
    app.add_routes(PAGES)
    aiohttp_jinja2.get_env(app).globals["is_library_public"] = settings.public_library

    @asynccontextmanager
    async def domain(app: web.Application) -> AsyncIterator[None]:
        async with (
            open_database(settings.database_url.get_secret_value()) as database,
            http_session() as session,
            hashing() as passwords,
        ):
            observe_database(app, database)
            identity = remote_identity(session, settings, client_id="stream", clock=clock)
            fs = FsClient(ServiceClient(session, settings.fs_url, identity.tokens))
            cursors = Cursors(settings.cursor_key.get_secret_value())
            app[REMOTE_KEYS] = identity.keys
            app[VERIFIER] = identity.verifier
            app[SESSIONS] = identity.sessions
            store = Store(database)
            auth = ServiceClient(session, settings.auth_url, identity.tokens)
            disabled = DisabledOwners(auth)
            app[ACCOUNT_DELETIONS] = PositionsOfDeletedAccounts(AccountDeletions(auth), store)
            app[DISABLED_OWNERS] = disabled
            app[LIBRARY] = library = Library(
                store, fs, disabled, cursors, clock=clock, is_public=settings.public_library
            )
            app[HLS] = Hls(store, fs, cursors, clock=clock)
            app[COLLECTIONS] = collections = Collections(database, disabled, cursors, clock=clock)
            app[LINKS] = Links(LinkStore(database), library, passwords, cursors, collections=collections, clock=clock)
            app[READINESS] = {"database": Tables(database).check, "keys": identity.keys.check}
            yield

    app.cleanup_ctx.extend(
        [
            domain,
            KEYS_RENEWED,
            repeated(lambda app: app[DISABLED_OWNERS].refresh(), name="disabled owners", seconds=DISABLED_SECONDS),
            repeated(lambda app: app[LINKS].forget(), name="link views", seconds=FORGET_INTERVAL_SECONDS),
            repeated(lambda app: app[ACCOUNT_DELETIONS].settle(), name="account deletions", seconds=DELETIONS_SECONDS),
        ]
    )
    return app
