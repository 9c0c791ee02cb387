"""${message}."""

from alembic import op
import sqlalchemy as sa

from common.db import Instant, binary_text, human_text, identifier, long_text, size_in_bytes

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One DDL statement: MySQL's DDL is not transactional."""
    ${upgrades if upgrades else "pass"}
