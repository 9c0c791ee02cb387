"""What a link's maker calls it."""

import sqlalchemy as sa
from alembic import op

from common.db import human_text

revision = "0200"
down_revision = "0191"


def upgrade() -> None:
    op.add_column("grants", sa.Column("link_name", human_text(100), nullable=True))
