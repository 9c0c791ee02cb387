"""The tables that auth_svc writes."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, MetaData, Table

from common import audit
from common.db import AnyRow, Instant, binary_text, human_text, identifier, long_text, size_in_bytes
from common.idempotency import idempotency_table

METADATA: Final = MetaData()

ACCOUNTS: Final = Table(
    "accounts",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("username", binary_text(64), nullable=False, unique=True),
    Column("password_hash", binary_text(255), nullable=False),
    Column("role", binary_text(16), nullable=False),
    Column("is_disabled", Boolean(), nullable=False),
    Column("quota_bytes", size_in_bytes(), nullable=True),
    Column("created_at", Instant(), nullable=False),
    # Access tokens issued before this open nothing that lasts; None: all tokens count.
    Column("tokens_valid_from", Instant(), nullable=True),
    # None where the name looks like an older account's: it was made before look-alikes were refused.
    Column("username_skeleton", binary_text(64), nullable=True),
)
Index("accounts_username_skeleton", ACCOUNTS.c.username_skeleton, unique=True)
SESSIONS: Final = Table(
    "sessions",
    METADATA,
    Column("secret_hash", binary_text(64), primary_key=True),
    Column("account_id", identifier(), ForeignKey("accounts.id"), nullable=False),
    Column("created_at", Instant(), nullable=False),
    Column("last_seen_at", Instant(), nullable=False),
    Column("expires_at", Instant(), nullable=False),
    Column("user_agent", human_text(255), nullable=False),
    Column("address", binary_text(64), nullable=False),
)
Index("sessions_account_id", SESSIONS.c.account_id)
SIGNING_KEYS: Final = Table(
    "signing_keys",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("encrypted_private_key", long_text(), nullable=False),
    Column("created_at", Instant(), nullable=False),
)
Index("accounts_age", ACCOUNTS.c.created_at, ACCOUNTS.c.id)
LOGIN_THROTTLE: Final = Table(
    "login_throttle",
    METADATA,
    # A hash: what is typed as a name can be anything, even a password.
    Column("bucket", binary_text(64), primary_key=True),
    # Milliseconds since 1970, so that every database can calculate with it.
    Column("whole_at", BigInteger(), nullable=False),
)
Index("login_throttle_whole_at", LOGIN_THROTTLE.c.whole_at)
# One row per log-in of an API client, however often its token is rotated.
REFRESH_TOKENS: Final = Table(
    "refresh_tokens",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("account_id", identifier(), ForeignKey("accounts.id"), nullable=False),
    Column("current_hash", binary_text(64), nullable=False),
    Column("previous_hash", binary_text(64), nullable=True),
    Column("created_at", Instant(), nullable=False),
    Column("rotated_at", Instant(), nullable=False),
    Column("expires_at", Instant(), nullable=False),
)
Index("refresh_tokens_account_id", REFRESH_TOKENS.c.account_id)
Index("refresh_tokens_expires_at", REFRESH_TOKENS.c.expires_at)
API_KEYS: Final = Table(
    "api_keys",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("account_id", identifier(), ForeignKey("accounts.id"), nullable=False),
    Column("name", human_text(100), nullable=False),
    Column("secret_hash", binary_text(64), nullable=False, unique=True),
    # The first characters of the key, by which its owner recognizes it.
    Column("prefix", binary_text(16), nullable=False),
    # Separated by spaces, as in the token.
    Column("scopes", binary_text(64), nullable=False),
    Column("created_at", Instant(), nullable=False),
    Column("expires_at", Instant(), nullable=True),
    Column("last_used_at", Instant(), nullable=True),
)
Index("api_keys_account_id", API_KEYS.c.account_id)
PASSWORD_LINKS: Final = Table(
    "password_links",
    METADATA,
    Column("secret_hash", binary_text(64), primary_key=True),
    Column("account_id", identifier(), ForeignKey("accounts.id"), nullable=False),
    Column("expires_at", Instant(), nullable=False),
)
Index("password_links_account_id", PASSWORD_LINKS.c.account_id)
# Every service adds to it; auth_svc drops what is old.
AUDIT: Final = audit.AUDIT.to_metadata(METADATA)
Index("audit_at", AUDIT.c.at)
Index("audit_actor", AUDIT.c.actor_id, AUDIT.c.at)
Index("audit_target", AUDIT.c.target_id, AUDIT.c.at)
GROUPS: Final = Table(
    "groups",
    METADATA,
    Column("id", identifier(), primary_key=True),
    Column("name", human_text(64), nullable=False),
    # The name as it is compared and sorted.
    Column("name_key", binary_text(255), nullable=False, unique=True),
    Column("created_at", Instant(), nullable=False),
    Column("description", human_text(500), nullable=False, server_default=""),
)
GROUP_MEMBERS: Final = Table(
    "group_members",
    METADATA,
    Column("group_id", identifier(), ForeignKey("groups.id"), primary_key=True),
    Column("account_id", identifier(), ForeignKey("accounts.id"), primary_key=True),
    Column("is_manager", Boolean(), nullable=False),
    Column("added_at", Instant(), nullable=False),
)
Index("group_members_account_id", GROUP_MEMBERS.c.account_id)
IDEMPOTENCY_KEYS: Final = idempotency_table("auth_idempotency_keys", METADATA)
# Deleted accounts, until every service has dealt with what they owned.
DEPARTURES: Final = Table(
    "departures",
    METADATA,
    Column("account_id", identifier(), primary_key=True),
    # The new owner of the videos; None: they are deleted.
    Column("heir_id", identifier(), nullable=True),
    Column("left_at", Instant(), nullable=False),
    Column("videos_settled_at", Instant(), nullable=True),
    Column("positions_settled_at", Instant(), nullable=True),
)


def values_of(row: AnyRow, table: Table) -> dict[str, Any]:
    """What a row of a query, joined or not, holds of one table, by column name."""
    return {column.name: row._mapping[column] for column in table.columns}  # noqa: SLF001 (public, despite its name)
