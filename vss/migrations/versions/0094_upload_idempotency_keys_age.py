"""The age of upload_svc's idempotency keys, and first the keys that there are; cut off, that is simply done again."""

import sqlalchemy as sa
from alembic import op

revision = "0094"
down_revision = "0093"

_COPY = sa.text(
    "INSERT INTO upload_idempotency_keys"
    " (account_id, path, idempotency_key, content_hash, resource_id, answer, claimed_until, created_at)"
    " SELECT account_id, '/v1/uploads', idempotency_key, content_hash, upload_id, answer, taken_until, created_at"
    " FROM upload_idempotency"
)


def upgrade() -> None:
    connection = op.get_bind()
    connection.execute(sa.text("DELETE FROM upload_idempotency_keys"))
    connection.execute(_COPY)
    op.create_index("upload_idempotency_keys_age", "upload_idempotency_keys", ["created_at"])
