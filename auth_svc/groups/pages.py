"""Groups in a browser: /admin/groups for administrators, and a group's members at /account/groups for its managers.

Its forms work without JavaScript: what succeeds leads back to the page, what does not shows it with what was typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import web
from yarl import URL

from auth_svc.accounts.pages import faults_of
from auth_svc.app_keys import GROUPS
from auth_svc.asking import administration_for, asker_of
from auth_svc.errors import TooManyGroups
from auth_svc.groups.models import GroupDescription, GroupName
from auth_svc.models import ListQuery, SearchQuery, ShortText
from common.errors import Invalid, NotFound
from common.languages import gettext
from common.web.forms import as_shown, changed_fields
from common.web.pages import render
from common.web.requests import Query, id_in_path, read_form_fields, read_query, require_whole_principal, validated

ADMIN_PATH: Final = "/admin/groups"
PATH: Final = "/account/groups"


class NewGroupForm(Query):
    name: GroupName


class GroupForm(Query):
    name: GroupName | None = None
    description: GroupDescription | None = None


class AddMemberForm(Query):
    username: ShortText


class MemberForm(Query):
    is_manager: bool


async def groups_page(request: web.Request) -> web.Response:
    """GET /admin/groups: all groups, or those that were searched for."""
    await administration_for(request)
    return await _groups(request)


async def add_group(request: web.Request) -> web.Response:
    """POST /admin/groups, which leads to the new group."""
    await administration_for(request)
    fields = await read_form_fields(request)
    try:
        group = await request.app[GROUPS].add(asker_of(request), validated(NewGroupForm, fields).name)
    except Invalid as refusal:
        return await _groups(request, form=fields, refusal=refusal)
    return _see_other(f"{ADMIN_PATH}/{group.id}")


async def group_page(request: web.Request) -> web.Response:
    """GET /admin/groups/{group_id} and, for its managers, /account/groups/{group_id}: a group and its members."""
    await _base(request)
    return await _group(request)


async def change_group(request: web.Request) -> web.Response:
    await administration_for(request)
    fields = await read_form_fields(request)
    group_id = id_in_path(request, "group_id")
    try:
        # Who saves a form of yesterday without typing undoes nobody's change.
        if changed := changed_fields(fields, ("name", "description")):
            form = validated(GroupForm, {name: fields.get(name, "") for name in changed})
            await request.app[GROUPS].change(asker_of(request), group_id, name=form.name, description=form.description)
    except Invalid as refusal:
        return await _group(request, form=fields, refusal=refusal)
    return _see_other(f"{ADMIN_PATH}/{group_id}")


async def delete_group(request: web.Request) -> web.Response:
    await administration_for(request)
    await request.app[GROUPS].delete(asker_of(request), id_in_path(request, "group_id"))
    return _see_other(ADMIN_PATH)


async def add_member(request: web.Request) -> web.Response:
    """POST …/members: the account with the username that was typed."""
    await _base(request)
    fields = await read_form_fields(request)
    by, groups, group_id = asker_of(request), request.app[GROUPS], id_in_path(request, "group_id")
    try:
        username = validated(AddMemberForm, fields).username
        try:
            account = await groups.find_account(by, username)
        except NotFound as exc:
            raise Invalid([{"pointer": "#/username", "detail": gettext("is not an existing account")}]) from exc
        await groups.put_member(by, group_id, account.id)
    except Invalid as refusal:
        return await _group(request, form=fields, refusal=refusal)
    return await _members(request)


async def change_member(request: web.Request) -> web.Response:
    """POST …/members/{account_id}: whether they manage the group."""
    await administration_for(request)
    form = validated(MemberForm, await read_form_fields(request))
    account_id = id_in_path(request, "account_id")
    await request.app[GROUPS].put_member(
        asker_of(request), id_in_path(request, "group_id"), account_id, is_manager=form.is_manager
    )
    return await _members(request)


async def remove_member(request: web.Request) -> web.Response:
    await _base(request)
    group_id, account_id = id_in_path(request, "group_id"), id_in_path(request, "account_id")
    await request.app[GROUPS].remove_member(asker_of(request), group_id, account_id)
    return await _members(request)


async def _base(request: web.Request) -> str:
    """The path below which the group is asked for. Raises Unauthenticated, and Forbidden for that of administrators."""
    if request.path.startswith(ADMIN_PATH):
        await administration_for(request)
        return ADMIN_PATH
    require_whole_principal(request)
    return PATH


async def _members(request: web.Request) -> web.Response:
    return _see_other(f"{await _base(request)}/{id_in_path(request, 'group_id')}#members-heading")


async def _groups(
    request: web.Request, *, form: Mapping[str, str] | None = None, refusal: Invalid | None = None
) -> web.Response:
    asked = read_query(request, SearchQuery)
    groups, next_cursor = await request.app[GROUPS].list(
        asker_of(request), q=asked.q, cursor=asked.cursor, limit=asked.limit
    )
    context = {
        "groups": groups,
        "searched": asked.q,
        "form": form or {},
        "errors": {} if refusal is None else faults_of(refusal),
        **_pages(request.rel_url, asked, next_cursor),
    }
    return render(request, "admin_groups.html", context, status=refusal.status if refusal else 200)


async def _group(
    request: web.Request, *, form: Mapping[str, str] | None = None, refusal: Invalid | None = None
) -> web.Response:
    asked, by, group_id = read_query(request, ListQuery), asker_of(request), id_in_path(request, "group_id")
    group = await request.app[GROUPS].managed(by, group_id)
    members, next_cursor = await request.app[GROUPS].members(by, group_id, cursor=asked.cursor, limit=asked.limit)
    base = await _base(request)
    # The form that was refused was sent to another address.
    url = request.rel_url.with_path(f"{base}/{group_id}", keep_query=True)
    errors = {} if refusal is None else faults_of(refusal)
    if isinstance(refusal, TooManyGroups):
        errors["username"] = errors["account_id"]
    shown = {"name": group.name, "description": group.description}
    context = {
        "group": group,
        "members": members,
        "base": base,
        "is_administration": base == ADMIN_PATH,
        "form": {**shown, **as_shown(shown), **(form or {})},
        "errors": errors,
        **_pages(url, asked, next_cursor),
    }
    return render(request, "group.html", context, status=refusal.status if refusal else 200)


def _pages(url: URL, asked: ListQuery, next_cursor: str | None) -> dict[str, object]:
    return {
        "is_first_page": asked.cursor is None,
        "first_url": url.without_query_params("cursor"),
        "next_url": None if next_cursor is None else url.update_query(cursor=next_cursor),
    }


def _see_other(location: str) -> web.Response:
    return web.Response(status=303, headers={"Location": location})
