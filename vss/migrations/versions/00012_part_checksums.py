"""The checksums that parts were signed with."""

import sqlalchemy as sa

from common.db import Instant, binary_text, identifier
from vss.create_once import create_table_once

revision = "00012"
down_revision = "00011"


def upgrade() -> None:
    create_table_once(
        "part_checksums",
        sa.Column("object_id", identifier(), primary_key=True),
        sa.Column("part_number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("sha256", binary_text(44), nullable=False),
        sa.Column("other_until", Instant(), nullable=True),
    )
