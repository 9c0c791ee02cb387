"""In the order in which they are."""

from alembic import op

revision = "0208"
down_revision = "0207"


def upgrade() -> None:
    op.create_index("discarded_files_due", "discarded_files", ["due"])
