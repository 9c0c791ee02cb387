"""auth_svc's table of contents."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from auth_svc import api, pages
from auth_svc.errors import InvalidGrant, InvalidTokenRequest, UnsupportedTokenType
from auth_svc.models import (
    ChangePassword,
    ExchangedSession,
    KeySet,
    ListQuery,
    Me,
    RevocationRequest,
    ServerMetadata,
    SessionPage,
    SessionSecret,
    StartedSession,
    StartSession,
    TokenRequest,
    TokenResponse,
)
from common.errors import Forbidden, RateLimited, Unauthenticated
from common.web.routes import Route

API: Final = (
    Route(
        method="POST",
        path="/v1/token",
        handler=api.issue_token,
        name="issue-token",
        summary="The OAuth 2.0 token endpoint (RFC 6749).",
        body=TokenRequest,
        form_too=True,
        answers={200: TokenResponse},
        refusals=(InvalidGrant, InvalidTokenRequest, RateLimited),
        is_open=True,
    ),
    Route(
        method="POST",
        path="/v1/token/revoke",
        handler=api.revoke_token,
        name="revoke-token",
        summary="Ends a refresh token and all that came from the same log-in (RFC 7009).",
        body=RevocationRequest,
        form_too=True,
        answers={200: None},
        refusals=(InvalidTokenRequest, UnsupportedTokenType),
        is_open=True,
    ),
    Route(
        method="GET",
        path="/.well-known/oauth-authorization-server",
        handler=api.get_server_metadata,
        name="get-server-metadata",
        summary="Where everything is (RFC 8414).",
        answers={200: ServerMetadata},
        is_open=True,
    ),
    Route(
        method="GET",
        path="/.well-known/jwks.json",
        handler=api.get_jwks,
        name="get-jwks",
        summary="The public keys that verify access tokens (RFC 7517).",
        answers={200: KeySet},
        is_open=True,
    ),
    Route(
        method="GET",
        path="/v1/me",
        handler=api.get_me,
        name="get-me",
        summary="The account that asks.",
        answers={200: Me},
    ),
    Route(
        method="POST",
        path="/v1/me/password",
        handler=api.change_password,
        name="change-password",
        summary="Another password; every other session and every refresh token is over.",
        body=ChangePassword,
        answers={204: None},
        refusals=(RateLimited,),
    ),
    Route(
        method="GET",
        path="/v1/me/sessions",
        handler=api.list_sessions,
        name="list-sessions",
        summary="Where I am logged in, newest first.",
        query=ListQuery,
        answers={200: SessionPage},
    ),
    Route(
        method="DELETE",
        path="/v1/me/sessions/{session_id}",
        handler=api.end_own_session,
        name="end-own-session",
        summary="Ends one of my sessions; it is over everywhere within 30 seconds.",
        answers={204: None},
    ),
    Route(
        method="POST",
        path="/internal/sessions",
        handler=api.start_session,
        name="start-session",
        summary="Logs a browser in, for a page of another service.",
        body=StartSession,
        answers={201: StartedSession},
        refusals=(InvalidGrant, Unauthenticated, Forbidden, RateLimited),
    ),
    Route(
        method="POST",
        path="/internal/sessions/exchange",
        handler=api.exchange_session,
        name="exchange-session",
        summary="An access token for a session.",
        body=SessionSecret,
        answers={200: ExchangedSession},
        refusals=(Forbidden,),
    ),
    Route(
        method="POST",
        path="/internal/sessions/end",
        handler=api.end_session,
        name="end-session",
        summary="Ends a session.",
        body=SessionSecret,
        answers={204: None},
        refusals=(Forbidden,),
    ),
)

PAGES: Final = (web.get("/", pages.home, name="home"),)
