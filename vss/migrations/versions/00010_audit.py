"""Who did what."""

import sqlalchemy as sa

from common.db import Instant, binary_text, identifier, long_text
from vss.create_once import create_table_once

revision = "00010"
down_revision = "00009"


def upgrade() -> None:
    create_table_once(
        "audit",
        sa.Column("id", identifier(), primary_key=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("action", binary_text(40), nullable=False),
        sa.Column("actor_id", identifier(), nullable=True),
        sa.Column("target_id", identifier(), nullable=True),
        sa.Column("address", binary_text(64), nullable=False),
        sa.Column("request_id", binary_text(64), nullable=False),
        sa.Column("details", long_text(), nullable=False),
        indexes={"audit_at": ["at"], "audit_actor": ["actor_id", "at"], "audit_target": ["target_id", "at"]},
    )
