"""Who asks."""

from __future__ import annotations

from aiohttp import hdrs, web

from auth_svc.accounts.standing import Asker
from auth_svc.administration.administration import Administration
from auth_svc.app_keys import ADMINISTRATION
from auth_svc.opaque import hash_of
from common.web.requests import require_principal, require_whole_principal
from common.web.sessions import session_cookie


def asker_of(request: web.Request) -> Asker:
    """Who asks, from which address, and by which session or token. Raises Unauthenticated."""
    principal = require_principal(request)
    return Asker(
        principal.account_id,
        request.remote or "",
        token_issued_at=principal.issued_at,
        session_hash=current_session(request),
    )


def current_session(request: web.Request) -> str | None:
    """The hash of the session that asks; None when an access token does."""
    secret = None if hdrs.AUTHORIZATION in request.headers else session_cookie(request)
    return None if secret is None else hash_of(secret)


async def administration_for(request: web.Request) -> Administration:
    """What administrators can do. Raises Unauthenticated, and Forbidden for everybody else."""
    require_whole_principal(request)
    administration = request.app[ADMINISTRATION]
    await administration.require_administrator(asker_of(request))
    return administration
