"""fs_svc's tables."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, Table, false

from common.db import Instant, binary_text, identifier, long_text, size_in_bytes
from contracts.objects import Kind

METADATA: Final = MetaData()

OBJECTS: Final = Table(
    "objects",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("owner_id", identifier(), nullable=False),
    Column("state", binary_text(16), nullable=False),
    Column("size", size_in_bytes(), nullable=True),
    Column("content_type", binary_text(100), nullable=False),
    Column("part_size", size_in_bytes(), nullable=True),
    Column("part_count", Integer(), nullable=True),
    Column("object_key", binary_text(64), nullable=False, unique=True),
    # Vendors choose its form; S3 names no limit.
    Column("s3_upload_id", binary_text(1024), nullable=True),
    Column("etag", binary_text(255), nullable=True),
    Column("created_at", Instant(), nullable=False),
    Column("last_activity_at", Instant(), nullable=False),
    Column("leased_until", Instant(), nullable=False),
    Column("part_checksums", binary_text(16), nullable=True),
    Column("lost_at", Instant(), nullable=True),
    Column("excess_at", Instant(), nullable=True),
    Column("read_back_sha256", binary_text(64), nullable=True),
    Column("read_back_at", Instant(), nullable=True),
    Column("kind", binary_text(16), nullable=False, server_default=Kind.PLANNED.value),
    Column("signed_until", Instant(), nullable=True),
    Column("arrived", size_in_bytes(), nullable=False, server_default="0"),
    Column("quota_bytes", size_in_bytes(), nullable=True),
    Column("sha256", binary_text(64), nullable=True),
    Column("read_wanted_at", Instant(), nullable=True),
    Column("must_be_read", Boolean(), nullable=False, server_default=false()),
)
Index("objects_unsettled", OBJECTS.c.state, OBJECTS.c.leased_until)
Index("objects_unread", OBJECTS.c.state, OBJECTS.c.read_back_at, OBJECTS.c.id)
Index("objects_read_wanted", OBJECTS.c.read_wanted_at)
Index("objects_owner", OBJECTS.c.owner_id, OBJECTS.c.state)
Index("objects_abandoned", OBJECTS.c.state, OBJECTS.c.last_activity_at)
STORAGE_USAGE: Final = Table(
    "storage_usage",
    METADATA,
    Column("owner_id", identifier(), primary_key=True),
    # Bytes promised to unfinished uploads, and bytes of stored objects.
    Column("reserved", size_in_bytes(), nullable=False),
    Column("stored", size_in_bytes(), nullable=False),
)
PART_CHECKSUMS: Final = Table(
    "part_checksums",
    METADATA,
    Column("object_id", identifier(), primary_key=True),
    Column("part_number", Integer(), primary_key=True, autoincrement=False),
    # In base64, as S3 takes it.
    Column("sha256", binary_text(44), nullable=False),
    # Until then a URL may live that was signed with another one; None: there was never another.
    Column("other_until", Instant(), nullable=True),
)

STORAGE_REPORTS: Final = Table(
    "storage_reports",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("at", Instant(), nullable=False),
    # A JSON object.
    Column("content", long_text(), nullable=False),
)

# One row: which installation this database is of, as the bucket's marker has it too.
INSTALLATION: Final = Table(
    "installation",
    METADATA,
    Column("number", Integer(), primary_key=True, autoincrement=False),
    Column("id", identifier(), nullable=False),
    Column("status", binary_text(16), nullable=False),
    # How often the marker has been written.
    Column("marked", Integer(), nullable=False),
    Column("looked_at", Instant(), nullable=False),
    # Until then nothing is destroyed because its time is over.
    Column("held_until", Instant(), nullable=True),
    # Since then somebody waits for bucket and rows to be compared; and until then a process is comparing them.
    Column("check_asked_at", Instant(), nullable=True),
    Column("checking_until", Instant(), nullable=True),
)

SET_ASIDE: Final = Table(
    "set_aside",
    METADATA,
    # The SHA-256 of what it is called in the bucket: S3's names are longer than an index takes.
    Column("id", binary_text(64), primary_key=True),
    Column("first_seen_at", Instant(), nullable=False),
    Column("last_seen_at", Instant(), nullable=False),
    Column("sightings", Integer(), nullable=False),
)

DERIVED_OBJECTS: Final = Table(
    "derived_objects",
    METADATA,
    Column("id", identifier(), primary_key=True),
    # The video's object, which it ends with.
    Column("object_id", identifier(), nullable=False),
    Column("task", binary_text(16), nullable=False),
    Column("state", binary_text(16), nullable=False),
    Column("key_prefix", binary_text(64), nullable=False, unique=True),
    # A JSON array: name, content_type, size and sha256 of each.
    Column("files", long_text(), nullable=False),
    Column("size", size_in_bytes(), nullable=False),
    Column("created_at", Instant(), nullable=False),
    Column("leased_until", Instant(), nullable=False),
    Column("signed_until", Instant(), nullable=False),
    Column("s3_upload_id", binary_text(1024), nullable=True),
)
Index("derived_objects_parent", DERIVED_OBJECTS.c.object_id)
Index("derived_objects_unsettled", DERIVED_OBJECTS.c.state, DERIVED_OBJECTS.c.leased_until)
# All that it takes to add up what there is.
Index("derived_objects_size", DERIVED_OBJECTS.c.state, DERIVED_OBJECTS.c.size)
