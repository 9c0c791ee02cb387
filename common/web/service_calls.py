"""Requests that another service makes: its own token, its scopes, and the person it asks for."""

from __future__ import annotations

from aiohttp import hdrs, web

from common.errors import Forbidden, Unauthenticated
from common.tokens import PERSON_AUDIENCE, SERVICE_AUDIENCE, Principal
from common.web.keys import VERIFIER

SUBJECT_TOKEN_HEADER = "Vss-Subject-Token"


async def require_service(request: web.Request, *scopes: str) -> Principal:
    """The calling service, which holds one of `scopes`. Raises Unauthenticated or Forbidden."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("This requires a service's access token.")
    principal = await request.app[VERIFIER].verify(token.strip(), audience=SERVICE_AUDIENCE)
    if principal.scopes.isdisjoint(scopes):
        raise Forbidden("The service's access token lacks the required scope.")
    return principal


async def subject_of(request: web.Request) -> Principal | None:
    """The person the calling service asks for; None when it asks for itself. Raises Unauthenticated."""
    token = request.headers.get(SUBJECT_TOKEN_HEADER)
    return None if token is None else await request.app[VERIFIER].verify(token, audience=PERSON_AUDIENCE)
