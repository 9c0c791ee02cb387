"""Refresh tokens of API clients (RFC 6749, section 6): rotated at each use, and all over when one is used twice.

A token names its family and holds a secret of 256 bits, of which the database keeps the hash. The secret that comes
next is derived from the one before it with a key that only auth_svc has. So a client whose answer was lost asks again
and gets the same successor, from any replica, and no secret has to be stored for that. Without the key nothing can be
derived from an old token; whoever has the key could read the signing keys as well, and needs no refresh token.

What is neither the current secret of its family nor, for a moment, the one before it has been used before: two parties
hold tokens of one log-in, one of them has stolen it, and the family ends (RFC 9700, section 4.14.2). One row per family
suffices for that, because nobody knows a family's name but those who have had a token of it.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from auth_svc.accounts.store import Account
from auth_svc.audit.audit import Action, Audit
from auth_svc.errors import InvalidGrant, InvalidRefreshToken
from auth_svc.opaque import hash_of, new_secret
from auth_svc.tokens.store import RefreshFamily, RefreshTokenStore
from common.audit import Actor
from common.clock import Clock
from common.ids import new_id

# Long enough for a script that runs once a month; after half a year everybody logs in again.
IDLE_LIFETIME: Final = timedelta(days=35)
ABSOLUTE_LIFETIME: Final = timedelta(days=180)
# How long a client whose answer was lost may come back with the token it has used.
RETRY_WINDOW: Final = timedelta(seconds=10)

_TOKEN: Final = re.compile(r"vssr_([a-z2-7]{26})([A-Za-z0-9_-]{43})")


class RefreshTokens:
    """Creates, rotates and ends refresh tokens. `encryption_keys`: the present one first."""

    def __init__(
        self, store: RefreshTokenStore, audit: Audit, *, encryption_keys: Sequence[bytes], clock: Clock
    ) -> None:
        self._store = store
        self._audit = audit
        # A key of its own for each purpose; those of previous keys for tokens used just before a key was replaced.
        self._keys = [hmac.digest(key, b"successors of refresh tokens", "sha256") for key in encryption_keys]
        self._clock = clock

    async def start(self, account: Account, *, address: str) -> str:
        """The first token of a new family. Raises InvalidGrant when the account has changed since it was read."""
        family_id, secret, now = new_id(), new_secret(), self._clock()
        entry = self._audit.entry(Action.LOG_IN, Actor(account.id, address), kind="token")
        is_added = await self._store.add_refresh_family(
            RefreshFamily(
                id=family_id,
                account_id=account.id,
                current_hash=hash_of(secret),
                previous_hash=None,
                created_at=now,
                rotated_at=now,
                expires_at=now + IDLE_LIFETIME,
            ),
            account,
            entry,
        )
        if not is_added:
            raise InvalidGrant
        entry.log()
        return _token(family_id, secret)

    async def rotate(self, token: str, *, address: str) -> tuple[Account, str]:
        """The account and the next token. Raises InvalidRefreshToken."""
        family_id, secret = _parse(token)
        successors = [_successor(key, family_id, secret) for key in self._keys]
        successor = successors[0]
        while True:
            found = await self._store.get_refresh_family(family_id)
            if found is None:
                raise InvalidRefreshToken
            family, account = found
            now = self._clock()
            if account.is_disabled or now >= family.expires_at:
                raise InvalidRefreshToken
            if hash_of(secret) == family.current_hash:
                expires_at = min(now + IDLE_LIFETIME, family.created_at + ABSOLUTE_LIFETIME)
                if not await self._store.rotate_refresh_family(
                    family, new_hash=hash_of(successor), now=now, expires_at=expires_at
                ):
                    # The same token came twice at once, and the other was faster: check again.
                    continue
            elif (
                hash_of(secret) == family.previous_hash
                and now < family.rotated_at + RETRY_WINDOW
                and (given := next((known for known in successors if hash_of(known) == family.current_hash), None))
            ):
                successor = given
            else:
                entry = self._audit.entry(Action.REFRESH_TOKEN_REUSED, Actor(None, address), target_id=account.id)
                await self._store.end_stolen_refresh_family(family, now=now, entry=entry)
                entry.log()
                raise InvalidRefreshToken
            return account, _token(family_id, successor)

    async def end(self, token: str) -> None:
        """Ends the token's family (RFC 7009); anything else that is sent has nothing to end."""
        try:
            family_id, _ = _parse(token)
        except InvalidRefreshToken:
            return
        await self._store.end_refresh_family(family_id)

    async def forget_expired(self) -> int:
        """One step of the housekeeping: drops expired families; returns how many."""
        return await self._store.forget_expired_refresh_families(now=self._clock())


def _successor(key: bytes, family_id: str, secret: str) -> str:
    digest = hmac.digest(key, _token(family_id, secret).encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _token(family_id: str, secret: str) -> str:
    # The beginning is for programs that look for secrets in places where they should not be.
    return f"vssr_{family_id}{secret}"


def _parse(token: str) -> tuple[str, str]:
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise InvalidRefreshToken
    return match[1], match[2]
