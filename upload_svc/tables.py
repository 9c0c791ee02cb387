"""upload_svc's own tables; those of videos are the catalogue's."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, Table

from common.db import Instant, binary_text, human_text, identifier, long_text, size_in_bytes
from common.idempotency import idempotency_table

METADATA: Final = MetaData()

idempotency_keys: Final = idempotency_table("upload_idempotency_keys", METADATA)

# Videos that were public before there was `unlisted`, and that their owners have not been asked about.
PUBLIC_REVIEWS: Final = Table(
    "public_reviews",
    METADATA,
    Column("owner_id", identifier(), primary_key=True),
    Column("video_id", identifier(), primary_key=True),
)

MEDIA_JOBS: Final = Table(
    "media_jobs",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("video_id", identifier(), nullable=False),
    Column("task", binary_text(16), nullable=False),
    Column("state", binary_text(16), nullable=False),
    # How often it was taken, and how often it may be yet.
    Column("attempt", Integer(), nullable=False),
    Column("tries_left", Integer(), nullable=False),
    # Whose turn is over then; of what is waiting, when it may be taken; of what has failed, when its last turn ended.
    Column("leased_until", Instant(), nullable=False),
    # In per cent.
    Column("progress", Integer(), nullable=False),
    # Of the last attempt that made nothing.
    Column("reason", binary_text(32), nullable=True),
    # The moment that the owner has chosen for the poster.
    Column("poster_ms", size_in_bytes(), nullable=True),
    Column("is_backfill", Boolean(), nullable=False),
    # The last attempt that was about to store files.
    Column("output_attempt", Integer(), nullable=True),
    # Since when it has been asked for.
    Column("created_at", Instant(), nullable=False),
    # When what its attempts have left is to be deleted; None: there is nothing to do.
    Column("settle_after", Instant(), nullable=True),
    # Of the video when it was first asked for: whose turn it is, and no more.
    Column("owner_id", identifier(), nullable=False, server_default=""),
    # The attempt that has brought the owner's picture, of a job for one.
    Column("picture_attempt", Integer(), nullable=True),
    # Which piece of the video, of a task that is done in pieces; and of which set of renditions.
    Column("chunk", Integer(), nullable=False, server_default="0"),
    Column("set_id", identifier(), nullable=True),
    # What an attempt at a piece has stored: a JSON object.
    Column("result", long_text(), nullable=True),
)
Index("media_jobs_task", MEDIA_JOBS.c.video_id, MEDIA_JOBS.c.task, MEDIA_JOBS.c.chunk, unique=True)
Index("media_jobs_due", MEDIA_JOBS.c.state, MEDIA_JOBS.c.leased_until)
Index(
    "media_jobs_next",
    MEDIA_JOBS.c.state,
    MEDIA_JOBS.c.is_backfill,
    MEDIA_JOBS.c.task,
    MEDIA_JOBS.c.owner_id,
    MEDIA_JOBS.c.leased_until,
)
Index("media_jobs_unsettled", MEDIA_JOBS.c.settle_after)

# What is made of a video for HLS, or was: all that belongs together.
RENDITION_SETS: Final = Table(
    "rendition_sets",
    METADATA,
    Column("video_id", identifier(), primary_key=True),
    Column("id", identifier(), nullable=False),
    # A JSON object (upload_svc.media.plan).
    Column("plan", long_text(), nullable=False),
    # When it was whole; None: it is not.
    Column("stored_at", Instant(), nullable=True),
    # When a job of it has ended that nobody has looked at yet, or when whoever does so has to be done.
    Column("settle_after", Instant(), nullable=True),
)
Index("rendition_sets_unsettled", RENDITION_SETS.c.settle_after)

# Files of renditions that nobody needs any more, and when they are deleted: a player may still be at them.
DISCARDED_FILES: Final = Table(
    "discarded_files",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("due", Instant(), nullable=False),
)
Index("discarded_files_due", DISCARDED_FILES.c.due)

# One row: when a worker has asked last, whichever, for a job or for more time, and when one that has no Landlock.
MEDIA_WORKERS: Final = Table(
    "media_workers",
    METADATA,
    Column("id", Integer(), primary_key=True, autoincrement=False),
    Column("asked_at", Instant(), nullable=False),
    Column("no_landlock_at", Instant(), nullable=True),
)

# Collections whose videos `audience` is behind with.
AUDIENCE_CHANGES: Final = Table(
    "audience_changes",
    METADATA,
    Column("collection_id", identifier(), primary_key=True),
    Column("created_at", Instant(), nullable=False),
    # The last video that is done.
    Column("after_id", identifier(), nullable=True),
    # Whether fewer people may watch them than before.
    Column("is_narrower", Boolean(), nullable=False),
)

# What guests have sent, or begun to send, by a link into a collection: the video is its owner's.
GUEST_UPLOADS: Final = Table(
    "guest_uploads",
    METADATA,
    Column("video_id", identifier(), primary_key=True),
    Column("grant_id", identifier(), nullable=False),
    Column("collection_id", identifier(), nullable=False),
    # Of what the guest's browser holds: nobody can read it here.
    Column("secret_hash", binary_text(64), nullable=False),
    # As the guest has typed them.
    Column("sender", human_text(100), nullable=False),
    Column("message", long_text(), nullable=False),
    # When the video was ready; None: it has not been.
    Column("received_at", Instant(), nullable=True),
)
Index("guest_uploads_grant", GUEST_UPLOADS.c.grant_id, GUEST_UPLOADS.c.secret_hash)

WEBHOOKS: Final = Table(
    "webhooks",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("owner_id", identifier(), nullable=False),
    Column("url", binary_text(2048), nullable=False),
    # Separated by spaces; empty: all there are.
    Column("events", binary_text(512), nullable=False),
    # Encrypted, in base64.
    Column("sealed_secret", binary_text(255), nullable=False),
    Column("created_at", Instant(), nullable=False),
    # Since when nothing has arrived; None: the last try has, or there was none.
    Column("failing_since", Instant(), nullable=True),
    Column("disabled_at", Instant(), nullable=True),
    Column("disabled_reason", binary_text(32), nullable=True),
)
Index("webhooks_owner", WEBHOOKS.c.owner_id, WEBHOOKS.c.created_at, WEBHOOKS.c.id)

# What one webhook is told, or was.
WEBHOOK_DELIVERIES: Final = Table(
    "webhook_deliveries",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("webhook_id", identifier(), nullable=False),
    # The same for all webhooks that are told of one event, and for every try.
    Column("event_id", identifier(), nullable=False),
    Column("type", binary_text(32), nullable=False),
    Column("body", long_text(), nullable=False),
    Column("state", binary_text(16), nullable=False),
    Column("attempts", Integer(), nullable=False),
    Column("tries_left", Integer(), nullable=False),
    # Of what waits, when it is sent; of what is being sent, when another may do that; None: there is nothing to do.
    Column("next_at", Instant(), nullable=True),
    Column("created_at", Instant(), nullable=False),
    # Of the last try: when, the HTTP status, how long it took, the beginning of the answer, and what went wrong.
    Column("attempted_at", Instant(), nullable=True),
    Column("status", Integer(), nullable=True),
    Column("duration_ms", Integer(), nullable=True),
    Column("answer", long_text(), nullable=True),
    Column("failure", binary_text(32), nullable=True),
)
Index("webhook_deliveries_next", WEBHOOK_DELIVERIES.c.next_at, WEBHOOK_DELIVERIES.c.webhook_id)
Index(
    "webhook_deliveries_webhook",
    WEBHOOK_DELIVERIES.c.webhook_id,
    WEBHOOK_DELIVERIES.c.created_at,
    WEBHOOK_DELIVERIES.c.id,
)
Index("webhook_deliveries_age", WEBHOOK_DELIVERIES.c.created_at)
