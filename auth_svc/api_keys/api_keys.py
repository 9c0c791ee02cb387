"""API keys: long-lived secrets for programs, exchanged at the token endpoint for access tokens of their scopes."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from auth_svc.accounts.standing import Asker
from auth_svc.accounts.store import Account
from auth_svc.api_keys.store import ApiKey, ApiKeyStore
from auth_svc.audit.audit import Action, Audit
from auth_svc.errors import InvalidApiKey
from auth_svc.opaque import hash_of
from common.audit import Actor
from common.clock import Clock
from common.cursors import Cursors
from common.errors import Invalid, NotFound
from common.idempotency import Remember
from common.ids import new_id

# For programs that look for secrets in places where they should not be.
PREFIX: Final = "vss_"
LONGEST_LIFETIME: Final = timedelta(days=3653)
SHOWN_LENGTH: Final = len(PREFIX) + 6
# The last use is written at most this often.
TOUCH_INTERVAL: Final = timedelta(minutes=1)


class ApiKeys:
    def __init__(self, store: ApiKeyStore, audit: Audit, cursors: Cursors, *, clock: Clock) -> None:
        self._store = store
        self._audit = audit
        self._cursors = cursors
        self._clock = clock

    async def add(
        self,
        by: Asker,
        *,
        name: str,
        scopes: Collection[str],
        expires_at: datetime | None,
        remember: Remember[ApiKey] | None = None,
    ) -> tuple[ApiKey, str]:
        """A new key, and its secret, which nobody can see again.

        Raises Invalid for an `expires_at` in the past or too far away, and Unauthenticated.
        """
        now = self._clock()
        if expires_at is not None and not now < expires_at <= now + LONGEST_LIFETIME:
            detail = "must be in the future, and within ten years"
            raise Invalid([{"pointer": "#/expires_at", "detail": detail}])
        secret = PREFIX + base64.b32encode(secrets.token_bytes(32)).decode().rstrip("=").lower()
        key = ApiKey(
            id=new_id(),
            account_id=by.account_id,
            name=name,
            secret_hash=hash_of(secret),
            prefix=secret[:SHOWN_LENGTH],
            scopes=" ".join(sorted(set(scopes))),
            created_at=now,
            expires_at=expires_at,
            last_used_at=None,
        )
        entry = self._audit.entry(
            Action.API_KEY_MADE, by, target_id=by.account_id, key_id=key.id, prefix=key.prefix, scopes=key.scopes
        )
        await self._store.add_api_key(by, key, entry, None if remember is None else remember(key))
        entry.log()
        return key, secret

    async def list(self, account_id: str, *, cursor: str | None, limit: int) -> tuple[list[ApiKey], str | None]:
        """The account's keys, newest first, expired ones too, and the cursor of the next page. Raises Invalid."""
        return await self._cursors.page(
            f"api-keys:{account_id}",
            partial(self._store.list_api_keys, account_id),
            lambda key: (key.created_at, key.id),
            cursor=cursor,
            limit=limit,
        )

    async def delete(self, by: Asker, key_id: str) -> None:
        """Deletes a key; access tokens it has given stay valid for their five minutes. Raises NotFound."""
        entry = self._audit.entry(Action.API_KEY_DELETED, by, target_id=by.account_id, key_id=key_id)
        if not await self._store.delete_api_key(by.account_id, key_id, entry, now=self._clock()):
            raise NotFound
        entry.log()

    async def use(self, secret: str, *, address: str) -> tuple[Account, str]:
        """The account and the scopes of a key. Raises InvalidApiKey: unknown, expired, or of a disabled account."""
        found = await self._store.get_api_key(hash_of(secret)) if secret.startswith(PREFIX) else None
        if found is None:
            raise InvalidApiKey
        key, account = found
        now = self._clock()
        if account.is_disabled or key.has_expired(now):
            raise InvalidApiKey
        if key.last_used_at is None or now >= key.last_used_at + TOUCH_INTERVAL:
            entry = self._audit.entry(
                Action.API_KEY_USED, Actor(account.id, address), target_id=account.id, key_id=key.id, prefix=key.prefix
            )
            if not await self._store.touch_api_key(key.id, used_at=now, entry=entry):
                raise InvalidApiKey
            entry.log()
        return account, key.scopes
