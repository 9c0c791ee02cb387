"""The groups of an account."""

from alembic import op

revision = "0130"
down_revision = "0129"


def upgrade() -> None:
    op.create_index("group_members_account_id", "group_members", ["account_id"])
