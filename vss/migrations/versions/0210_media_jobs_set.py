"""And for one of its sets of renditions."""

import sqlalchemy as sa
from alembic import op

from common.db import identifier

revision = "0210"
down_revision = "0209"


def upgrade() -> None:
    op.add_column("media_jobs", sa.Column("set_id", identifier(), nullable=True))
