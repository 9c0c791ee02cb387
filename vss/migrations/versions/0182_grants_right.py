"""What a grant lets somebody do."""

import sqlalchemy as sa
from alembic import op

from common.db import binary_text

revision = "0182"
down_revision = "0181"


def upgrade() -> None:
    op.add_column("grants", sa.Column("right", binary_text(16), nullable=False, server_default="watch"))
