"""What upload_svc needs of auth_svc beside identity: whether somebody is an administrator at this moment."""

from __future__ import annotations

from typing import Final

from common.errors import Forbidden
from common.languages import N_
from common.service_client import ServiceClient
from common.tokens import Principal

_ADMIN: Final = "admin"


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
