"""Whether an upload's parts are signed with checksums of their contents."""

import sqlalchemy as sa
from alembic import op

from common.db import binary_text

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("objects", sa.Column("part_checksums", binary_text(16), nullable=True))
