"""What auth_svc tells other services about accounts."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from common.service_client import ServiceClient
from common.web.requests import Input
from contracts.shape import MOST_AT_ONCE, Shape

# How often whoever has something of deleted accounts asks for them.
DELETIONS_SECONDS: Final = 15.0
# And whoever shows or tells nothing of disabled ones, for those.
DISABLED_SECONDS: Final = 15.0


class DisabledAccounts(Shape):
    """The ids of the accounts that are disabled."""

    ids: list[str]


class AskAccount(Input):
    """By its username."""

    username: Annotated[str, Field(min_length=1, max_length=64)]


class NamedAccount(Shape):
    """An account and its username."""

    id: str
    username: str


class UploadToken(Shape):
    """An access token of an account that may send files and nothing else; null: it is disabled, or not there."""

    access_token: str | None


class AskGrantee(Input):
    """An account or a group: `account:` or `group:` with its id."""

    subject: Annotated[str, Field(max_length=64)]


class Grantee(Shape):
    """An account or a group that somebody may share with, and its name."""

    subject: str
    name: str


class AskNames(Input):
    """Accounts and groups, each as AskGrantee has it."""

    subjects: Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=MOST_AT_ONCE)]


class GranteeList(Shape):
    """Groups, by name; or of those that were asked for, the ones that there are."""

    items: list[Grantee]


class AccountDeletion(Shape):
    """A deleted account, and who gets its videos; null: they are deleted."""

    account_id: str
    new_owner: NamedAccount | None


class AccountDeletionList(Shape):
    """What is not settled everywhere, the oldest first."""

    items: list[AccountDeletion]


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


class AccountDeletions:
    """Deleted accounts, until every service has settled what was theirs; both methods raise Unavailable."""

    def __init__(self, auth: ServiceClient) -> None:
        self._auth = auth

    async def list(self) -> list[AccountDeletion]:
        """Those that are not settled, the oldest first."""
        return (await self._auth.ask(AccountDeletionList, "GET", "/internal/departures")).items

    async def report_settled(self, account_id: str) -> None:
        """Says that nothing of this account is left here.

        It may have to be said again: as long as an access token of the account can live, something may come after.
        """
        await self._auth.call("POST", f"/internal/departures/{account_id}/settled", is_idempotent=True)
