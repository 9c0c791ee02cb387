"""Keys that sign access tokens."""

import sqlalchemy as sa

from common.db import Instant, identifier, long_text
from vss.create_once import create_table_once

revision = "00003"
down_revision = "00002"


def upgrade() -> None:
    create_table_once(
        "signing_keys",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("encrypted_private_key", long_text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
    )
