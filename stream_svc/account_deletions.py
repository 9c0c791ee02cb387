"""Where somebody stopped watching is forgotten once their account is deleted."""

from __future__ import annotations

from contracts.accounts import AccountDeletions
from stream_svc.store import Store


class PositionsOfDeletedAccounts:
    """Every step may be done again."""

    def __init__(self, deletions: AccountDeletions, store: Store) -> None:
        self._deletions = deletions
        self._store = store

    async def settle(self) -> None:
        """One step of the loop. Raises Unavailable."""
        for deletion in await self._deletions.list():
            await self._store.forget_positions(deletion.account_id)
            await self._deletions.report_settled(deletion.account_id)
