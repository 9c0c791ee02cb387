"""Pictures that owners send for their videos."""

import sqlalchemy as sa
from alembic import op

revision = "0122"
down_revision = "0119"


def upgrade() -> None:
    op.add_column("media_jobs", sa.Column("picture_attempt", sa.Integer(), nullable=True))
