"""Links by which somebody chooses a password."""

import sqlalchemy as sa
from alembic import op

from common.db import Instant, binary_text, identifier

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.create_table(
        "password_links",
        sa.Column("secret_hash", binary_text(64), primary_key=True),
        sa.Column("account_id", identifier(), sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
    )
