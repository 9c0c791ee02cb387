"""Until when a part may still be sent with another checksum than the one on record."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    op.add_column("part_checksums", sa.Column("other_until", Instant(), nullable=True))
