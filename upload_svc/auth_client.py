"""What upload_svc needs of auth_svc beside identity: who is an administrator now, with whom one may share, and what
guests send with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from common.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from common.languages import N_
from common.service_client import Relayed, ServiceClient
from common.tokens import PERSON_AUDIENCE, Principal
from common.verifying import Verifier
from contracts.accounts import AskNames, Grantee, GranteeList, NamedAccount, UploadToken

_ADMIN: Final = "admin"
# Whoever looks at a list waits no longer for what is in it anyway.
_NAMES_SECONDS: Final = 2.0

M = TypeVar("M", bound=BaseModel)


class Administrators:
    """Asks for each deed: a token's role is as old as the token, and what moderation does cannot be undone."""

    def __init__(self, auth: ServiceClient) -> None:
        self._auth = auth

    async def require(self, principal: Principal) -> None:
        """Lets an administrator pass. Raises Forbidden, its kin from auth_svc (Relayed), and Unavailable."""
        if principal.role != _ADMIN:
            raise Forbidden(N_("Only administrators can do this."))
        await self._auth.call(
            "GET",
            "/internal/administrator",
            is_idempotent=True,
            subject_token=principal.token,
            relays=(Forbidden.code,),
        )


class Grantees:
    """With whom somebody may share: any account, and the groups they can see.

    Every method raises Unavailable, and those that take the person Forbidden (Relayed) if their account has changed.
    """

    def __init__(self, auth: ServiceClient) -> None:
        self._auth = auth

    async def name(self, principal: Principal, subject: str) -> str | None:
        """What the account (`account:` and its id) or group (`group:`) is called; None: there is none for them."""
        found = await self._ask(f"/internal/grantee?subject={quote(subject)}", Grantee, principal)
        return None if found is None else found.name

    async def names(self, subjects: Sequence[str]) -> Mapping[str, str]:
        """What these are called now, a hundred at most, without accounts and groups that are deleted."""
        found = await self._auth.ask(
            GranteeList,
            "POST",
            "/internal/grantees/names",
            content=AskNames(subjects=list(subjects)),
            time_limit_seconds=_NAMES_SECONDS,
        )
        return {one.subject: one.name for one in found.items}

    async def groups(self, principal: Principal) -> Sequence[Grantee]:
        """The groups that they can see, by name; a hundred at most."""
        found = await self._ask("/internal/grantees", GranteeList, principal)
        return () if found is None else found.items

    async def account(self, username: str) -> NamedAccount | None:
        """The account of this name, however it is typed."""
        return await self._ask(f"/internal/accounts/named?username={quote(username, safe='')}", NamedAccount)

    async def _ask(self, path: str, answer: type[M], principal: Principal | None = None) -> M | None:
        """The answer; None: there is no such thing."""
        try:
            return await self._auth.ask(
                answer,
                "GET",
                path,
                subject_token=None if principal is None else principal.token,
                relays=(NotFound.code, *(() if principal is None else (Forbidden.code,))),
            )
        except Relayed as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return None
            raise


class Owners:
    """Those for whom guests send. Asked at each step, so that the quota is the one of now."""

    def __init__(self, auth: ServiceClient, verifier: Verifier) -> None:
        self._auth = auth
        self._verifier = verifier

    async def find(self, account_id: str) -> Principal | None:
        """The account as who may send files for it; None: it is disabled, or not there. Raises Unavailable."""
        path = f"/internal/accounts/{account_id}/upload-token"
        token = (await self._auth.ask(UploadToken, "POST", path)).access_token
        if token is None:
            return None
        try:
            return await self._verifier.verify(token, audience=PERSON_AUDIENCE)
        except Unauthenticated as exc:
            # Just given, and signed with a key that is not known here yet.
            raise Unavailable from exc
