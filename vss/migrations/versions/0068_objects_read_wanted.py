"""The objects that somebody waits for, the longest waiting first; and what was announced of the files before.

That was told by their senders, or by the checksum of their only part. It comes first: cut off, it is simply done again.
"""

import base64

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"

_ANNOUNCED = sa.text(
    "UPDATE objects SET sha256 = "
    "(SELECT COALESCE(videos.sha256, videos.sent_sha256) FROM videos WHERE videos.id = objects.id) "
    "WHERE sha256 IS NULL"
)
_ONLY_PARTS = sa.text(
    "SELECT objects.id, part_checksums.sha256 FROM objects "
    "JOIN part_checksums ON part_checksums.object_id = objects.id "
    "WHERE objects.part_count = 1 AND objects.state = 'stored' AND objects.sha256 IS NULL "
    "AND part_checksums.other_until IS NULL"
)
_SET = sa.text("UPDATE objects SET sha256 = :sha256 WHERE id = :id")


def upgrade() -> None:
    connection = op.get_bind()
    connection.execute(_ANNOUNCED)
    found = [{"id": row.id, "sha256": base64.b64decode(row.sha256).hex()} for row in connection.execute(_ONLY_PARTS)]
    if found:
        connection.execute(_SET, found)
    op.create_index("objects_read_wanted", "objects", ["read_wanted_at"])
