"""How many files may be sent by a link."""

import sqlalchemy as sa
from alembic import op

revision = "0184"
down_revision = "0183"


def upgrade() -> None:
    op.add_column("grants", sa.Column("max_files", sa.Integer(), nullable=True))
