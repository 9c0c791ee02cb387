"""fs_svc's composition root."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from common.clock import Clock, utc_now
from common.db import open_database
from common.verifying import RemoteKeys, Verifier
from common.web.app import http_session, new_app
from common.web.background import repeated
from common.web.keys import READINESS, REMOTE_KEYS, VERIFIER
from common.web.metrics import METRICS, observe_database
from common.web.remote_identity import KEYS_RENEWED
from common.web.starting import Tables
from contracts.objects import Kind
from fs_svc.adopting import Adopting
from fs_svc.app_keys import (
    ADOPTING,
    BUCKET,
    COMPARING,
    DERIVED,
    EXCESS_CHECK,
    FILMS,
    FORMS,
    IN_PARTS,
    INSTALLATION,
    PICTURES,
    RECONCILING,
    SETTLING,
    SOURCES,
    STORAGE_METRICS,
    UPLOADS,
)
from fs_svc.companion.by_form import FORM_INTERVAL, ByForm
from fs_svc.companion.cut_by_client import CutByClient
from fs_svc.comparing import Comparing
from fs_svc.derived.films import Films
from fs_svc.derived.in_parts import InParts
from fs_svc.derived.lifecycle import DerivedObjects
from fs_svc.derived.pictures import Pictures
from fs_svc.dialects import DIALECTS
from fs_svc.installation import Installation
from fs_svc.metrics import StorageMetrics
from fs_svc.reconciling import Reconciling
from fs_svc.routes import API
from fs_svc.s3 import open_bucket
from fs_svc.settings import Settings
from fs_svc.sigv4 import Presigner
from fs_svc.sources import Sources
from fs_svc.store import Store
from fs_svc.uploads.excess import CHECK_INTERVAL, ExcessCheck
from fs_svc.uploads.lifecycle import Uploads
from fs_svc.uploads.planned import Planned
from fs_svc.uploads.settling import Settling

SETTLE_INTERVAL_SECONDS: Final = 2.0
# So many objects are read at a time: a large one does not keep the others waiting.
READERS: Final = 3
READ_INTERVAL_SECONDS: Final = 2.0
# How often it is checked whether a day has passed.
RECONCILE_INTERVAL_SECONDS: Final = 600.0
# How often it is checked whether an administrator has asked for it meanwhile.
ASKED_INTERVAL_SECONDS: Final = 2.0
CORS_INTERVAL_SECONDS: Final = 600.0
# Counting reads every row.
COUNT_INTERVAL_SECONDS: Final = 60.0


def create_app(settings: Settings, *, clock: Clock = utc_now) -> web.Application:
    """The application; anything asynchronous happens at its start."""
    app = new_app("fs", settings, API)
    secret_access_key = settings.s3_secret_access_key.get_secret_value()
    # Signed for the address that browsers use, while our own calls, and those of workers, go to the inner one.
    presigner, internal_presigner = (
        Presigner(
            endpoint=url,
            region=settings.s3_region,
            bucket=settings.s3_bucket,
            access_key_id=settings.s3_access_key_id,
            secret_access_key=secret_access_key,
        )
        for url in (settings.s3_public_url, settings.s3_url)
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
                registry=app[METRICS],
            ) as bucket,
        ):
            observe_database(app, database)
            store = Store(database)
            keys = RemoteKeys(session, settings.auth_url, clock=clock)
            dialect = DIALECTS[settings.s3_vendor]
            app[FORMS] = forms = ByForm(store, bucket, presigner, dialect, clock=clock)
            kinds = {
                Kind.PLANNED: Planned(store, bucket, presigner, dialect, clock=clock),
                Kind.FREE: CutByClient(store, bucket, presigner, dialect, clock=clock),
                Kind.FORM: forms,
            }
            app[REMOTE_KEYS] = keys
            app[BUCKET] = bucket
            app[VERIFIER] = Verifier(keys, issuer=settings.auth_public_url, clock=clock)
            app[SETTLING] = settling = Settling(store, bucket, kinds, clock=clock)
            app[EXCESS_CHECK] = ExcessCheck(store, bucket, kinds, clock=clock)
            app[STORAGE_METRICS] = StorageMetrics(store, app[METRICS], clock=clock)
            app[COMPARING] = comparing = Comparing(store, bucket, clock=clock)
            app[UPLOADS] = Uploads(store, kinds, settling, comparing, open_at_most=settings.open_uploads, clock=clock)
            installation = Installation(store, bucket, clock=clock)
            app[INSTALLATION] = installation
            app[RECONCILING] = Reconciling(store, bucket, installation, clock=clock)
            app[ADOPTING] = Adopting(store, bucket, installation, clock=clock)
            app[SOURCES] = Sources(store, presigner, internal_presigner, clock=clock)
            app[DERIVED] = DerivedObjects(store, bucket, presigner, internal_presigner, clock=clock)
            app[IN_PARTS] = InParts(store, bucket, presigner, internal_presigner, clock=clock)
            app[PICTURES] = Pictures(store, presigner, clock=clock)
            app[FILMS] = Films(store, presigner, clock=clock)
            app[READINESS] = {"database": Tables(database).check, "storage": bucket.ping, "keys": keys.check}
            yield

    app.cleanup_ctx.extend(
        [
            domain,
            KEYS_RENEWED,
            repeated(_settle, name="settle", seconds=SETTLE_INTERVAL_SECONDS),
            repeated(lambda app: app[DERIVED].settle_due(), name="derived", seconds=SETTLE_INTERVAL_SECONDS),
            *(repeated(_compare, name="compare", seconds=READ_INTERVAL_SECONDS) for _ in range(READERS)),
            repeated(lambda app: app[STORAGE_METRICS].count(), name="count", seconds=COUNT_INTERVAL_SECONDS),
            repeated(lambda app: app[EXCESS_CHECK].check_open(), name="excess", seconds=CHECK_INTERVAL.total_seconds()),
            repeated(lambda app: app[FORMS].drop_late(), name="late-forms", seconds=FORM_INTERVAL.total_seconds()),
            repeated(lambda app: app[RECONCILING].run_when_due(), name="reconcile", seconds=RECONCILE_INTERVAL_SECONDS),
            repeated(lambda app: app[RECONCILING].run_when_asked(), name="check", seconds=ASKED_INTERVAL_SECONDS),
        ]
    )
    if settings.keeps_cors:
        origins = [settings.upload_public_url, settings.stream_public_url]
        keep_cors = repeated(lambda app: app[BUCKET].set_cors(origins), name="cors", seconds=CORS_INTERVAL_SECONDS)
        app.cleanup_ctx.append(keep_cors)
    return app


async def _settle(app: web.Application) -> None:
    await app[SETTLING].settle_due()
    if not await app[INSTALLATION].is_held():
        await app[SETTLING].abandon_due()


async def _compare(app: web.Application) -> None:
    while await app[COMPARING].compare_next():
        pass
