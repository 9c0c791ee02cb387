"""What it has stored."""

import sqlalchemy as sa
from alembic import op

from common.db import long_text

revision = "0211"
down_revision = "0210"


def upgrade() -> None:
    op.add_column("media_jobs", sa.Column("result", long_text(), nullable=True))
