"""Deleted accounts, as whoever keeps the accounts tells of them, until everybody has settled what was theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from common.service_client import ServiceClient

# How often whoever has something of theirs asks.
DEPARTURES_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heir:
    """Who gets what a deleted account has left."""

    id: str
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """An account that is gone, and who gets its videos; None: they are deleted."""

    account_id: str
    heir: Heir | None


class Departures:
    """Asks for them, and reports; both raise Unavailable."""

    def __init__(self, auth: ServiceClient) -> None:
        self._auth = auth

    async def list(self) -> list[Departure]:
        """Those that are not settled, the oldest first."""
        answer = await self._auth.call("GET", "/internal/departures", is_idempotent=True)
        return [
            Departure(account_id=item["account_id"], heir=None if item["heir"] is None else Heir(**item["heir"]))
            for item in answer.content["items"]
        ]

    async def report_settled(self, account_id: str) -> None:
        """Says that nothing of this account is left here.

        It may have to be said again: as long as an access token of the account can live, something may come after.
        """
        await self._auth.call("POST", f"/internal/departures/{account_id}/settled", is_idempotent=True)
