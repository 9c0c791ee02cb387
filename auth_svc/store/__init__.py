"""auth_svc's tables and queries."""

from __future__ import annotations

from auth_svc.store.accounts import Account, AccountQueries, Role
from auth_svc.store.administration import AdministrationQueries, Outcome, PasswordLink
from auth_svc.store.api_keys import ApiKey, ApiKeyQueries
from auth_svc.store.audit import AuditQueries
from auth_svc.store.departures import DepartureQueries, Removal, StoredDeparture
from auth_svc.store.refresh_tokens import RefreshFamily, RefreshTokenQueries
from auth_svc.store.sessions import SESSION_ID_LENGTH, Session, SessionQueries
from auth_svc.store.signing_keys import SigningKeyQueries, StoredSigningKey
from auth_svc.store.standing import Asker, require_standing
from auth_svc.store.tables import METADATA, idempotency_keys
from auth_svc.store.throttle import ThrottleQueries

__all__ = [
    "METADATA",
    "SESSION_ID_LENGTH",
    "Account",
    "ApiKey",
    "Asker",
    "Outcome",
    "PasswordLink",
    "RefreshFamily",
    "Removal",
    "Role",
    "Session",
    "Store",
    "StoredDeparture",
    "StoredSigningKey",
    "idempotency_keys",
    "require_standing",
]


class Store(
    AccountQueries,
    AdministrationQueries,
    ApiKeyQueries,
    AuditQueries,
    DepartureQueries,
    RefreshTokenQueries,
    SessionQueries,
    SigningKeyQueries,
    ThrottleQueries,
):
    """Queries of auth_svc."""
