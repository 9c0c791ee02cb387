"""Several jobs of one task."""

from alembic import op

revision = "0213"
down_revision = "0212"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # A constraint without a name: it is called so to be dropped.
        names = {"uq": "uq_%(table_name)s_%(column_0_name)s"}
        with op.batch_alter_table("media_jobs", naming_convention=names) as table:
            table.drop_constraint("uq_media_jobs_video_id", type_="unique")
    else:
        # As MySQL and MariaDB call it: by its first column.
        op.drop_index("video_id", "media_jobs")
