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
from auth_svc.groups import api as groups
from auth_svc.groups import pages as group_pages
from auth_svc.groups.models import CreateGroup, EditGroup, Group, GroupPage, MemberPage, PutMember
from auth_svc.models import ListQuery, SearchQuery
from auth_svc.sessions import api as sessions
from auth_svc.sessions import pages as session_pages
from auth_svc.sessions.models import SessionPage
from auth_svc.tokens import api as tokens
from auth_svc.tokens.models import KeySet, RevocationRequest, ServerMetadata, TokenRequest, TokenResponse
from common.tokens import READ, UPLOAD
from common.web.routes import IDEMPOTENCY, delete, get, patch, post, put
from common.web.sessions import ExchangedSession, SessionSecret, StartedSession, StartSession
from contracts.accounts import (
    AccountDeletionList,
    AskAccount,
    AskGrantee,
    AskNames,
    DisabledAccounts,
    Grantee,
    GranteeList,
    NamedAccount,
    UploadToken,
)

API: Final = (
    post(
        "/v1/token",
        tokens.issue_token,
        {200: TokenResponse},
        body=TokenRequest,
        form_too=True,
        is_open=True,
        refusals=("unauthenticated",),
    ),
    post("/v1/token/revoke", tokens.revoke_token, {200: None}, body=RevocationRequest, form_too=True, is_open=True),
    get("/.well-known/oauth-authorization-server", tokens.get_server_metadata, {200: ServerMetadata}, is_open=True),
    get("/.well-known/jwks.json", tokens.get_jwks, {200: KeySet}, is_open=True),
    get("/v1/me", me.get_me, {200: Me}, scopes=(READ, UPLOAD)),
    post("/v1/me/password", me.change_password, {204: None}, body=ChangePassword),
    # Addresses and devices are nothing for a key that looks at videos.
    get("/v1/me/sessions", sessions.list_sessions, {200: SessionPage}, scopes=(), query=ListQuery),
    delete("/v1/me/sessions/{session_id}", sessions.end_own_session, {204: None}),
    post("/v1/me/api-keys", api_keys.create_api_key, {201: ApiKey}, body=CreateApiKey, headers=IDEMPOTENCY),
    get("/v1/me/api-keys", api_keys.list_api_keys, {200: ApiKeyPage}, scopes=(), query=ListQuery),
    delete("/v1/me/api-keys/{key_id}", api_keys.delete_api_key, {204: None}),
    post("/v1/accounts", accounts.create_account, {201: Account}, body=CreateAccount, headers=IDEMPOTENCY),
    get("/v1/accounts", accounts.list_accounts, {200: AccountPage}, scopes=(), query=ListQuery),
    get(
        "/v1/accounts/named",
        groups.find_account,
        {200: NamedAccount},
        scopes=(),
        query=AskAccount,
        refusals=("not-found",),
    ),
    get("/v1/accounts/{account_id}", accounts.get_account, {200: Account}, scopes=()),
    patch(
        "/v1/accounts/{account_id}",
        accounts.edit_account,
        {200: Account},
        body=EditAccount,
        refusals=("last-administrator",),
    ),
    delete(
        "/v1/accounts/{account_id}",
        accounts.delete_account,
        {204: None},
        query=DeleteAccount,
        refusals=("last-administrator",),
    ),
    post("/v1/groups", groups.create_group, {201: Group}, body=CreateGroup, headers=IDEMPOTENCY),
    # Who somebody works with is nothing for a key that looks at videos.
    get("/v1/groups", groups.list_groups, {200: GroupPage}, scopes=(), query=SearchQuery),
    get("/v1/groups/{group_id}", groups.get_group, {200: Group}, scopes=()),
    patch("/v1/groups/{group_id}", groups.edit_group, {200: Group}, body=EditGroup),
    delete("/v1/groups/{group_id}", groups.delete_group, {204: None}),
    get("/v1/groups/{group_id}/members", groups.list_members, {200: MemberPage}, scopes=(), query=ListQuery),
    put("/v1/groups/{group_id}/members/{account_id}", groups.put_member, {204: None}, body=PutMember),
    delete("/v1/groups/{group_id}/members/{account_id}", groups.remove_member, {204: None}),
    get("/internal/accounts/disabled", internal.list_disabled_accounts, {200: DisabledAccounts}),
    get("/internal/administrator", internal.confirm_administrator, {204: None}),
    get("/internal/accounts/named", internal.get_account_named, {200: NamedAccount}, query=AskAccount),
    post("/internal/accounts/{account_id}/upload-token", internal.create_upload_token, {200: UploadToken}),
    get("/internal/grantee", internal.get_grantee, {200: Grantee}, query=AskGrantee),
    get("/internal/grantees", internal.list_grantees, {200: GranteeList}),
    post("/internal/grantees/names", internal.list_names, {200: GranteeList}, body=AskNames),
    get("/internal/departures", internal.list_account_deletions, {200: AccountDeletionList}),
    post("/internal/departures/{account_id}/settled", internal.settle_account_deletion, {204: None}),
    post(
        "/internal/sessions",
        internal.start_session,
        {201: StartedSession},
        body=StartSession,
        refusals=("rate-limited",),
    ),
    post("/internal/sessions/exchange", internal.exchange_session, {200: ExchangedSession}, body=SessionSecret),
    post("/internal/sessions/end", internal.end_session, {204: None}, body=SessionSecret),
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
    web.get("/account/groups/{group_id}", group_pages.group_page, name="account-group-page"),
    web.post("/account/groups/{group_id}/members", group_pages.add_member, name="account-add-member"),
    web.post(
        "/account/groups/{group_id}/members/{account_id}/remove",
        group_pages.remove_member,
        name="account-remove-member",
    ),
    web.get("/account/export", account_pages.export, name="account-export"),
    web.post("/account/delete", account_pages.delete_account, name="account-delete"),
    web.get("/admin", admin_pages.accounts_page, name="admin-page"),
    web.post("/admin/storage/check", admin_pages.check_storage, name="admin-check-storage"),
    web.get("/admin/new-account", admin_pages.new_account_page, name="admin-new-account-page"),
    web.post("/admin/accounts", admin_pages.add_account, name="admin-add-account"),
    web.get("/admin/accounts/{account_id}", admin_pages.account_page, name="admin-account-page"),
    web.post("/admin/accounts/{account_id}", admin_pages.change_account, name="admin-change-account"),
    web.post("/admin/accounts/{account_id}/password-link", admin_pages.renew_password_link, name="admin-password-link"),
    web.post("/admin/accounts/{account_id}/delete", admin_pages.delete_account, name="admin-delete-account"),
    web.get(group_pages.ADMIN_PATH, group_pages.groups_page, name="admin-groups-page"),
    web.post(group_pages.ADMIN_PATH, group_pages.add_group, name="admin-add-group"),
    web.get("/admin/groups/{group_id}", group_pages.group_page, name="admin-group-page"),
    web.post("/admin/groups/{group_id}", group_pages.change_group, name="admin-change-group"),
    web.post("/admin/groups/{group_id}/delete", group_pages.delete_group, name="admin-delete-group"),
    web.post("/admin/groups/{group_id}/members", group_pages.add_member, name="admin-add-member"),
    web.post("/admin/groups/{group_id}/members/{account_id}", group_pages.change_member, name="admin-change-member"),
    web.post(
        "/admin/groups/{group_id}/members/{account_id}/remove", group_pages.remove_member, name="admin-remove-member"
    ),
    web.get("/admin/audit", audit_pages.audit_page, name="admin-audit-page"),
)
