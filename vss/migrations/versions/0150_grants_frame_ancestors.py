"""The sites that may frame a link's player."""

import sqlalchemy as sa
from alembic import op

from common.db import long_text

revision = "0150"
down_revision = "0148"


def upgrade() -> None:
    op.add_column("grants", sa.Column("frame_ancestors", long_text(), nullable=True))
