"""Search keys in which accents, vowel signs and the like do not matter any more, of the videos that are there."""

import sqlalchemy as sa
from alembic import op

from common.text import search_key

revision = "0085"
down_revision = "0082"

BATCH = 500

_videos = sa.table("videos", *(sa.column(name) for name in ("id", "title", "description", "search_key")))


def upgrade() -> None:
    connection, after = op.get_bind(), ""
    query = sa.select(_videos).order_by(_videos.c.id).limit(BATCH)
    while rows := connection.execute(query.where(_videos.c.id > after)).all():
        for row in rows:
            key = search_key(f"{row.title}\n{row.description}")
            if key != row.search_key:
                connection.execute(sa.update(_videos).where(_videos.c.id == row.id).values(search_key=key))
        after = rows[-1].id
