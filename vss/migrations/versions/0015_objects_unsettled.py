"""What fs_svc's settling loop looks for."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_index("objects_unsettled", "objects", ["state", "leased_until"])
