"""What auth_svc needs of fs_svc: what accounts hold, for the pages of administrators."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import aiohttp

from common.errors import Unavailable
from common.service_client import ServiceClient
from contracts.objects import AskUsage, Usage, UsageOfOwners

# A page that says the rest does not wait longer for this.
_TIME_LIMIT_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageReport:
    """When bucket and rows were compared last (None: not yet), and what was found: ids of videos, and counts.

    `unknown` are without a row, `holding` is why nothing of them is removed (None: they are, after a week), and
    `is_database_older` whether the bucket was used by a later copy of the database.
    """

    at: datetime | None
    objects: int = 0
    size: int = 0
    removed: int = 0
    unknown: int = 0
    holding: str | None = None
    is_database_older: bool = False
    missing: Sequence[str] = ()
    damaged: Sequence[str] = ()


class OwnTokens:
    """auth_svc's own access tokens: nobody has to be asked for them."""

    def __init__(self, issue: Callable[[], str]) -> None:
        self._issue = issue

    async def get(self) -> str:
        """A new one."""
        return self._issue()

    def forget(self) -> None:
        """None is kept."""


class FsClient:
    """fs_svc's API."""

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

    async def report(self) -> StorageReport | None:
        """What comparing the bucket with the rows has found last; None when fs_svc does not say it in time."""
        try:
            answer = await self._client.call(
                "GET", "/v1/report", is_idempotent=True, time_limit_seconds=_TIME_LIMIT_SECONDS
            )
        except Unavailable:
            return None
        content = answer.content
        if content["at"] is None:
            return StorageReport(at=None)
        return StorageReport(
            at=datetime.fromisoformat(content["at"]),
            objects=content["objects"],
            size=content["size"],
            removed=0 if content["removed"] is None else content["removed"]["count"],
            unknown=0 if content["unknown"] is None else content["unknown"]["count"],
            holding=content["holding"],
            is_database_older=content["is_database_older"],
            missing=content["missing"]["names"],
            damaged=content["damaged"]["names"],
        )
