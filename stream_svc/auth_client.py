"""What stream_svc needs of auth_svc beside identity: whose videos nobody may see."""

from __future__ import annotations

from typing import Final

from common.service_client import ServiceClient
from contracts.accounts import DisabledAccounts

REFRESH_SECONDS: Final = 15.0


class DisabledOwners:
    """The accounts that are disabled, as auth_svc has said it last.

    Fetched off the request path. While auth_svc is away the last answer counts: nobody can be disabled then.
    """

    def __init__(self, auth: ServiceClient) -> None:
        self._auth = auth
        self._ids: frozenset[str] | None = None

    async def refresh(self) -> None:
        """Asks. Raises Unavailable."""
        disabled = await self._auth.ask(DisabledAccounts, "GET", "/internal/accounts/disabled")
        self._ids = frozenset(disabled.ids)

    async def ids(self) -> frozenset[str]:
        """Their ids. Raises Unavailable until auth_svc has answered once: what is hidden must not be shown."""
        if self._ids is None:
            await self.refresh()
        return self._ids or frozenset()
