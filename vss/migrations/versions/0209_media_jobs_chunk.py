"""A job may be for a piece of a video."""

import sqlalchemy as sa
from alembic import op

revision = "0209"
down_revision = "0208"


def upgrade() -> None:
    op.add_column("media_jobs", sa.Column("chunk", sa.Integer(), nullable=False, server_default="0"))
