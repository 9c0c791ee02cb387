"""The tables of videos, of what is known of their content, of collections of them, and of links."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Double, Index, Integer, MetaData, Table, or_

from common.db import Instant, binary_text, human_text, identifier, long_text, size_in_bytes

METADATA: Final = MetaData()

VIDEOS: Final = Table(
    "videos",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("owner_id", identifier(), nullable=False),
    Column("owner_username", binary_text(64), nullable=False),
    Column("title", human_text(200), nullable=False),
    Column("title_key", binary_text(200), nullable=False),
    Column("description", long_text(), nullable=False),
    Column("search_key", long_text(), nullable=False),
    Column("filename", human_text(255), nullable=False),
    # None while only its client knows it, which is before it is ready.
    Column("size", size_in_bytes(), nullable=True),
    Column("content_type", binary_text(100), nullable=False),
    Column("visibility", binary_text(16), nullable=False),
    Column("state", binary_text(16), nullable=False),
    Column("sha256", binary_text(64), nullable=True),
    Column("part_size", size_in_bytes(), nullable=True),
    Column("part_count", Integer(), nullable=True),
    Column("created_at", Instant(), nullable=False),
    # When the settling loop checks it next (in the trash: purges it); None: nothing is left to settle.
    Column("settle_after", Instant(), nullable=True),
    # What the owner has chosen, while an administrator hides the video and `visibility` is `private`. None: not hidden.
    Column("hidden_visibility", binary_text(16), nullable=True),
    Column("sent_sha256", binary_text(64), nullable=True),
    # As in media_facts, for lists. A number of 64 bits, as sizes are.
    Column("duration_ms", size_in_bytes(), nullable=True),
)
Index("videos_mine", VIDEOS.c.owner_id, VIDEOS.c.state, VIDEOS.c.created_at, VIDEOS.c.id)
Index("videos_unsettled", VIDEOS.c.settle_after)
# The library's lists, by age, title, size and length: everybody's, and one owner's.
Index("videos_age", VIDEOS.c.state, VIDEOS.c.visibility, VIDEOS.c.created_at, VIDEOS.c.id)
Index("videos_title", VIDEOS.c.state, VIDEOS.c.visibility, VIDEOS.c.title_key, VIDEOS.c.id)
Index("videos_owner_age", VIDEOS.c.owner_id, VIDEOS.c.state, VIDEOS.c.visibility, VIDEOS.c.created_at, VIDEOS.c.id)
Index("videos_owner_title", VIDEOS.c.owner_id, VIDEOS.c.state, VIDEOS.c.visibility, VIDEOS.c.title_key, VIDEOS.c.id)
Index("videos_owner_size", VIDEOS.c.owner_id, VIDEOS.c.state, VIDEOS.c.visibility, VIDEOS.c.size, VIDEOS.c.id)
Index("videos_length", VIDEOS.c.state, VIDEOS.c.visibility, VIDEOS.c.duration_ms, VIDEOS.c.id)
Index("videos_owner_length", VIDEOS.c.owner_id, VIDEOS.c.state, VIDEOS.c.visibility, VIDEOS.c.duration_ms, VIDEOS.c.id)

# What a file says of itself, since somebody has looked.
MEDIA_FACTS: Final = Table(
    "media_facts",
    METADATA,
    Column("video_id", identifier(), primary_key=True),
    # Numbers of 64 bits, as sizes are.
    Column("duration_ms", size_in_bytes(), nullable=True),
    Column("width", Integer(), nullable=True),
    Column("height", Integer(), nullable=True),
    Column("frame_rate", Double(), nullable=True),
    # As RFC 6381 names them, separated by spaces.
    Column("codecs", binary_text(600), nullable=False),
    Column("has_video", Boolean(), nullable=False),
    Column("has_audio", Boolean(), nullable=False),
    # All of it, as a JSON object.
    Column("facts", long_text(), nullable=False),
    # fs_svc's derived objects, and where the poster was taken.
    Column("poster_id", identifier(), nullable=True),
    Column("poster_ms", size_in_bytes(), nullable=True),
    Column("storyboard_id", identifier(), nullable=True),
)

# Who may do what with a video beside those whom its visibility names, or with a collection.
GRANTS: Final = Table(
    "grants",
    METADATA,
    Column("id", identifier(), primary_key=True),
    # One of the two.
    Column("video_id", identifier(), nullable=True),
    Column("collection_id", identifier(), nullable=True),
    Column("right", binary_text(16), nullable=False, server_default="watch"),
    Column("created_at", Instant(), nullable=False),
    Column("expires_at", Instant(), nullable=True),
    # Of a link: nobody can read its token here.
    Column("token_hash", binary_text(64), nullable=True, unique=True),
    Column("password_hash", binary_text(128), nullable=True),
    Column("view_limit", Integer(), nullable=True),
    # In seconds.
    Column("start_at", Double(), nullable=True),
    # `account:` or `group:` with its id, and its name at the time; `members`, `everyone`; None: whoever has the link.
    Column("subject", binary_text(64), nullable=True),
    Column("subject_name", human_text(64), nullable=True),
    # Origins with spaces between; none: nobody.
    Column("frame_ancestors", long_text(), nullable=True),
    # What its maker calls a link.
    Column("link_name", human_text(100), nullable=True),
    # Of a link by which files are sent: bytes of each, how many, and what its maker says to their sender.
    Column("max_size", size_in_bytes(), nullable=True),
    Column("max_files", Integer(), nullable=True),
    Column("note", long_text(), nullable=True),
)
Index("grants_video", GRANTS.c.video_id, GRANTS.c.created_at, GRANTS.c.id)
Index("grants_collection", GRANTS.c.collection_id, GRANTS.c.created_at, GRANTS.c.id)
Index("grants_end", GRANTS.c.expires_at, GRANTS.c.subject)
# One grant of a video, or of a collection, to each.
Index("grants_subject", GRANTS.c.subject, GRANTS.c.video_id, unique=True)
Index("grants_collection_subject", GRANTS.c.subject, GRANTS.c.collection_id, unique=True)


def lasts(expires_at: ColumnElement[Any], now: datetime) -> ColumnElement[bool]:
    """Whether a grant with this end still holds, of GRANTS or of what is read from it."""
    return or_(expires_at.is_(None), expires_at > now)


# The grants to accounts, groups and everybody as lists read them: of videos that are ready and not hidden, each with
# the longest end of all that give it, and with what lists are sorted by. Whoever changes a video or a grant of it keeps
# this in the same transaction; what grants of collections change, a loop (AUDIENCE_CHANGES of upload_svc).
AUDIENCE: Final = Table(
    "audience",
    METADATA,
    Column("video_id", identifier(), primary_key=True),
    Column("subject", binary_text(64), primary_key=True),
    Column("created_at", Instant(), nullable=False),
    Column("title_key", binary_text(200), nullable=False),
    Column("duration_ms", size_in_bytes(), nullable=True),
    Column("expires_at", Instant(), nullable=True),
)
Index("audience_age", AUDIENCE.c.subject, AUDIENCE.c.created_at, AUDIENCE.c.video_id)
Index("audience_title", AUDIENCE.c.subject, AUDIENCE.c.title_key, AUDIENCE.c.video_id)
Index("audience_length", AUDIENCE.c.subject, AUDIENCE.c.duration_ms, AUDIENCE.c.video_id)

# What videos are played from by HLS: all of a video at once, or nothing.
RENDITIONS: Final = Table(
    "renditions",
    METADATA,
    Column("video_id", identifier(), primary_key=True),
    # Of those that were made together (contracts.renditions.file_id).
    Column("set_id", identifier(), nullable=False),
    # A JSON object (contracts.renditions.Renditions): 200 KB of a film of three hours.
    Column("content", long_text(), nullable=False),
    # Names with spaces between, as in `content`.
    Column("names", binary_text(512), nullable=False),
)

# How many visitors have played by a link.
LINK_VIEWS: Final = Table(
    "link_views",
    METADATA,
    Column("link_id", identifier(), primary_key=True),
    Column("views", Integer(), nullable=False),
)

# Videos in an order that their owner has given them: a folder, a playlist, a course.
COLLECTIONS: Final = Table(
    "collections",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("owner_id", identifier(), nullable=False),
    Column("title", human_text(200), nullable=False),
    Column("title_key", binary_text(200), nullable=False),
    Column("description", long_text(), nullable=False),
    Column("created_at", Instant(), nullable=False),
    # Of its texts, and of what is in it in which order.
    Column("updated_at", Instant(), nullable=False),
)
Index("collections_mine", COLLECTIONS.c.owner_id, COLLECTIONS.c.title_key, COLLECTIONS.c.id)

COLLECTION_VIDEOS: Final = Table(
    "collection_videos",
    METADATA,
    Column("collection_id", identifier(), primary_key=True),
    Column("video_id", identifier(), primary_key=True),
    # Numbers of 64 bits with room between them, so that who comes between two changes no other row.
    Column("position", BigInteger().with_variant(Integer(), "sqlite"), nullable=False),
)
Index(
    "collection_videos_order",
    COLLECTION_VIDEOS.c.collection_id,
    COLLECTION_VIDEOS.c.position,
    COLLECTION_VIDEOS.c.video_id,
)
Index("collection_videos_video", COLLECTION_VIDEOS.c.video_id)

# Events that nobody has been told of yet.
OUTBOX: Final = Table(
    "outbox",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("owner_id", identifier(), nullable=False),
    Column("type", binary_text(32), nullable=False),
    Column("at", Instant(), nullable=False),
    # A JSON object.
    Column("data", long_text(), nullable=False),
)
Index("outbox_at", OUTBOX.c.at, OUTBOX.c.id)
