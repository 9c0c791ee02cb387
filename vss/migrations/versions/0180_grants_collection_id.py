"""The collection of a grant."""

import sqlalchemy as sa
from alembic import op

from common.db import identifier

revision = "0180"
down_revision = "0177"


def upgrade() -> None:
    op.add_column("grants", sa.Column("collection_id", identifier(), nullable=True))
