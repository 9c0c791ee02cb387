"""What auth_svc needs of fs_svc: what accounts and all of it hold, for the pages of administrators."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

import aiohttp

from common.errors import Unavailable
from common.service_client import ServiceClient
from contracts.objects import AskUsage, Usage, UsageOfOwners
from contracts.reports import StorageStatus

# A page that says the rest does not wait longer for this.
_TIME_LIMIT_SECONDS: Final = 3.0


class OwnTokens:
    """auth_svc's own access tokens: nobody has to be asked for them."""

    def __init__(self, issue: Callable[[], str]) -> None:
        self._issue = issue

    async def get(self) -> str:
        return self._issue()

    def forget(self) -> None:
        """None is kept."""


class FsClient:
    def __init__(self, session: aiohttp.ClientSession, fs_url: str, tokens: OwnTokens) -> None:
        self._client = ServiceClient(session, fs_url, tokens)

    async def usage(self, account_ids: Collection[str]) -> dict[str, Usage] | None:
        """What up to 100 accounts hold, by id; None when fs_svc does not say it in time."""
        asked = AskUsage(owner_ids=sorted(account_ids))
        try:
            found = await self._client.ask(
                UsageOfOwners, "POST", "/v1/usage", content=asked, time_limit_seconds=_TIME_LIMIT_SECONDS
            )
        except Unavailable:
            return None
        return found.usage

    async def storage(self) -> StorageStatus | None:
        """What is stored, and what comparing it has found last; None when fs_svc does not say it in time."""
        try:
            return await self._client.ask(StorageStatus, "GET", "/v1/storage", time_limit_seconds=_TIME_LIMIT_SECONDS)
        except Unavailable:
            return None

    async def check_storage(self) -> None:
        """Has the storage compared with the rows within seconds. Raises Unavailable."""
        await self._client.call("POST", "/v1/storage/check", is_idempotent=True, time_limit_seconds=_TIME_LIMIT_SECONDS)
