"""A grant of a collection has no video."""

from alembic import op

from common.db import identifier

revision = "0181"
down_revision = "0180"


def upgrade() -> None:
    with op.batch_alter_table("grants") as table:
        table.alter_column("video_id", existing_type=identifier(), nullable=True)
