"""A new user name looks like no other; what was there before may have no skeleton."""

from alembic import op

revision = "0082"
down_revision = "0081"


def upgrade() -> None:
    op.create_index("accounts_username_skeleton", "accounts", ["username_skeleton"], unique=True)
