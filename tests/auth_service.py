"""The real auth_svc as a process of its own, and tokens by the real issuer with its key, for anybody at any time."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from auth_svc.accounts.store import Account, AccountStore, Role
from auth_svc.tokens.access_tokens import SigningKey, Subject, issue_access_token
from auth_svc.tokens.signing_keys import SigningKeys
from auth_svc.tokens.store import SigningKeyStore
from common.clock import utc_now
from common.db import open_database
from common.tokens import PERSON_AUDIENCE, SERVICE_AUDIENCE
from tests.addresses import Addresses
from tests.processes import ServiceProcess, auth_environment

SERVICE_SCOPES = {
    "upload": (
        "objects:read objects:write objects:settle objects:adopt derived:write sessions administrators upload-tokens"
    ),
    "stream": "objects:read sessions accounts:read",
    "media": "jobs:work",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthService:
    """A running auth_svc: what a test needs to know of it."""

    url: str
    database_url: str
    client_secrets: dict[str, str] = field(repr=False)
    signing_key: SigningKey

    async def set_account(self, username: str, *, role: Role, is_disabled: bool = False) -> None:
        """The account behind `token(username)`, as it is to be, for what asks the row."""
        made = Account(
            id=self.account_id(username),
            username=username,
            password_hash="",
            role=role,
            is_disabled=is_disabled,
            quota_bytes=None,
            created_at=utc_now(),
        )
        async with open_database(self.database_url) as database:
            if not await AccountStore(database).add_account(made):
                async with database.write() as connection:
                    await connection.execute(
                        text("UPDATE accounts SET role = :role, is_disabled = :is_disabled WHERE id = :id"),
                        {"role": role.value, "is_disabled": is_disabled, "id": made.id},
                    )

    @staticmethod
    def account_id(username: str) -> str:
        """The id that `token` gives this name: the same each time, and like one of ours."""
        digits = hashlib.sha256(username.encode()).hexdigest()
        return digits.translate(str.maketrans("0189", "wxyz"))[:26]

    def token(
        self,
        username: str,
        *,
        role: str = "member",
        quota_bytes: int | None = None,
        scope: str = "all",
        groups: Sequence[str] = (),
        now: datetime | None = None,
    ) -> str:
        """An access token for a person in groups of these ids; issued `now`, or at another instant to have expired."""
        return self._issue(
            Subject(
                subject=self.account_id(username),
                audience=PERSON_AUDIENCE,
                username=username,
                role=role,
                scope=scope,
                quota_bytes=quota_bytes,
                groups=groups,
            ),
            now,
        )

    def service_token(self, name: str, *, scope: str | None = None, now: datetime | None = None) -> str:
        """An access token of a service (`upload`, `stream`, `media`) for calls between services."""
        return self._issue(
            Subject(
                subject=f"svc:{name}",
                audience=SERVICE_AUDIENCE,
                username=f"svc:{name}",
                role="service",
                scope=SERVICE_SCOPES[name] if scope is None else scope,
                quota_bytes=None,
            ),
            now,
        )

    def _issue(self, subject: Subject, now: datetime | None) -> str:
        return issue_access_token(
            subject, signing_key=self.signing_key, issuer=self.url, now=utc_now() if now is None else now
        )


@contextmanager
def run_auth_service(addresses: Addresses, database_url: str, log: Path) -> Iterator[AuthService]:
    """Runs `python -m auth_svc` with the demo account, until the context ends."""
    client_secrets = {name: secrets.token_hex(32) for name in ("upload", "stream", "media")}
    key_encryption_key = secrets.token_hex(32)
    environment = auth_environment(addresses, database_url, client_secrets, key_encryption_key=key_encryption_key)
    process = ServiceProcess("auth", addresses.auth_url, environment, log)
    with asyncio.Runner() as runner:
        try:
            runner.run(process.start())
            yield AuthService(
                url=addresses.auth_url,
                database_url=database_url,
                client_secrets=client_secrets,
                signing_key=runner.run(_signing_key(database_url, bytes.fromhex(key_encryption_key))),
            )
        finally:
            runner.run(process.stop())


async def _signing_key(database_url: str, encryption_key: bytes) -> SigningKey:
    """Read as auth_svc itself reads it."""
    async with open_database(database_url) as database:
        keys = SigningKeys(SigningKeyStore(database), encryption_keys=[encryption_key], clock=utc_now)
        await keys.load()
        return keys.current
