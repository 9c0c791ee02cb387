"""The checksums that parts were signed with."""

import sqlalchemy as sa
from alembic import op

from common.db import binary_text, identifier

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "part_checksums",
        sa.Column("object_id", identifier(), primary_key=True),
        sa.Column("part_number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("sha256", binary_text(44), nullable=False),
    )
