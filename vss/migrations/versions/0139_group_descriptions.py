"""What groups are for, in their makers' words."""

import sqlalchemy as sa
from alembic import op

from common.db import human_text

revision = "0139"
down_revision = "0138"


def upgrade() -> None:
    op.add_column("groups", sa.Column("description", human_text(500), nullable=False, server_default=""))
