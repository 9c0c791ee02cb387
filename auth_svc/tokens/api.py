"""The token endpoint and what leads to it."""

from __future__ import annotations

from aiohttp import hdrs, helpers, web

from auth_svc.app_keys import GRANTS, REFRESH_TOKENS, SIGNING_KEYS
from auth_svc.errors import InvalidClient, InvalidTokenRequest, UnsupportedGrantType, UnsupportedTokenType
from auth_svc.tokens.models import GrantType, KeySet, RevocationRequest, ServerMetadata, TokenRequest, TokenResponse
from common.errors import Invalid, Malformed
from common.tokens import ACCESS_TOKEN_LIFETIME
from common.verifying import RENEW_SECONDS
from common.web.keys import SITE
from common.web.requests import M, read_form, read_json
from common.web.responses import json_response


async def issue_token(request: web.Request) -> web.Response:
    """The OAuth 2.0 token endpoint (RFC 6749)."""
    asked = await _read_oauth(request, TokenRequest)
    grants = request.app[GRANTS]
    address = request.remote or ""
    # A field without a value counts as missing (RFC 6749, section 3.2).
    match asked.grant_type:
        case GrantType.PASSWORD:
            if not asked.username or not asked.password:
                raise InvalidTokenRequest("The grant `password` requires `username` and `password`.")
            granted = await grants.password(asked.username, asked.password, address=address)
        case GrantType.REFRESH_TOKEN:
            if not asked.refresh_token:
                raise InvalidTokenRequest("The grant `refresh_token` requires `refresh_token`.")
            granted = await grants.refresh(asked.refresh_token, address=address)
        case GrantType.API_KEY:
            if not asked.api_key:
                raise InvalidTokenRequest("The grant `api_key` requires `api_key`.")
            granted = await grants.api_key(asked.api_key, address=address)
        case GrantType.CLIENT_CREDENTIALS:
            granted = grants.client_credentials(*_client_of(request))
        case _:
            raise UnsupportedGrantType
    return json_response(
        TokenResponse(
            access_token=granted.access_token,
            expires_in=int(ACCESS_TOKEN_LIFETIME.total_seconds()),
            refresh_token=granted.refresh_token,
        )
    )


async def revoke_token(request: web.Request) -> web.Response:
    """Revokes a refresh token and everything from the same login (RFC 7009)."""
    asked = await _read_oauth(request, RevocationRequest)
    if asked.token.count(".") == 2 or asked.token.startswith("vss_"):
        # An access token or an API key: to say that it has been revoked would be a lie.
        raise UnsupportedTokenType
    await request.app[REFRESH_TOKENS].end(asked.token)
    return web.Response()


async def get_server_metadata(request: web.Request) -> web.Response:
    """Authorization server metadata (RFC 8414)."""
    issuer = request.app[SITE].auth_url
    metadata = ServerMetadata(
        issuer=issuer,
        token_endpoint=issuer + str(request.app.router["issue-token"].url_for()),
        revocation_endpoint=issuer + str(request.app.router["revoke-token"].url_for()),
        jwks_uri=issuer + str(request.app.router["get-jwks"].url_for()),
        grant_types_supported=list(GrantType),
        token_endpoint_auth_methods_supported=["none", "client_secret_basic"],
        revocation_endpoint_auth_methods_supported=["none"],
        # Must be given and must not be empty (sections 2 and 3.2), though nothing here is authorized by redirect:
        # the registered type by which nothing is returned.
        response_types_supported=["none"],
    )
    response = json_response(metadata)
    response.headers[hdrs.CACHE_CONTROL] = "public, max-age=300"
    return response


async def get_jwks(request: web.Request) -> web.Response:
    """The public keys that verify access tokens (RFC 7517)."""
    response = json_response(KeySet.model_validate(request.app[SIGNING_KEYS].to_jwks()))
    # As often as our own verifiers ask: a revoked key must not live on in a cache.
    response.headers[hdrs.CACHE_CONTROL] = f"public, max-age={RENEW_SECONDS:.0f}"
    return response


async def _read_oauth(request: web.Request, model: type[M]) -> M:
    read = read_json if request.content_type == "application/json" else read_form
    try:
        return await read(request, model)
    except (Invalid, Malformed) as exc:
        raise InvalidTokenRequest(exc.detail) from exc


def _client_of(request: web.Request) -> tuple[str, str]:
    try:
        client = helpers.BasicAuth.decode(request.headers.get(hdrs.AUTHORIZATION, ""))
    except ValueError as exc:
        raise InvalidClient from exc
    return client.login, client.password
