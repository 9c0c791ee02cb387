"""upload_svc's composition root."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web

from catalogue import TEMPLATES
from common.clock import Clock, utc_now
from common.cursors import Cursors
from common.db import open_database
from common.idempotency import IdempotencyKeys
from common.passwords import hashing
from common.service_client import ServiceClient
from common.web.app import http_session, new_page_app
from common.web.background import repeated
from common.web.idempotency import IDEMPOTENCY_KEYS
from common.web.keys import READINESS, REMOTE_KEYS, VERIFIER
from common.web.metrics import METRICS, observe_database
from common.web.remote_identity import KEYS_RENEWED, remote_identity
from common.web.sessions import SESSIONS
from common.web.starting import Tables
from contracts.accounts import DELETIONS_SECONDS, DISABLED_SECONDS, AccountDeletions, DisabledOwners
from upload_svc.account_deletions import VideosOfDeletedAccounts
from upload_svc.app_keys import (
    ACCOUNT_DELETIONS,
    GRANTS,
    JOB_METRICS,
    JOBS,
    OWN_PICTURES,
    PLANS,
    PREVIEWS,
    RENDITIONS,
    SETTLING,
    UPLOADS,
)
from upload_svc.audience import AudienceStore
from upload_svc.auth_client import Administrators, Grantees, Owners
from upload_svc.bucket import Bucket
from upload_svc.collection_store import CollectionStore
from upload_svc.collections.app_keys import COLLECTIONS
from upload_svc.collections.collections import Collections
from upload_svc.fs_client import FsClient
from upload_svc.grant_store import GrantStore
from upload_svc.grants import Grants
from upload_svc.guest_uploads import GuestReader
from upload_svc.guests.app_keys import GUESTS, UPLOAD_LINKS
from upload_svc.guests.guests import Guests
from upload_svc.guests.links import UploadLinks
from upload_svc.guests.store import GuestStore
from upload_svc.jobs import Jobs
from upload_svc.media.job_store import JobStore
from upload_svc.media.media_store import MediaStore
from upload_svc.media.queue_store import QueueStore
from upload_svc.media.rendition_store import RenditionStore
from upload_svc.metrics import JobMetrics
from upload_svc.moderation.app_keys import MODERATION
from upload_svc.moderation.moderation import Moderation
from upload_svc.own_pictures import OwnPictures
from upload_svc.previews import Previews
from upload_svc.public_reviews import PublicReviewStore
from upload_svc.renditions import MakeRenditions, PlanRenditions
from upload_svc.routes import API, PAGES
from upload_svc.settings import Settings
from upload_svc.settling import Settling
from upload_svc.store import Store
from upload_svc.tables import idempotency_keys
from upload_svc.uploads import Uploads
from upload_svc.webhooks.app_keys import DISABLED_OWNERS, SENDING, WEBHOOKS
from upload_svc.webhooks.client import webhook_client
from upload_svc.webhooks.sending import sending
from upload_svc.webhooks.signatures import Secrets
from upload_svc.webhooks.store import WebhookStore
from upload_svc.webhooks.webhooks import Webhooks

SETTLE_INTERVAL_SECONDS: Final = 2.0
# How soon a new place in the queue is filled with a video that was there already.
BACKFILL_INTERVAL_SECONDS: Final = 10.0
COUNT_INTERVAL_SECONDS: Final = 60.0
# What has ended is not shown from that moment on; this is how soon it is forgotten.
END_INTERVAL_SECONDS: Final = 60.0
# How soon lists have what a collection is shared with; whoever has its address need not wait.
FOLLOW_INTERVAL_SECONDS: Final = 1.0
FORGET_INTERVAL_SECONDS: Final = 3600.0
SEND_INTERVAL_SECONDS: Final = 1.0


def create_app(settings: Settings, *, clock: Clock = utc_now) -> web.Application:
    """The application; what must await happens when it starts."""
    app = new_page_app(
        "upload",
        settings,
        API,
        public_url=settings.upload_public_url,
        folder=Path(__file__).parent,
        templates=[TEMPLATES],
    )
    app.add_routes(PAGES)

    @asynccontextmanager
    async def domain(app: web.Application) -> AsyncIterator[None]:
        async with (
            open_database(settings.database_url.get_secret_value()) as database,
            http_session() as session,
            hashing() as passwords,
            webhook_client(allows_private=settings.webhook_private_networks) as webhook_calls,
        ):
            observe_database(app, database)
            identity = remote_identity(session, settings, client_id="upload", clock=clock)
            store = Store(database)
            fs = FsClient(ServiceClient(session, settings.fs_url, identity.tokens))
            cursors = Cursors(settings.cursor_key.get_secret_value())
            app[REMOTE_KEYS] = identity.keys
            app[VERIFIER] = identity.verifier
            app[SESSIONS] = identity.sessions
            reviews = PublicReviewStore(database)
            jobs, queue, media = JobStore(database), QueueStore(database), MediaStore(database)
            app[UPLOADS] = Uploads(
                store, fs, cursors, media=media, queue=queue, reviews=reviews, guests=GuestReader(database), clock=clock
            )
            app[SETTLING] = Settling(store, fs, clock=clock)
            app[RENDITIONS] = renditions = MakeRenditions(made := RenditionStore(database), fs, clock=clock)
            app[PLANS] = plans = PlanRenditions(
                made,
                policy=settings.renditions,
                heights=settings.rendition_heights,
                preset=settings.rendition_preset,
                clock=clock,
            )
            app[JOBS] = Jobs(jobs, queue, fs, plans=plans, renditions=renditions, clock=clock)
            app[OWN_PICTURES] = OwnPictures(store, jobs, fs, Bucket(session), clock=clock)
            app[JOB_METRICS] = JobMetrics(media, app[METRICS], clock=clock)
            app[IDEMPOTENCY_KEYS] = keys = IdempotencyKeys(
                database,
                idempotency_keys,
                clock=clock,
                # A link's password is among what is hashed.
                secret=settings.cursor_key.get_secret_value().encode(),
            )
            auth = ServiceClient(session, settings.auth_url, identity.tokens)
            collections, grantees = CollectionStore(database), Grantees(auth)
            app[COLLECTIONS] = Collections(collections, app[UPLOADS], grantees, cursors, clock=clock)
            app[GRANTS] = grants = Grants(
                GrantStore(database),
                AudienceStore(database),
                store,
                grantees,
                passwords,
                collections=collections,
                cursors=cursors,
                clock=clock,
            )
            guest_store = GuestStore(database)
            app[UPLOAD_LINKS] = upload_links = UploadLinks(guest_store, collections, passwords, cursors, clock=clock)
            app[GUESTS] = Guests(
                guest_store,
                store,
                app[UPLOADS],
                Owners(auth, identity.verifier),
                passwords=passwords,
                cursors=cursors,
                clock=clock,
            )
            webhooks, secrets = WebhookStore(database), Secrets(settings.cursor_key.get_secret_value())
            app[WEBHOOKS] = Webhooks(
                webhooks, secrets, cursors, allows_private=settings.webhook_private_networks, clock=clock
            )
            app[ACCOUNT_DELETIONS] = VideosOfDeletedAccounts(
                AccountDeletions(auth),
                store,
                keys,
                fs,
                reviews=reviews,
                grants=grants,
                collections=collections,
                webhooks=webhooks,
                clock=clock,
            )
            administrators = Administrators(auth)
            app[MODERATION] = Moderation(store, administrators, grants, cursors, upload_links=upload_links, clock=clock)
            app[PREVIEWS] = Previews(media, queue, administrators, cursors, videos=store, clock=clock)
            app[READINESS] = {"database": Tables(database).check, "keys": identity.keys.check}
            app[DISABLED_OWNERS] = disabled = DisabledOwners(auth)
            async with sending(
                webhooks, webhook_calls, secrets, app[METRICS], disabled=disabled.ids, clock=clock
            ) as app[SENDING]:
                yield

    app.cleanup_ctx.extend(
        [
            domain,
            KEYS_RENEWED,
            repeated(lambda app: app[SETTLING].settle(), name="settle", seconds=SETTLE_INTERVAL_SECONDS),
            repeated(lambda app: app[GRANTS].follow_collections(), name="audience", seconds=FOLLOW_INTERVAL_SECONDS),
            repeated(lambda app: app[GRANTS].forget_ended(), name="ended grants", seconds=END_INTERVAL_SECONDS),
            repeated(lambda app: app[GUESTS].give_up_ended(), name="ended links", seconds=END_INTERVAL_SECONDS),
            repeated(lambda app: app[JOBS].settle(), name="jobs", seconds=SETTLE_INTERVAL_SECONDS),
            repeated(lambda app: app[RENDITIONS].settle(), name="renditions", seconds=SETTLE_INTERVAL_SECONDS),
            repeated(lambda app: app[JOBS].backfill(), name="backfill", seconds=BACKFILL_INTERVAL_SECONDS),
            repeated(lambda app: app[JOB_METRICS].count(), name="count", seconds=COUNT_INTERVAL_SECONDS),
            repeated(lambda app: app[DISABLED_OWNERS].refresh(), name="disabled owners", seconds=DISABLED_SECONDS),
            repeated(lambda app: app[SENDING].step(), name="webhooks", seconds=SEND_INTERVAL_SECONDS),
            repeated(lambda app: app[SENDING].count(), name="count webhooks", seconds=COUNT_INTERVAL_SECONDS),
            repeated(lambda app: app[SENDING].forget_old(), name="old deliveries", seconds=COUNT_INTERVAL_SECONDS),
            repeated(lambda app: app[ACCOUNT_DELETIONS].settle(), name="account deletions", seconds=DELETIONS_SECONDS),
            repeated(
                lambda app: app[GRANTS].forget_deleted_groups(), name="deleted groups", seconds=FORGET_INTERVAL_SECONDS
            ),
            repeated(lambda app: app[IDEMPOTENCY_KEYS].forget_old(), name="forget", seconds=FORGET_INTERVAL_SECONDS),
        ]
    )
    return app
