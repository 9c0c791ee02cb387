"""The token endpoint's grants (RFC 6749): what a client presents, and the access token it gets for it."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from auth_svc.accounts.store import Account
from auth_svc.api_keys.api_keys import ApiKeys
from auth_svc.errors import InvalidClient
from auth_svc.groups.store import GroupStore
from auth_svc.login.login import LogIn
from auth_svc.tokens.access_tokens import Subject, issue_access_token
from auth_svc.tokens.refresh_tokens import RefreshTokens
from auth_svc.tokens.signing_keys import SigningKeys
from common.clock import Clock
from common.tokens import ALL, PERSON_AUDIENCE, SERVICE_AUDIENCE

# What each service may do at the others; fs_svc and auth_svc check these scopes.
SCOPES: Final[Mapping[str, str]] = {
    "auth": "usage:read storage:check",
    "upload": (
        "sessions departures administrators accounts:read objects:read objects:write objects:settle objects:hand-over"
        " objects:adopt derived:write upload-tokens"
    ),
    "stream": "sessions departures accounts:read objects:read",
    "media": "jobs:work",
}


@dataclass(frozen=True, slots=True)
class Granted:
    """What the token endpoint gives: people's programs also get a refresh token."""

    access_token: str
    refresh_token: str | None = None


class Grants:
    """Checks what is presented and gives tokens. `client_secrets`: those that count, by service."""

    def __init__(
        self,
        log_in: LogIn,
        refresh_tokens: RefreshTokens,
        api_keys: ApiKeys,
        signing_keys: SigningKeys,
        groups: GroupStore,
        *,
        client_secrets: Mapping[str, Sequence[str]],
        issuer: str,
        clock: Clock,
    ) -> None:
        self._log_in = log_in
        self._refresh_tokens = refresh_tokens
        self._api_keys = api_keys
        self._signing_keys = signing_keys
        self._groups = groups
        self._client_secrets = client_secrets
        self._issuer = issuer
        self._clock = clock

    async def password(self, username: str, password: str, *, address: str) -> Granted:
        """A person's tokens (section 4.3). Raises InvalidGrant and RateLimited."""
        account = await self._log_in.authenticate(username, password, address=address)
        return Granted(await self.issue_for(account), await self._refresh_tokens.start(account, address=address))

    async def refresh(self, refresh_token: str, *, address: str) -> Granted:
        """The next tokens of somebody who has logged in before (section 6). Raises InvalidRefreshToken."""
        account, successor = await self._refresh_tokens.rotate(refresh_token, address=address)
        return Granted(await self.issue_for(account), successor)

    async def api_key(self, api_key: str, *, address: str) -> Granted:
        """An access token with the scopes of an API key, which stays as it is. Raises InvalidApiKey."""
        account, scope = await self._api_keys.use(api_key, address=address)
        return Granted(await self.issue_for(account, scope=scope))

    def client_credentials(self, client_id: str, client_secret: str) -> Granted:
        """A service's access token (section 4.4). Raises InvalidClient."""
        # Compared also for an unknown id, so that both take the same time.
        expected = self._client_secrets.get(client_id, ("",))
        given = client_secret.encode("utf-8", "surrogateescape")
        is_right = [bool(secret) and hmac.compare_digest(secret.encode(), given) for secret in expected]
        if not any(is_right):
            raise InvalidClient
        return Granted(self.service(client_id))

    def service(self, name: str) -> str:
        """A service's access token, auth_svc's own included."""
        return self._issue(
            Subject(
                subject=f"svc:{name}",
                audience=SERVICE_AUDIENCE,
                username=f"svc:{name}",
                role="service",
                scope=SCOPES[name],
                quota_bytes=None,
            )
        )

    async def issue_for(self, account: Account, *, scope: str = ALL) -> str:
        """An account's access token, with the groups that it is in now; `scope` separated by spaces."""
        return self._issue(
            Subject(
                subject=account.id,
                audience=PERSON_AUDIENCE,
                username=account.username,
                role=account.role.value,
                scope=scope,
                quota_bytes=account.quota_bytes,
                not_before=account.tokens_valid_from,
                groups=await self._groups.list_group_ids(account.id),
            )
        )

    def _issue(self, subject: Subject) -> str:
        return issue_access_token(
            subject, signing_key=self._signing_keys.current, issuer=self._issuer, now=self._clock()
        )
