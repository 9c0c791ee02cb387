"""Who is in a group, and who manages it."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, identifier

revision = "0129"
down_revision = "0128"


def upgrade() -> None:
    op.create_table(
        "group_members",
        sa.Column("group_id", identifier(), sa.ForeignKey("groups.id"), primary_key=True),
        sa.Column("account_id", identifier(), sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("is_manager", sa.Boolean(), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
    )
