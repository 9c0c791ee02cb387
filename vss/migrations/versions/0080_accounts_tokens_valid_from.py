"""From when on an account's access tokens are good for what lasts: API keys, and what administrators do."""

from alembic import op
from sqlalchemy import Column

from common.db import Instant

revision = "0080"
down_revision = "0077"


def upgrade() -> None:
    with op.batch_alter_table("accounts") as table:
        table.add_column(Column("tokens_valid_from", Instant(), nullable=True))
