"""Links by which somebody chooses a password."""

import sqlalchemy as sa

from common.db import Instant, binary_text, identifier
from vss.create_once import create_table_once

revision = "00004"
down_revision = "00003"


def upgrade() -> None:
    create_table_once(
        "password_links",
        sa.Column("secret_hash", binary_text(64), primary_key=True),
        sa.Column("account_id", identifier(), sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        indexes={"password_links_account_id": ["account_id"]},
    )
