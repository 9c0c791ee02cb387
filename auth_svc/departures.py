"""Deleting accounts, and waiting until nothing of theirs is left anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from auth_svc.audit import Action, Audit
from auth_svc.errors import LastAdministrator
from auth_svc.store import Account, Removal, Store, StoredDeparture
from common.audit import Actor
from common.clock import Clock
from common.errors import Invalid, NotFound
from common.languages import gettext

# Until then an access token of the account may live, and a request that was made with one may be at work.
GRACE: Final = timedelta(minutes=10)
_AT_ONCE: Final = 1000


class Departures:
    """Accounts that leave."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._audit = Audit(store, clock=clock)
        self._clock = clock

    async def remove(self, by: Actor, account: Account, *, heir_id: str | None) -> None:
        """Deletes the account: what it can be reached by at once, and within minutes all that is its own.

        Its videos become the heir's, whatever their quota; without one they are deleted. Raises NotFound, Invalid for
        an heir that is not there, LastAdministrator, and for an Asker who is no administrator now Unauthenticated and
        Forbidden.
        """
        if heir_id == account.id:
            raise Invalid([{"pointer": "#/heir", "detail": gettext("must be a different account")}])
        entry = self._audit.entry(
            Action.ACCOUNT_DELETED,
            by,
            target_id=account.id,
            username=account.username,
            videos="deleted" if heir_id is None else "handed over",
            heir_id=heir_id,
        )
        match await self._store.remove_account(by, account.id, heir_id=heir_id, left_at=self._clock(), entry=entry):
            case Removal.NOT_THERE:
                raise NotFound
            case Removal.NO_HEIR:
                raise Invalid([{"pointer": "#/heir", "detail": gettext("is not an existing account")}])
            case Removal.LAST_ADMINISTRATOR:
                raise LastAdministrator
            case Removal.DONE:
                entry.tell()

    async def list(self) -> Sequence[StoredDeparture]:
        """Those that are not settled everywhere, the oldest first."""
        return await self._store.list_departures(limit=_AT_ONCE)

    async def settled(self, account_id: str, service: str) -> None:
        """`service` (`upload`, `stream`) has nothing of this account; while its tokens live, that is no news."""
        now = self._clock()
        await self._store.settle_departure(account_id, service, left_before=now - GRACE, at=now)
