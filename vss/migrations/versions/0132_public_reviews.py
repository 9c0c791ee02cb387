"""Which videos their owners are asked about, now that there is `unlisted`."""

import sqlalchemy as sa
from alembic import op

from common.db import identifier

revision = "0132"
down_revision = "0130"


def upgrade() -> None:
    op.create_table(
        "public_reviews",
        sa.Column("owner_id", identifier(), primary_key=True),
        sa.Column("video_id", identifier(), primary_key=True),
    )
