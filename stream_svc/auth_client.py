"""What stream_svc needs of auth_svc beside identity: whose videos nobody may see."""

from __future__ import annotations

from typing import Final

from common.service_client import ServiceClient

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
        answer = await self._auth.call("GET", "/internal/accounts/disabled", is_idempotent=True)
        self._ids = frozenset(answer.content["ids"])

    async def ids(self) -> frozenset[str]:
        """Their ids. Raises Unavailable until auth_svc has answered once: what is hidden must not be shown."""
        if self._ids is None:
            await self.refresh()
        return self._ids or frozenset()
