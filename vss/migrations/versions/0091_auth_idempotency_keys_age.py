"""The age of auth_svc's idempotency keys, and first the keys that there are; cut off, that is simply done again."""

import sqlalchemy as sa
from alembic import op

revision = "0091"
down_revision = "0090"

# All of them have an answer, so that nobody claims them or makes what they are about.
_COPY = sa.text(
    "INSERT INTO auth_idempotency_keys"
    " (account_id, path, idempotency_key, content_hash, resource_id, answer, claimed_until, created_at)"
    " SELECT account_id, path, idempotency_key, content_hash, '', answer, created_at, created_at FROM answered_creates"
)


def upgrade() -> None:
    connection = op.get_bind()
    connection.execute(sa.text("DELETE FROM auth_idempotency_keys"))
    connection.execute(_COPY)
    op.create_index("auth_idempotency_keys_age", "auth_idempotency_keys", ["created_at"])
