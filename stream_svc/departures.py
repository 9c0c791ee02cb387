"""Where somebody stopped watching is forgotten once their account is deleted."""

from __future__ import annotations

from common.departures import Departures
from stream_svc.store import Store


class PositionsOfDeparted:
    """Every step may be done again."""

    def __init__(self, departures: Departures, store: Store) -> None:
        self._departures = departures
        self._store = store

    async def settle(self) -> None:
        """One step of the loop. Raises Unavailable."""
        for departure in await self._departures.list():
            await self._store.forget_positions(departure.account_id)
            await self._departures.report_settled(departure.account_id)
