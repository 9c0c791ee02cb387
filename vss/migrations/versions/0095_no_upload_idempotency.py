"""Without what has gone to upload_idempotency_keys."""

from alembic import op

revision = "0095"
down_revision = "0094"


def upgrade() -> None:
    op.drop_table("upload_idempotency")
