"""All that was public before: it was called “Anyone with the link”, and was listed."""

from alembic import op

revision = "0133"
down_revision = "0132"


def upgrade() -> None:
    op.execute(
        "INSERT INTO public_reviews (owner_id, video_id) SELECT owner_id, id FROM videos "
        "WHERE state <> 'deleted' AND (visibility = 'public' OR hidden_visibility = 'public')"
    )
