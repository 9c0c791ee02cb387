"""Deleting accounts, and waiting until nothing of theirs is left anywhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from auth_svc.accounts.deletion_store import AccountDeletionStore
from auth_svc.accounts.store import Account
from auth_svc.audit.audit import Action, Audit
from common.audit import Actor
from common.clock import Clock
from common.errors import Invalid
from common.languages import gettext
from contracts.accounts import AccountDeletion

# Until then an access token of the account may be valid, and a request that was made with one may be under way.
GRACE: Final = timedelta(minutes=10)
_AT_ONCE: Final = 1000


class AccountDeletions:
    def __init__(self, store: AccountDeletionStore, audit: Audit, *, clock: Clock) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock

    async def delete(self, by: Actor, account: Account, *, new_owner_id: str | None) -> None:
        """Deletes the account: everything that opens it at once, and within minutes everything it owns.

        Its videos go to the new owner, whatever their quota; without one they are deleted. Raises NotFound, Invalid
        for a new owner who cannot be one, LastAdministrator, and for an Asker who is not an administrator now
        Unauthenticated and Forbidden.
        """
        if new_owner_id == account.id:
            raise Invalid([{"pointer": "#/heir", "detail": gettext("must be a different account")}])
        entry = self._audit.entry(
            Action.ACCOUNT_DELETED,
            by,
            target_id=account.id,
            username=account.username,
            videos="deleted" if new_owner_id is None else "handed over",
            heir_id=new_owner_id,
        )
        await self._store.delete_account(by, account.id, new_owner_id=new_owner_id, now=self._clock(), entry=entry)
        entry.log()

    async def list(self) -> list[AccountDeletion]:
        """Those that are not settled everywhere, the oldest first."""
        return await self._store.list_deletions(limit=_AT_ONCE)

    async def settle(self, account_id: str, service: str) -> None:
        """`service` (`upload`, `stream`) has nothing of this account left; ignored while its tokens may be valid."""
        now = self._clock()
        await self._store.settle_deletion(account_id, service, deleted_before=now - GRACE, now=now)
