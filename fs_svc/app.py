"""fs_svc's composition root."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from common.clock import Clock, utc_now
from common.db import open_database
from common.errors import Unavailable
from common.verifying import RemoteKeys, Verifier
from common.web.app import http_session, new_app
from common.web.background import background
from common.web.keys import READINESS, VERIFIER
from common.web.starting import wait_for_tables
from fs_svc.app_keys import SETTLING, SOURCES, UPLOADS
from fs_svc.dialects import DIALECTS
from fs_svc.routes import API
from fs_svc.s3 import open_bucket
from fs_svc.settings import Settings
from fs_svc.settling import Settling
from fs_svc.sigv4 import Presigner
from fs_svc.sources import Sources
from fs_svc.store import Store
from fs_svc.uploads import Uploads

logger = logging.getLogger(__name__)

SETTLE_INTERVAL_SECONDS: Final = 2.0


def create_app(settings: Settings, *, clock: Clock = utc_now) -> web.Application:
    """The application; what must await happens when it starts."""
    app = new_app("fs", settings, API)
    secret_access_key = settings.s3_secret_access_key.get_secret_value()
    # Signed for the address that browsers use, while our own calls go to the inner one.
    presigner = Presigner(
        endpoint=settings.s3_public_url,
        region=settings.s3_region,
        bucket=settings.s3_bucket,
        access_key_id=settings.s3_access_key_id,
        secret_access_key=secret_access_key,
    )

    @asynccontextmanager
    async def domain(app: web.Application) -> AsyncIterator[None]:
        async with (
            open_database(settings.database_url.get_secret_value()) as database,
            http_session() as session,
            open_bucket(
                url=settings.s3_url,
                region=settings.s3_region,
                name=settings.s3_bucket,
                access_key_id=settings.s3_access_key_id,
                secret_access_key=secret_access_key,
            ) as bucket,
        ):
            await wait_for_tables(database, limit_seconds=settings.start_limit_seconds)
            store = Store(database)
            keys = RemoteKeys(session, settings.auth_url, clock=clock)
            settling = Settling(store, bucket, DIALECTS[settings.s3_vendor], clock=clock)
            app[VERIFIER] = Verifier(keys, issuer=settings.auth_public_url, clock=clock)
            app[SETTLING] = settling
            app[UPLOADS] = Uploads(store, bucket, presigner, settling, clock=clock)
            app[SOURCES] = Sources(store, presigner, clock=clock)
            app[READINESS] = {"database": database.ping, "storage": bucket.ping, "keys": keys.refresh}
            yield

    app.cleanup_ctx.append(domain)
    app.cleanup_ctx.append(background(_settle, name="settle"))
    return app


async def _settle(app: web.Application) -> None:
    """Settles rows every few seconds; what it needs being away is expected, anything else ends the process."""
    while True:
        try:
            await app[SETTLING].abandon_due()
            await app[SETTLING].settle_due()
        except Unavailable as exc:
            logger.warning("settling waits", extra={"reason": exc.detail})
        await asyncio.sleep(SETTLE_INTERVAL_SECONDS)
