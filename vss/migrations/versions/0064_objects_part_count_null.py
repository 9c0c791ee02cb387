"""Objects of which only their client knows how many parts there are."""

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"


def upgrade() -> None:
    with op.batch_alter_table("objects") as table:
        table.alter_column("part_count", existing_type=sa.Integer(), nullable=True)
