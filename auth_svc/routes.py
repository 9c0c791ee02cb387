"""auth_svc's table of contents."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from auth_svc import internal_api as internal
from auth_svc.accounts import api as me
from auth_svc.accounts import pages as account_pages
from auth_svc.accounts.models import ChangePassword, Me
from auth_svc.administration import api as accounts
from auth_svc.administration import pages as admin_pages
from auth_svc.administration.models import Account, AccountPage, CreateAccount, DeleteAccount, EditAccount
from auth_svc.api_keys import api as api_keys
from auth_svc.api_keys import pages as api_key_pages
from auth_svc.api_keys.models import ApiKey, ApiKeyPage, CreateApiKey
from auth_svc.audit import pages as audit_pages
from auth_svc.errors import AlreadyAnswered, InvalidGrant, InvalidTokenRequest, LastAdministrator, UnsupportedTokenType
from auth_svc.models import ListQuery
from auth_svc.sessions import api as sessions
from auth_svc.sessions import pages as session_pages
from auth_svc.sessions.models import SessionPage
from auth_svc.tokens import api as tokens
from auth_svc.tokens.models import KeySet, RevocationRequest, ServerMetadata, TokenRequest, TokenResponse
from common.errors import Forbidden, IdempotencyKeyReused, RateLimited, Unauthenticated
from common.tokens import READ, UPLOAD
from common.web.routes import IDEMPOTENCY, Route
from common.web.sessions import ExchangedSession, SessionSecret, StartedSession, StartSession
from contracts.accounts import AccountDeletionList, AskAccount, DisabledAccounts, NamedAccount

API: Final = (
    Route(
        method="POST",
        path="/v1/token",
        handler=tokens.issue_token,
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
        handler=tokens.revoke_token,
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
        handler=tokens.get_server_metadata,
        name="get-server-metadata",
        summary="Where everything is (RFC 8414).",
        answers={200: ServerMetadata},
        is_open=True,
    ),
    Route(
        method="GET",
        path="/.well-known/jwks.json",
        handler=tokens.get_jwks,
        name="get-jwks",
        summary="The public keys that verify access tokens (RFC 7517).",
        answers={200: KeySet},
        is_open=True,
    ),
    Route(
        method="GET",
        path="/v1/me",
        handler=me.get_me,
        name="get-me",
        summary="The account that asks.",
        scopes=(READ, UPLOAD),
        answers={200: Me},
    ),
    Route(
        method="POST",
        path="/v1/me/password",
        handler=me.change_password,
        name="change-password",
        summary="Another password; every other session and every refresh token is over.",
        body=ChangePassword,
        answers={204: None},
        refusals=(RateLimited,),
    ),
    Route(
        method="GET",
        path="/v1/me/sessions",
        handler=sessions.list_sessions,
        name="list-sessions",
        # Addresses and devices are nothing for a key that looks at videos.
        scopes=(),
        summary="Where I am logged in, newest first.",
        query=ListQuery,
        answers={200: SessionPage},
    ),
    Route(
        method="DELETE",
        path="/v1/me/sessions/{session_id}",
        handler=sessions.end_own_session,
        name="end-own-session",
        summary="Ends one of my sessions; it is over everywhere within 30 seconds.",
        answers={204: None},
    ),
    Route(
        method="POST",
        path="/v1/me/api-keys",
        handler=api_keys.create_api_key,
        name="create-api-key",
        summary="A key for a program; its secret is in this answer and never again.",
        body=CreateApiKey,
        headers=IDEMPOTENCY,
        answers={201: ApiKey},
        refusals=(IdempotencyKeyReused, AlreadyAnswered),
    ),
    Route(
        method="GET",
        path="/v1/me/api-keys",
        handler=api_keys.list_api_keys,
        name="list-api-keys",
        summary="My API keys, newest first.",
        scopes=(),
        query=ListQuery,
        answers={200: ApiKeyPage},
    ),
    Route(
        method="DELETE",
        path="/v1/me/api-keys/{key_id}",
        handler=api_keys.delete_api_key,
        name="delete-api-key",
        summary="Ends an API key; access tokens that it gave live out their five minutes.",
        answers={204: None},
    ),
    Route(
        method="POST",
        path="/v1/accounts",
        handler=accounts.create_account,
        name="create-account",
        summary="For administrators: a new account; without a password, with a link by which its owner chooses one.",
        body=CreateAccount,
        headers=IDEMPOTENCY,
        answers={201: Account},
        refusals=(Forbidden, IdempotencyKeyReused, AlreadyAnswered),
    ),
    Route(
        method="GET",
        path="/v1/accounts",
        handler=accounts.list_accounts,
        name="list-accounts",
        summary="For administrators: every account, newest first.",
        scopes=(),
        query=ListQuery,
        answers={200: AccountPage},
        refusals=(Forbidden,),
    ),
    Route(
        method="GET",
        path="/v1/accounts/{account_id}",
        handler=accounts.get_account,
        name="get-account",
        summary="For administrators: one account.",
        scopes=(),
        answers={200: Account},
        refusals=(Forbidden,),
    ),
    Route(
        method="PATCH",
        path="/v1/accounts/{account_id}",
        handler=accounts.edit_account,
        name="edit-account",
        summary="For administrators: role, quota, password, and whether it is disabled; taken access ends at once.",
        body=EditAccount,
        answers={200: Account},
        refusals=(Forbidden, LastAdministrator),
    ),
    Route(
        method="DELETE",
        path="/v1/accounts/{account_id}",
        handler=accounts.delete_account,
        name="delete-account",
        summary="For administrators: deletes an account; its videos go to who asks, to another heir, or are deleted.",
        query=DeleteAccount,
        answers={204: None},
        refusals=(Forbidden, LastAdministrator),
    ),
    Route(
        method="GET",
        path="/internal/accounts/disabled",
        handler=internal.list_disabled_accounts,
        name="list-disabled-accounts",
        summary="The accounts whose videos nobody sees.",
        answers={200: DisabledAccounts},
        refusals=(Forbidden,),
    ),
    Route(
        method="GET",
        path="/internal/administrator",
        handler=internal.confirm_administrator,
        name="confirm-administrator",
        summary="Whether the person in `Vss-Subject-Token` is an administrator at this moment.",
        answers={204: None},
        refusals=(Forbidden,),
    ),
    Route(
        method="GET",
        path="/internal/accounts/named",
        handler=internal.get_account_named,
        name="get-account-named",
        summary="The account with a user name.",
        query=AskAccount,
        answers={200: NamedAccount},
        refusals=(Forbidden,),
    ),
    Route(
        method="GET",
        path="/internal/departures",
        handler=internal.list_account_deletions,
        name="list-account-deletions",
        summary="Deleted accounts of which something may be left, and who gets their videos.",
        answers={200: AccountDeletionList},
        refusals=(Forbidden,),
    ),
    Route(
        method="POST",
        path="/internal/departures/{account_id}/settled",
        handler=internal.settle_account_deletion,
        name="settle-account-deletion",
        summary="Tells that the asking service has nothing of a deleted account any more.",
        answers={204: None},
        refusals=(Forbidden,),
    ),
    Route(
        method="POST",
        path="/internal/sessions",
        handler=internal.start_session,
        name="start-session",
        summary="Logs a browser in, for a page of another service.",
        body=StartSession,
        answers={201: StartedSession},
        refusals=(InvalidGrant, Unauthenticated, Forbidden, RateLimited),
    ),
    Route(
        method="POST",
        path="/internal/sessions/exchange",
        handler=internal.exchange_session,
        name="exchange-session",
        summary="An access token for a session.",
        body=SessionSecret,
        answers={200: ExchangedSession},
        refusals=(Forbidden,),
    ),
    Route(
        method="POST",
        path="/internal/sessions/end",
        handler=internal.end_session,
        name="end-session",
        summary="Ends a session.",
        body=SessionSecret,
        answers={204: None},
        refusals=(Forbidden,),
    ),
)

PAGES: Final = (
    web.get("/", account_pages.home, name="home"),
    web.get(account_pages.SET_PASSWORD_PATH, account_pages.set_password_page, name="set-password-page"),
    web.post(account_pages.SET_PASSWORD_PATH, account_pages.set_password, name="set-password"),
    web.get(account_pages.PATH, account_pages.account_page, name="account-page"),
    web.post("/account/password", account_pages.change_password, name="account-password"),
    web.post("/account/sessions/end-others", session_pages.end_other_sessions, name="account-end-other-sessions"),
    web.post("/account/sessions/{session_id}/end", session_pages.end_session, name="account-end-session"),
    web.post("/account/api-keys", api_key_pages.create_api_key, name="account-create-api-key"),
    web.post("/account/api-keys/{key_id}/delete", api_key_pages.delete_api_key, name="account-delete-api-key"),
    web.get("/account/export", account_pages.export, name="account-export"),
    web.post("/account/delete", account_pages.delete_account, name="account-delete"),
    web.get("/admin", admin_pages.accounts_page, name="admin-page"),
    web.post("/admin/accounts", admin_pages.add_account, name="admin-add-account"),
    web.get("/admin/accounts/{account_id}", admin_pages.account_page, name="admin-account-page"),
    web.post("/admin/accounts/{account_id}", admin_pages.change_account, name="admin-change-account"),
    web.post("/admin/accounts/{account_id}/password-link", admin_pages.renew_password_link, name="admin-password-link"),
    web.post("/admin/accounts/{account_id}/delete", admin_pages.delete_account, name="admin-delete-account"),
    web.get("/admin/audit", audit_pages.audit_page, name="admin-audit-page"),
)
