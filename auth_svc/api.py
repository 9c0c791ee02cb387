"""auth_svc's JSON handlers."""

from __future__ import annotations

from aiohttp import hdrs, helpers, web

from auth_svc.administration import Administration, NewAccount
from auth_svc.app_keys import ACCOUNT_SESSIONS, ACCOUNTS, ADMINISTRATION, API_KEYS, GRANTS, REFRESH_TOKENS, SIGNING_KEYS
from auth_svc.audit import Actor
from auth_svc.errors import InvalidClient, InvalidTokenRequest, UnsupportedGrantType, UnsupportedTokenType
from auth_svc.models import (
    AccountPage,
    AccountShown,
    ApiKeyPage,
    ApiKeyShown,
    ChangePassword,
    CreateAccount,
    CreateApiKey,
    EditAccount,
    ExchangedSession,
    KeySet,
    ListQuery,
    Me,
    RevocationRequest,
    ServerMetadata,
    SessionPage,
    SessionSecret,
    SessionShown,
    StartedSession,
    StartSession,
    TokenRequest,
    TokenResponse,
)
from auth_svc.opaque import hash_of
from auth_svc.store import Account, ApiKey
from common.clock import rfc3339
from common.errors import Invalid, Malformed, Unauthenticated
from common.tokens import ACCESS_TOKEN_LIFETIME
from common.web.keys import SITE
from common.web.requests import M, id_in_path, read_form, read_json, read_query, require_principal
from common.web.responses import json_response
from common.web.service_calls import require_service
from common.web.sessions import session_cookie


async def issue_token(request: web.Request) -> web.Response:
    """POST /v1/token."""
    asked = await _read_oauth(request, TokenRequest)
    grants = request.app[GRANTS]
    if asked.grant_type == "password":
        # Sent without a value is as good as not sent (section 3.2).
        if not asked.username or not asked.password:
            raise InvalidTokenRequest("The grant `password` needs username and password.")
        granted = await grants.password(asked.username, asked.password, address=request.remote or "")
    elif asked.grant_type == "refresh_token":
        if not asked.refresh_token:
            raise InvalidTokenRequest("The grant `refresh_token` needs refresh_token.")
        granted = await grants.refresh(asked.refresh_token, address=request.remote or "")
    elif asked.grant_type == "api_key":
        if not asked.api_key:
            raise InvalidTokenRequest("The grant `api_key` needs api_key.")
        granted = await grants.api_key(asked.api_key, address=request.remote or "")
    elif asked.grant_type == "client_credentials":
        granted = grants.client_credentials(*_client_of(request))
    else:
        raise UnsupportedGrantType
    return json_response(
        TokenResponse(
            access_token=granted.access_token,
            expires_in=int(ACCESS_TOKEN_LIFETIME.total_seconds()),
            refresh_token=granted.refresh_token,
        )
    )


async def revoke_token(request: web.Request) -> web.Response:
    """POST /v1/token/revoke."""
    asked = await _read_oauth(request, RevocationRequest)
    if asked.token.count(".") == 2 or asked.token.startswith("vss_"):
        # An access token or an API key. To say that it is over would be a lie.
        raise UnsupportedTokenType
    await request.app[REFRESH_TOKENS].end(asked.token)
    return web.Response()


async def get_server_metadata(request: web.Request) -> web.Response:
    """GET /.well-known/oauth-authorization-server."""
    issuer = request.app[SITE].auth_url
    metadata = ServerMetadata(
        issuer=issuer,
        token_endpoint=issuer + str(request.app.router["issue-token"].url_for()),
        revocation_endpoint=issuer + str(request.app.router["revoke-token"].url_for()),
        jwks_uri=issuer + str(request.app.router["get-jwks"].url_for()),
        grant_types_supported=["password", "refresh_token", "api_key", "client_credentials"],
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
    """GET /.well-known/jwks.json."""
    response = json_response(KeySet.model_validate(request.app[SIGNING_KEYS].to_jwks()))
    # Short: a verifier must not wait long for a new key, and asks again by itself for an unknown one.
    response.headers[hdrs.CACHE_CONTROL] = "public, max-age=300"
    return response


async def get_me(request: web.Request) -> web.Response:
    """GET /v1/me."""
    principal = require_principal(request)
    account = await request.app[ACCOUNTS].get(principal.account_id)
    if account is None:
        raise Unauthenticated
    return json_response(
        Me(
            id=account.id,
            username=account.username,
            role=account.role.value,
            quota_bytes=account.quota_bytes,
            created_at=rfc3339(account.created_at),
        )
    )


async def change_password(request: web.Request) -> web.Response:
    """POST /v1/me/password."""
    principal = require_principal(request)
    asked = await read_json(request, ChangePassword)
    await request.app[ACCOUNTS].change_password(
        principal.account_id,
        asked.current_password,
        asked.new_password,
        address=request.remote or "",
        keep_session=_current_session(request),
    )
    return web.Response(status=204)


async def list_sessions(request: web.Request) -> web.Response:
    """GET /v1/me/sessions."""
    principal = require_principal(request)
    asked = read_query(request, ListQuery)
    sessions, next_cursor = await request.app[ACCOUNT_SESSIONS].list(
        principal.account_id, cursor=asked.cursor, limit=asked.limit
    )
    current = _current_session(request)
    items = [
        SessionShown(
            id=session.id,
            created_at=rfc3339(session.created_at),
            last_seen_at=rfc3339(session.last_seen_at),
            user_agent=session.user_agent,
            address=session.address,
            current=session.secret_hash == current,
        )
        for session in sessions
    ]
    return json_response(SessionPage(items=items, next_cursor=next_cursor))


async def end_own_session(request: web.Request) -> web.Response:
    """DELETE /v1/me/sessions/{session_id}."""
    principal = require_principal(request)
    await request.app[ACCOUNT_SESSIONS].end_by_id(
        _actor(request), principal.account_id, request.match_info["session_id"]
    )
    return web.Response(status=204)


async def create_api_key(request: web.Request) -> web.Response:
    """POST /v1/me/api-keys."""
    principal = require_principal(request)
    asked = await read_json(request, CreateApiKey)
    key, secret = await request.app[API_KEYS].add(
        _actor(request), principal.account_id, name=asked.name, scopes=asked.scopes, expires_at=asked.expires_at
    )
    location = request.app.router["delete-api-key"].url_for(key_id=key.id)
    return json_response(_api_key(key, secret), status=201, headers={"Location": str(location)})


async def list_api_keys(request: web.Request) -> web.Response:
    """GET /v1/me/api-keys."""
    principal = require_principal(request)
    asked = read_query(request, ListQuery)
    keys, next_cursor = await request.app[API_KEYS].list(principal.account_id, cursor=asked.cursor, limit=asked.limit)
    return json_response(ApiKeyPage(items=[_api_key(key) for key in keys], next_cursor=next_cursor))


async def delete_api_key(request: web.Request) -> web.Response:
    """DELETE /v1/me/api-keys/{key_id}."""
    principal = require_principal(request)
    await request.app[API_KEYS].delete(_actor(request), principal.account_id, id_in_path(request, "key_id"))
    return web.Response(status=204)


async def create_account(request: web.Request) -> web.Response:
    """POST /v1/accounts."""
    administration = await _administration(request)
    asked = await read_json(request, CreateAccount)
    account, secret = await administration.add(
        _actor(request),
        NewAccount(
            username=asked.username,
            password=asked.password,
            role=asked.role,
            is_disabled=asked.disabled,
            quota_bytes=asked.quota_bytes,
        ),
    )
    url = None
    if secret is not None:
        page = request.app.router["set-password-page"].url_for().with_query(token=secret)
        url = request.app[SITE].auth_url + str(page)
    location = request.app.router["get-account"].url_for(account_id=account.id)
    return json_response(_account(account, url), status=201, headers={"Location": str(location)})


async def list_accounts(request: web.Request) -> web.Response:
    """GET /v1/accounts."""
    administration = await _administration(request)
    asked = read_query(request, ListQuery)
    accounts, next_cursor = await administration.list(cursor=asked.cursor, limit=asked.limit)
    return json_response(AccountPage(items=[_account(account) for account in accounts], next_cursor=next_cursor))


async def get_account(request: web.Request) -> web.Response:
    """GET /v1/accounts/{account_id}."""
    administration = await _administration(request)
    return json_response(_account(await administration.get(id_in_path(request, "account_id"))))


async def edit_account(request: web.Request) -> web.Response:
    """PATCH /v1/accounts/{account_id}."""
    administration = await _administration(request)
    asked = await read_json(request, EditAccount)
    given = asked.model_dump(mode="json", include=asked.model_fields_set)
    password = given.pop("password", None)
    if "disabled" in given:
        given["is_disabled"] = given.pop("disabled")
    account = await administration.change(_actor(request), id_in_path(request, "account_id"), given, password=password)
    return json_response(_account(account))


async def start_session(request: web.Request) -> web.Response:
    """POST /internal/sessions."""
    await require_service(request, "sessions")
    asked = await read_json(request, StartSession)
    session = await request.app[ACCOUNT_SESSIONS].start(
        asked.username, asked.password, user_agent=asked.user_agent, address=asked.address
    )
    return json_response(
        StartedSession(session=session.secret, lifetime_seconds=int(session.lifetime.total_seconds())), status=201
    )


async def exchange_session(request: web.Request) -> web.Response:
    """POST /internal/sessions/exchange."""
    await require_service(request, "sessions")
    asked = await read_json(request, SessionSecret)
    token = await request.app[ACCOUNT_SESSIONS].exchange_for_token(asked.session)
    return json_response(ExchangedSession(access_token=token))


async def end_session(request: web.Request) -> web.Response:
    """POST /internal/sessions/end."""
    await require_service(request, "sessions")
    asked = await read_json(request, SessionSecret)
    await request.app[ACCOUNT_SESSIONS].end(asked.session)
    return web.Response(status=204)


def _actor(request: web.Request) -> Actor:
    return Actor(require_principal(request).account_id, request.remote or "")


async def _administration(request: web.Request) -> Administration:
    administration = request.app[ADMINISTRATION]
    await administration.require_administrator(require_principal(request).account_id)
    return administration


def _account(account: Account, set_password_url: str | None = None) -> AccountShown:
    return AccountShown(
        id=account.id,
        username=account.username,
        role=account.role.value,
        disabled=account.is_disabled,
        quota_bytes=account.quota_bytes,
        created_at=rfc3339(account.created_at),
        set_password_url=set_password_url,
    )


def _api_key(key: ApiKey, secret: str | None = None) -> ApiKeyShown:
    return ApiKeyShown(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        scopes=key.scopes.split(),
        created_at=rfc3339(key.created_at),
        expires_at=None if key.expires_at is None else rfc3339(key.expires_at),
        last_used_at=None if key.last_used_at is None else rfc3339(key.last_used_at),
        api_key=secret,
    )


def _current_session(request: web.Request) -> str | None:
    """The hash of the session that asks; None when an access token does."""
    secret = None if hdrs.AUTHORIZATION in request.headers else session_cookie(request)
    return None if secret is None else hash_of(secret)


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
